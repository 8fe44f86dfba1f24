"""What a destination sees under each content policy, with made-up bodies and with recorded ones."""

import base64
import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from otel_evals.builtin import DIALECTS
from otel_evals.emit.log_events import log_events
from otel_evals.emit.results import EXPLANATION_CAP, result_attributes
from otel_evals.forward.content import ContentPolicy, ContentSettings, apply
from otel_evals.forward.content_keys import LONGEST_EXPLANATION, RESULT_KEYS, marker_pattern
from otel_evals.forward.redaction import redact
from otel_evals.records.errors import DecodeError
from otel_evals.records.evaluation import EvaluationFailure, EvaluationResult, EvaluatorType, Label, Source
from otel_evals.records.signal import Signal

FULL, REDACT, DROP = ContentPolicy.FULL, ContentPolicy.REDACT, ContentPolicy.DROP_CONTENT
UNKNOWN_FIELD = b"\xfa\x7f\x03new"
"""Field 2047, length-delimited: what a later version of OTLP may add."""


def keyed(**values) -> list[KeyValue]:
    return [KeyValue(key=k.replace("__", "."), value=AnyValue(string_value=v)) for k, v in values.items()]


def traces(span_attributes=(), events=(), status="", scope="app", extra=b"") -> bytes:
    request = ExportTraceServiceRequest()
    scope_spans = request.resource_spans.add().scope_spans.add()
    scope_spans.scope.name = scope
    span = scope_spans.spans.add(trace_id=b"t" * 16, span_id=b"s" * 8, name="chat", attributes=span_attributes)
    for name, attributes in events:
        span.events.add(name=name, attributes=attributes)
    span.status.message = status
    if extra:
        span.MergeFromString(extra)
    return request.SerializeToString()


def span_of(body: bytes):
    return ExportTraceServiceRequest.FromString(body).resource_spans[0].scope_spans[0].spans[0]


def values_of(holder) -> dict[str, str]:
    return {entry.key: entry.value.string_value for entry in holder.attributes}


def call(**values) -> list[KeyValue]:
    return keyed(gen_ai__operation__name="chat", **values)


@pytest.mark.parametrize("signal", Signal)
def test_full_hands_on_the_same_bytes(signal):
    body = traces(call(gen_ai__input__messages="hi"))
    assert apply(FULL, signal, body) is body


@pytest.mark.parametrize("policy", ContentPolicy)
def test_requests_without_a_genai_marker_and_metrics_pass_as_the_same_object(policy):
    plain = traces(keyed(http__url="https://x", message="bob@acme.com " * 40))
    assert apply(policy, Signal.TRACES, plain) is plain
    assert apply(policy, Signal.METRICS, b"gen_ai.x") == b"gen_ai.x"


def test_drop_content_removes_texts_and_keeps_facts():
    body = traces(
        call(
            gen_ai__request__model="gpt-4o",
            gen_ai__response__finish_reasons='["stop"]',
            gen_ai__prompt__name="support",
            gen_ai__prompt__version="7",
            gen_ai__tool__name="get_weather",
            gen_ai__output__type="json",
            otel_evals__risk__band="high",
            gen_ai__input__messages="[]",
            gen_ai__system_instructions="be kind",
            gen_ai__tool__call__result="4 degrees",
            gen_ai__prompt="hi",
            gen_ai__prompt__variable__name="Bob",
            input__value="hi",
            vendor__new__key="a text of a library that nobody knows yet " * 4,
            vendor__new__json='{"text": "hi"}',
            vendor__new__id="abc-1",
        )
    )
    kept = values_of(span_of(apply(DROP, Signal.TRACES, body)))
    assert set(kept) == {
        "gen_ai.operation.name",
        "gen_ai.request.model",
        "gen_ai.response.finish_reasons",
        "gen_ai.prompt.name",
        "gen_ai.prompt.version",
        "gen_ai.tool.name",
        "gen_ai.output.type",
        "otel_evals.risk.band",
        "vendor.new.id",
    }


