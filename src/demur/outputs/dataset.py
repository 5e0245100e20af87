"""The dataset's records: pairs in full, pairs for training, and drops."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from demur.contamination import Contamination
from demur.inputs.policy import Risk
from demur.inputs.task import TaskInputs
from demur.records import Aim, Draft, Drop, Match, Opinion, Pair, Reason, Verdict

Json = dict[str, object]

_QUOTED = 16
"""Characters in a row that a text shares with another only by quoting it; shorter than the server's own excerpts."""


def describe_pair(pair: Pair, inputs: TaskInputs) -> Json:
    """A line of `final_data.jsonl`: the pair, the policy that it rests on, and all that led to it."""
    task, policy, aim = inputs.task, inputs.policy, pair.draft.aim
    risk = inputs.find_risk(aim.risk)
    return {
        "task_name": task.task_name,
        "is_seed": False,
        "task_description": task.task_description,
        "instruction": pair.draft.instruction,
        "response": pair.response,
        "source": f"{pair.draft.origin.engine}:{pair.draft.origin.model}",
        "metadata": {
            "risk": risk.risk,
            "risk_description": risk.description,
            "risk_group": policy.risk_group,
            "risk_group_id": policy.risk_group_id,
            "risk_id": risk.risk_id,
            "reason_denial": risk.reason_denial,
            "short_reply_type": risk.short_reply_type,
            "exception": risk.exception,
            "policy_version": policy.policy_version,
            # The guard's last pass, the one that let the pair through, was on the response; a twin's is there to help.
            "mode": "comply" if pair.draft.complies else "response",
            "id": str(pair.draft.id),
            "round": pair.draft.id.round,
            "position": pair.draft.id.position,
            "in_context_seeds": list(pair.draft.example_ids),
            "instruction_by": {"engine": pair.draft.origin.engine, "model": pair.draft.origin.model},
            "response_by": {"engine": pair.response_origin.engine, "model": pair.response_origin.model},
            "verdicts": {
                "instruction": describe_verdict(pair.instruction_verdict),
                "response": describe_verdict(pair.response_verdict),
            },
            "nearest": describe_match(pair.neighbour),
            **_describe_aim(aim, risk),
            **_describe_descent(pair.draft),
            **_describe_judged(pair.opinion),
            **describe_contamination(pair.contamination),
        },
    }


def _describe_aim(aim: Aim, risk: Risk) -> Json:
    """What the pair's round aimed at; nothing where it aimed at nothing. Clauses are counted from 1, as people do."""
    record: Json = {}
    if aim.clause is not None:
        record["clause"] = {"number": aim.clause + 1, "text": risk.policy.reply_cannot_contain[aim.clause]}
    if aim.axes:
        record["axes"] = dict(aim.axes)
    return record


def _describe_descent(draft: Draft) -> Json:
    """What a twin or a mutant was made of, and how; nothing where it was proposed."""
    if draft.parent is None:
        return {}
    if draft.complies:
        return {"twin_of": str(draft.parent), "permission": draft.permission}
    return {"mutated_from": str(draft.parent), "mutation": draft.kind}


def _describe_judged(opinion: Opinion | None) -> Json:
    return {} if opinion is None else {"refusal_judge": describe_opinion(opinion)}


def describe_opinion(opinion: Opinion, *, with_words: bool = True) -> Json:
    """A refusal judge's word on a response, with who gave it; `stance` is null where its answer could not be read."""
    record: Json = {
        "stance": opinion.stance,
        "judge": opinion.judge,
        "engine": opinion.origin.engine,
        "model": opinion.origin.model,
    }
    if with_words and opinion.reasoning:
        record["reasoning"] = opinion.reasoning
    if with_words and opinion.answer:
        record["answer"] = opinion.answer
    return record


def describe_contamination(found: Sequence[Contamination]) -> Json:
    """What a text is near to in evaluation sets, by place: their texts do not belong into a dataset. Nothing where none."""
    if not found:
        return {}
    hits = [{"set": hit.set, "place": hit.place, "score": round(hit.score, 6), "method": hit.method} for hit in found]
    return {"contamination": hits}


def describe_drop(drop: Drop, *, include_unsafe: bool) -> Json:
    """A line of `rejected.jsonl`.

    Args:
        include_unsafe: write responses out that no guard rated safe; else their hash and length stand in for them, and
            the guard's reasoning, which may quote them, is left out.
    """
    record: Json = {"id": str(drop.id), "stage": str(drop.stage), "reason": str(drop.reason)}
    # A pair's response was rated safe; a drop's was not, be it that the guard never saw it.
    withheld = bool(drop.response) and not include_unsafe
    if drop.instruction:
        record["instruction"] = drop.instruction
    if withheld:
        digest = hashlib.sha256(drop.response.encode("utf-8", errors="replace")).hexdigest()
        record["response_withheld"] = {"sha256": digest, "characters": len(drop.response)}
    elif drop.response:
        record["response"] = drop.response
    if drop.reason is Reason.SEMANTIC_DUPLICATE and drop.neighbour:
        record["nearest"] = {"id": drop.neighbour.id, "cosine": round(drop.neighbour.score, 6)}
    elif drop.reason is Reason.NEAR_DUPLICATE or drop.neighbour:
        record["nearest"] = describe_match(drop.neighbour)
    record |= describe_contamination(drop.contamination)
    if drop.verdict:
        record["verdict"] = describe_verdict(drop.verdict, with_words=not withheld)
    if drop.opinion:
        record["refusal_judge"] = describe_opinion(drop.opinion, with_words=not withheld)
    if drop.detail:
        record["detail"] = withhold_quotes(drop.detail, drop.response) if withheld else drop.detail
    return record


def withhold_quotes(detail: str, response: str) -> str:
    """The detail of a drop, without its words where they quote the response: servers quote what they refuse."""
    plain = " ".join(detail.split())
    words = " ".join(response.split())
    quoted = any(
        words[start : start + _QUOTED] in plain for start in range(0, max(1, len(words) - _QUOTED + 1), _QUOTED // 2)
    )
    return f"{detail.partition(':')[0]}: its words quote the withheld response" if quoted else detail


def describe_verdict(verdict: Verdict, *, with_words: bool = True) -> Json:
    """A verdict with who gave it; an unreadable one keeps the guard's words as evidence."""
    record: Json = {
        "label": str(verdict.label),
        "confidence": None if verdict.confidence is None else round(verdict.confidence, 6),
        "guard": verdict.guard,
        "engine": verdict.origin.engine,
        "model": verdict.origin.model,
    }
    if with_words and verdict.reasoning:
        record["reasoning"] = verdict.reasoning
    if with_words and verdict.answer:
        record["answer"] = verdict.answer
    if verdict.declines is not None:
        record["declines"] = verdict.declines
    if verdict.categories:
        record["categories"] = list(verdict.categories)
    if verdict.members:
        record["members"] = [describe_verdict(member, with_words=with_words) for member in verdict.members]
    return record


def describe_match(match: Match | None) -> Json | None:
    """The nearest neighbour by ROUGE-L F1, or None where no text shares a word."""
    return None if match is None else {"id": match.id, "rouge_l": round(match.score, 6)}
