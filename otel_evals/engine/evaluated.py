"""An evaluated span: what was decided, ready to be written onto it and to be counted."""

import msgspec

from otel_evals.engine.evaluation import Evaluation
from otel_evals.engine.plan import Plan
from otel_evals.records.decision import CoverageOutcome
from otel_evals.records.exchange import Exchange


class Evaluated(msgspec.Struct, frozen=True, kw_only=True):
    """One exchange with its evaluation and the values that metrics are cut by."""

    exchange: Exchange
    evaluation: Evaluation
    coverage: CoverageOutcome
    plan: Plan | None = None
    """What the judges make of it; None = there are none."""
    is_run: bool = False
    """A whole run of an agent, whose calls are evaluated themselves: only judges of runs look at it."""
    fingerprint: str | None = None
    prompt_version: str
    """What metrics say: the named version, `fp:<hash>` or `unversioned`."""
    extra: tuple[str, ...] = ()
    """Values of the configured extra slice keys, in their order."""
    resource: bytes = b""
    """The encoded Resource of the span, when a judge may still come to it."""
    in_flight: str | None = None
    """What the application itself decided before it answered, when it asked."""
