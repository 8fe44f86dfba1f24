"""The wire code: splicing equals decoding, editing and encoding; what it does not know survives; nothing crashes it."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otel_evals.otlp.encode import SPAN_ATTRIBUTES, attributes, length_delimited, span_events, varint
from otel_evals.otlp.frame import read_varint, walk
from otel_evals.otlp.ids import span_ids
from otel_evals.otlp.splice import append, extract, splice
from otel_evals.otlp.validate import count_items
from otel_evals.records.errors import DecodeError
from otel_evals.records.signal import Signal

UNKNOWN_FIELD = length_delimited(1999, b"from a later version")

ids = st.binary(min_size=0, max_size=16)
names = st.text(max_size=12)


@st.composite
def requests(draw) -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    for _ in range(draw(st.integers(0, 3))):
        resource_spans = request.resource_spans.add(schema_url=draw(names))
        if draw(st.booleans()):
            resource_spans.resource.attributes.add(key=draw(names)).value.string_value = draw(names)
        for _ in range(draw(st.integers(0, 3))):
            scope_spans = resource_spans.scope_spans.add(schema_url=draw(names))
            scope_spans.scope.name = draw(names)
            for _ in range(draw(st.integers(0, 4))):
                span = scope_spans.spans.add(
                    trace_id=draw(ids), span_id=draw(ids), parent_span_id=draw(ids), name=draw(names)
                )
                span.attributes.add(key=draw(names)).value.int_value = draw(st.integers(-(2**63), 2**63 - 1))
    return request


def with_unknown_fields(request: ExportTraceServiceRequest) -> ExportTraceServiceRequest:
    for resource_spans in request.resource_spans:
        resource_spans.MergeFromString(UNKNOWN_FIELD)
        for scope_spans in resource_spans.scope_spans:
            scope_spans.MergeFromString(UNKNOWN_FIELD)
            for span in scope_spans.spans:
                span.MergeFromString(UNKNOWN_FIELD)
    return request


def items_of(body: bytes):
    frame = walk(body)
    return frame, [(r, s, i) for r in frame.resources for s in r.scopes for i in s.items]


RESULT = attributes(3, [("label", "fail"), ("reasons", ("a", "b")), ("ok", True), ("n", -3)])
ADDITION = b"".join(
    [attributes(SPAN_ATTRIBUTES, [("added", "yes"), ("score", 0.5)]), *span_events("result", 7, [RESULT], b"")]
)


@given(requests(), st.sets(st.integers(0, 30)), st.sets(st.integers(0, 30)))
def test_splicing_equals_decoding_editing_and_encoding(request, edited, removed) -> None:
    request = with_unknown_fields(request)
    body = request.SerializeToString(deterministic=True)
    frame, items = items_of(body)
    edits = {}
    for position, (_, _, item) in enumerate(items):
        if position in removed:
            edits[item.start] = None
        elif position in edited:
            edits[item.start] = ADDITION
    position = 0
    expected = ExportTraceServiceRequest()
    for resource_spans in request.resource_spans:
        new_resource = expected.resource_spans.add()
        new_resource.CopyFrom(resource_spans)
        del new_resource.scope_spans[:]
        touched = False
        for scope_spans in resource_spans.scope_spans:
            new_scope = new_resource.scope_spans.add()
            new_scope.CopyFrom(scope_spans)
            del new_scope.spans[:]
            for span in scope_spans.spans:
                if position in removed:
                    touched = True
                else:
                    new_span = new_scope.spans.add()
                    new_span.CopyFrom(span)
                    if position in edited:
                        new_span.MergeFromString(ADDITION)
                position += 1
            if len(scope_spans.spans) and not len(new_scope.spans):
                del new_resource.scope_spans[-1]
        if touched and not len(new_resource.scope_spans):
            del expected.resource_spans[-1]
    assert ExportTraceServiceRequest.FromString(splice(frame, edits)) == expected


@given(requests())
def test_a_body_without_edits_is_the_same_object(request) -> None:
    body = request.SerializeToString()
    assert splice(walk(body), {}) is body


@given(requests())
def test_an_extracted_span_keeps_its_resource_scope_and_unknown_fields(request) -> None:
    body = with_unknown_fields(request).SerializeToString()
    frame, items = items_of(body)
    spans = [
        (r.resource, s.scope, s.schema_url, span)
        for r in request.resource_spans
        for s in r.scope_spans
        for span in s.spans
    ]
    for (resource, scope, item), (want_resource, want_scope, url, span) in zip(items, spans, strict=True):
        alone = ExportTraceServiceRequest.FromString(extract(frame, resource, scope, item))
        assert count_items(Signal.TRACES, alone.SerializeToString()) == 1
        assert alone.resource_spans[0].resource == want_resource
        assert alone.resource_spans[0].scope_spans[0].scope == want_scope
        assert alone.resource_spans[0].scope_spans[0].schema_url == url
        assert alone.resource_spans[0].scope_spans[0].spans[0] == span
        assert span_ids(body, item.payload, item.end) == (span.trace_id, span.span_id, span.parent_span_id)


@given(requests(), st.data())
def test_the_walker_follows_every_body_that_the_protobuf_runtime_accepts(request, data) -> None:
    body = bytearray(request.SerializeToString())
    for _ in range(data.draw(st.integers(0, 4))):
        if body:
            body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    mutated = bytes(body)
    try:
        count = count_items(Signal.TRACES, mutated)
    except DecodeError:
        return
    frame = walk(mutated)
    assert sum(len(s.items) for r in frame.resources for s in r.scopes) == count


@given(st.binary(max_size=200))
def test_noise_raises_nothing_but_the_one_decode_error(noise) -> None:
    for work in (walk, lambda b: count_items(Signal.TRACES, b), lambda b: count_items(Signal.LOGS, b)):
        with suppress(DecodeError):
            work(noise)


@given(st.integers(0, 2**64 - 1))
def test_a_varint_reads_back_as_what_was_written(value) -> None:
    encoded = varint(value)
    assert read_varint(encoded, 0, len(encoded)) == (value, len(encoded))


def test_groups_from_an_old_sender_are_stepped_over_whole() -> None:
    request = ExportTraceServiceRequest()
    request.resource_spans.add().scope_spans.add().spans.add(name="kept")
    group = (
        varint(50 << 3 | 3) + varint(1 << 3 | 3) + varint(1 << 3 | 4) + varint(2 << 3) + b"\x05" + varint(50 << 3 | 4)
    )
    body = group + request.SerializeToString()
    frame, items = items_of(body)
    assert len(items) == 1
    assert splice(frame, {items[0][2].start: ADDITION}).startswith(group)


@pytest.mark.parametrize("cut", range(1, 40))
def test_a_cut_body_is_refused_and_never_read_beyond_its_end(cut) -> None:
    request = ExportTraceServiceRequest()
    request.resource_spans.add().scope_spans.add().spans.add(trace_id=b"t" * 16, span_id=b"s" * 8, name="name")
    body = request.SerializeToString()
    with pytest.raises(DecodeError):
        count_items(Signal.TRACES, body[: len(body) - cut] if cut < len(body) else b"\x0a")


def test_what_is_appended_to_a_lone_span_stands_on_it_and_nothing_else_changes() -> None:
    request = ExportTraceServiceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add(name="a")
    more = attributes(SPAN_ATTRIBUTES, (("k", "v"),))
    appended = ExportTraceServiceRequest.FromString(append(request.SerializeToString(), more))
    span.attributes.add(key="k").value.string_value = "v"
    assert appended == request
