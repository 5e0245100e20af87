"""How much of each prompt a prefix cache could reuse: the share that stood, from its beginning, in an earlier prompt."""

from __future__ import annotations

import asyncio
from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterator

from bench.figures import Figure, make_workplace
from bench.scripted_run import BUILDER, answer
from demur.engines.base import Engine, Raw, Request, stage_of
from demur.engines.scripted import ScriptedEngine
from demur.records import Stage
from demur.run.plan import Options, make_plan
from demur.run.runner import Runner

BLOCK_CHARACTERS = 64
"""A block of 16 tokens, as vLLM caches them, at four characters a token."""
BOUNDS = {Stage.PROPOSE: 0.75, Stage.RESPOND: 0.9}
"""By stage: these prompts are demur's own, and put what is constant first. A guard's are in the form that it was trained on."""


def measure_prefixes(pairs: int) -> Iterator[Figure]:
    """Shares by stage, in characters and in whole blocks, over a simulated run with one model for everything."""
    model = ScriptedEngine(answer)
    roles = ("instruction_generator", "response_generator", "granite_guardian")
    with make_workplace(BUILDER) as folder:
        engines: dict[str, Engine] = dict.fromkeys(roles, model)
        options = Options(outputs=pairs, config=folder / "builder.yaml", output_dir=folder / "output",
                          concurrency=32, replacements=engines)  # fmt: skip
        result = asyncio.run(Runner(make_plan([folder / "task.yaml"], options)).run())
    if result.exit_code != 0:
        raise RuntimeError(f"the run ended with {result.exit_code}: {result.failure}")
    total: dict[Stage, int] = defaultdict(int)
    reused: dict[Stage, int] = defaultdict(int)
    blocks: dict[Stage, int] = defaultdict(int)
    earlier: list[str] = []
    for request in model.requests:
        prompt, stage = write_prompt(request), stage_of(request.ask)
        common = measure_reuse(prompt, earlier)
        total[stage] += len(prompt)
        reused[stage] += common
        blocks[stage] += common // BLOCK_CHARACTERS * BLOCK_CHARACTERS
        insort(earlier, prompt)
    for stage in (stage for stage in Stage if total[stage]):
        name = stage.replace("_", " ")
        yield Figure(f"prefix in an earlier prompt, {name}", reused[stage] / total[stage], "of characters")
        yield Figure(
            f"the same in whole blocks of 16 tokens, {name}",
            blocks[stage] / total[stage],
            "of characters",
            BOUNDS.get(stage),
            at_least=True,
        )
    yield Figure("the same, all stages", sum(blocks.values()) / sum(total.values()), "of characters")


def write_prompt(request: Request) -> str:
    """A prompt as one text: for a chat, in the order in which every chat template puts its turns."""
    if isinstance(request.prompt, Raw):
        return request.prompt.text
    return "".join(f"<{message.role}>\n{message.content}\n" for message in request.prompt.messages)


def measure_reuse(prompt: str, earlier: list[str]) -> int:
    """Characters at the beginning of a prompt that some earlier one begins with too. `earlier` is sorted: it is a neighbour."""
    place = bisect_left(earlier, prompt)
    return max((count_common(prompt, other) for other in earlier[max(0, place - 1) : place + 1]), default=0)


def count_common(one: str, other: str) -> int:
    """Characters that both begin with."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (left, right) in pairs if left != right), min(len(one), len(other)))
