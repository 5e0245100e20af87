"""Known vulnerabilities of the locked dependencies: `python -m tests.audit [--url URL]`, `make audit`.

Asks OSV (https://osv.dev, which holds PyPI's and GitHub's advisories) by package and version, in one request, and sends
nothing else. Where it cannot be reached, it says so and ends with 0: a check without a network is not a failed one. It is a
page of code in place of pip-audit's thirty packages.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKED = tuple(sorted((ROOT / "requirements").glob("*.txt")))
OSV = "https://api.osv.dev/v1/querybatch"
TIMEOUT_S = 8.0
ACCEPTED: dict[str, str] = {}
"""Advisories that do not concern demur, by id, each with the reason."""

_PIN = re.compile(r"^([A-Za-z0-9][\w.-]*)==([^\s;\\]+)", re.MULTILINE)


def main(arguments: list[str] | None = None) -> int:
    """Audit; 1 if a locked version has a known vulnerability, else 0."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--url", default=OSV)
    url = parser.parse_args(arguments).url
    pins = sorted({pin for path in LOCKED for pin in read_pins(path.read_text(encoding="utf-8"))})
    try:
        found = ask(url, pins)
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"audit: {url} was not reached ({describe(error)}): skipped, {len(pins)} packages were NOT audited")
        return 0
    for (name, version), ids in found.items():
        print(f"audit: {name} {version}: {', '.join(ids)} (https://osv.dev/vulnerability/{ids[0]})")
    print(f"audit: {len(pins)} packages, {len(found)} with known vulnerabilities")
    return 1 if found else 0


def read_pins(text: str) -> list[tuple[str, str]]:
    """The pinned packages of a locked file, with their versions."""
    return _PIN.findall(text)


def ask(url: str, pins: list[tuple[str, str]]) -> dict[tuple[str, str], list[str]]:
    """The advisories of each package that has any, but for the accepted ones.

    Raises:
        OSError: the service is not reached, or refuses.
        ValueError: its answer is no answer to this.
    """
    queries = [{"package": {"name": name, "ecosystem": "PyPI"}, "version": version} for name, version in pins]
    request = urllib.request.Request(
        url,
        json.dumps({"queries": queries}).encode(),
        {"Content-Type": "application/json", "User-Agent": "demur-audit"},
    )
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:
        results = json.loads(response.read(10_000_000))["results"]
    if len(results) != len(pins):
        raise ValueError("an answer for other questions")
    found = {}
    for pin, result in zip(pins, results, strict=True):
        ids = [vulnerability["id"] for vulnerability in result.get("vulns", [])]
        if ids := [each for each in ids if each not in ACCEPTED]:
            found[pin] = ids
    return found


def describe(error: Exception) -> str:
    """An error in a few words."""
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    return str(reason) or type(error).__name__


if __name__ == "__main__":
    sys.exit(main())
