"""Counts what was kept, once it is safe: a transaction that is done again counts once."""

from otel_evals.telemetry.meters import Meters
from otel_evals_backend import instruments
from otel_evals_backend.keeping.kept import Kept


def measure(meters: Meters, kept: Kept) -> None:
    """Add what became known to the counters of this process."""
    meters.add(instruments.SPANS, sum(joined.is_new for joined in kept.spans))
    for outcome, count in (
        ("joined", sum(len(joined.fresh) for joined in kept.spans)),
        ("waiting", kept.waiting),
        ("duplicate", kept.duplicates),
    ):
        meters.add(instruments.RESULTS, count, outcome)
    for signal in kept.signals:
        meters.add(instruments.FEEDBACK, 1, signal.signal)
