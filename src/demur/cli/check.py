"""`demur check`."""

from __future__ import annotations

import argparse

from demur.cli.failures import sanitise_line
from demur.cli.main import gather_tasks, read_options
from demur.inputs.task import warn_of_seed_risks
from demur.run.assemble import warn_of_idle_judge
from demur.run.exposure import list_exposed
from demur.run.plan import make_plan
from demur.run.rehearse import render_prompts
from demur.stages.aim import plan_aims
from demur.stages.propose import warn_of_template


def execute(arguments: argparse.Namespace) -> int:
    """Validate everything that a run reads, and render every template once.

    Raises:
        DemurError: the first thing wrong.
    """
    plan = make_plan(gather_tasks(arguments), read_options(arguments))
    for task in plan.tasks:
        inputs = task.inputs
        render_prompts(task, plan)
        print(sanitise_line(f"ok  {inputs.name}"))
        for number, risk in enumerate(inputs.risks):
            source = f"policy   {inputs.sources['policy']}:" if not number else "     and"
            print(sanitise_line(f"    {source} {risk.risk}, {len(risk.policy.reply_cannot_contain)} clauses"))
        print(sanitise_line(f"    seeds    {inputs.sources['seeds']}: {len(inputs.seeds)}"))
        for warning in warn_of_seed_risks(inputs):
            print(sanitise_line(f"    warning  {warning}"))
        for warning in warn_of_template(plan.propose_template, plan_aims(inputs, task.seed)):
            print(sanitise_line(f"    warning  {warning}"))
        for warning in warn_of_idle_judge(plan.builder, inputs):
            print(sanitise_line(f"    warning  {warning}"))
        print(sanitise_line(f"    wanted   {task.wanted} pairs in {task.folder}"))
        fewest = min(len(inputs.seeds_of(risk)) for risk in inputs.risks)
        if fewest < inputs.task.num_icl_examples:
            print(f"    warning  num_icl_examples is {inputs.task.num_icl_examples}, and there are only "
                  f"{fewest} seeds: each request shows them all")  # fmt: skip
    for warning in list_exposed(plan.builder):
        print(sanitise_line(f"    warning  {warning}"))
    print(sanitise_line(f"ok  builder {', '.join(path.name for path in plan.builder.sources)}"))
    return 0
