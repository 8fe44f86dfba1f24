"""Why a span comes to people, metric by metric. Pure: `select` reads what is known and keeps what is decided here."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from otel_evals_backend.review.order import Reason, chosen_worth, random_worth
from otel_evals_backend.review.questions import ANY
from otel_evals_backend.settings import ReviewSettings
from otel_evals_backend.storage.keys import name_key
from otel_evals_backend.storage.tables import BANDS, FAIL

_HIGH: Final = BANDS.index("high")
_LOW: Final = BANDS.index("low")
_LINE: Final = 0.5
_QUESTION_WORDS: Final = 16
_EXPLANATION_WORDS: Final = 24

_LATE: Final = "feedback"
"""Stratum of what is judged because a user's signal came, be the span drawn for it or passed over before."""

Plan = Mapping[tuple[str, str, int], float]
"""π2 by metric, stratum and verdict."""
_NO_PLAN: Final[Plan] = {}


class Plans(msgspec.Struct, frozen=True):
    """Every plan that something here may be drawn by."""

    since: tuple[tuple[int, Plan], ...] = ()
    """Each with the time from which it is in force, oldest first."""

    def at(self, time_ns: int) -> Plan:
        """The plan in force at that time: empty before there was one."""
        return next((plan for from_ns, plan in reversed(self.since) if from_ns <= time_ns), _NO_PLAN)


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """One result of a span that counts here: online, with a label."""

    evaluator: int
    metric: str
    type: str
    """As records.evaluation.EvaluatorType."""
    shadow: bool
    label: int
    at_ns: int
    score: float | None = None
    confidence: float | None = None
    probability: float | None = None
    stratum: str | None = None
    explanation: str = ""


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one span."""

    day: int
    span: bytes
    band: int | None
    feedback: int
    """-1 negative, 1 positive, 0 none."""
    question: str | None
    slice: int
    said: tuple[Said, ...]
    drawn: float
    """Its number in [0, 1) in the phase of people."""
    stratum: str | None = None
    """By which the span itself was drawn for its judges, or passed over."""


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """One span that comes to people for one metric."""

    day: int
    span: bytes
    metric: str
    reasons: tuple[Reason, ...]
    worth: float
    group: str
    """Equal for what is the same problem; "" when nothing says so."""
    probability: float | None = None
    """π1 of the judge's result that the label will be paired with."""
    label_probability: float | None = None
    """π2 when it was drawn at random, else None."""
    stratum: str | None = None
    evaluator: int | None = None
    verdict: int | None = None


def decide(seen: Seen, plans: Plans, settings: ReviewSettings) -> tuple[Candidate, ...]:
    """The items that `seen` is worth, at most one a metric."""
    judged = _by_metric(said for said in seen.said if said.type == "llm_judge")
    checks = _checks(seen)
    found = [_judged(seen, metric, said, plans, settings) for metric, said in judged.items()]
    if seen.band == _HIGH:
        failing = _by_metric(said for said in checks if said.label == FAIL and said.metric not in judged)
        found += [_chosen(seen, metric, {Reason.HIGH_RISK}, said[-1]) for metric, said in failing.items()]
    if seen.feedback < 0 and not judged:
        found.append(_chosen(seen, ANY, {Reason.FEEDBACK}, None))
    return tuple(candidate for candidate in found if candidate is not None)


def _judged(seen: Seen, metric: str, said: Sequence[Said], plans: Plans, settings: ReviewSettings) -> Candidate | None:
    active = [one for one in said if not one.shadow]
    if not active:
        return None
    newest = active[-1]
    reasons = _reasons(seen, newest, said, settings)
    judgement = next((one for one in active if _stands_for_others(seen, one)), None)
    if judgement is not None:
        share = _share(judgement, plans, settings)
        if seen.drawn < share:
            # Whatever else speaks for it: what is in trouble must not be labelled before other random ones.
            worth = random_worth(seen.drawn, share)
            drawn = _candidate(seen, metric, {Reason.RANDOM, *reasons}, judgement, worth)
            return msgspec.structs.replace(drawn, label_probability=share)
    return _chosen(seen, metric, reasons, newest) if reasons else None


def _stands_for_others(seen: Seen, judgement: Said) -> bool:
    """Whether its span was drawn for it by chance: not when a user's signal brought it about after all."""
    return judgement.probability is not None and (judgement.stratum != _LATE or seen.stratum == _LATE)


def _share(judgement: Said, plans: Plans, settings: ReviewSettings) -> float:
    """π2 by the plan that was in force when the judgement was made, so that looking again draws the same."""
    plan = plans.at(judgement.at_ns)
    return plan.get((judgement.metric, judgement.stratum or "", judgement.label), settings.audit)


def _reasons(seen: Seen, active: Said, said: Sequence[Said], settings: ReviewSettings) -> set[Reason]:
    fails = active.label == FAIL
    flagged = any(check.label == FAIL for check in _checks(seen))
    near = active.score is not None and abs(active.score - _LINE) <= settings.near
    tests = {
        Reason.HIGH_RISK: fails and seen.band == _HIGH,
        Reason.CHECKS: (not fails and seen.band == _HIGH) or (fails and seen.band == _LOW and not flagged),
        Reason.JUDGES: any(one.label != active.label for one in said),
        Reason.CONFIDENCE: active.confidence is not None and active.confidence < settings.low_confidence,
        Reason.NEAR: near,
        Reason.FEEDBACK: seen.feedback < 0,
    }
    return {reason for reason, holds in tests.items() if holds}


def _checks(seen: Seen) -> list[Said]:
    return [said for said in seen.said if said.type == "code" and not said.shadow]


def _chosen(seen: Seen, metric: str, reasons: set[Reason], said: Said | None) -> Candidate:
    return _candidate(seen, metric, reasons, said, chosen_worth(reasons, seen.band))


def _candidate(seen: Seen, metric: str, reasons: set[Reason], said: Said | None, worth: float) -> Candidate:
    judge = said if said is not None and said.type == "llm_judge" else None
    return Candidate(
        day=seen.day,
        span=seen.span,
        metric=metric,
        reasons=tuple(reason for reason in Reason if reason in reasons),
        worth=worth,
        group=group_key(seen, metric, said),
        probability=None if judge is None else judge.probability,
        stratum=None if judge is None else judge.stratum,
        evaluator=None if judge is None else judge.evaluator,
        verdict=None if judge is None else judge.label,
    )


def group_key(seen: Seen, metric: str, said: Said | None) -> str:
    """The same for spans of one slice whose question and finding say nearly the same; "" when either is unknown."""
    question = alike(seen.question or "", _QUESTION_WORDS)
    if not question or said is None:
        return ""
    words = alike(said.explanation, _EXPLANATION_WORDS)
    return f"{name_key(metric, str(seen.slice), str(said.evaluator), str(said.label), question, words):016x}"


def alike(text: str, words: int) -> str:
    """The first `words` words without case, punctuation and figures, so that near repetitions are equal."""
    plain = re.sub(r"\d+", "0", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(re.findall(r"\w+", plain)[:words])


def _by_metric(said: Iterable[Said]) -> dict[str, list[Said]]:
    """The results of each metric, oldest first."""
    found: dict[str, list[Said]] = {}
    for one in sorted(said, key=lambda one: (one.at_ns, one.evaluator)):
        found.setdefault(one.metric, []).append(one)
    return found
