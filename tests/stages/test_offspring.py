"""The stages of twins and mutants in a row, with the engine and the guard that need no model."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

from demur.engines.base import Chat, ProposeAsk, Request, Sampling
from demur.engines.embedded import EmbeddedEngine
from demur.guards.embedded import EmbeddedGuard
from demur.inputs.calibration import MutationKind
from demur.inputs.policy import Policy, Risk
from demur.inputs.task import TaskInputs
from demur.inputs.yaml_text import read_documents
from demur.records import Admitted, Draft, Drop, Pair, Reason, Stage, Stance
from demur.stages.assist import Assistant
from demur.stages.classify_reply import read_reply
from demur.stages.contrast import TwinWriter
from demur.stages.mutate import Mutator
from demur.stages.render import AssistValues, MutateValues, RespondValues, TwinValues, load_template
from demur.stages.respond import Responder
from demur.stages.screen import Screen
from tests.samples import make_inputs, make_pair

POLICIES = Path(__file__).resolve().parents[2] / "data/public/safety/resources/policies/cybersecurity_risks.yaml"
RISK = Policy.model_validate(read_documents(POLICIES)[0].data).risks[0]
ENGINE, SAMPLING = EmbeddedEngine(), Sampling()


async def list_parents(risk: Risk, count: int) -> list[Pair]:
    reply = await ENGINE.complete(Request(Chat(()), ProposeAsk(risk, (), count), Sampling(seed=1)))
    texts = [block.partition("\n")[2] for block in reply.text.split("\n\n")]
    return [make_pair(position=place, instruction=text) for place, text in enumerate(texts)]


async def follow(draft: Draft | Drop, inputs: TaskInputs) -> Pair | Drop:
    """What becomes of one offspring."""
    if isinstance(draft, Drop):
        return draft
    screen = Screen(EmbeddedGuard(), inputs.risk)
    screened = await screen.screen_instruction(Admitted(draft=draft, neighbour=None))
    if isinstance(screened, Drop):
        return screened
    writer: Assistant | Responder = Responder(ENGINE, load_template("respond", RespondValues), SAMPLING, inputs, 0)
    if draft.complies:
        writer = Assistant(ENGINE, load_template("assist", AssistValues), SAMPLING, inputs, 0)
    answered = await writer.respond(screened)
    return answered if isinstance(answered, Drop) else await screen.screen_response(answered)


async def test_nearly_every_parent_has_a_twin() -> None:
    """Of sixty first attempts at least 55 end as a pair that helps; the same run gives the same pairs."""
    inputs = make_inputs(risk=RISK)
    writer = TwinWriter(ENGINE, load_template("twin", TwinValues), SAMPLING, inputs, 0)
    parents = await list_parents(RISK, 60)
    ends = [await follow(await writer.write(parent, 0), inputs) for parent in parents]
    pairs = [end for end in ends if isinstance(end, Pair)]
    assert len(pairs) >= 55
    assert all(read_reply(pair.response).stance is Stance.HELPS for pair in pairs)
    assert all(pair.draft.complies and pair.draft.permission for pair in pairs)
    assert [await follow(await writer.write(parent, 0), inputs) for parent in parents] == ends


async def test_a_twin_in_name_only_is_dropped() -> None:
    """A harmful request that a generator passes off as a twin falls at the guard."""
    parent = (await list_parents(RISK, 1))[0]
    twin = replace(make_pair().draft, instruction=parent.draft.instruction, kind="twin")
    end = await follow(twin, make_inputs(risk=RISK))
    assert isinstance(end, Drop)
    assert (end.stage, end.reason) == (Stage.SCREEN_INSTRUCTION, Reason.TWIN_VIOLATES)


async def test_mutants_of_every_kind_are_declined() -> None:
    """Of forty parents, each kind brings at least 34 pairs whose response declines."""
    inputs = make_inputs(risk=RISK)
    mutator = Mutator(ENGINE, load_template("mutate", MutateValues), SAMPLING, inputs, 0)
    kinds: tuple[MutationKind, ...] = ("past_tense", "language", "role_play", "typos", "obfuscation")
    declined = Counter[str]()
    for parent in await list_parents(RISK, 40):
        for kind in kinds:
            end = await follow(await mutator.mutate(parent, kind, "German" if kind == "language" else ""), inputs)
            declined[kind] += isinstance(end, Pair) and read_reply(end.response).stance is Stance.DECLINES
    assert min(declined[kind] for kind in kinds) >= 34, declined
