"""Writes the golden pairs of the replay: `in-*` are recordings of payloads of our own, `out-*` what a replay says.

    uv run python tests/golden/write.py

The versions of checks are masked in `out-*`, since they change with every edit of a check; read the difference that git
shows before you commit it.
"""

import base64
import gzip
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otel_evals import replay
from otel_evals.builtin import CHECKS
from otel_evals.config.load import load
from otel_evals.testing.builders import chat_attributes, logs_body, make_span, traces_body

HERE = Path(__file__).resolve().parent
DOCUMENT = "Refunds are possible within thirty days of delivery. Keep the receipt."
SCOPE = "opentelemetry.instrumentation.openai_v2"
BARE = {
    "gen_ai.system": "openai",
    "gen_ai.operation.name": "chat",
    "gen_ai.request.model": "gpt-4o-mini",
    "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
    "gen_ai.response.finish_reasons": ["stop"],
}
OTHER = "risk: {high: block}\nchecks: {pii: false}\npolicy: [{name: short, max_words: 5, band: high}]\n"
"""The configuration that the golden comparison compares with."""

PAIRS = {
    "support": ["in-support-traces.binpb"],
    "events": ["in-events-traces.jsonl", "in-events-logs.jsonl.gz"],
    "exporter": ["in-exporter.bin"],
    "off": ["in-off.json"],
    "diff": ["in-support-traces.binpb"],
}
"""By name of the output: the inputs, in order."""


def support() -> bytes:
    """A retriever, answers that hold and that do not, a call cut off, a failed one, and spans of no concern."""
    retrieved = {
        "openinference.span.kind": "RETRIEVER",
        "retrieval.documents.0.document.id": "policy-7",
        "retrieval.documents.0.document.content": DOCUMENT,
    }
    question = "How long can I return a kettle?"
    return traces_body(
        make_span({"http.route": "/ask"}, trace=1, span=1, seconds=9),
        make_span(retrieved, trace=1, span=2, parent=1),
        make_span(
            chat_attributes(question, "Refunds are possible within thirty days of delivery [policy-7]."),
            trace=1, span=3, parent=1, start=2,
        ),
        make_span({"http.route": "/ask"}, trace=2, span=1, seconds=9),
        make_span(retrieved, trace=2, span=2, parent=1),
        make_span(
            chat_attributes(question, "You have a whole year, see [policy-99].", model="gpt-4o"),
            trace=2, span=3, parent=1, start=2,
        ),
        make_span(
            chat_attributes("Who can help me?", "Write to jane.roe@corp-mail.com.", system="You help Ana on 3 May."),
            trace=3,
        ),
        make_span(chat_attributes("Tell me a story.", "Once upon a time there was", finish="length"), trace=4),
        make_span(BARE | {"error.type": "RateLimitError"}, trace=5, error=True),
        make_span({"gen_ai.operation.name": "embeddings", "gen_ai.request.model": "embed-3"}, trace=6),
    )  # fmt: skip


def event_logs() -> bytes:
    """What was asked and answered, apart from the span of the call."""
    message = {"role": "assistant", "content": "Mail jane.roe@corp-mail.com."}
    return logs_body(
        ("gen_ai.user.message", {"content": "How do I reach support?"}, {}),
        ("gen_ai.choice", {"index": 0, "finish_reason": "stop", "message": message}, {}),
        trace=11,
        scope=SCOPE,
    )


def event_traces() -> bytes:
    """The call without its content."""
    return traces_body(make_span(BARE, trace=11), scope=SCOPE)


def as_json(message: ExportTraceServiceRequest | ExportLogsServiceRequest) -> bytes:
    """One line of OTLP/JSON, which writes ids as hex where protobuf's own JSON has base64."""
    text = json.dumps(MessageToDict(message, use_integers_for_enums=True))
    ids = re.compile(r'("(?:traceId|spanId|parentSpanId)": ")([^"]*)"')
    return ids.sub(lambda m: f'{m[1]}{base64.b64decode(m[2]).hex()}"', text).encode() + b"\n"


def framed(*messages: bytes) -> bytes:
    """Messages behind their length, as the Collector's file exporter writes protobuf."""
    return b"".join(len(message).to_bytes(4, "big") + message for message in messages)


def inputs() -> dict[str, bytes]:
    """The recordings by file name."""
    traces = ExportTraceServiceRequest.FromString(event_traces())
    logs = ExportLogsServiceRequest.FromString(event_logs())
    plain = ExportTraceServiceRequest.FromString(traces_body(make_span({"http.route": "/"}, trace=12)))
    off = ExportTraceServiceRequest.FromString(
        traces_body(make_span(chat_attributes(answer=None, finish="content_filter"), trace=21))
    )
    return {
        "in-support-traces.binpb": support(),
        "in-events-traces.jsonl": as_json(plain) + as_json(traces),
        "in-events-logs.jsonl.gz": gzip.compress(as_json(logs), mtime=0),
        "in-exporter.bin": framed(event_traces(), event_logs(), gzip.compress(support(), mtime=0), event_traces()),
        "in-off.json": json.dumps(json.loads(as_json(off)), indent=2).encode(),
    }


def output(name: str, files: list[Path], other: Path) -> Iterator[str]:
    """The lines of a replay under the default configuration, versions masked."""
    other_config = load(other, checks=CHECKS, environ={}).config if name == "diff" else None
    for line in replay.run(files, load(checks=CHECKS, environ={}).config, other=other_config):
        yield re.sub(r'"version":"[0-9a-f]{12}"', '"version":"…"', line)


def main() -> None:
    """Write everything."""
    os.chdir(HERE)
    for name, data in inputs().items():
        Path(name).write_bytes(data)
    other = Path("other.yaml")
    other.write_text(OTHER)
    for name, files in PAIRS.items():
        lines = output(name, [Path(file) for file in files], other)
        Path(f"out-{name}.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


if __name__ == "__main__":
    main()
