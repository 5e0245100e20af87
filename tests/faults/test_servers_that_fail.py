from __future__ import annotations

import json
import re
import shutil
import ssl
import subprocess
from dataclasses import replace
from pathlib import Path

import aiohttp.web
import pytest

from tests.faults.hostile import CANARIES, GENERATOR, GUARD, RESPONDER, Turn, run_against, run_at
from tests.servers.behaviour import Behaviour, Fault
from tests.servers.simulated import SimulatedServer

ALL = 100_000
"""More requests than any run here sends."""
WRONG = {
    "garbage": Fault("body", 200, said="\x00\x01 %PDF-1.4 \x1b[2J no json"),
    "empty": Fault("body", 200, said=""),
    "null": Fault("body", 200, said="null"),
    "half a JSON": Fault("torn"),
    "another schema": Fault("body", 200, said='{"outputs": [{"generated_text": "hello"}]}'),
    "wrong types": Fault("body", 200, said='{"choices": {"0": "text"}, "usage": []}'),
    "a web page": Fault("html"),
    "never an answer": Fault("hang"),
    "never an end": Fault("endless"),
    "one byte a second": Fault("drip", pause_s=1.0),
    "resets": Fault("reset"),
    "cut connections": Fault("drop"),
    "500": Fault(status=500, said="out of memory"),
    "429": Fault(status=429, said="slow down"),
    "400": Fault(status=400, said="context length exceeded"),
}

ENDLESS = ("never an answer", "never an end", "one byte a second")


@pytest.mark.parametrize("name", WRONG)
async def test_a_server_that_goes_wrong_half_way_ends_the_run_soon(workspace: Path, name: str) -> None:
    """Exit code 4, one message, each loss counted with its reason, and the pairs made before are on the disk."""
    turn = Turn(rounds=6, pace=1.0) if name in ENDLESS else Turn(rounds=6)
    behaviour = Behaviour(faults=(*(None,) * turn.rounds, *(replace(WRONG[name], after=turn.came),) * ALL))
    ended = await run_against(workspace, {GENERATOR: behaviour}, outputs=300, concurrency=24, turn=turn, deadline_s=0.3)
    assert ended.code == 4
    assert re.search(r"requests in a row failed; the last|all of the last \d+ attempts failed", ended.failure)
    assert set(ended.reasons) <= {"engine_failed", "near_duplicate"}
    assert ended.reasons["engine_failed"] >= 10
    assert ended.pairs >= 10
    assert ended.summary.accepted == ended.pairs
    assert ended.took_s < 15


@pytest.mark.parametrize("role", [RESPONDER, GUARD])
async def test_each_role_may_go_wrong(workspace: Path, role: str) -> None:
    """A responder or a guard that breaks half-way is no other case than a generator."""
    behaviour = Behaviour(faults=(*(None,) * (CANARIES + 100), *(Fault("torn", after_s=0.1),) * ALL))
    ended = await run_against(workspace, {role: behaviour}, outputs=300, concurrency=4, deadline_s=0.3)
    assert ended.code == 4
    assert "failed" in ended.failure
    assert ended.reasons["engine_failed"]
    assert ended.pairs >= 5


async def test_a_guard_that_breaks_at_its_canaries_ends_the_run_before_it_begins(workspace: Path) -> None:
    """Nothing is proposed to a guard that cannot judge."""
    ended = await run_against(workspace, {GUARD: Behaviour(fault_rates={Fault(): 1.0})}, turn=Turn(0), deadline_s=0.3)
    assert (ended.code, ended.pairs, ended.summary.rounds) == (4, 0, 0)
    assert "HTTP 500" in ended.failure


async def test_a_model_that_vanishes_ends_the_run_at_once(workspace: Path) -> None:
    """Every further request would meet the same: one message that names the model, and what is good on the disk."""
    gone = Fault(status=404, said="The model `simulated` does not exist.")
    behaviour = Behaviour(faults=(*(None,) * 30, *(gone,) * ALL))
    ended = await run_against(workspace, {RESPONDER: behaviour}, outputs=300, concurrency=2)
    assert ended.code == 4
    assert "does not have the model simulated" in ended.failure
    assert ended.pairs >= 1
    assert ended.took_s < 10


