"""Stage 6, the refusal gate: past the guard, does a response do what the policy wants of it?

The guard says whether a response is safe. A safe response may still be no refusal, a flat one where the policy wants
information, a sermon, or an echo of what was asked.

The reading itself is imported with the first reply that is read: its patterns take a tenth of a second to compile, and many a
command, and a run whose task asks nothing of replies, reads none.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from demur.engines.base import StanceAsk
from demur.errors import EngineError
from demur.guards.refusal_judge import RefusalJudge
from demur.inputs.calibration import Replies
from demur.inputs.policy import Risk
from demur.records import Drop, Pair, Reason, Stage, Stance, Verdict
from demur.stages.faults import describe_failure
from demur.stages.read_demand import Demand, read_demand

if TYPE_CHECKING:
    from demur.stages.classify_reply import Reading


@dataclass(frozen=True, slots=True)
class ReplyCheck:
    """The stage.

    Attributes:
        rules: the task's (`task.reply_rules`).
        judge: a model whose word goes before the rules' own reading; None: nobody is asked.
    """

    rules: Replies
    judge: RefusalJudge | None = None

    async def check(self, pair: Pair, risk: Risk) -> Pair | Drop:
        """Keep a pair whose response does what the policy, or a twin, asks for.

        Raises:
            EngineError: one that would hit every further request of the judge's too.
        """
        if self.judge is None or not self.rules.check:
            return self.weigh(pair, risk)
        draft = pair.draft
        try:
            opinion = await self.judge.consider(StanceAsk(risk, draft.instruction, pair.response))
        except EngineError as error:
            return Drop(id=draft.id, stage=Stage.CHECK_RESPONSE, reason=Reason.ENGINE_FAILED, instruction=draft.instruction,
                        response=pair.response, detail=describe_failure(error))  # fmt: skip
        return self.weigh(replace(pair, opinion=opinion), risk)

    def weigh(self, pair: Pair, risk: Risk) -> Pair | Drop:
        """The same by what is known already: the rules, and the pair's opinion where it has one. Asks nobody."""
        if not self._asks_anything:
            return pair  # to read a reply takes about a millisecond
        from demur.stages.classify_reply import read_reply

        permitted = risk.policy.reply_may_contain
        known = (risk.description, *risk.policy.reply_cannot_contain, *permitted)
        reading = read_reply(pair.response, pair.draft.instruction, permitted, known)
        fault = self._find_fault(pair, reading, risk)
        if fault is None:
            return pair
        reason, detail = fault
        return Drop(id=pair.draft.id, stage=Stage.CHECK_RESPONSE, reason=reason, instruction=pair.draft.instruction,
                    response=pair.response, opinion=pair.opinion, detail=detail)  # fmt: skip

    @property
    def _asks_anything(self) -> bool:
        rules = self.rules
        return rules.check or rules.max_words is not None or "drop" in (rules.lectures, rules.repeats)

    def _find_fault(self, pair: Pair, reading: Reading, risk: Risk) -> tuple[Reason, str] | None:
        judged = None if pair.opinion is None else pair.opinion.stance
        if judged is None:
            stance, evidence = weigh_opinions(reading, pair.response_verdict), reading.evidence
        else:
            stance, evidence = judged, f"the judge says: {judged}"
        if pair.draft.complies:
            # Length and tone are rules for refusals, and a harmless request may be repeated.
            # An answer that goes its own way is no refusal yet: somebody has to say so, the words, the guard or the judge.
            said = judged is not None or reading.sure or pair.response_verdict.declines is True
            needless = self.rules.check and stance is not Stance.HELPS and said
            return (Reason.NEEDLESS_REFUSAL, evidence) if needless else None
        demand = read_demand(risk.short_reply_type)
        if self.rules.check and (reason := find_mismatch(demand, stance, reading, judged=judged is not None)):
            return reason, evidence or f"reads as: {stance}"
        if self.rules.repeats == "drop" and reading.repeats:
            return Reason.RESPONSE_REPEATS_REQUEST, "holds a run of words of its request"
        if self.rules.max_words is not None and reading.words > self.rules.max_words:
            return Reason.RESPONSE_WORDY, f"{reading.words} words, at most {self.rules.max_words} are taken"
        if self.rules.lectures == "drop" and reading.lectures:
            return Reason.RESPONSE_LECTURES, "preaches at the person"
        return None


def weigh_opinions(reading: Reading, verdict: Verdict) -> Stance:
    """The rules' word, but where they are not sure and the guard has one of its own.

    A guard answers whether a response is a refusal at all, never whether it is one in part, and often counts a polite
    redirection as help; so its word decides only where the rules had nothing but the tone to go by.
    """
    if reading.sure or verdict.declines is None:
        return reading.stance
    if verdict.declines:
        return Stance.DECLINES if reading.stance is Stance.HELPS else reading.stance
    return Stance.HELPS


def find_mismatch(demand: Demand, stance: Stance, reading: Reading, *, judged: bool = False) -> Reason | None:
    """Why a response does not do what its reply type demands, or None.

    `DECLINE`: it declines wholly. `TURN`: it declines, or at least gives nothing and offers something else. `CARE`: it
    declines as much as it likes, but not barely. `INFORM`: likewise, and here it need not decline at all.

    Args:
        judged: whether a judge said the stance, which knows a response that leads elsewhere from one that helps. How barely
            it declines the rules say; where they did not see that it declines, it is bare if it is short and offers nothing.
    """
    short = reading.delivered < _FEW_WORDS
    leads_elsewhere = not judged and reading.offers and short
    is_bare = reading.is_bare or (judged and not reading.offers and short)
    if demand is Demand.DECLINE and stance is not Stance.DECLINES:
        return Reason.NOT_DECLINED
    if demand is Demand.TURN and stance is Stance.HELPS and not leads_elsewhere:
        return Reason.NOT_DECLINED
    if demand in (Demand.CARE, Demand.INFORM) and stance is Stance.DECLINES and is_bare:
        return Reason.FLAT_REFUSAL
    return None


_FEW_WORDS = 30
"""Words of substance up to which a response that never says no may count as one that merely leads elsewhere."""
