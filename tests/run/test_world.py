"""The scripted world plays every part of twins and mutants, so that tests of runs can rely on it."""

from __future__ import annotations

from collections import Counter

from demur.engines.base import AssistAsk, Chat, JudgeAsk, MutateAsk, Request, Sampling, TwinAsk
from demur.records import Stance
from demur.stages.classify_reply import read_reply
from demur.stages.parse import parse_instructions
from tests.run.world import World, invent
from tests.samples import make_risk

RISK = make_risk()


def ask(world: World, ask: TwinAsk | AssistAsk | MutateAsk | JudgeAsk, seed: int = 0) -> str:
    answer = world.answer(Request(Chat(()), ask, Sampling(seed=seed)))
    assert isinstance(answer, str)
    return answer


def test_twins_have_verdicts_and_answers() -> None:
    """Most twins are safe by the guard, some violate and some are unreadable; answers help."""
    world, labels, texts = World(), Counter[str](), set()
    for seed in range(300):
        (twin,) = parse_instructions(
            ask(world, TwinAsk(RISK, "Please w1 w2.", (), "p", "d"), seed), "stop", 1
        ).instructions
        texts.add(twin)
        labels[ask(world, JudgeAsk(RISK, twin))] += 1
        answer = ask(world, AssistAsk(RISK, twin, "p"))
        assert read_reply(answer).stance is Stance.HELPS
    assert 200 < len(texts) < 300
    assert labels["<score> no </score>"] > 200
    assert min(labels["<score> yes </score>"], labels["<score> perhaps </score>"]) > 0


def test_mutants_differ_and_violate_like_their_parents() -> None:
    """Each kind is another text, with the parent's words, and the guard judges it as it judges requests."""
    world, parent = World(safe=0.0, unreadable=0.0), invent("a parent")
    kinds = ("past_tense", "role_play", "language")
    said = [ask(world, MutateAsk(RISK, parent, kind, "German" if kind == "language" else "")) for kind in kinds]
    mutants = [parse_instructions(text, "stop", 1).instructions[0] for text in said]
    assert len({parent, *mutants}) == 4
    assert all(ask(world, JudgeAsk(RISK, mutant)) == "<score> yes </score>" for mutant in mutants)