async def test_an_hour_of_500_is_cut_short(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a request's default patience, an endpoint that fails everything is given up as a whole after a minute."""
    monkeypatch.setattr("demur.engines.watching.PATIENCE_S", 1.0)  # a minute, made short
    turn = Turn(rounds=6, pace=1.0)
    down = Behaviour(faults=(*(None,) * turn.rounds, *(Fault(after=turn.came),) * ALL))
    ended = await run_against(workspace, {GENERATOR: down}, outputs=300, turn=turn, deadline_s=600)
    assert ended.code == 4
    assert "HTTP 500" in ended.failure
    assert "attempts failed, for" in ended.failure
    assert ended.pairs >= 10
    assert ended.took_s < 15


async def test_a_storm_of_429_passes(workspace: Path) -> None:
    """Every request is put off at first: the run slows down, asks again, and ends with the undisturbed files."""
    calm = await run_against(workspace, output="calm", outputs=12)
    off = Fault(status=429, retry_after="0.1")
    storms = {GENERATOR: Behaviour(faults=(off,) * 3), GUARD: Behaviour(faults=(*(None,) * CANARIES, *(off,) * 8))}
    ended = await run_against(workspace, storms, outputs=12)
    assert ended.code == calm.code == 0
    assert sum(use.retried for use in ended.summary.engines) == 11
    for name in ("formatted_output.jsonl", "rejected.jsonl"):
        assert ended.files[name] == calm.files[name]


async def test_faults_that_pass_leave_no_trace_in_the_files(workspace: Path) -> None:
    """Resets, torn replies and the like from every server: the files are the undisturbed ones."""
    calm = await run_against(workspace, output="calm", outputs=12)
    faults = [Fault("reset"), Fault("drop"), Fault("torn"), Fault(), Fault("body", 200, said="null")]
    spread = [each for fault in faults for each in (None, None, None, fault)]
    behaviour = Behaviour(faults=(*(None,) * CANARIES, *spread))
    rounds = Behaviour(faults=(faults[0], None, *faults[1:3]))
    ended = await run_against(workspace, {GENERATOR: rounds, RESPONDER: behaviour, GUARD: behaviour}, outputs=12)
    assert (ended.code, calm.code) == (0, 0)
    assert sum(use.retried for use in ended.summary.engines) >= 8
    for name in ("formatted_output.jsonl", "rejected.jsonl"):
        assert ended.files[name] == calm.files[name]


async def test_a_certificate_that_fails_is_never_overlooked(workspace: Path) -> None:
    """A server with a certificate that nobody signed is sent nothing; the message says why, and what to look at."""
    if shutil.which("openssl") is None:
        pytest.skip("makes its certificate with the openssl command")
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=localhost "
        "-addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out cert.pem"
    )
    subprocess.run(command.split(), cwd=workspace, capture_output=True, check=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(workspace / "cert.pem", workspace / "key.pem")
    seen = []

    async def answer(request: aiohttp.web.BaseRequest) -> aiohttp.web.Response:
        seen.append(request.path)
        return aiohttp.web.json_response({})

    runner = aiohttp.web.ServerRunner(aiohttp.web.Server(answer))
    await runner.setup()
    await aiohttp.web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    try:
        async with SimulatedServer() as good:
            unsafe = f"https://127.0.0.1:{runner.addresses[0][1]}/v1"
            ended = await run_at(workspace, {GENERATOR: unsafe, RESPONDER: good.base_url, GUARD: good.base_url})
    finally:
        await runner.cleanup()
    assert (ended.code, ended.pairs, seen) == (4, 0, [])
    assert f"no safe connection to {unsafe}" in ended.failure
    assert "certificate" in ended.failure


async def test_the_reason_of_every_loss_is_on_the_disk(workspace: Path) -> None:
    """A drop in rejected.jsonl names the error and the server's own words, without control characters."""
    odd = Fault(status=500, said="\x1b[31mout of\x07 memory")
    behaviour = Behaviour(faults=(*(None,) * 3, *(odd,) * 4))
    ended = await run_against(workspace, {GENERATOR: behaviour}, outputs=40, turn=Turn(0), deadline_s=0.3)
    assert (ended.code, ended.pairs, ended.reasons["engine_failed"]) == (0, 40, 4)
    lost = [drop for drop in map(json.loads, ended.files["rejected.jsonl"].splitlines()) if "detail" in drop]
    assert len(lost) == 4
    for drop in lost:
        assert drop["detail"].startswith("ServerFault: ")
        assert "HTTP 500" in drop["detail"]
        assert drop["detail"].replace("\n", "").isprintable()