def test_drop_content_counts_what_it_dropped():
    events = [("gen_ai.user.message", keyed(content="hi"))]
    span = span_of(apply(DROP, Signal.TRACES, traces(call(gen_ai__input__messages="hi"), events)))
    assert (span.dropped_attributes_count, span.dropped_events_count, len(span.events)) == (1, 1, 0)


def test_our_results_keep_their_explanations_and_errors_lose_their_texts():
    result = keyed(gen_ai__evaluation__name="pii", gen_ai__evaluation__explanation="holds e-mail (j…@…) " * 20)
    error = keyed(exception__type="BadRequest", exception__message="invalid prompt: hi", exception__stacktrace="…")
    events = [("gen_ai.evaluation.result", result), ("exception", error)]
    span = span_of(apply(DROP, Signal.TRACES, traces(call(), events, status="invalid prompt: hi")))
    assert values_of(span.events[0]) == {e.key: e.value.string_value for e in result}
    assert values_of(span.events[1]) == {"exception.type": "BadRequest"}
    assert span.status.message == ""


def test_settings_name_further_content_and_what_to_keep():
    body = traces(call(app__note="short", app__raw__a="short", gen_ai__input__messages="hi"))
    settings = ContentSettings(content_keys=("app.note", "app.raw.*"), keep_keys=("gen_ai.input.*",))
    kept = values_of(span_of(apply(DROP, Signal.TRACES, body, settings)))
    assert set(kept) == {"gen_ai.operation.name", "gen_ai.input.messages"}


def test_vectors_go_with_the_texts_that_they_stand_for():
    vector = KeyValue(key="embedding.embeddings.0.embedding.vector")
    vector.value.array_value.values.add(double_value=0.5)
    span = span_of(apply(DROP, Signal.TRACES, traces([*call(), vector])))
    assert values_of(span) == {"gen_ai.operation.name": "chat"}


def test_spans_of_other_libraries_in_the_same_request_are_left_alone():
    request = ExportTraceServiceRequest.FromString(traces(call(gen_ai__input__messages="hi")))
    other = request.resource_spans[0].scope_spans.add().spans.add(name="GET", attributes=keyed(body="bob@acme.com"))
    for policy in (REDACT, DROP):
        seen = ExportTraceServiceRequest.FromString(apply(policy, Signal.TRACES, request.SerializeToString()))
        assert seen.resource_spans[0].scope_spans[1].spans[0] == other


@pytest.mark.parametrize("policy", [REDACT, DROP])
def test_unknown_fields_survive(policy):
    body = traces(call(gen_ai__input__messages="bob@acme.com"), extra=UNKNOWN_FIELD)
    seen = apply(policy, Signal.TRACES, body)
    assert UNKNOWN_FIELD in seen
    assert b"bob@acme.com" not in seen


@pytest.mark.parametrize("policy", [REDACT, DROP])
def test_a_body_that_is_no_request_is_an_error(policy):
    with pytest.raises(DecodeError):
        apply(policy, Signal.TRACES, b"\x0a\xffgen_ai.")


def test_log_bodies_lose_their_texts_and_keep_their_facts():
    request = ExportLogsServiceRequest()
    record = request.resource_logs.add().scope_logs.add().log_records.add(event_name="gen_ai.choice", span_id=b"s" * 8)
    record.body.kvlist_value.values.extend(keyed(finish_reason="stop", message="Canberra."))
    seen = ExportLogsServiceRequest.FromString(apply(DROP, Signal.LOGS, request.SerializeToString()))
    record = seen.resource_logs[0].scope_logs[0].log_records[0]
    assert [entry.key for entry in record.body.kvlist_value.values] == ["finish_reason"]
    assert record.span_id == b"s" * 8


def test_redaction_replaces_by_kind_and_leaves_the_rest():
    assert redact("Write to bob@acme.com, thanks.") == "Write to [REDACTED:e-mail], thanks."
    text = "The capital is Canberra."
    assert redact(text) is text


