from __future__ import annotations

from pathlib import Path

import pytest

from demur.inputs.builder_file import read_builder
from demur.run.exposure import is_exposed, is_local, list_exposed
from tests.cli.commands import run_demur

CONFIG = """\
databuilders:
  public/safety/refusal:
    blocks:
      - {name: instruction_generator, type: openai, base_url: 'http://gpu.invalid:8000/v1', model_id_or_path: m, api_key: sk-planted-1}
      - {name: response_generator, type: ollama, base_url: 'http://192.168.1.5:11434', model_id_or_path: m}
      - {name: granite_guardian, lm_config: {type: openai, base_url: 'http://user:pw@gpu.invalid:8000/v1', model_id_or_path: m}}
"""

QUICK = "127.1:9"
"""An address in a short form that counts as another machine's, and that nothing answers at, at once."""


@pytest.mark.parametrize(
    ("address", "exposed"),
    [
        ("http://localhost:11434", False),
        ("http://LOCALHOST", False),
        ("http://a.localhost/v1", False),
        ("http://127.0.0.1:8000/v1", False),
        ("http://127.8.9.1", False),
        ("http://[::1]:8000", False),
        ("http://0.0.0.0:8000", False),
        ("https://api.example/v1", False),
        ("", False),
        ("http://[x", False),
        ("http://gpu:8000", True),
        ("HTTP://gpu.example", True),
        (" http://10.0.0.3", True),
        ("http://[fe80::1]", True),
        ("http://localhost.evil.invalid", True),
        ("http://127.0.0.1.evil.invalid", True),
        ("http://user:localhost@evil.invalid", True),
    ],
)
def test_plain_http_to_another_machine_is_told_from_the_rest(address: str, exposed: bool) -> None:
    """Only this machine's own addresses, and https, are safe."""
    assert is_exposed(address) is exposed


def test_the_address_where_keys_are_exchanged_counts(workspace: Path) -> None:
    """`auth_url` is warned of as `base_url` is: the key itself goes there."""
    block = "{name: granite_guardian, lm_config: {type: watsonx, auth_url: 'http://iam.invalid/token', api_key: k, model_id_or_path: m}}"
    (workspace / "b.yaml").write_text(CONFIG[: CONFIG.index("{name: granite")] + block)
    warnings = list_exposed(read_builder(workspace / "b.yaml", "vllm", {}))
    assert warnings[-1].startswith("http://iam.invalid (granite_guardian)")
    assert "read the key" in warnings[-1]


def test_each_address_is_warned_of_once(workspace: Path) -> None:
    """With the blocks that use it, whether a key goes there, and without user or password."""
    (workspace / "b.yaml").write_text(CONFIG)
    builder = read_builder(workspace / "b.yaml", "vllm", {})
    first, second = list_exposed(builder)
    assert first.startswith("http://gpu.invalid:8000 (instruction_generator, granite_guardian)")
    assert "read the key" in first
    assert second.startswith("http://192.168.1.5:11434 (response_generator)")
    assert "read the key" not in second
    assert "pw" not in first


@pytest.mark.parametrize("command", ["check", "doctor", "run"])
def test_every_command_warns(workspace: Path, command: str) -> None:
    """Before anything is sent, and in the summary of a run."""
    (workspace / "b.yaml").write_text(CONFIG.replace("gpu.invalid:8000", QUICK).replace("192.168.1.5:11434", QUICK))
    ended = run_demur(command, "task.yaml", "--engines", "vllm", "--config-path", "b.yaml", cwd=workspace)
    said = " ".join(ended.stdout.split())
    assert "http is not encrypted" in said, ended.stderr
    assert "sk-planted" not in ended.stdout + ended.stderr


def test_this_machines_own_servers_are_no_matter(workspace: Path) -> None:
    """The shipped builders warn of nothing."""
    for engines in ("embedded", "ollama", "vllm"):
        assert list_exposed(read_builder(None, engines, {})) == ()


@pytest.mark.parametrize(
    ("host", "local"),
    [("localhost", True), ("a.localhost", True), ("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("0.0.0.0", True),
     ("api.openai.com", False), ("10.0.0.1", False), ("localhost.example", False), ("", False)],
)  # fmt: skip
def test_this_machine_is_known_by_name_and_address(host: str, local: bool) -> None:
    """Loopback is local, and the address that stands for any of this machine; nothing else."""
    assert is_local(host) is local
