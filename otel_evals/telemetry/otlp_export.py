"""A snapshot as an OTLP metrics request, cumulative, with exemplars; and the loop that pushes one now and then.

The bytes go out through a `send` that is handed in: the same destinations, TLS, retries and credentials as for all
that passes through. The OpenTelemetry SDK's exporters would do too, but they read the environment by themselves, so
that credentials meant for one host could travel to another.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.metrics.v1 import metrics_pb2 as pb
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from otel_evals.lifecycle.waiting import happens
from otel_evals.records.errors import OtelEvalsError
from otel_evals.semconv.otel_evals import SCOPE
from otel_evals.telemetry.catalogue import Instrument, Kind
from otel_evals.telemetry.snapshot import Distribution, Exemplar, Labels, Series, Snapshot

_log = logging.getLogger(__name__)

Send = Callable[[bytes, int], Awaitable[object]]
"""Takes an encoded ExportMetricsServiceRequest and its number of data points; raises an OtelEvalsError if refused."""


MAX_POINTS = 1500
"""Data points of one request: with labels as long as they may be, still below the 4 MiB that receivers take."""


def encode_metrics(snapshot: Snapshot, resource: Mapping[str, str], *, version: str) -> list[tuple[bytes, int]]:
    """The snapshot as encoded requests, each with its number of data points; empty when nothing was measured.

    Args:
        snapshot: what the meters said.
        resource: who says it.
        version: version of this distribution, the scope's.
    """
    requests: list[tuple[bytes, int]] = []
    metrics: list[pb.Metric] = []
    points = 0
    for series in snapshot.series:
        for part in _parts(series):
            size = len(part.values) + len(part.distributions)
            if points + size > MAX_POINTS:
                requests.append((_request(metrics, resource, version), points))
                metrics, points = [], 0
            metrics.append(_metric(part, snapshot))
            points += size
    if metrics:
        requests.append((_request(metrics, resource, version), points))
    return requests


def _parts(series: Series) -> Iterator[Series]:
    """The series in pieces that a request can hold."""
    for start in range(0, max(len(series.values), len(series.distributions)), MAX_POINTS):
        piece = slice(start, start + MAX_POINTS)
        yield Series(
            instrument=series.instrument, values=series.values[piece], distributions=series.distributions[piece]
        )


def _request(metrics: list[pb.Metric], resource: Mapping[str, str], version: str) -> bytes:
    scope = pb.ScopeMetrics(scope=InstrumentationScope(name=SCOPE, version=version), metrics=metrics)
    attributes = [_attribute(key, value) for key, value in resource.items()]
    request = pb.ResourceMetrics(resource=Resource(attributes=attributes), scope_metrics=[scope])
    return ExportMetricsServiceRequest(resource_metrics=[request]).SerializeToString()


def _metric(series: Series, snapshot: Snapshot) -> pb.Metric:
    instrument = series.instrument
    metric = pb.Metric(name=instrument.name, description=instrument.description, unit=instrument.unit)
    cumulative = pb.AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
    numbers = [_number(instrument, labels, value, snapshot) for labels, value in series.values]
    match instrument.kind:
        case Kind.COUNTER:
            metric.sum.CopyFrom(pb.Sum(data_points=numbers, aggregation_temporality=cumulative, is_monotonic=True))
        case Kind.GAUGE:
            metric.gauge.CopyFrom(pb.Gauge(data_points=numbers))
        case Kind.HISTOGRAM:
            points = [_distribution(instrument, *point, snapshot) for point in series.distributions]
            metric.histogram.CopyFrom(pb.Histogram(data_points=points, aggregation_temporality=cumulative))
    return metric


def _number(instrument: Instrument, labels: Labels, value: float, snapshot: Snapshot) -> pb.NumberDataPoint:
    return pb.NumberDataPoint(
        attributes=_attributes(instrument, labels),
        start_time_unix_nano=0 if instrument.kind is Kind.GAUGE else snapshot.started_ns,
        time_unix_nano=snapshot.time_ns,
        as_double=value,
    )


def _distribution(
    instrument: Instrument, labels: Labels, distribution: Distribution, snapshot: Snapshot
) -> pb.HistogramDataPoint:
    return pb.HistogramDataPoint(
        attributes=_attributes(instrument, labels),
        start_time_unix_nano=snapshot.started_ns,
        time_unix_nano=snapshot.time_ns,
        count=distribution.count,
        sum=distribution.total,
        bucket_counts=distribution.counts,
        explicit_bounds=instrument.boundaries,
        exemplars=[_exemplar(exemplar) for exemplar in distribution.exemplars if exemplar is not None],
    )


def _exemplar(exemplar: Exemplar) -> pb.Exemplar:
    return pb.Exemplar(
        time_unix_nano=exemplar.time_ns,
        as_double=exemplar.value,
        trace_id=exemplar.trace_id,
        span_id=exemplar.span_id,
    )


def _attributes(instrument: Instrument, labels: Labels) -> list[KeyValue]:
    return [_attribute(key, value) for key, value in zip(instrument.keys, labels, strict=True) if value]


def _attribute(key: str, value: str) -> KeyValue:
    return KeyValue(key=key, value=AnyValue(string_value=value))


class Push:
    """Sends a snapshot every `interval` seconds, and a last one at the end.

    A push that fails is logged and not repeated: the next one carries the same sums and more.
    """

    def __init__(
        self,
        read: Callable[[], Awaitable[Snapshot]],
        send: Send,
        *,
        resource: Mapping[str, str],
        interval: float,
        version: str,
    ) -> None:
        self._read = read
        self._send = send
        self._resource = dict(resource)
        self._interval = interval
        self._version = version

    async def run(self, stop: asyncio.Event) -> None:
        """Push until `stop` is set, then once more. Runs as a task of the processor."""
        while not await happens(stop, self._interval):
            await self.push()
        await self.push()

    async def push(self) -> bool:
        """Send the present snapshot; whether it was taken."""
        snapshot = await self._read()
        # Encoding ten thousand points takes a tenth of a second: not on the loop.
        requests = await asyncio.to_thread(encode_metrics, snapshot, self._resource, version=self._version)
        try:
            for body, points in requests:
                await self._send(body, points)
        except OtelEvalsError as error:
            _log.warning("own metrics were not taken: %s", error)
            return False
        return True