def test_redaction_keeps_json_valid_and_reads_keys_and_nested_json():
    inner = json.dumps({"to": "bob@acme.com", "n": 3})
    document = {
        "card": 4111111111111111,
        "phone": "33 93 31",
        "arguments": inner,
        "text": 'a "b"\nbob@acme.com',
        "x": 1.50,
    }
    text = json.dumps(document, indent=1)
    seen = json.loads(redact(text))
    assert seen["card"] == "[REDACTED:payment card]"
    assert seen["phone"] == "[REDACTED:phone number]"
    assert json.loads(seen["arguments"]) == {"to": "[REDACTED:e-mail]", "n": 3}
    assert seen["text"] == 'a "b"\n[REDACTED:e-mail]'
    assert '"x": 1.5' in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "[1] call bob@acme.com",
        '{"a": "cut bob@acme.com',
        '[{"content": "x\\nbob@acme.com',
        '"',
        '{"a": "\\u004',
        "[" * 5000,
    ],
)
def test_redaction_of_what_only_looks_like_json_never_fails(text):
    assert "bob@acme.com" not in redact(text)


def test_redaction_leaves_results_and_ids_of_models_alone():
    body = traces(call(otel_evals__risk__reasons="bob@acme.com", gen_ai__input__messages="bob@acme.com"))
    kept = values_of(span_of(apply(REDACT, Signal.TRACES, body)))
    assert kept["otel_evals.risk.reasons"] == "bob@acme.com"
    assert kept["gen_ai.input.messages"] == "[REDACTED:e-mail]"


MARKERS = sorted({marker for dialect in DIALECTS for marker in dialect.markers})
SECRET = "The patient's name is Jane, and she has asked for the results of last week. " * 3


@pytest.mark.parametrize("marker", MARKERS)
def test_what_marks_a_span_for_a_built_in_dialect_marks_it_for_the_policy(marker):
    body = traces(keyed(**{marker.decode(): "x", "note": SECRET}))
    assert SECRET.encode() in body
    assert SECRET.encode() not in apply(DROP, Signal.TRACES, body)


def test_the_markers_of_a_plug_in_count_too_in_spans_and_in_scopes():
    marker = marker_pattern([b"acme.llm+", b"gen_ai.prompt", b"acme.agents"])
    for body in (traces(keyed(acme__agents="1", note=SECRET)), traces(keyed(note=SECRET), scope="acme.agents")):
        assert SECRET.encode() in apply(DROP, Signal.TRACES, body)
        assert SECRET.encode() not in apply(DROP, Signal.TRACES, body, marker=marker)
    assert marker.search(b"acme.llm+")
    assert not marker.search(b"acme.llmm")


def test_a_marker_anywhere_in_the_head_of_a_scope_makes_its_spans_genai():
    request = ExportTraceServiceRequest.FromString(traces(keyed(note=SECRET)))
    request.resource_spans[0].scope_spans[0].scope.attributes.extend(keyed(library="openinference.x"))
    assert SECRET.encode() not in apply(DROP, Signal.TRACES, request.SerializeToString())


@pytest.mark.parametrize("name", ["db.query.result", "db.search.result"])
def test_documents_of_a_vector_store_go_and_their_ids_and_scores_stay(name):
    document = keyed(**{f"{name}.id": "doc-1", f"{name}.document": "short", f"{name}.metadata": "also short"})
    vector = KeyValue(key=f"{name}.vector")
    vector.value.array_value.values.add(double_value=0.5)
    score = KeyValue(key=f"{name}.score", value=AnyValue(double_value=0.5))
    body = traces(keyed(db__system="chroma"), [(name, [*document, vector, score])])
    (event,) = span_of(apply(DROP, Signal.TRACES, body)).events
    assert set(values_of(event)) == {f"{name}.id", f"{name}.score"}


@pytest.mark.parametrize(
    "key",
    [
        "all_messages_events",
        "model_request_parameters",
        "gen_ai.request.structured_output_schema",
        "llm.structured_output_schema",
        "sk.available_functions",
    ],
)
def test_short_content_under_a_key_of_a_known_library_goes(key):
    body = traces(call(**{key: "short"}))
    assert set(values_of(span_of(apply(DROP, Signal.TRACES, body)))) == {"gen_ai.operation.name"}


