"""Request bodies for the load: plain spans of a web shop and GenAI spans with content, in any mix.

A body is built and serialised once. Each of its trace and span ids begins with a marker, and sending it replaces the
marker by a number that was never used (`renumber`), so every request carries new spans at the price of a
`bytes.replace`; response ids likewise. Called by `run`, `memory` and `checks`.
"""

from pathlib import Path
from random import Random
from typing import Any, Final

import msgspec
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from texts import conversation

MARK: Final = b"\xe3\x9b\x17\xb5\x52\xc6"
"""Begins every id of a template. No text contains it: it is not UTF-8."""
_CALL: Final = b"~call-mark~~"
"""Begins every response id of a template."""
_SPANS: Final = 4096
"""Distinct spans over all bodies of a shape, so that no cache by content flatters a result."""
_TRACE: Final = 8
_ELSEWHERE: Final = MARK + b"\xff\xff"
"""A parent in another service: no model call hangs below another, which would not be evaluated."""
_START_NS: Final = 1_790_000_000_000_000_000
_SERVICES: Final = ("shop-web", "support-assistant", "order-agent", "billing")
_MODELS: Final = ("gpt-4.1-mini", "gpt-4.1", "claude-sonnet-4-5", "mistral-large")


class Shape(msgspec.Struct, frozen=True):
    """What the bodies of a load look like."""

    batch: int
    """Spans a body."""
    share: float
    """Share of GenAI spans, 0 to 1."""
    content: int = 3072
    """Characters of messages and answer of a GenAI span; 3072 makes a span of about 4 kB."""


def renumber(body: bytes, run: int, number: int) -> bytes:
    """The body with ids that no other (run, number) has; `run` has 16 bits, `number` 32."""
    new = run.to_bytes(2, "big") + number.to_bytes(4, "big")
    return body.replace(MARK, new).replace(_CALL, new.hex().encode())


