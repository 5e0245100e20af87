"""The command line: arguments in, one call out; the only place that prints or exits."""
