"""A finished task in figures: counts by stage, of offspring by kind, and how the pairs spread over risks, clauses and axes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from demur.guards.refusal_judge import STANCE
from demur.inputs.calibration import Replies
from demur.inputs.task import TaskInputs
from demur.records import TWIN, Drop, Outcome, Pair, Reason, Stage, StageCount, identify
from demur.stages.check_reply import ReplyCheck

OPENINGS_SHOWN = 10
LOOKED_AT = 500
"""Responses that are read for a warning: a sample from the beginning costs a quarter of a second."""
WORTH_A_WARNING = 20
"""Of fewer responses, one that is misread would be a share worth a warning."""
MISFITS_PUT_UP_WITH = 0.05
_PROPOSED = (
    Stage.PROPOSE,
    Stage.DEDUPE,
    Stage.SCREEN_INSTRUCTION,
    Stage.RESPOND,
    Stage.SCREEN_RESPONSE,
    Stage.CHECK_RESPONSE,
    Stage.SETTLE,
)
_MADE = (
    Stage.TWIN,
    Stage.MUTATE,
    Stage.SCREEN_INSTRUCTION,
    Stage.RESPOND,
    Stage.SCREEN_RESPONSE,
    Stage.CHECK_RESPONSE,
    Stage.SETTLE,
)


def count_stages(outcomes: Iterable[Outcome], *, settles: bool = False) -> dict[Stage, StageCount]:
    """What each stage kept and dropped, from where each draft ended: the counts are a view of the drops.

    Args:
        settles: whether settling is among the stages.
    """
    return _count(outcomes, _PROPOSED if settles else _PROPOSED[:-1])


def count_offspring(outcomes: Iterable[Outcome]) -> dict[str, dict[Stage, StageCount]]:
    """The same for twins and mutants, by kind."""
    by_kind: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        by_kind.setdefault(identify(outcome).branch.partition(".")[0], []).append(outcome)
    return {
        kind: _count(found, [stage for stage in _MADE if stage is not (Stage.MUTATE if kind == TWIN else Stage.TWIN)])
        for kind, found in by_kind.items()
    }


def _count(outcomes: Iterable[Outcome], stages: Sequence[Stage]) -> dict[Stage, StageCount]:
    dropped: dict[Stage, Counter[Reason]] = {stage: Counter() for stage in stages}
    lost: Counter[Stage] = Counter()
    drafts = 0
    for outcome in outcomes:
        whole_round = identify(outcome).position < 0
        drafts += not whole_round
        if isinstance(outcome, Drop):
            dropped[outcome.stage][outcome.reason] += 1
            lost[outcome.stage] += not whole_round
    counts = {}
    for stage in stages:
        drafts -= lost[stage]
        counts[stage] = StageCount(drafts, dict(sorted(dropped[stage].items())))
    return counts


def count_contamination(outcomes: Iterable[Outcome], names: Iterable[str]) -> dict[str, int]:
    """By evaluation set, how many drafts were dropped for it; where that is only flagged, how many pairs are."""
    counts = dict.fromkeys(names, 0)
    for outcome in outcomes:
        for name in {hit.set for hit in outcome.contamination}:
            counts[name] += 1
    return counts


def count_opinions(outcomes: Iterable[Outcome]) -> dict[str, int]:
    """How many responses the refusal judge said what of; nothing where none was asked."""
    said: Counter[str] = Counter(
        outcome.opinion.stance or "unreadable" for outcome in outcomes if outcome.opinion is not None
    )
    return {word: said[word] for word in (*STANCE.words, "unreadable")} if said else {}


def warn_of_opinions(counts: Mapping[str, int]) -> tuple[str, ...]:
    """A warning where answers of the judge could not be read: the rules' word held then."""
    if not (unreadable := counts.get("unreadable", 0)):
        return ()
    return (
        f"The refusal judge's answer could not be read for {unreadable} of {sum(counts.values())} responses; the rules' "
        "reading decided there.",
    )


def measure_coverage(pairs: Sequence[Pair], inputs: TaskInputs) -> dict[str, Mapping[str, int]]:
    """How many pairs each risk, clause, value of an axis, mode, kind and opening has; of the openings the most frequent.

    Twins and mutants count with the clause of what they were made of. A clause or a value that has none stands there with 0.
    """
    from demur.stages.describe_reply import read_opening  # late, as in `check_reply`

    counts: dict[str, Counter[str]] = {"risk": Counter({risk.risk: 0 for risk in inputs.risks})}
    if any(pair.draft.aim.clause is not None for pair in pairs):
        clauses = (
            f"{risk.risk}/{n + 1}" for risk in inputs.risks for n in range(len(risk.policy.reply_cannot_contain))
        )
        counts["clause"] = Counter(dict.fromkeys(clauses, 0))
    for axis, values in (inputs.task.axes or {}).items():
        counts[axis] = Counter(dict.fromkeys(values, 0))
    counts |= {"mode": Counter(), "kind": Counter()}
    openings: Counter[str] = Counter()
    for pair in pairs:
        draft, risk = pair.draft, inputs.find_risk(pair.draft.aim.risk).risk
        counts["risk"][risk] += 1
        if draft.aim.clause is not None:
            counts["clause"][f"{risk}/{draft.aim.clause + 1}"] += 1
        for axis, value in draft.aim.axes:
            counts.setdefault(axis, Counter())[value] += 1
        counts["mode"]["comply" if draft.complies else "response"] += 1
        counts["kind"][draft.kind or "proposed"] += 1
        openings[read_opening(pair.response)] += 1
    most = sorted(openings.items(), key=lambda item: (-item[1], item[0]))[:OPENINGS_SHOWN]
    return {**{name: dict(count) for name, count in counts.items()}, "opening": dict(most)}


def warn_of_misfits(pairs: Sequence[Pair], inputs: TaskInputs) -> tuple[str, ...]:
    """Where responses are not checked: a warning if many are safe, and still not what their reply type wants."""
    if inputs.task.reply_rules.check or len(pairs) < WORTH_A_WARNING:
        return ()
    gate = ReplyCheck(Replies())
    looked_at = pairs[:LOOKED_AT]
    outcomes = [gate.weigh(pair, inputs.find_risk(pair.draft.aim.risk)) for pair in looked_at]
    reasons = Counter(outcome.reason for outcome in outcomes if isinstance(outcome, Drop))
    misfits = sum(reasons.values())
    if misfits <= MISFITS_PUT_UP_WITH * len(looked_at):
        return ()
    named = ", ".join(f"{count} {reason.replace('_', ' ')}" for reason, count in reasons.most_common())
    return (
        f"{misfits} of the first {len(looked_at)} responses do not read as what the policy's reply type wants ({named}); "
        "they were kept. `replies: {check: true}` in the task drops such responses.",
    )
