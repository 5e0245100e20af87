"""The long version of the fuzzing: `python -m tests.fuzz.long [--seconds N] [--only NAME]`.

Guided by coverage where atheris is installed (`pip install --group fuzz`; it is for Linux and CPython up to 3.13), else
by hypothesis with as many examples as fit. Every target gets an equal share of the time, in a process of its own, with a
limit on its memory. Prints a line a target; ends with 1 if a target failed, and leaves what it failed on in `.fuzz/`.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import re
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from tests.fuzz.feeding import Target, find_folder
from tests.fuzz.targets import TARGETS

KEPT = Path(".fuzz")
MEMORY_BYTES = 4 << 30
SLOW_S = 5.0
"""No input here is longer than a few kilobytes: one that takes this long is a reader's worst case."""


def main() -> int:
    """Fuzz every target, or one of them in this process."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=600.0, help="for all targets together (default: 600)")
    parser.add_argument("--only", choices=[target.name for target in TARGETS])
    parser.add_argument("--plain", action="store_true", help="no coverage guidance, also where atheris is there")
    arguments = parser.parse_args()
    if arguments.only:
        [target] = [target for target in TARGETS if target.name == arguments.only]
        limit_memory()
        (fuzz_plainly if arguments.plain or not is_guided() else fuzz_guided)(target, arguments.seconds)
        return 0
    guided = is_guided() and not arguments.plain
    print(f"fuzzing {len(TARGETS)} readers, {'guided by coverage (atheris)' if guided else 'at random'}", flush=True)
    failed = False
    for row in fuzz_all(arguments.seconds, plain=arguments.plain):
        print(f"{row.target:10} {row.said}", flush=True)
        failed |= row.failed
    return int(failed)


@dataclass(frozen=True, slots=True)
class Fuzzed:
    """What came of a target.

    Attributes:
        inputs: how many it took.
        said: the same in words, or how it failed.
    """

    target: str
    inputs: int
    said: str
    failed: bool


def fuzz_all(seconds: float, *, plain: bool = False) -> Iterator[Fuzzed]:
    """Fuzz every target in a process of its own.

    Args:
        seconds: for all together.
        plain: without coverage guidance, also where atheris is there.
    """
    share_s = seconds / len(TARGETS)
    for target in TARGETS:
        command = [sys.executable, "-m", "tests.fuzz.long", "--only", target.name, "--seconds", str(share_s)]
        ended = subprocess.run(command + ["--plain"] * plain, capture_output=True, text=True, check=False)
        last = (ended.stdout.strip().splitlines() or [""])[-1]
        if guided := re.search(r"stat::number_of_executed_units: +(\d+)", ended.stderr):
            last = f"{guided[1]} inputs in {share_s:.0f} s"
        found = re.match(r"(\d+) inputs", last)
        failed = ended.returncode != 0 or found is None
        said = f"FAILED\n{ended.stdout[-1000:]}\n{ended.stderr[-4000:]}" if failed else last
        yield Fuzzed(target.name, int(found[1]) if found else 0, said, failed)


def is_guided() -> bool:
    """Whether atheris is installed."""
    return find_spec("atheris") is not None


def limit_memory() -> None:
    """Make an input that takes gigabytes an error."""
    try:
        import resource
    except ImportError:  # not on Windows
        return
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))


def fuzz_plainly(target: Target, seconds: float) -> None:
    """Random pieces, and changes to those that came before."""
    seed = int.from_bytes(os.urandom(4), "big")
    chance = random.Random(seed)
    corpus: list[bytes] = [b"", *target.words]
    started_s = time.monotonic()
    runs, slowest_s = 0, 0.0
    while (now_s := time.monotonic()) < started_s + seconds:
        data = change(chance, target, chance.choice(corpus))
        keep_failure(target, data)
        slowest_s = max(slowest_s, time.monotonic() - now_s)
        runs += 1
        if chance.random() < 0.05:
            corpus[1 + chance.randrange(len(corpus)) % 400 :] = [data]
    print(f"{runs} inputs in {seconds:.0f} s, the slowest {slowest_s * 1000:.0f} ms (random seed {seed})")


def change(chance: random.Random, target: Target, data: bytes) -> bytes:
    """One input made from another."""
    for _ in range(chance.randint(1, 12)):
        place = chance.randint(0, len(data))
        piece = chance.choice(target.words) if chance.random() < 0.7 else chance.randbytes(chance.randint(1, 4))
        if chance.random() < 0.1:
            piece *= chance.choice((10, 100, 1000))
        cut = place + (chance.randint(0, 8) if chance.random() < 0.3 else 0)
        data = (data[:place] + piece + data[cut:])[:20_000]
    return data


def keep_failure(target: Target, data: bytes) -> None:
    """Run one input; what fails, or takes too long, is left in a file before the error goes on."""
    started_s = time.monotonic()
    try:
        target.run(data)
        elapsed_s = time.monotonic() - started_s
        if elapsed_s > SLOW_S:
            raise TimeoutError(f"{elapsed_s:.1f} s for {len(data)} bytes")
    except BaseException:
        KEPT.mkdir(exist_ok=True)
        path = KEPT / f"{target.name}-{hashlib.sha256(data).hexdigest()[:12]}"
        path.write_bytes(data)
        print(f"kept in {path}")
        traceback.print_exc()
        raise


def quote_word(word: bytes) -> str:
    """A word as libFuzzer's dictionaries spell it."""
    return "".join(f"\\x{byte:02x}" for byte in word)


def fuzz_guided(target: Target, seconds: float) -> None:
    """Let atheris look for inputs that reach new code of demur."""
    import atheris

    with atheris.instrument_imports(include=["demur"]):
        for name in [name for name in sys.modules if name == "demur" or name.startswith(("demur.", "tests."))]:
            del sys.modules[name]
        targets = import_module("tests.fuzz.targets").TARGETS
    [fresh] = [each for each in targets if each.name == target.name]
    words = find_folder() / "words"
    words.write_text("".join(f'"{quote_word(word[:60])}"\n' for word in target.words))
    KEPT.mkdir(exist_ok=True)
    flags = [f"-max_total_time={int(seconds)}", "-max_len=4096", f"-dict={words}", "-print_final_stats=1", "-verbosity=0",
             f"-timeout={int(4 * SLOW_S)}", "-rss_limit_mb=4096", f"-artifact_prefix={KEPT}/{target.name}-"]  # fmt: skip
    atheris.Setup([sys.argv[0], *flags], lambda data: keep_failure(fresh, data))
    atheris.Fuzz()


if __name__ == "__main__":
    raise SystemExit(main())
