"""The standard OpenTelemetry SDK exporters as senders: Python for all signals, Node for traces."""

import asyncio
import os
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from otel_evals.records.signal import Signal
from otel_evals.testing.sinks import GrpcSink
from tests.integration.process.rig import arrived, destination, until, verdicts

NODE_PACKAGES = {
    "@opentelemetry/api": "1.9.0",
    "@opentelemetry/resources": "2.2.0",
    "@opentelemetry/sdk-trace-base": "2.2.0",
    "@opentelemetry/exporter-trace-otlp-http": "0.208.0",
    "@opentelemetry/exporter-trace-otlp-proto": "0.208.0",
    "@opentelemetry/exporter-trace-otlp-grpc": "0.208.0",
}
SENDERS = Path(__file__).parent


def of_signal(sink, signal: Signal, message) -> list:
    return [message.FromString(r.body) for r in sink.accepted if r.signal is signal]


@pytest.mark.parametrize("compression", ["none", "gzip"])
async def test_the_python_sdk_sends_all_signals_over_both_transports(make_processor, compression) -> None:
    async with GrpcSink() as sink:
        processor = make_processor([destination(sink)])
        await processor.start()
        for transport, url in (("grpc", f"http://127.0.0.1:{processor.grpc}"), ("http", http_url(processor))):
            script = str(SENDERS / "python_sender.py")
            run = await asyncio.create_subprocess_exec(
                os.sys.executable, script, transport, url, compression, stderr=asyncio.subprocess.PIPE
            )
            _, said = await asyncio.wait_for(run.communicate(), 60)
            assert run.returncode == 0, said
            assert not said, "the SDK complains on standard error"
        spans = arrived(sink)
        assert sorted(spans) == sorted(f"{t}-{i}" for t in ("grpc", "http") for i in range(40))
        assert all(len(copies) == 1 and verdicts(copies[0])["non_empty"] == 1 for copies in spans.values())
        logs = of_signal(sink, Signal.LOGS, ExportLogsServiceRequest)
        texts = [
            r.body.string_value for m in logs for rl in m.resource_logs for sl in rl.scope_logs for r in sl.log_records
        ]
        assert sorted(texts) == ["hello over grpc", "hello over http"]
        metrics = of_signal(sink, Signal.METRICS, ExportMetricsServiceRequest)
        sums = Counter(
            {
                m.name: m.sum.data_points[0].as_int
                for message in metrics
                for rm in message.resource_metrics
                for sm in rm.scope_metrics
                for m in sm.metrics
            }
        )
        assert sums == {"sent.grpc": 40, "sent.http": 40}


def http_url(processor) -> str:
    return f"http://127.0.0.1:{processor.http}"


@pytest.fixture(scope="session")
def node_packages() -> Path:
    """A folder with the SDK for Node, installed once; skips when there is no Node or no registry to get it from."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("node and npm are needed for this test")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "otel-evals-tests" / "node"
    if not (cache / "done").exists():
        cache.mkdir(parents=True, exist_ok=True)
        packages = [f"{name}@{version}" for name, version in NODE_PACKAGES.items()]
        command = ["npm", "install", "--prefix", str(cache), "--no-audit", "--no-fund", "--ignore-scripts", *packages]
        made = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
        if made.returncode:
            pytest.skip(f"npm could not install the SDK for Node: {made.stderr[-500:]}")
        (cache / "done").touch()
    return cache


async def test_the_node_sdk_sends_over_every_transport(make_processor, node_packages) -> None:
    async with GrpcSink() as sink:
        processor = make_processor([destination(sink)])
        await processor.start()
        count = 0
        for transport in ("http", "proto", "grpc"):
            for compression in ("none", "gzip"):
                url = (
                    f"http://127.0.0.1:{processor.grpc}" if transport == "grpc" else f"{http_url(processor)}/v1/traces"
                )
                run = await asyncio.create_subprocess_exec(
                    "node",
                    str(SENDERS / "node_sender.mjs"),
                    transport,
                    url,
                    compression,
                    "40",
                    env={**os.environ, "OTEL_EVALS_NODE_PACKAGES": str(node_packages)},
                    stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.PIPE,
                )
                out, said = await asyncio.wait_for(run.communicate(), 60)
                assert run.returncode == 0, (transport, compression, said)
                assert out.strip() == b"40"
                count += 1
        spans = await until(lambda: arrived(sink), "spans")
        assert {name: len(copies) for name, copies in spans.items()} == {f"node-{i}": count for i in range(40)}
        for name, copies in spans.items():
            for span in copies:
                keys = {a.key: a.value for a in span.attributes}
                assert keys["app.number"].int_value == int(name.removeprefix("node-"))
                assert [v.string_value for v in keys["app.list"].array_value.values] == ["a", "b"]
                assert span.events[0].name == "app.event"
                assert verdicts(span)["non_empty"] == 1
