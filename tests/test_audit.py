from __future__ import annotations

import asyncio
import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import audit
from tests.audit import LOCKED, main, read_pins

ROOT = Path(__file__).resolve().parent.parent


async def audit_against(answer: Callable[[list[dict[str, dict[str, str]]]], object]) -> int:
    """The audit's exit code where the service answers so."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = re.search(r"content-length: (\d+)", head, re.IGNORECASE)
        assert length
        body = json.dumps(answer(json.loads(await reader.readexactly(int(length[1])))["queries"])).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        return await asyncio.to_thread(main, ["--url", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"])


def test_every_locked_package_is_pinned_and_hashed() -> None:
    """The locked files name exact versions, each with the hashes of what may be installed."""
    assert {path.name for path in LOCKED} >= {"run.txt", "dev.txt"}
    for path in LOCKED:
        text = path.read_text()
        pins = read_pins(text)
        assert len(pins) > 10
        blocks = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]
        assert len(blocks) == len(pins)
        assert all("--hash=sha256:" in block for block in blocks)


async def test_nothing_known_passes(capsys: pytest.CaptureFixture[str]) -> None:
    """With no advisory the audit passes, and says how many packages it asked about."""
    assert await audit_against(lambda queries: {"results": [{} for _ in queries]}) == 0
    assert re.search(r"\d\d+ packages, 0 with known", capsys.readouterr().out)


async def test_an_advisory_fails_the_audit(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A vulnerable version is named with its advisory; one that was accepted, with a reason, is not."""

    def answer(queries: list[dict[str, dict[str, str]]]) -> object:
        return {
            "results": [
                {"vulns": [{"id": "GHSA-1"}]} if query["package"]["name"] == "jinja2" else {} for query in queries
            ]
        }

    assert await audit_against(answer) == 1
    assert "jinja2" in capsys.readouterr().out
    monkeypatch.setitem(audit.ACCEPTED, "GHSA-1", "made up")
    assert await audit_against(answer) == 0


@pytest.mark.parametrize("answer", [{}, [], {"results": [{}]}, {"results": None}])
async def test_a_service_that_is_not_reached_is_skipped_and_says_so(
    capsys: pytest.CaptureFixture[str], answer: object
) -> None:
    """Neither an answer of another kind nor none at all passes for a clean audit, and neither fails a check offline."""
    assert await audit_against(lambda _: answer) == 0
    assert "NOT audited" in capsys.readouterr().out
    assert main(["--url", "http://127.0.0.1:9/"]) == 0
    assert "NOT audited" in capsys.readouterr().out


KEY_SHAPES = {
    "OpenAI, Anthropic": r"sk-(?:proj-|ant-)?[A-Za-z0-9_-]{24,}",
    "AWS": r"\bAKIA[0-9A-Z]{16}\b",
    "GitHub": r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{60,})",
    "Google": r"\bAIza[0-9A-Za-z_-]{35}\b",
    "Hugging Face": r"\bhf_[A-Za-z0-9]{30,}",
    "Slack": r"\bxox[abprs]-[A-Za-z0-9-]{20,}",
    "PyPI": r"\bpypi-[A-Za-z0-9_-]{50,}",
    "private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "JSON web token": r"\beyJ[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}",
    "address with a password": r"https?://[^\s/@:'\"]+:[^\s/@'\"{}<>]{12,}@",
}
"""What keys look like, by who gives them out."""

NO_SECRETS = {"tests/servers/certificates/key.pem"}
"""Made for the tests, and of no use anywhere else."""


def find_keys(text: str) -> list[str]:
    return [name for name, shape in KEY_SHAPES.items() if re.search(shape, text)]


def test_no_file_holds_a_key() -> None:
    """Nothing under version control has the shape of a key."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    paths = listed.stdout.split("\n") if listed.returncode == 0 else []
    files = [ROOT / path for path in paths if path] or [
        path for path in ROOT.rglob("*") if path.is_file() and ".venv" not in path.parts
    ]
    found = {}
    for path in files:
        name = path.relative_to(ROOT).as_posix()
        if path.is_file() and name not in NO_SECRETS:
            keys = find_keys(path.read_bytes().decode("utf-8", "replace"))
            found.update({name: keys} if keys else {})
    assert len(files) > 100
    assert found == {}


@pytest.mark.parametrize(
    "text",
    ["sk-" + "a1" * 20, "AKIA" + "A" * 16, "ghp_" + "a" * 36, "AIza" + "a" * 35, "hf_" + "a" * 34, "xoxb-" + "1" * 24,
     "pypi-" + "a" * 60, "-----BEGIN EC " + "PRIVATE KEY-----", "eyJ" + ".".join(["a" * 30] * 3), "https://me:" + "p" * 16 + "@host/"],
)  # fmt: skip
def test_the_search_for_keys_finds_them(text: str) -> None:
    """Each shape is found in a sample, or the search would be blind."""
    assert find_keys(f"x = '{text}'")
