from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from demur.engines.extras import EXTRAS
from demur.inputs.builder_file import ENGINES, SHIPPED, Builder, read_builder
from demur.run import inventory
from demur.run.inventory import examine_builders, take_inventory
from tests.servers.simulated import SimulatedServer


def make_builder(workspace: Path, url: str, key: str = "key-of-mine", model: str = "simulated") -> Builder:
    """A builder whose engines all talk to one address."""
    engine = f"type: openai, base_url: '{url}', api_key: '{key}', model_id_or_path: '{model}'"
    (workspace / "b.yaml").write_text(
        "databuilders:\n  public/safety/refusal:\n    blocks:\n"
        f"      - {{name: instruction_generator, {engine}, temperature: 0.9}}\n"
        f"      - {{name: response_generator, {engine}, temperature: 0.1}}\n"
        f"      - {{name: granite_guardian, lm_config: {{{engine}}}}}\n"
    )
    return read_builder(workspace / "b.yaml", "ollama", {})


async def test_the_inventory_names_every_builder_and_type(workspace: Path) -> None:
    """Each name of --engines and each `type` is there; the embedded one is ready wherever demur is."""
    found = await take_inventory({})
    assert [builder.name for builder in found.builders] == list(SHIPPED)
    assert [each.kind for each in found.types] == list(ENGINES)
    assert {each.kind: each.extra for each in found.types if each.extra} == {
        kind: extra for kind, (extra, _) in EXTRAS.items()
    }
    ready = {builder.name: builder.ready for builder in found.builders}
    assert ready["embedded"]
    assert not ready["openai"]
    [hosted] = [each for builder in found.builders if builder.name == "openai" for each in builder.engines
                if "instruction_generator" in each.blocks]  # fmt: skip
    assert "OPENAI_API_KEY" in hosted.findings[0].hint


def test_every_extra_is_one_of_the_packages() -> None:
    """What a hint tells to install can be installed."""
    import tomllib

    root = Path(__file__).resolve().parents[2]
    extras = tomllib.loads((root / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for extra, packages in EXTRAS.values():
        wanted = " ".join(extras[extra]).replace("-", "_")
        assert all(package in wanted for package in packages)


async def test_a_server_that_answers_makes_its_builder_ready(workspace: Path) -> None:
    """Blocks that share a model are one engine; a model that is not there is named with its command."""
    async with SimulatedServer(dialect="ollama", models=("simulated", "other")) as server:
        there, missing = await examine_builders(
            {
                "there": make_builder(workspace, server.base_url),
                "missing": make_builder(workspace, server.base_url, model="granite4:3b"),
            }
        )
    assert there.ready
    [engine] = there.engines
    assert engine.blocks == ("instruction_generator", "response_generator", "granite_guardian")
    assert "ollama" in engine.findings[0].words
    assert not missing.ready
    assert missing.engines[0].findings[-1].hint == "ollama pull granite4:3b"


async def record(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seen: list[bytes]) -> None:
    seen.append(await reader.read(65536))
    writer.close()


async def test_no_key_goes_to_whatever_listens_on_this_machine(workspace: Path) -> None:
    """A shipped builder's local address was chosen by nobody: it is asked without the environment's key."""
    seen: list[bytes] = []
    server = await asyncio.start_server(lambda reader, writer: record(reader, writer, seen), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        await examine_builders({"one": make_builder(workspace, f"http://127.0.0.1:{port}/v1")})
    assert seen
    assert not any(b"key-of-mine" in request or b"uthorization" in request for request in seen)


async def test_a_server_that_says_nothing_is_not_waited_for(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that is taken and never answered ends with a finding, the others' findings beside it."""
    monkeypatch.setattr(inventory, "QUICK_TIMEOUT_S", 0.2)
    hold = asyncio.Event()

    async def keep_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await hold.wait()
        writer.close()

    server = await asyncio.start_server(keep_silent, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        builders = {
            "silent": make_builder(workspace, f"http://127.0.0.1:{port}/v1"),
            "embedded": read_builder(None, "embedded", {}),
        }
        silent, embedded = await examine_builders(builders)
        hold.set()
    assert not silent.ready
    assert embedded.ready
    assert any(word in silent.engines[0].findings[-1].words for word in ("did not answer", "did not finish"))


async def test_a_name_that_does_not_resolve_is_told(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The resolver is asked apart, so that one that hangs does not hold up the end of the command."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)

    def refuse(*_: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    [builder] = await examine_builders({"far": make_builder(workspace, "https://gateway.invalid/v1")})
    assert [finding.words for finding in builder.engines[0].findings] == ["the name gateway.invalid does not resolve"]
