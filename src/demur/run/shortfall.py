"""Why a task has fewer pairs than wanted, and what helps against it: in the words of docs/outputs.md, in brief."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from demur.records import Drop, Outcome, Reason
from demur.wording import say_count

REMEDIES: Mapping[Reason, str] = MappingProxyType(
    {
        Reason.GENERATOR_REFUSED: (
            "The generator declines to write requests: take one that is less eager to decline, or a template of "
            "your own."
        ),
        Reason.REPLY_FILTERED: (
            "The provider's own filter ends the replies: loosen it where the account allows it, or take an engine "
            "without one."
        ),
        Reason.NOTHING_PARSED: (
            "No requests are found in the replies: look at `detail`, raise `max_tokens` where they are cut off, "
            "or take another generator."
        ),
        Reason.SURPLUS: "Nothing is lost by it.",
        Reason.TOO_LONG: (
            "Texts of more than 10,000 characters: lower `max_tokens`, or look at what the generator does."
        ),
        Reason.NEAR_DUPLICATE: (
            "The requests repeat each other: more and more varied seeds, a higher `temperature`, or a higher "
            "dedup `threshold`."
        ),
        Reason.SEMANTIC_DUPLICATE: (
            "The requests say much the same: more and more varied seeds, a higher `temperature`, or a higher "
            "`semantic.threshold`."
        ),
        Reason.CONTAMINATED: (
            "The requests are near to an evaluation set: take seeds that are less like it, or a higher "
            "`decontaminate.threshold`."
        ),
        Reason.INSTRUCTION_SAFE: (
            "The guard sees no violation in the requests: if they are harmless, more concrete seeds and "
            "`description`; if not, `demur doctor`, or another guard."
        ),
        Reason.RESPONSE_EMPTY: (
            "Nothing is left of the replies without thinking: raise `max_tokens` of `response_generator`."
        ),
        Reason.RESPONSE_CUT_OFF: "The replies stop at the token limit: raise `max_tokens` of `response_generator`.",
        Reason.RESPONSE_VIOLATES: (
            "The guard sees forbidden content in the responses: a generator that follows instructions better, or "
            "a lower `temperature`."
        ),
        Reason.NOT_DECLINED: (
            "The responses do not decline: read some. If they do after all, take a refusal_judge; else a "
            "generator that follows instructions better."
        ),
        Reason.FLAT_REFUSAL: (
            "The responses refuse barely where the reply type informs: a generator that is less eager to decline, "
            "or more in `reply_may_contain`."
        ),
        Reason.RESPONSE_WORDY: (
            "The responses are longer than `replies.max_words`: raise it, or take a template that asks for less."
        ),
        Reason.RESPONSE_LECTURES: "The responses preach: another generator, or `lectures: keep`.",
        Reason.RESPONSE_REPEATS_REQUEST: "The responses repeat their requests: another generator, or `repeats: keep`.",
        Reason.RESPONSE_REPEATED: (
            "The responses are alike: a generator with more variety, a higher `temperature`, or a higher "
            "`replies.max_similarity`."
        ),
        Reason.OPENING_REPEATED: (
            "Too many responses open alike: a generator with more variety, a higher `temperature`, or a greater "
            "`replies.max_opening_share`."
        ),
        Reason.TWIN_VIOLATES: (
            "The guard sees a violation in what was to be harmless: more seeds of `kind: comply`, or a better "
            "generator."
        ),
        Reason.NEEDLESS_REFUSAL: "The responses decline harmless requests: a generator that is less eager to decline.",
        Reason.MUTANT_UNCHANGED: "Requests come back as they were: another generator, or other `kinds`.",
        Reason.VERDICT_UNREADABLE: (
            "The guard's answers hold no label: does `model_version` match the model? Else raise the guard's "
            "`max_tokens`."
        ),
        Reason.ENGINE_FAILED: (
            "Requests were given up: mend what `detail` in rejected.jsonl says, then run again; only what failed "
            "is asked for."
        ),
    }
)
"""What helps where most drops have that reason."""


@dataclass(frozen=True, slots=True)
class Shortfall:
    """One strand of a task that has too few pairs.

    Attributes:
        words: what it has too few of, and what ended it.
        outcomes: what became of its drafts or attempts.
    """

    words: str
    outcomes: tuple[Outcome, ...]


def find_main_reason(outcomes: Iterable[Outcome]) -> tuple[Reason, int] | None:
    """The most frequent reason of the drops and how often it stands there; the alphabet decides between equals."""
    reasons = Counter(each.reason for each in outcomes if isinstance(each, Drop) and each.reason is not Reason.SURPLUS)
    return min(reasons.items(), key=lambda item: (-item[1], item[0]), default=None)


def explain_shortfall(shortfalls: Sequence[Shortfall]) -> str:
    """What happened to a task that came up short, by what most was dropped for, and what helps against that."""
    outcomes = [outcome for each in shortfalls for outcome in each.outcomes]
    said = "; ".join(each.words for each in shortfalls[:3])
    if len(shortfalls) > 3:
        said += f"; and {len(shortfalls) - 3} more"
    main = find_main_reason(outcomes)
    if main is None:
        return f"{said}."
    reason, count = main
    dropped = sum(isinstance(each, Drop) and each.reason is not Reason.SURPLUS for each in outcomes)
    return f"{said}.\n  Of {say_count(dropped, 'drop')} there, {count} for {reason}. {REMEDIES[reason]}"