def results() -> list[EvaluationResult | EvaluationFailure]:
    judged = EvaluationResult(
        name="faithful",
        score=0.25,
        label=Label.FAIL,
        explanation="e" * EXPLANATION_CAP,
        evaluator_type=EvaluatorType.LLM_JUDGE,
        evaluator_id="judge",
        evaluator_version="abc",
        evaluator_model="gpt-4o",
        verdict="partly",
        sampling_probability=0.5,
        sampling_stratum="high_risk",
        shadow=True,
        source=Source.ONLINE,
    )
    failed = EvaluationFailure(
        name="pii",
        error_type="timeout",
        message="took too long",
        evaluator_type=EvaluatorType.CODE,
        evaluator_id="pii",
        evaluator_version="abc",
        source=Source.ONLINE,
    )
    return [judged, failed]


@pytest.mark.parametrize("policy", [REDACT, DROP])
def test_our_own_results_pass_whole_as_log_records(policy):
    ids = {"trace_id": b"t" * 16, "span_id": b"s" * 8}
    body = log_events(b"", results(), **ids, response_id="resp_" + "a" * 200, time_ns=1)
    assert apply(policy, Signal.LOGS, body) is body


def test_every_key_of_a_result_is_known_and_no_explanation_of_ours_is_cut():
    written = {key for outcome in results() for key, _ in result_attributes(outcome)}
    assert written <= RESULT_KEYS
    assert EXPLANATION_CAP <= LONGEST_EXPLANATION


FOREIGN = {
    "gen_ai.evaluation.name": "pii",
    "gen_ai.output.messages": "hi",
    "gen_ai.evaluation.leak": "hi",
    "otel_evals.leak": "hi",
    "otel_evals.verdict": SECRET * 2,
    "gen_ai.evaluation.explanation": "e" * 5000,
}


def test_content_under_the_name_of_our_event_goes_and_its_explanation_is_cut():
    events = [("gen_ai.evaluation.result", keyed(**FOREIGN)), ("gen_ai.evaluation.result", keyed(message="hi"))]
    span = span_of(apply(DROP, Signal.TRACES, traces(call(), events)))
    expected = {"gen_ai.evaluation.name": "pii", "gen_ai.evaluation.explanation": "e" * LONGEST_EXPLANATION}
    assert [values_of(event) for event in span.events] == [expected]
    assert (span.events[0].dropped_attributes_count, span.dropped_events_count) == (4, 1)


@pytest.mark.parametrize("named", ["field", "attribute"])
def test_content_in_a_log_record_under_the_name_of_our_event_goes_with_its_body(named):
    request = ExportLogsServiceRequest()
    record = request.resource_logs.add().scope_logs.add().log_records.add(attributes=keyed(**FOREIGN))
    if named == "field":
        record.event_name = "gen_ai.evaluation.result"
    else:
        record.attributes.extend(keyed(event__name="gen_ai.evaluation.result"))
    record.body.kvlist_value.values.extend(keyed(role="short", message="hi"))
    seen = ExportLogsServiceRequest.FromString(apply(DROP, Signal.LOGS, request.SerializeToString()))
    record = seen.resource_logs[0].scope_logs[0].log_records[0]
    assert set(values_of(record)) - {"event.name"} == {"gen_ai.evaluation.name", "gen_ai.evaluation.explanation"}
    assert not record.HasField("body")


def test_a_span_attribute_that_only_looks_like_ours_is_content_when_it_is_long():
    body = traces(call(otel_evals__leak=SECRET, otel_evals__pii__label=SECRET * 2, otel_evals__route="judge"))
    assert set(values_of(span_of(apply(DROP, Signal.TRACES, body)))) == {"gen_ai.operation.name", "otel_evals.route"}


def test_redaction_reads_foreign_keys_and_explanations_of_results():
    mail = "Write to bob@acme.com."
    foreign = keyed(gen_ai__evaluation__explanation=mail, gen_ai__output__messages=mail)
    request = ExportLogsServiceRequest()
    record = request.resource_logs.add().scope_logs.add().log_records.add(event_name="gen_ai.evaluation.result")
    record.body.string_value = mail
    assert b"bob@" not in apply(REDACT, Signal.TRACES, traces(call(), [("gen_ai.evaluation.result", foreign)]))
    assert b"bob@" not in apply(REDACT, Signal.LOGS, request.SerializeToString())


