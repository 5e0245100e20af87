"""Servers that speak the wire formats of real ones, for tests and benchmarks."""
