import asyncio

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality

from otel_evals.records.errors import Unavailable
from otel_evals.telemetry.catalogue import Instrument, Kind
from otel_evals.telemetry.meters import Meters
from otel_evals.telemetry.otlp_export import Push, encode_metrics
from otel_evals.telemetry.snapshot import Exemplar, Snapshot
from otel_evals.testing.clock import ManualClock

COUNT = Instrument(name="t.count", kind=Kind.COUNTER, unit="{x}", description="d", keys=("a", "b"))
SIZE = Instrument(name="t.size", kind=Kind.GAUGE, unit="By", description="d")
TIME = Instrument(name="t.time", kind=Kind.HISTOGRAM, unit="s", description="d", keys=("a",), boundaries=(0.5, 1.0))


class Sink:
    """Takes pushes; refuses while `is_open` is false."""

    def __init__(self) -> None:
        self.requests: list[ExportMetricsServiceRequest] = []
        self.points: list[int] = []
        self.is_open = True
        self.arrived = asyncio.Event()

    async def send(self, body: bytes, points: int) -> None:
        self.arrived.set()
        if not self.is_open:
            raise Unavailable("away")
        self.requests.append(ExportMetricsServiceRequest.FromString(body))
        self.points.append(points)


def measured() -> Meters:
    clock = ManualClock()
    m = Meters((COUNT, SIZE, TIME), clock=clock)
    clock.advance(1)
    m.add(COUNT, 2.5, "x", "")
    m.set(SIZE, 7)
    m.observe(TIME, 0.7, "x", exemplar=Exemplar(0.7, b"t" * 16, b"s" * 8, 5))
    return m


def push(m: Meters, sink: Sink, interval: float = 3600) -> Push:
    async def read() -> Snapshot:
        return m.snapshot()

    return Push(read, sink.send, resource={"service.name": "otel-evals"}, interval=interval, version="1")


def test_a_snapshot_becomes_cumulative_sums_gauges_and_histograms_with_exemplars():
    ((body, points),) = encode_metrics(measured().snapshot(), {"service.name": "otel-evals"}, version="9.9")
    (resource,) = ExportMetricsServiceRequest.FromString(body).resource_metrics
    assert points == 3
    assert [(a.key, a.value.string_value) for a in resource.resource.attributes] == [("service.name", "otel-evals")]
    (scope,) = resource.scope_metrics
    assert (scope.scope.name, scope.scope.version) == ("otel_evals", "9.9")
    metrics = {metric.name: metric for metric in scope.metrics}
    (count,) = metrics["t.count"].sum.data_points
    assert metrics["t.count"].sum.is_monotonic
    assert metrics["t.count"].sum.aggregation_temporality == AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
    assert count.as_double == 2.5
    assert [(a.key, a.value.string_value) for a in count.attributes] == [("a", "x")]
    assert count.time_unix_nano - count.start_time_unix_nano == 1_000_000_000
    assert metrics["t.size"].gauge.data_points[0].as_double == 7
    (time,) = metrics["t.time"].histogram.data_points
    assert (time.count, time.sum, list(time.bucket_counts)) == (1, 0.7, [0, 1, 0])
    assert list(time.explicit_bounds) == [0.5, 1.0]
    assert [(e.trace_id, e.span_id, e.as_double) for e in time.exemplars] == [(b"t" * 16, b"s" * 8, 0.7)]


async def test_the_last_sums_are_sent_when_the_process_stops():
    sink, stop = Sink(), asyncio.Event()
    stop.set()
    await push(measured(), sink).run(stop)
    assert sink.points == [3]


async def test_sums_are_sent_at_each_interval():
    sink, stop = Sink(), asyncio.Event()
    running = asyncio.create_task(push(measured(), sink, interval=0.001).run(stop))
    await sink.arrived.wait()
    stop.set()
    await running
    assert sink.points[0] == 3
    assert len(sink.points) >= 2


async def test_a_refused_push_is_no_failure_and_the_next_one_carries_the_same_sums():
    sink = Sink()
    sink.is_open = False
    p = push(measured(), sink)
    assert not await p.push()
    sink.is_open = True
    assert await p.push()
    assert sink.points == [3]


async def test_without_measurements_nothing_is_sent():
    sink = Sink()
    assert await push(Meters((COUNT,), clock=ManualClock()), sink).push()
    assert sink.requests == []


def test_a_large_snapshot_becomes_several_requests_that_receivers_take():
    m = Meters((COUNT, TIME), max_values=5000, max_slices=5000, clock=ManualClock())
    for i in range(4500):
        m.add(COUNT, 1, f"{i:0>128}", "x" * 128)
        m.observe(TIME, 1, f"{i:0>128}")
    requests = encode_metrics(m.snapshot(), {}, version="1")
    assert sum(points for _, points in requests) == 9000
    assert all(len(body) < 4 << 20 for body, _ in requests)
    seen: set[tuple[str, str]] = set()
    for body, points in requests:
        (resource,) = ExportMetricsServiceRequest.FromString(body).resource_metrics
        found = [
            (metric.name, point.attributes[0].value.string_value)
            for metric in resource.scope_metrics[0].metrics
            for point in (*metric.sum.data_points, *metric.histogram.data_points)
        ]
        assert len(found) == points
        seen.update(found)
    assert len(seen) == 9000
