"""Recorded scenarios, read the way the processor reads them, and compared with what the model server really said.

`read_recording(producer, dialects)` gives one `Scenario` after the other; `differences(call, expected)` names every
field in which a reading is not what was served. A `null` in the expectation means that the value is not on the wire.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from otel_evals.engine.reading import assemble, read_span, with_fragments
from otel_evals.messages import normal
from otel_evals.otlp.json import decode_json
from otel_evals.plugins.protocols import Dialect
from otel_evals.records.exchange import Exchange
from otel_evals.records.reading import Awaits, Fragment, Reading, SpanRole
from otel_evals.records.signal import Signal
from otel_evals.records.span import LogView, SpanView
from otel_evals.testing.payloads import logs_of, spans_of

_FILE = re.compile(r"\d+-(.+)-(traces|logs|metrics)\.(binpb|json)")


class ReadCall(msgspec.Struct, kw_only=True):
    """A span that some dialect knows, with its log fragments."""

    span: SpanView
    reading: Reading
    exchange: Exchange

    @property
    def question(self) -> str:
        """The last user turn that holds text."""
        return next((m.text for m in reversed(self.exchange.messages) if m.role == "user" and m.text), "")


class Scenario(msgspec.Struct, kw_only=True):
    """One recorded scenario: its spans in the order of their starts, and the ground truth."""

    name: str
    expected: dict[str, Any]
    spans: list[ReadCall]
    logs: list[LogView]

    def with_role(self, role: SpanRole) -> list[ReadCall]:
        """The spans of one role."""
        return [call for call in self.spans if call.reading.role is role]

    @property
    def calls(self) -> list[ReadCall]:
        """Model calls, without those whose twin carries the content."""
        found = self.with_role(SpanRole.MODEL_CALL)
        ids = {c.reading.response_id for c in found if Awaits.TWIN not in c.reading.awaits}
        return [c for c in found if Awaits.TWIN not in c.reading.awaits or c.reading.response_id not in ids]

    @property
    def expected_calls(self) -> list[dict[str, Any]]:
        """The logical model calls that left anything on the wire; retries of one failed call count each."""
        on_the_wire = [c for c in self.expected.get("calls", []) if _left_a_trace(c) and c["operation"] != "embeddings"]
        return [call for call in on_the_wire for _ in range(call.get("attempts") or 1)]


def _left_a_trace(call: dict[str, Any]) -> bool:
    return any(call[key] is not None for key in ("request_model", "response_model", "response_id", "output_text"))


def _read(folder: Path, dialects: Sequence[Dialect]) -> Iterator[Scenario]:
    expected = json.loads((folder / "expected.json").read_text())
    bodies: dict[str, list[tuple[str, bytes]]] = {}
    for path in sorted(folder.iterdir()):
        if (match := _FILE.fullmatch(path.name)) is not None and match[2] != "metrics":
            body = path.read_bytes()
            if match[3] == "json":
                body = decode_json(Signal(match[2]), body)
            bodies.setdefault(match[1], []).append((match[2], body))
    for name, parts in bodies.items():
        logs = [log for signal, body in parts if signal == "logs" for log in logs_of(body)]
        views = [span for signal, body in parts if signal == "traces" for span in spans_of(body)]
        fragments = _fragments(logs, dialects)
        spans = [call for view in views if (call := _call(view, fragments, dialects)) is not None]
        spans.sort(key=lambda call: call.span.start_ns)
        yield Scenario(name=name, expected=expected.get(name, {}), spans=spans, logs=logs)


def _fragments(logs: Sequence[LogView], dialects: Sequence[Dialect]) -> dict[bytes, list[Fragment]]:
    found: dict[bytes, list[Fragment]] = {}
    for log in logs:
        fragment = next((f for d in dialects if (f := d.read_log(log)) is not None), None)
        if fragment is not None:
            found.setdefault(log.span_id, []).append(fragment)
    return found


def _call(view: SpanView, fragments: dict[bytes, list[Fragment]], dialects: Sequence[Dialect]) -> ReadCall | None:
    found = read_span(dialects, view)
    if found is None:
        return None
    dialect, reading = found
    reading = with_fragments(reading, fragments.get(view.span_id, []))
    return ReadCall(span=view, reading=reading, exchange=assemble(dialect, view, reading, ()))


@pytest.fixture
def read_recording(recordings: Path) -> Callable[[str, Sequence[Dialect]], Iterator[Scenario]]:
    """Reads the scenarios of one producer with the given dialects."""
    return lambda producer, dialects: _read(recordings / producer, dialects)


@pytest.fixture
def differences(recordings: Path) -> Callable[..., list[str]]:
    """Compares one read call with one expected call; `skip` names fields that the producer is known to lie about."""
    canned = json.loads((recordings / "canned.json").read_text())

    def compare(call: ReadCall, expected: dict[str, Any], skip: Sequence[str] = ()) -> list[str]:
        return [text for name, text in _differences(call, expected, canned) if name not in skip]

    return compare


def _differences(call: ReadCall, expected: dict[str, Any], canned: Any) -> Iterator[tuple[str, str]]:
    exchange = call.exchange
    usage = exchange.usage
    answer = exchange.choices[0] if exchange.choices else None
    told = {
        "provider": (normal.provider(expected["provider"]), exchange.provider),
        "request_model": (normal.model(expected["request_model"])[1], exchange.request_model),
        "response_model": (normal.model(expected["response_model"])[1], exchange.response_model),
        "response_id": (expected["response_id"], exchange.response_id),
        "input_tokens": (expected["input_tokens"], usage.input_tokens),
        "output_tokens": (expected["output_tokens"], usage.output_tokens),
        "cached_input_tokens": (expected["cached_input_tokens"], usage.cache_read_tokens),
        "finish_reason": (_finish(expected), answer.finish_reason if answer else None),
        # A producer that marks streams only: no mark is as good as false.
        "streaming": (expected["streaming"] or None, exchange.streaming),
        "error": (True if expected["error"] else None, exchange.failed or None),
    }
    for name, (wanted, got) in told.items():
        if wanted is not None and wanted != got:
            yield name, f"{name}: expected {wanted!r}, read {got!r}"
    yield from _text_differences(call, expected, canned)
    names = [c.name for c in answer.message.tool_calls] if answer else []
    if "calls" not in expected and not expected["error"] and sorted(names) != sorted(expected["tool_calls"] or []):
        yield "tool_calls", f"tool_calls: expected {expected['tool_calls']!r}, read {names!r}"
    wanted_arguments = expected.get("tool_call_arguments")
    arguments = [c.arguments for c in answer.message.tool_calls] if answer else []
    if wanted_arguments and arguments != wanted_arguments:
        yield "tool_call_arguments", f"tool_call_arguments: expected {wanted_arguments!r}, read {arguments!r}"


def _finish(expected: dict[str, Any]) -> str | None:
    """The normal word; that of a plain stop beside a tool call is `tool_call` to our checks."""
    finish = normal.finish_reason(expected["finish_reason"])
    return "tool_call" if finish == "stop" and expected["tool_calls"] and "calls" not in expected else finish


def _text_differences(call: ReadCall, expected: dict[str, Any], canned: Any) -> Iterator[tuple[str, str]]:
    question = expected["input_text_last_user"]
    if question is not None and not call.exchange.failed:
        inside = expected.get("input_wrapped_in_template") and question in call.question
        if not inside and call.question != question:
            yield "input_text_last_user", f"input_text_last_user: expected {question!r}, read {call.question!r}"
    wanted = expected["output_text"]
    if isinstance(wanted, str) and wanted.startswith("@canned.json#"):
        for step in wanted.split("#/", 1)[1].split("/"):
            canned = canned[step]
        wanted = canned
    if wanted is None:
        return
    got = call.exchange.choices[0].message.text if call.exchange.choices else None
    if expected.get("output_json_reserialised") and got:
        wanted, got = json.loads(wanted), json.loads(got)
    if got != wanted:
        yield "output_text", f"output_text: expected {wanted!r:.120}, read {got!r:.120}"
