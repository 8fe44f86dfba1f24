"""Runs the checks over one exchange and routes it. Pure: the hop, `decide` and `replay` all call this and agree."""

import math
from collections.abc import Sequence
from copy import copy
from typing import Final

import msgspec

from otel_evals.plugins.protocols import Check
from otel_evals.records.clock import Clock
from otel_evals.records.decision import Decision
from otel_evals.records.evaluation import EvaluationFailure, EvaluationResult, Finding, Label
from otel_evals.records.exchange import Content, Exchange
from otel_evals.routing.router import Router
from otel_evals.text.patterns import PatternPass
from otel_evals.text.scan import Scan

_MESSAGE_CAP: Final = 1000


class VersionedCheck(msgspec.Struct, frozen=True):
    """A check as configured, with the hash of what it decides by."""

    check: Check
    version: str


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was decided about one exchange."""

    results: tuple[EvaluationResult, ...]
    failures: tuple[EvaluationFailure, ...]
    decision: Decision
    truncated: bool = False
    """A cap of ours hid part of a text from the checks."""


class Evaluator:
    """The configured checks and the risk rule, ready to run."""

    def __init__(
        self,
        checks: Sequence[VersionedCheck],
        router: Router,
        *,
        clock: Clock | None = None,
        budget: float | None = None,
        request_budget: float = math.inf,
    ) -> None:
        """`budget`: seconds of `clock` after which the rest of a span's checks fail with `timeout`.

        None (or no clock) = no limit, so that the same exchange always gets the same results. `request_budget`: the
        same for all spans of one request together.
        """
        self._checks = tuple(checks)
        self._router = router
        self._clock = clock if budget is not None else None
        self._budget = budget or 0.0
        self._request_budget = request_budget
        self._clean = {c.check.name: _result(c, Finding(Label.PASS, 1.0)) for c in self._checks}
        self._patterns = PatternPass(p for c in checks for p in c.check.patterns())

    def unbounded(self) -> "Evaluator":
        """The same evaluator without a budget, for those who must get the same answer every time."""
        twin = copy(self)
        twin._clock = None  # noqa: SLF001 - its own copy
        return twin

    @property
    def checks(self) -> tuple[VersionedCheck, ...]:
        """The checks that run, in order."""
        return self._checks

    def evaluate(self, exchange: Exchange, *, worked: float = 0.0) -> Evaluation:
        """Every check's result on `exchange` (the worst over its choices) and the decision that follows.

        `worked`: seconds that have gone into the same request before.
        """
        scans = [Scan(exchange, self._patterns, choice) for choice in exchange.choices] or [
            Scan(exchange, self._patterns)
        ]
        has_content = exchange.content is Content.PRESENT
        results: list[EvaluationResult] = []
        failures: list[EvaluationFailure] = []
        clock = self._clock
        budget = min(self._budget, self._request_budget - worked)
        deadline = clock.monotonic() + budget if clock is not None else 0.0
        for versioned in self._checks:
            check = versioned.check
            if check.needs_content and not has_content:
                continue
            if clock is not None and clock.monotonic() >= deadline:
                failures.append(_timeout(versioned))
                continue
            try:
                finding = self._worst(check, scans)
                if finding is not None:
                    clean = finding.score == 1.0 and not finding.explanation and finding.label is Label.PASS
                    results.append(self._clean[check.name] if clean else _result(versioned, finding))
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # noqa: BLE001 - stage boundary: one check's error is a value, never the span's end
                # A panic of an extension in Rust, and `sys.exit`, are no Exception.
                failures.append(_failure(versioned, error))
        truncated = has_content and any(scan.truncated for scan in scans)
        return Evaluation(
            results=tuple(results),
            failures=tuple(failures),
            decision=self._router.decide(results),
            truncated=truncated,
        )

    @staticmethod
    def _worst(check: Check, scans: Sequence[Scan]) -> Finding | None:
        if len(scans) == 1:
            return check.evaluate(scans[0])
        worst: Finding | None = None
        for scan in scans:
            finding = check.evaluate(scan)
            if finding is not None and (worst is None or _badness(finding) > _badness(worst)):
                worst = finding
        return worst


def _badness(finding: Finding) -> tuple[bool, float]:
    return finding.label is Label.FAIL, -finding.score


def _result(versioned: VersionedCheck, finding: Finding) -> EvaluationResult:
    """The result of a finding. Raises ValueError when a check has found what cannot be: its code may be a plug-in's."""
    if not 0.0 <= finding.score <= 1.0:
        raise ValueError("a score lies between 0 and 1")
    return EvaluationResult(
        name=versioned.check.name,
        label=Label(finding.label),
        score=finding.score,
        explanation=finding.explanation[:_MESSAGE_CAP].encode(errors="replace").decode(),
        evaluator_id=versioned.check.name,
        evaluator_version=versioned.version,
    )


def _timeout(versioned: VersionedCheck) -> EvaluationFailure:
    return EvaluationFailure(
        name=versioned.check.name,
        error_type="timeout",
        message="the checks before it had used up the time for one span, or for one request",
        evaluator_id=versioned.check.name,
        evaluator_version=versioned.version,
    )


def _failure(versioned: VersionedCheck, error: BaseException) -> EvaluationFailure:
    # The error's text may quote content, so only its type leaves the process.
    return EvaluationFailure(
        name=versioned.check.name,
        error_type=type(error).__name__[:_MESSAGE_CAP],
        message="the check raised an error; its type is all that is kept, since its text may quote content",
        evaluator_id=versioned.check.name,
        evaluator_version=versioned.version,
    )
