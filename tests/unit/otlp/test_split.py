"""Cutting a request in two keeps every item and everything around it."""

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otel_evals.otlp.encode import length_delimited
from otel_evals.otlp.split import split
from otel_evals.testing.sinks import span_names, traces_body

UNKNOWN = length_delimited(1000, b"from the future")


@st.composite
def requests(draw):
    """Requests of any shape, with fields that we do not know at every level."""
    request = ExportTraceServiceRequest()
    number = 0
    for r in range(draw(st.integers(0, 3))):
        resource = request.resource_spans.add(schema_url=f"resource {r}")
        resource.resource.attributes.add(key="r").value.int_value = r
        for s in range(draw(st.integers(0, 3))):
            scope = resource.scope_spans.add(schema_url=f"scope {s}")
            scope.scope.name = f"{r}.{s}"
            if draw(st.booleans()):
                scope.MergeFromString(UNKNOWN)
            for _ in range(draw(st.integers(0, 3))):
                scope.spans.add(name=f"{number}").MergeFromString(UNKNOWN)
                number += 1
        if draw(st.booleans()):
            resource.MergeFromString(UNKNOWN)
    return request.SerializeToString()


def flat(body):
    """Every span with all that stands around it."""
    return [
        (
            r.resource.SerializeToString(),
            r.schema_url,
            s.scope.SerializeToString(),
            s.schema_url,
            span.SerializeToString(),
        )
        for r in ExportTraceServiceRequest.FromString(body).resource_spans
        for s in r.scope_spans
        for span in s.spans
    ]


@given(requests())
def test_the_halves_hold_what_the_whole_held_in_the_same_order(body):
    whole = flat(body)
    halves = split(body)
    if len(whole) < 2:
        assert halves is None
        return
    left, right = halves
    assert flat(left.body) + flat(right.body) == whole
    assert (left.items, right.items) == (len(flat(left.body)), len(flat(right.body)))
    assert abs(left.items - right.items) <= 1


@given(requests())
def test_fields_that_we_do_not_know_survive(body):
    halves = split(body)
    if halves is not None:
        left, right = halves
        assert left.body.count(b"from the future") + right.body.count(b"from the future") >= body.count(
            b"from the future"
        )


def test_concatenated_requests_are_cut_between_their_items():
    left, right = split(traces_body("a", "b") + traces_body("c") + traces_body("d"))
    assert (span_names(left.body), span_names(right.body)) == (["a", "b"], ["c", "d"])
