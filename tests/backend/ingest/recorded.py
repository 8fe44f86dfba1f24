"""What a processor sends to the backend of recorded traffic, and what it saw itself; for the tests of ingest.

The recordings go through a whole processor in process, with a judge that looks at every call; what its backend's
destination gets (`spans: genai`) is kept beside what was evaluated.
"""

import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import msgspec

from otel_evals.app.processor import Processor
from otel_evals.builtin import CHECKS
from otel_evals.config.backend import backend_destination
from otel_evals.config.load import load
from otel_evals.engine.evaluated import Evaluated
from otel_evals.otlp.json import decode_json
from otel_evals.records.clock import SystemClock
from otel_evals.records.signal import Signal
from otel_evals.telemetry.meters import Meters
from otel_evals.testing.judge_server import JudgeServer
from otel_evals.testing.payloads import spans_of
from otel_evals.testing.sinks import HttpSink
from tests.backend.traffic import Body

OWN = Path(__file__).parents[2] / "recorded" / "bodies"
_FILE = re.compile(r"\d+-(.+)-(traces|logs)\.(binpb|json)(\.gz)?")
_CONFIG = """
forward: [{url: "%(sink)s/v1/traces", name: next}]
receive: {http: {listen: "127.0.0.1:0"}, grpc: {listen: null}}
judge:
  endpoints: [{name: scripted, url: "%(judge)s", retries: 0}]
  judges: [{name: answer_relevance, model: {model: judge-model-1}}]
  sampling: {rules: [{name: baseline, rate: 1.0}]}
"""


@dataclass
class Passage:
    """One producer's traffic, on both sides of the processor."""

    recorded: list[Body]
    """As its instrumentation sent it, in protobuf."""
    sent: list[Body] = field(default_factory=list)
    """As the backend gets it."""
    evaluated: dict[bytes, Evaluated] = field(default_factory=dict)
    """By the key of the span, as it was when its result was made."""
    known: dict[bytes, Evaluated] = field(default_factory=dict)
    """The same when everything had come, also what comes after the call that it belongs to."""

    @property
    def latest_ns(self) -> int:
        return max(span.end_ns for body in self.recorded if body.path == "/v1/traces" for span in spans_of(body.data))


def read_bodies(folder: Path) -> Iterator[Body]:
    """The recorded requests of one producer."""
    for path in sorted(folder.iterdir()):
        found = _FILE.fullmatch(path.name)
        if found is None:
            continue
        signal, data = Signal(found[2]), path.read_bytes()
        data = gzip.decompress(data) if found[4] else data
        yield Body(signal.http_path, decode_json(signal, data) if found[3] == "json" else data)


async def passed(bodies: list[Body], folder: Path) -> Passage:
    """`bodies` through a processor, which knows all of them when it gets each for the second time."""
    folder.mkdir(exist_ok=True)  # noqa: ASYNC240 - once
    passage = Passage(bodies)
    async with HttpSink() as next_hop, HttpSink() as backend, JudgeServer() as judge:
        file = folder / "otel-evals.yaml"
        file.write_text(_CONFIG % {"sink": next_hop.url.replace("http+proto", "http"), "judge": judge.url})
        config = load(file, checks=CHECKS, environ={"OPENAI_API_KEY": "sk-none"}).config
        address = backend_destination(backend.url.replace("http+proto", "http"))
        config = msgspec.structs.replace(config, forward=(*config.forward, address))
        processor = Processor(config, meters=Meters(), folder=folder / "processor", clock=SystemClock())

        def note(spans) -> None:
            for one in spans:
                exchange = one.exchange
                passage.evaluated.setdefault(exchange.trace_id + exchange.span_id, one)
                passage.known[exchange.trace_id + exchange.span_id] = one

        processor.on_evaluated = note
        await processor.start()
        async with aiohttp.ClientSession(f"http://127.0.0.1:{processor.http_port}") as client:
            for body in [*bodies, *bodies]:
                headers = {"content-type": "application/x-protobuf"}
                async with client.post(body.path, data=body.data, headers=headers) as answer:
                    assert answer.status == 200, await answer.text()
        await processor.stop()
        passage.sent = [Body(one.signal.http_path, one.body) for one in backend.accepted]
    return passage
