"""What follows from the results of one exchange."""

from enum import StrEnum

import msgspec


class RiskBand(StrEnum):
    """How likely it is that this answer does harm, as far as the inline checks can tell."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Route(StrEnum):
    """Where the answer should go. `block` is only ever given when the configuration asks for it."""

    PASS = "pass"  # noqa: S105 - a route
    JUDGE = "judge"
    HUMAN = "human"
    BLOCK = "block"


class Decision(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Band, route and the names of the failing evaluations that led there, worst first, then by name."""

    band: RiskBand
    route: Route
    reasons: tuple[str, ...] = ()


class CoverageOutcome(StrEnum):
    """How a span's way to a judge ended (`otel_evals.coverage`)."""

    JUDGED = "judged"
    PENDING = "pending"
    SAMPLED_OUT = "sampled_out"
    FILTERED = "filtered"
    OVER_BUDGET = "over_budget"
    RATE_LIMITED = "rate_limited"
    UNPARSEABLE = "unparseable"
    TIMEOUT = "timeout"
    JUDGE_ERROR = "judge_error"
    NO_CONTENT = "no_content"
    DISABLED = "disabled"
