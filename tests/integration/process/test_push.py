"""Own metrics over OTLP: the sums of all workers, pushed now and then and once more at the end."""

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from otel_evals.testing.sinks import GrpcSink, HttpSink
from tests.integration.process.rig import Sender, all_arrive, check, destination


async def test_the_last_push_holds_the_sums_of_all_workers(make_processor) -> None:
    async with GrpcSink() as sink, HttpSink() as metrics:
        push = {"destination": {"url": metrics.url, "headers": {"x-key": "k"}}, "interval": "1h"}
        processor = make_processor([destination(sink)], workers=2, metrics={"push": push})
        await processor.start()
        sender = Sender(processor, lanes=8)
        async with sender.sending() as ledger:
            await sender.some(100)
        check(ledger, await all_arrive(ledger, sink))
        assert await processor.stop() == 0
        found = [ExportMetricsServiceRequest.FromString(r.body).resource_metrics[0] for r in metrics.accepted]
        resource = {a.key: a.value.string_value for a in found[-1].resource.attributes}
        assert resource["service.name"] == "otel-evals"
        assert resource["service.instance.id"]
        points = [
            point
            for part in found
            for metric in part.scope_metrics[0].metrics
            if metric.name == "otel_evals.spans"
            for point in metric.sum.data_points
        ]
        sums = {point.attributes[0].value.string_value: point.as_double for point in points}
        assert sums["received"] == sum(ledger.tries.values())
        assert sums["forwarded"] == len(ledger.acknowledged)
