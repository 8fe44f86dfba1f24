"""Asks one judge about one case, and lets nothing that the judge does come through but an end.

A judge may be code from outside. Whatever it returns or raises, however long it takes, and whether or not it heeds
that it is cancelled: `judging` gets an `Ended` within the deadline, with figures that can be counted and written down.
A verdict that is none (a score out of range, a label of its own) is a failure; it is never mended into a score. A judge
that keeps the event loop from everybody else is told of through `OnStall`.
"""

import asyncio
import logging
from collections.abc import Callable
from math import isfinite
from typing import Final, TypeGuard

import msgspec

from otel_evals.emit.results import EXPLANATION_CAP
from otel_evals.engine.plan import JudgeSpec
from otel_evals.engine.steps import Steps
from otel_evals.engine.verdicts import Ended, failed, given_up, judged
from otel_evals.lifecycle.tasks import Tasks
from otel_evals.plugins.protocols import Judge
from otel_evals.records.clock import Clock
from otel_evals.records.decision import CoverageOutcome
from otel_evals.records.evaluation import Label
from otel_evals.records.exchange import Usage
from otel_evals.records.judging import Estimate, JudgeCase, JudgeFailure, Verdict

_LOG: Final = logging.getLogger(__name__)
_NS: Final = 1_000_000_000
_TOKENS: Final = 10**12
_USD: Final = 1e9
_WORD: Final = 128
"""Characters of a name that a judge gives: a grade, a model, a member of a panel."""
STALL: Final = 0.25
"""Seconds in one step from which a judge holds up traffic; a question about a huge case takes a tenth of a second."""
OnStall = Callable[[JudgeSpec, float], None]
"""Told of a judge that has taken so many seconds in which nothing else could be done."""
_NO_END: Final = frozenset(
    {CoverageOutcome.JUDGED, CoverageOutcome.PENDING, CoverageOutcome.SAMPLED_OUT, CoverageOutcome.DISABLED}
)
"""What a failure cannot have ended as."""


def estimate(spec: JudgeSpec, case: JudgeCase, *, clock: Clock, on_stall: OnStall) -> Estimate | Ended:
    """What judging takes at most; the end of the judgement when the judge cannot say."""
    started = clock.monotonic()
    try:
        found: object = spec.judge.estimate(case)
    except Exception as error:  # noqa: BLE001 - stage boundary: as for `judge`
        return _raised(spec, error, calls=0)
    finally:
        _look(spec, clock.monotonic() - started, on_stall)
    if _is_estimate(found):
        return found
    return given_up(
        CoverageOutcome.JUDGE_ERROR, "the judge's estimate is no figure of 0 or more", error_type="invalid_estimate"
    )


async def ask(
    spec: JudgeSpec, case: JudgeCase, *, deadline: float, tasks: Tasks, clock: Clock, on_stall: OnStall
) -> Ended:
    """How the judgement ended, at most `deadline` seconds from now.

    The judge runs in a task of its own: one that does not heed its cancellation is left behind, not waited for.
    """
    started_ns, started = clock.time_ns(), clock.monotonic()
    steps = Steps(_call(spec.judge, case), clock, lambda seconds: _look(spec, seconds, on_stall))
    call = tasks.spawn(_awaited(steps), "ask a judge")
    try:
        await asyncio.wait((call,), timeout=deadline)
        ended = _end(spec, call)
    finally:
        call.cancel()
    # By the monotonic clock: the other one may be set in the meantime.
    duration = max(0.0, clock.monotonic() - started)
    return msgspec.structs.replace(ended, started_ns=started_ns, ended_ns=started_ns + int(duration * _NS))


async def _call(judge: Judge, case: JudgeCase) -> object:
    """What the judge says, or the error that it raises, as a value."""
    try:
        return await judge.judge(case)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - stage boundary: a judge's error is an outcome, never more
        return error


async def _awaited(steps: Steps[object]) -> object:
    return await steps


def _look(spec: JudgeSpec, seconds: float, on_stall: OnStall) -> None:
    if seconds >= STALL:
        on_stall(spec, seconds)


