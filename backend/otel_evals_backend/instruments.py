"""What the backend measures of itself, as data. Named as the processor's instruments are, translated by its renderer.

Counters count in one process, from its start on, as Prometheus expects: `rate` and `increase` know a restart. Gauges of
the database are the same on every replica.
"""

from typing import Final

from otel_evals.semconv import instruments, otel_evals
from otel_evals.telemetry.catalogue import Instrument, Kind

REQUESTS: Final = Instrument(
    name="otel_evals.ingest.requests",
    kind=Kind.COUNTER,
    unit="{request}",
    description="Requests with telemetry or feedback, by outcome (accepted, refused) and reason of a refusal.",
    keys=(otel_evals.SIGNAL, otel_evals.OUTCOME, otel_evals.REASON),
)
DURATION: Final = Instrument(
    name="otel_evals.ingest.duration",
    kind=Kind.HISTOGRAM,
    unit="s",
    description="From the first byte of a request to its answer: what it brings is on disk then.",
    keys=(otel_evals.SIGNAL,),
    boundaries=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0),
)
SPANS: Final = Instrument(
    name="otel_evals.ingest.spans",
    kind=Kind.COUNTER,
    unit="{span}",
    description="Evaluated spans that were new.",
)
RESULTS: Final = Instrument(
    name="otel_evals.ingest.results",
    kind=Kind.COUNTER,
    unit="{evaluation}",
    description="Results, by outcome: joined to their span, waiting for it, or a duplicate.",
    keys=(otel_evals.OUTCOME,),
)
FEEDBACK: Final = Instrument(
    name=instruments.FEEDBACK,
    kind=Kind.COUNTER,
    unit="{signal}",
    description="What users did with answers, by signal, each once by whatever way it came.",
    keys=(otel_evals.FEEDBACK_SIGNAL,),
)
REVIEW_QUEUE: Final = Instrument(
    name="otel_evals.review.queue",
    kind=Kind.GAUGE,
    unit="{item}",
    description="Items that wait for people, by state: open, or adjudicate where two disagree.",
    keys=(otel_evals.REVIEW_STATE,),
)
OUTBOX: Final = Instrument(
    name="otel_evals.outgoing.waiting",
    kind=Kind.GAUGE,
    unit="{item}",
    description="Labels and signals that are still to be sent, by outcome: waiting, or set_aside for a refusal.",
    keys=(otel_evals.OUTCOME,),
)
DATABASE_SIZE: Final = Instrument(
    name="otel_evals.database.size",
    kind=Kind.GAUGE,
    unit="By",
    description="Bytes of the database, SQLite's log included.",
)
INSTRUMENTS: Final = (
    REQUESTS, DURATION, SPANS, RESULTS, FEEDBACK, REVIEW_QUEUE, OUTBOX, DATABASE_SIZE,
)  # fmt: skip
