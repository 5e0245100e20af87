"""A run with scripted engines in this process, the journal on: what demur can do where models cost nothing."""

from __future__ import annotations

import asyncio
import time

from bench.figures import make_workplace
from demur.engines.base import JudgeAsk, ProposeAsk, Request
from demur.engines.scripted import ScriptedEngine
from demur.run.plan import Options, make_plan
from demur.run.runner import Runner

BUILDER = """\
name: public/safety/refusal
blocks:
  - {name: instruction_generator, type: scripted, propose: [x]}
  - {name: dedup, type: rouge_scorer, filter: true, threshold: 0.7}
  - {name: response_generator, type: scripted, respond: [x]}
  - name: granite_guardian
    type: validators/granite_guardian
    model_version: "3.3"
    lm_config: {type: scripted}
"""


def answer(request: Request) -> str:
    """Five texts of made-up words to a proposal; a verdict that fits; a refusal."""
    ask = request.ask
    if isinstance(ask, ProposeAsk):
        numbers = [(request.sample * ask.count + place) * 7919 for place in range(ask.count)]
        texts = (" ".join(f"w{number * (n + 3) % 4999}" for n in range(14)) for number in numbers)
        return "\n\n".join(f"### Question {n}:\nPlease {text}" for n, text in enumerate(texts, 1))
    if isinstance(ask, JudgeAsk):
        asked = ask.instruction if ask.response is None else ask.response
        harmless = ask.response is not None or asked.startswith(("What day", "How many minutes"))
        return f"<score> {'no' if harmless else 'yes'} </score>"
    return "I can't help with that, but I can explain how to stay safe."


def time_run(pairs: int) -> float:
    """Pairs a second."""
    with make_workplace(BUILDER) as folder:
        engines = {
            name: ScriptedEngine(answer, model=name)
            for name in ("instruction_generator", "response_generator", "granite_guardian")
        }
        options = Options(outputs=pairs, config=folder / "builder.yaml", output_dir=folder / "output",
                          concurrency=32, replacements=engines)  # fmt: skip
        begun_s = time.monotonic()
        result = asyncio.run(Runner(make_plan([folder / "task.yaml"], options)).run())
        took_s = time.monotonic() - begun_s
    if result.exit_code != 0:
        raise RuntimeError(f"the run ended with {result.exit_code}: {result.failure}")
    return pairs / took_s