def _end(spec: JudgeSpec, call: "asyncio.Task[object]") -> Ended:
    if not call.done():
        return given_up(CoverageOutcome.TIMEOUT, "the judge did not answer within the deadline", calls=1)
    if call.cancelled():
        return given_up(CoverageOutcome.JUDGE_ERROR, "the judge was cancelled from within", calls=1)
    said = call.result()
    return _no_verdict(spec, said) if isinstance(said, BaseException) else _verdict(said)


def _no_verdict(spec: JudgeSpec, error: BaseException) -> Ended:
    if isinstance(error, JudgeFailure):
        return _failed(error)
    if isinstance(error, TimeoutError):
        return given_up(CoverageOutcome.TIMEOUT, "the judge gave up waiting", calls=1)
    return _raised(spec, error, calls=1)


def _verdict(said: object) -> Ended:
    verdict = _sound(said)
    if verdict is None:
        message = "what the judge returned is no verdict"
        return given_up(CoverageOutcome.UNPARSEABLE, message, error_type="invalid_verdict", calls=1)
    return judged(verdict)


def _raised(spec: JudgeSpec, error: BaseException, *, calls: int) -> Ended:
    _LOG.error("the judge %s raised %s", spec.id, type(error).__name__, exc_info=error)
    message = "the judge raised an error"
    return given_up(CoverageOutcome.JUDGE_ERROR, message, error_type=_word(type(error).__name__), calls=calls)


def _failed(failure: JudgeFailure) -> Ended:
    """The end with a failure, of whose figures nothing is taken for granted."""
    ended = failed(failure)
    known = isinstance(ended.coverage, CoverageOutcome) and ended.coverage not in _NO_END  # pyright: ignore[reportUnnecessaryIsInstance] - a guest's value
    coverage = ended.coverage if known else CoverageOutcome.JUDGE_ERROR
    return msgspec.structs.replace(
        ended,
        coverage=coverage,
        error_type=_word(ended.error_type) or coverage.value,
        message=_line(ended.message),
        usage=_usage(ended.usage),
        cost=ended.cost if _money(ended.cost) else None,
        model=_word(ended.model),
    )


def _sound(said: object) -> Verdict | None:
    """The verdict with its texts cut to size; None when it is none."""
    if not isinstance(said, Verdict):
        return None
    members = tuple(_sound(member) for member in said.members)
    certain = said.confidence is None or _share(said.confidence)
    if not _is_label(said.label) or not _share(said.score) or not certain or None in members:
        return None
    return msgspec.structs.replace(
        said,
        score=float(said.score),
        explanation=_line(said.explanation),
        grade=_word(said.grade),
        model=_word(said.model),
        system_fingerprint=_word(said.system_fingerprint),
        usage=_usage(said.usage),
        cost=said.cost if _money(said.cost) else None,
        members=members,
        member=_word(said.member) or "",
    )


def _is_estimate(found: object) -> TypeGuard[Estimate]:
    return isinstance(found, Estimate) and _tokens(found.calls) and _tokens(found.tokens) and _money(found.cost)


def _is_label(value: object) -> bool:
    return isinstance(value, Label)


def _share(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0.0 <= value <= 1.0


def _tokens(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _TOKENS


def _money(value: object) -> bool:
    return isinstance(value, int | float) and isfinite(value) and 0.0 <= value <= _USD


def _usage(usage: object) -> Usage:
    """Tokens as far as they are a number of tokens: a bill beyond any is unknown, not paid."""
    if not isinstance(usage, Usage):
        return Usage()
    known = {name: value for name, value in msgspec.structs.asdict(usage).items() if _tokens(value)}
    return Usage(**known)


def _word(value: object) -> str | None:
    return _line(value)[:_WORD] if isinstance(value, str) else None


def _line(value: object) -> str:
    """One line that UTF-8 can carry, cut to what goes on the wire."""
    text = value[: 2 * EXPLANATION_CAP] if isinstance(value, str) else ""
    return " ".join(text.encode("utf-8", "replace").decode().split())[:EXPLANATION_CAP]
