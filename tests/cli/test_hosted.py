from __future__ import annotations

import json
import subprocess
import sys
from ast import literal_eval
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.cli.commands import ROOT, run_demur
from tests.cli.test_egress import run_watched
from tests.servers.hosted import KEY, PROVIDERS, Provider, make_certificate
from tests.servers.spawned import drop_coverage, spawn_server

for package in ("anthropic", "openai", "ibm_watsonx_ai"):
    pytest.importorskip(package, reason="an extra is not installed")

every_provider = pytest.mark.parametrize("provider", PROVIDERS)


@contextmanager
def spawn_hosted(provider: Provider, folder: Path) -> Iterator[str]:
    """The provider's server in a process of its own; gives its address."""
    make_certificate(folder)
    command = [sys.executable, "-m", "tests.servers.hosted", provider, KEY, str(folder)]
    with subprocess.Popen(command, cwd=ROOT, env=drop_coverage(), stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            assert address
            yield address
        finally:
            process.kill()


def list_variables(provider: Provider, url: str, key: str = KEY) -> dict[str, str]:
    """What the environment says of a provider."""
    if provider == "anthropic":
        return {"ANTHROPIC_API_KEY": key, "ANTHROPIC_BASE_URL": url}
    if provider == "azure-openai":
        return {"AZURE_OPENAI_API_KEY": key, "AZURE_OPENAI_ENDPOINT": url, "OPENAI_API_VERSION": "2024-10-21"}
    return {"WATSONX_API_KEY": key, "WATSONX_URL": url, "WATSONX_PROJECT_ID": "project-1",
            "WATSONX_AUTH_URL": f"{url}/identity/token"}  # fmt: skip


def write_config(folder: Path, provider: Provider, guard_url: str) -> None:
    """The short form: the provider writes; it judges too where it takes raw prompts, else the simulated server does."""
    engine = f"type: {provider}, model_id_or_path: simulated"
    guard = engine if provider == "watsonx" else (
        f"type: openai, base_url: {guard_url}/v1, api_key: none, model_id_or_path: simulated"
    )  # fmt: skip
    (folder / "hosted.yaml").write_text(
        "databuilders:\n  public/safety/refusal:\n    blocks:\n"
        f"      - {{name: instruction_generator, {engine}, max_tokens: 900}}\n"
        f"      - {{name: response_generator, {engine}}}\n"
        "      - name: granite_guardian\n        type: validators/granite_guardian\n        model_version: '3.3'\n"
        f"        lm_config: {{{guard}}}\n"
    )


COMMAND = ("run", "task.yaml", "--engines", "embedded", "--config-path", "hosted.yaml", "-n", "3", "--json")


def run_hosted(
    folder: Path, certificate: Path, extra: Mapping[str, str], *, measured: bool = False
) -> subprocess.CompletedProcess[str]:
    env = {"SSL_CERT_FILE": str(certificate / "certificate.pem"), **extra}
    return run_demur(*COMMAND, cwd=folder, env=env, measured=measured)


@every_provider
@pytest.mark.parametrize("place", ["environment", ".env"])
def test_a_provider_makes_pairs(
    provider: Provider, place: str, workspace: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A whole run with the provider writing ends with its pairs, told by its key in the environment or in .env, and no file shows it."""
    certificate = tmp_path_factory.mktemp("certificate")
    with spawn_hosted(provider, certificate) as url, spawn_server() as guard_url:
        write_config(workspace, provider, guard_url)
        variables = list_variables(provider, url)
        if place == ".env":
            (workspace / ".env").write_text("".join(f"{name}={value}\n" for name, value in variables.items()))
            ended = run_hosted(workspace, certificate, {})
            (workspace / ".env").unlink()
        else:
            ended = run_hosted(workspace, certificate, variables)
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["tasks"][0]["accepted"] == 3
    rows = (workspace / "output/tests/lock_picking/final_data.jsonl").read_text().splitlines()
    assert all(json.loads(row)["source"].startswith(provider) for row in rows)
    assert KEY not in ended.stdout + ended.stderr
    for path in workspace.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes()


@every_provider
def test_a_wrong_key_ends_the_run_with_one_message(
    provider: Provider, workspace: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The run stops with exit code 4, the provider's words, and the variable to set; no traceback, no warning, no key."""
    certificate = tmp_path_factory.mktemp("certificate")
    with spawn_hosted(provider, certificate) as url, spawn_server() as guard_url:
        write_config(workspace, provider, guard_url)
        variables = list_variables(provider, url, key="wrong-key-0123456789")
        ended = run_hosted(workspace, certificate, variables)
    said = ended.stdout + ended.stderr
    assert ended.returncode == 4, said
    assert "rejects the credentials" in said or "no such key" in said or "Provided API key" in said
    assert next(iter(variables)) in said
    for word in ("Traceback", "Warning", "wrong-key"):
        assert word not in said


@every_provider
def test_an_sdk_reaches_for_the_named_servers_alone(
    provider: Provider, workspace: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Every connection and every name looked up in a whole run is the builder's: an SDK reports to nobody."""
    certificate = tmp_path_factory.mktemp("certificate")
    with spawn_hosted(provider, certificate) as url, spawn_server() as guard_url:
        write_config(workspace, provider, guard_url)
        env = {"SSL_CERT_FILE": str(certificate / "certificate.pem"), **list_variables(provider, url)}
        ended, log = run_watched(*COMMAND, cwd=workspace, env=env, measured=True)
    assert ended.returncode == 0, ended.stderr
    named = {(parts.hostname, parts.port) for parts in map(urlsplit, (url, guard_url))}
    reached = {literal_eval(line.partition(" ")[2])[:2] for line in log if line.startswith("socket.connect")}
    assert (urlsplit(url).hostname, urlsplit(url).port) in reached
    assert reached <= named
    looked_up = {literal_eval(line.partition(" ")[2])[0] for line in log if line.startswith("socket.get")}
    assert looked_up <= {host for host, _ in named}
    assert not [line for line in log if line.startswith("socket.sendto")]


@every_provider
def test_an_sdk_sends_nothing_to_a_server_that_nobody_vouches_for(
    provider: Provider, workspace: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A certificate that is not trusted ends the run with one message that names what to set; with that set, it is asked."""
    certificate = tmp_path_factory.mktemp("certificate")
    # This provider's server speaks https; what it says to another provider's requests does not matter here.
    with spawn_hosted("watsonx", certificate) as url, spawn_server() as guard_url:
        write_config(workspace, provider, guard_url)
        variables = list_variables(provider, url, key="wrong-key-0123456789")
        refused = run_demur(*COMMAND, cwd=workspace, env=variables)
        trusted = run_hosted(workspace, certificate, variables, measured=True)
    assert (refused.returncode, trusted.returncode) == (4, 4)
    for said in (f"no safe connection to {url}: self-signed certificate", "SSL_CERT_FILE"):
        assert said in refused.stderr.replace("self signed", "self-signed")
        assert said not in trusted.stderr
    assert "Traceback" not in refused.stderr