@pytest.mark.parametrize("policy", [REDACT, DROP])
def test_a_text_cut_inside_a_character_does_not_keep_a_request_from_being_cleaned(policy):
    body = traces(call(gen_ai__input__messages="bob@acme.com", note="caf@"), extra=UNKNOWN_FIELD)
    cut = body.replace(b"caf@", b"caf\xc3")
    span = span_of(seen := apply(policy, Signal.TRACES, cut))
    assert values_of(span)["note"] == "caf?"
    assert b"bob@acme.com" not in seen
    assert UNKNOWN_FIELD in seen
    assert span.trace_id == b"t" * 16


PLANTED = (b"jane.sample@", b"billing@example", b"4111 1111", b"GB33BUKB", b"078-05-1120", b"010-4477")


def recorded(folder: Path) -> Iterator[tuple[Signal, bytes]]:
    for path in sorted(folder.iterdir()):
        signal = next((s for s in (Signal.TRACES, Signal.LOGS) if f"-{s.value}." in path.name), None)
        if signal is None:
            continue
        body = path.read_bytes()
        if body[:2] == b"\x1f\x8b":
            body = gzip.decompress(body)
        yield signal, _from_json(signal, body) if path.suffix == ".json" else body


def _from_json(signal: Signal, body: bytes) -> bytes:
    def with_base64_ids(value):
        if isinstance(value, list):
            return [with_base64_ids(item) for item in value]
        if not isinstance(value, dict):
            return value
        return {
            key: base64.b64encode(bytes.fromhex(item)).decode()
            if key in ("traceId", "spanId", "parentSpanId")
            else with_base64_ids(item)
            for key, item in value.items()
        }

    message = ExportTraceServiceRequest() if signal is Signal.TRACES else ExportLogsServiceRequest()
    return json_format.ParseDict(
        with_base64_ids(json.loads(body)), message, ignore_unknown_fields=True
    ).SerializeToString()


def spoken(folder: Path) -> set[bytes]:
    """What users, models and retrievers said in the recorded scenarios, in the spellings of JSON."""
    canned = json.loads((folder / "canned.json").read_text())
    texts = set(canned["documents"].values())
    for scenario in canned["scenarios"].values():
        texts |= {scenario[key] for key in ("user", "answer", "system") if scenario[key]}
        texts |= {text for _, text in scenario["history"]}
    heads = {text[:60] for text in texts}
    escaped = {json.dumps(head, ensure_ascii=ascii_only)[1:-1] for head in heads for ascii_only in (True, False)}
    return {text.encode() for text in heads | escaped | {json.dumps(e)[1:-1] for e in escaped}}


def ids(signal: Signal, body: bytes) -> list[bytes]:
    if signal is Signal.TRACES:
        request = ExportTraceServiceRequest.FromString(body)
        return [span.span_id for rs in request.resource_spans for ss in rs.scope_spans for span in ss.spans]
    request = ExportLogsServiceRequest.FromString(body)
    return [record.span_id for rl in request.resource_logs for sl in rl.scope_logs for record in sl.log_records]


def test_of_every_recording_no_text_is_left_after_dropping_and_no_planted_datum_after_redaction(recordings):
    said = spoken(recordings)
    bodies = with_content = 0
    for folder in sorted(path for path in recordings.iterdir() if path.is_dir()):
        for signal, body in recorded(folder):
            dropped, redacted = apply(DROP, signal, body), apply(REDACT, signal, body)
            bodies += 1
            with_content += any(text in body for text in said)
            assert not any(text in dropped for text in said), folder.name
            assert not any(text in redacted for text in PLANTED), folder.name
            assert ids(signal, dropped) == ids(signal, redacted) == ids(signal, body)
            assert apply(DROP, signal, dropped) == dropped
            assert apply(REDACT, signal, redacted) == redacted
    assert with_content > bodies / 2
