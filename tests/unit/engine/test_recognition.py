"""A span is shown to every dialect that would detect itself on it, and to few others."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

from otel_evals.builtin import DIALECTS
from otel_evals.dialects.genai import GenAi
from otel_evals.dialects.genai_events import GenAiEvents
from otel_evals.dialects.logfire import Logfire
from otel_evals.dialects.mlflow import MLflow
from otel_evals.engine.recognition import Recognition
from otel_evals.otlp.json import decode_json
from otel_evals.plugins.protocols import Dialect
from otel_evals.plugins.signs import Signs
from otel_evals.records.reading import Reading
from otel_evals.records.signal import Signal
from otel_evals.records.span import EventView, LogView, SpanView
from otel_evals.testing.payloads import spans_of


class Unsigned:
    """A guest that declares no signs."""

    id: ClassVar[str] = "unsigned"
    markers: ClassVar[tuple[bytes, ...]] = (b"x",)

    def detect(self, span: SpanView) -> bool:
        return bool(span.name)

    def read(self, span: SpanView) -> Reading:
        return Reading(response_id=span.name)

    def read_log(self, record: LogView) -> None:
        assert record


def _span(attributes: Mapping[str, Any] | None = None, scope: str = "", events: tuple[str, ...] = ()) -> SpanView:
    views = tuple(EventView(name=name, attributes={}) for name in events)
    return SpanView(trace_id=b"t", span_id=b"s", attributes=attributes or {}, scope_name=scope, events=views)


def _shown(span: SpanView, *dialects: Dialect) -> list[str]:
    return [dialect.id for dialect in Recognition(dialects).dialects(span)]


BUILT_IN: tuple[Dialect, ...] = (MLflow(), Logfire(), GenAiEvents(), GenAi())


@pytest.mark.parametrize(
    ("span", "ids"),
    [
        (_span(), []),
        (_span({"http.route": "/", "gen_ai": 1}), []),
        (_span({"gen_ai.operation.name": "chat"}), ["genai"]),
        (_span({"mlflow.spanType": '"LLM"', "gen_ai.system": "openai"}), ["mlflow", "genai"]),
        (_span(scope="logfire.openai"), ["logfire"]),
        (_span(scope="my.logfire"), []),
        (_span(events=("exception", "gen_ai.choice")), ["genai_events"]),
    ],
)
def test_a_key_a_scope_or_an_event_brings_its_dialects_in_their_order(span: SpanView, ids: list[str]):
    assert _shown(span, *BUILT_IN) == ids


def test_a_dialect_without_signs_is_shown_every_span():
    assert _shown(_span(), GenAi(), Unsigned()) == ["unsigned"]
    assert _shown(_span({"gen_ai.system": "openai"}), GenAi(), Unsigned()) == ["genai", "unsigned"]


def test_signs_without_any_name_hide_every_span():
    class Hidden(Unsigned):
        signs: ClassVar[Signs] = Signs()

    assert _shown(_span({"a": 1}, scope="b", events=("c",)), Hidden()) == []


def test_what_is_remembered_of_one_scope_holds_for_no_other():
    recognition = Recognition(BUILT_IN)
    spans = [_span(scope="logfire"), _span(scope="other"), _span({"gen_ai.system": "x"}, scope="logfire")]
    first = [recognition.dialects(span) for span in spans]
    assert [recognition.dialects(span) for span in spans] == first
    assert [[dialect.id for dialect in dialects] for dialects in first] == [["logfire"], [], ["logfire", "genai"]]


def test_more_scopes_than_are_remembered_change_nothing():
    recognition = Recognition(BUILT_IN)
    for number in range(5000):
        assert not recognition.dialects(_span(scope=f"scope-{number}"))
    assert [dialect.id for dialect in recognition.dialects(_span(scope="logfire"))] == ["logfire"]


def _recorded(folder: Path) -> Iterator[SpanView]:
    for path in sorted(folder.glob("*/*-traces.*")):
        body = path.read_bytes()
        yield from spans_of(decode_json(Signal.TRACES, body) if path.suffix == ".json" else body)


def test_no_recorded_span_is_kept_from_a_dialect_that_knows_it(recordings: Path):
    known: Callable[[SpanView], tuple[Dialect, ...]] = Recognition(DIALECTS).dialects
    count = 0
    for span in _recorded(recordings):
        count += 1
        shown = known(span)
        assert [d.id for d in shown if d.detect(span)] == [d.id for d in DIALECTS if d.detect(span)]
    assert count > 1000
