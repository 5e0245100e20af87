"""`python -m demur`: the command line."""

import sys

from demur.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
