"""What calls took, whoever was asked and whatever about: failures, latency, tokens, money, and who really answered."""

import math
from collections import Counter
from collections.abc import Sequence

import msgspec

from otel_evals.records.exchange import Usage
from otel_evals.records.judging import Verdict
from otel_evals.selftest.asking import Outcome


class Measures(msgspec.Struct, frozen=True, kw_only=True):
    """Of a number of calls that have ended."""

    calls: int
    unparseable: int
    failed: int
    """Without any answer: unreachable, refused, timed out."""
    failures: dict[str, int]
    """By `error.type`, unparseable ones included."""
    advice: dict[str, str]
    """What the first failure of each type said."""
    mismatched: int
    """Verdicts of another model than the pinned one: the hop does not use them."""
    models: dict[str, int]
    """Verdicts by the model that really answered, as the endpoint named it."""
    fingerprints: tuple[str, ...]
    p50: float | None
    """Seconds of a call that ended with a verdict."""
    p95: float | None
    input_tokens: int
    output_tokens: int
    untold: int
    """Calls that did not say how many tokens they took."""
    cost: float | None
    """USD; None = not known of every call."""


def measure(outcomes: Sequence[Outcome]) -> Measures:
    """The measures of `outcomes`."""
    verdicts = [one.verdict for one in outcomes if one.verdict is not None]
    failures = [one.failure for one in outcomes if one.failure is not None]
    unparseable = sum(one.unparseable for one in outcomes)
    answered = [*verdicts, *(one.failure for one in outcomes if one.failure is not None and one.unparseable)]
    usages = [one.usage for one in answered]
    costs = [one.cost for one in (*verdicts, *failures)]
    known = [cost for cost in costs if cost is not None]
    seconds = sorted(one.seconds for one in outcomes if one.verdict is not None)
    voices = [voice for verdict in verdicts for voice in (verdict.members or (verdict,))]
    advice: dict[str, str] = {}
    for failure in failures:
        advice.setdefault(failure.error_type, str(failure))
    return Measures(
        calls=len(outcomes),
        unparseable=unparseable,
        failed=len(failures) - unparseable,
        failures=dict(Counter(failure.error_type for failure in failures).most_common()),
        advice=advice,
        mismatched=sum(verdict.mismatched for verdict in verdicts),
        models=dict(Counter(_model(voice) for voice in voices).most_common()),
        fingerprints=tuple(dict.fromkeys(v.system_fingerprint for v in voices if v.system_fingerprint is not None)),
        p50=_quantile(seconds, 0.50),
        p95=_quantile(seconds, 0.95),
        input_tokens=sum(usage.input_tokens or 0 for usage in usages),
        output_tokens=sum(usage.output_tokens or 0 for usage in usages),
        untold=sum(_is_untold(usage) for usage in usages),
        cost=math.fsum(known) if len(known) == len(costs) else None,
    )


def _model(verdict: Verdict) -> str:
    return verdict.model or "(not said)"


def _is_untold(usage: Usage) -> bool:
    return usage.input_tokens is None or usage.output_tokens is None


def _quantile(ordered: Sequence[float], share: float) -> float | None:
    """The smallest value that `share` of all do not exceed."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else None