def build(shape: Shape, seed: int = 1) -> list[bytes]:
    """The template bodies of a shape: the share is exact over all of them, traces never straddle two."""
    mix = _Mix(shape, Random(seed))  # noqa: S311 - reproducible, no secret
    return [mix.body() for _ in range(max(4, _SPANS // shape.batch))]


def write(shape: Shape, file: Path) -> float:
    """Write the bodies of a shape for `read`; their mean size in bytes."""
    bodies = build(shape)
    file.write_bytes(msgspec.msgpack.encode(bodies))
    return sum(map(len, bodies)) / len(bodies)


def read(file: Path) -> list[bytes]:
    """The bodies that `write` wrote."""
    return msgspec.msgpack.decode(file.read_bytes(), type=list[bytes])


def _set(attributes: Any, values: dict[str, str | int | float | list[str]]) -> None:
    for key, value in values.items():
        kept = attributes.add(key=key).value
        if isinstance(value, list):
            for item in value:
                kept.array_value.values.add(string_value=item)
        elif isinstance(value, str):
            kept.string_value = value
        elif isinstance(value, int):
            kept.int_value = value
        else:
            kept.double_value = value


class _Mix:
    """Makes spans; the share of GenAI spans is kept over all of them."""

    def __init__(self, shape: Shape, rng: Random) -> None:
        self._shape = shape
        self._rng = rng
        self._owed = 0.0

    def body(self) -> bytes:
        request = ExportTraceServiceRequest()
        scopes: dict[str, Any] = {}
        for first in range(0, self._shape.batch, _TRACE):
            service = self._rng.choice(_SERVICES)
            if service not in scopes:
                scopes[service] = self._scope(request, service)
            self._trace(scopes[service], first, min(_TRACE, self._shape.batch - first))
        return request.SerializeToString()

    def _scope(self, request: ExportTraceServiceRequest, service: str) -> Any:
        resource = request.resource_spans.add()
        _set(
            resource.resource.attributes,
            {
                "service.name": service, "service.version": "3.2.0", "service.instance.id": f"{service}-7d9c4b",
                "deployment.environment.name": "production", "telemetry.sdk.name": "opentelemetry",
                "telemetry.sdk.language": "python", "telemetry.sdk.version": "1.38.0", "host.name": "node-4",
            },
        )  # fmt: skip
        scope = resource.scope_spans.add()
        scope.scope.name, scope.scope.version = "shop.instrumentation", "1.0"
        return scope

    def _trace(self, scope: Any, first: int, size: int) -> None:
        rng, root = self._rng, b""
        trace_id = MARK + first.to_bytes(2, "big") + rng.randbytes(8)
        start = _START_NS + rng.randrange(60_000_000_000)
        for i in range(first, first + size):
            span: Span = scope.spans.add(
                trace_id=trace_id,
                span_id=MARK + i.to_bytes(2, "big"),
                parent_span_id=root,
                start_time_unix_nano=start + i * 3_000_000,
                end_time_unix_nano=start + i * 3_000_000 + rng.randint(1, 900) * 1_000_000,
                flags=0x101,
            )
            self._owed += self._shape.share
            if self._owed > 1 - 1e-9:
                self._owed -= 1
                self._chat(span)
                span.parent_span_id = root or _ELSEWHERE
            elif root:
                self._query(span)
            else:
                self._request(span)
                root = span.span_id

    def _chat(self, span: Span) -> None:
        rng, model = self._rng, self._rng.choice(_MODELS)
        said = conversation(rng, int(self._shape.content * rng.uniform(0.7, 1.3)))
        span.name, span.kind = f"chat {model}", Span.SPAN_KIND_CLIENT
        messages = [_message("system", said.system), _message("user", said.question)]
        answer = [{**_message("assistant", said.answer), "finish_reason": "stop"}]
        _set(
            span.attributes,
            {
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": "anthropic" if model.startswith("claude") else "openai",
                "gen_ai.request.model": model,
                "gen_ai.response.model": f"{model}-2026-04-14",
                "gen_ai.response.id": f"chatcmpl-{_CALL.decode()}{rng.getrandbits(48):012x}",
                "gen_ai.request.temperature": 0.2,
                "gen_ai.request.max_tokens": 1024,
                "gen_ai.response.finish_reasons": ["stop"],
                "gen_ai.usage.input_tokens": rng.randint(200, 900),
                "gen_ai.usage.output_tokens": rng.randint(50, 400),
                "gen_ai.conversation.id": f"conv_{rng.getrandbits(64):016x}",
                "server.address": "api.example.com",
                "gen_ai.input.messages": msgspec.json.encode(messages).decode(),
                "gen_ai.output.messages": msgspec.json.encode(answer).decode(),
            },
        )

    def _request(self, span: Span) -> None:
        rng, route = self._rng, self._rng.choice(("/orders/{id}", "/chat", "/search"))
        span.name, span.kind = f"POST {route}", Span.SPAN_KIND_SERVER
        _set(
            span.attributes,
            {
                "http.request.method": "POST", "http.route": route, "http.response.status_code": 200,
                "url.scheme": "https", "url.path": route.replace("{id}", str(rng.randrange(1_000_000))),
                "url.query": "page=2&sort=created_at", "server.address": "shop.example.com", "server.port": 8443,
                "client.address": f"10.1.{rng.randrange(256)}.{rng.randrange(256)}", "network.protocol.version": "1.1",
                "user_agent.original": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0",
                "http.request.body.size": rng.randrange(4096),
            },
        )  # fmt: skip

    def _query(self, span: Span) -> None:
        rng, table = self._rng, self._rng.choice(("orders", "customers", "documents"))
        span.name, span.kind = f"SELECT {table}", Span.SPAN_KIND_CLIENT
        _set(
            span.attributes,
            {
                "db.system.name": "postgresql", "db.namespace": "shop", "db.collection.name": table,
                "db.operation.name": "SELECT",
                "db.query.text": f"SELECT id, status, total FROM {table} WHERE id = $1 LIMIT 20",  # noqa: S608 - a label
                "db.response.returned_rows": rng.randrange(20), "server.address": "pg.example.com",
                "server.port": 5432, "network.peer.address": "10.2.0.17", "network.peer.port": 5432,
                "thread.id": rng.randrange(64), "code.function.name": "repository.fetch_page",
            },
        )  # fmt: skip


def _message(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "parts": [{"type": "text", "content": text}]}
