"""The reference system's module name, so that the specification's command line works from a checkout. Not in the wheel."""
