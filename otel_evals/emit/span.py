"""Everything that an evaluation adds to its span, as bytes to append to the span's message."""

from collections.abc import Mapping
from typing import Any, Final

from otel_evals.emit.annotations import (
    decision_annotations,
    sampling_annotations,
    standard_annotations,
    text_annotation,
)
from otel_evals.emit.results import ResultEvents
from otel_evals.otlp.encode import SPAN_ATTRIBUTES, attributes
from otel_evals.records.decision import CoverageOutcome, Decision
from otel_evals.records.evaluation import EvaluationFailure, EvaluationResult
from otel_evals.records.exchange import Exchange
from otel_evals.records.judging import SamplingDecision
from otel_evals.semconv import otel_evals

_CAPPED: Final = attributes(SPAN_ATTRIBUTES, ((otel_evals.CONTENT_CAPPED, True),))


class SpanAdditions:
    """Encodes what goes onto an evaluated span."""

    def __init__(self) -> None:
        self._events = ResultEvents()

    def encode(
        self,
        exchange: Exchange,
        present: Mapping[str, Any],
        *,
        results: tuple[EvaluationResult, ...],
        failures: tuple[EvaluationFailure, ...],
        decision: Decision,
        coverage: CoverageOutcome | None,
        time_ns: int,
        fingerprint: str | None = None,
        in_flight: str | None = None,
        capped: bool = False,
        sampling: SamplingDecision | None = None,
    ) -> bytes:
        """Attribute and event fields to append.

        Args:
            exchange: the call that the span stands for.
            present: the span's own attributes; standard keys among them are never overwritten.
            results: one event and two attributes each.
            failures: one event each, without score and label.
            decision: band, reasons, route.
            coverage: the judge outcome; None when it follows as the span goes on.
            sampling: π1 and stratum, when there are judges.
            time_ns: time of the events, ns since the epoch.
            fingerprint: derived hash of the prompt.
            in_flight: what the application decided itself.
            capped: whether a text was longer than the checks read.
        """
        chunks = [
            decision_annotations(decision, coverage),
            standard_annotations(exchange, present),
        ]
        if fingerprint is not None:
            chunks.append(text_annotation(otel_evals.PROMPT_FINGERPRINT, fingerprint))
        if in_flight is not None and otel_evals.DECISION not in present:
            chunks.append(text_annotation(otel_evals.DECISION, in_flight))
        if sampling is not None and sampling.stratum:
            chunks.append(sampling_annotations(sampling.probability, sampling.stratum))
        if capped:
            chunks.append(_CAPPED)
        chunks += self._events.encode((*results, *failures), time_ns, exchange.response_id)
        return b"".join(chunks)
