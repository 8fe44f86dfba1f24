"""What a destination that wants GenAI alone gets of a request."""

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otel_evals.forward.genai_only import GenAiOnly
from otel_evals.forward.settings import Wanted
from otel_evals.otlp.encode import length_delimited
from otel_evals.records.signal import Signal
from otel_evals.testing.builders import any_value, chat_attributes, logs_body, make_span, traces_body
from otel_evals.testing.ledger import quick_destination
from otel_evals.testing.sinks import HttpSink

PLAIN, MARKED = {"http.route": "/a"}, {"shop.llm.question": "Why?"}
ONLY = GenAiOnly([b"shop.llm."])
UNKNOWN = length_delimited(200, b"of a later version")


def spans(body: bytes) -> list:
    request = ExportTraceServiceRequest.FromString(body)
    return [span for r in request.resource_spans for s in r.scope_spans for span in s.spans]


def kept(*made) -> list[int]:
    body, items = ONLY.apply(traces_body(*made), len(made))
    found = [int.from_bytes(span.span_id, "big") for span in spans(body)]
    assert len(found) == items
    return found


def test_spans_of_a_dialect_with_results_and_of_our_making_stay():
    made = [
        make_span(PLAIN, span=1),
        make_span(chat_attributes(), span=2),
        make_span(MARKED, span=3),
        make_span({"otel_evals.coverage": "sampled_out"}, span=4),
        make_span({}, span=5, events=[("gen_ai.evaluation.result", {"gen_ai.evaluation.name": "x"})]),
        make_span({"http.route": "gen_AI"}, span=6),
    ]
    assert kept(*made) == [2, 3, 4, 5]
    late = traces_body(make_span({}, span=7), scope="otel_evals")
    assert ONLY.apply(late, 1) == (late, 1)


def test_a_request_without_any_is_empty_and_one_of_nothing_else_is_the_same_bytes():
    assert ONLY.apply(traces_body(make_span(PLAIN), make_span(PLAIN)), 2) == (b"", 0)
    body = traces_body(make_span(MARKED), make_span(chat_attributes()))
    assert ONLY.apply(body, 2)[0] is body


def test_a_mark_in_a_resource_keeps_none_of_its_spans():
    body = traces_body(make_span(PLAIN), make_span(MARKED, span=2), resource={"shop.llm.model": "m"})
    kept_body, items = ONLY.apply(body, 2)
    assert items == 1
    assert [span.span_id[-1] for span in spans(kept_body)] == [2]


def test_of_log_records_results_feedback_and_content_stay():
    body = logs_body(
        ("", "GET /", PLAIN),
        ("gen_ai.evaluation.result", None, {"otel_evals.evaluator.type": "user"}),
        ("gen_ai.client.inference.operation.details", None, chat_attributes()),
    )
    found, items = ONLY.apply(body, 3)
    request = ExportLogsServiceRequest.FromString(found)
    names = [r.event_name for x in request.resource_logs for y in x.scope_logs for r in y.log_records]
    assert (names, items) == (["gen_ai.evaluation.result", "gen_ai.client.inference.operation.details"], 2)


@st.composite
def requests(draw) -> tuple[bytes, list[int]]:
    """A body of several resources and scopes with unknown fields everywhere, and the numbers of the marked spans."""
    body, marked, number = b"", [], 0
    for r in range(draw(st.integers(0, 3))):
        scopes = b""
        for s in range(draw(st.integers(0, 3))):
            items = b""
            for wanted in draw(st.lists(st.booleans(), max_size=4)):
                number += 1
                marked += [number] * wanted
                made = make_span(MARKED if wanted else PLAIN, span=number)
                items += length_delimited(2, made.SerializeToString() + UNKNOWN)
                items += UNKNOWN * draw(st.integers(0, 1))
            scopes += length_delimited(2, length_delimited(1, length_delimited(1, f"scope {s}".encode())) + items)
        value = any_value(f"resource {r}").SerializeToString()
        attribute = length_delimited(1, length_delimited(1, b"name") + length_delimited(2, value))
        body += length_delimited(1, length_delimited(1, attribute) + scopes + UNKNOWN)
    return body + UNKNOWN, marked


def described(body: bytes) -> list[tuple]:
    """Resource, scope and whole span, of each span in order."""
    request = ExportTraceServiceRequest.FromString(body)
    return [
        (r.resource.SerializeToString(), s.scope.SerializeToString(), span.SerializeToString())
        for r in request.resource_spans
        for s in r.scope_spans
        for span in s.spans
    ]


@given(requests())
def test_what_stays_is_exactly_what_is_marked_as_it_came(made):
    body, marked = made
    before = described(body)
    wanted = [row for row in before if b"shop.llm." in row[2]]
    found, items = ONLY.apply(body, len(before))
    assert items == len(wanted) == len(marked)
    assert described(found) == wanted
    if wanted:
        assert found.endswith(UNKNOWN)
        assert all(row[2].endswith(UNKNOWN) for row in described(found))


async def test_each_destination_gets_what_it_wants_and_the_rest_is_counted(forwarding, book):
    async with HttpSink() as everything, HttpSink() as some:
        forwarder = await forwarding(
            quick_destination(everything.url, name="all"),
            quick_destination(some.url, name="some", required=False, spans=Wanted.GENAI),
            markers=[b"shop.llm."],
        )
        mixed = traces_body(make_span(PLAIN, span=1), make_span(MARKED, span=2), make_span(PLAIN, span=3))
        await forwarder.send(Signal.TRACES, mixed, 3)
        await forwarder.send(Signal.TRACES, traces_body(make_span(PLAIN, span=4)), 1)
        await book.until(lambda: book.sent["all"] == 4 and book.sent["some"] == 1)
        assert book.left_out == {"some": 3}
        assert not book.lost
        assert [[s.span_id[-1] for s in spans(body)] for body in (r.body for r in some.received)] == [[2]]
