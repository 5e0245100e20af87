"""`python -m fms_dgt.public …` is `demur run …`.

Run from a checkout with any Python: if demur is not installed for it, the checkout's own `.venv` is used.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Hand the arguments on to demur; outside the checkout, its data folder is still the one that tasks mean."""
    if not Path("data").is_dir():
        os.environ.setdefault("DGT_DATA_DIR", str(_ROOT / "data"))
    try:
        from demur.cli.main import main as run_demur
    except ImportError:
        return _run_in_venv()
    return run_demur(["run", *sys.argv[1:]])


def _run_in_venv() -> int:
    windows = os.name == "nt"
    python = _ROOT / ".venv" / ("Scripts/python.exe" if windows else "bin/python")
    if not python.exists() or Path(sys.prefix) == _ROOT / ".venv":
        print("demur is not set up yet: run `make setup` in the checkout first.", file=sys.stderr)
        return 4
    return subprocess.run([str(python), "-m", "demur", "run", *sys.argv[1:]], check=False).returncode  # noqa: S603


if __name__ == "__main__":
    sys.exit(main())
