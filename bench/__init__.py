"""demur's benchmarks: `python -m bench`, or `make bench`. Figures compare within one run of one machine."""
