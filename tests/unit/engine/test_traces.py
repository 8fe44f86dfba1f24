"""The memory of traces is bounded and never joins what does not belong together."""

from otel_evals.engine.settings import JoinSettings
from otel_evals.engine.traces import Traces, valid_ids
from otel_evals.records.exchange import Document, Message
from otel_evals.records.reading import Fragment, Reading, SpanRole
from otel_evals.records.span import SpanView
from otel_evals.records.units import ByteSize, Duration
from otel_evals.testing.builders import span_id, trace_id
from otel_evals.testing.clock import ManualClock


def view(span: int, parent: int | None = None, *, trace: int = 1, start: int = 0, end: int = 1) -> SpanView:
    return SpanView(
        trace_id=trace_id(trace),
        span_id=span_id(span),
        parent_span_id=span_id(parent) if parent is not None else b"",
        start_ns=start,
        end_ns=end,
    )


def memory(**settings) -> tuple[Traces, ManualClock]:
    clock = ManualClock()
    return Traces(JoinSettings(**settings), clock), clock


RETRIEVED = Reading(role=SpanRole.RETRIEVAL, documents=(Document(text="the text", id="d"),))
CALL = Reading(role=SpanRole.MODEL_CALL)


def test_the_oldest_trace_is_forgotten_first_when_there_are_too_many() -> None:
    traces, _ = memory(max_traces=3)
    for number in range(1, 6):
        traces.span(view(1, trace=number), CALL)
    assert [n for n in range(1, 6) if traces.get(trace_id(n))] == [3, 4, 5]


def test_a_trace_is_forgotten_some_time_after_its_last_span() -> None:
    traces, clock = memory(remember=Duration(10))
    traces.span(view(1, trace=1), CALL)
    clock.advance(11)
    traces.span(view(1, trace=2), CALL)
    assert traces.get(trace_id(1)) is None
    assert traces.get(trace_id(2)) is not None


def test_remembered_texts_are_bounded_in_bytes() -> None:
    traces, _ = memory(max_memory=ByteSize(100_000))
    for number in range(1, 50):
        message = Message(role="user", text="x" * 10_000)
        fragment = Fragment(
            trace_id=trace_id(number), span_id=span_id(1), order=0, closes=False, reading=Reading(messages=(message,))
        )
        traces.fragment(fragment)
    assert 1 <= len(traces) <= 10


def test_a_fragment_that_is_sent_again_is_kept_once() -> None:
    traces, _ = memory()
    fragment = Fragment(trace_id=trace_id(1), span_id=span_id(1), order=0, closes=True, reading=Reading())
    traces.fragment(fragment)
    traces.fragment(fragment)
    assert len(traces.fragments(trace_id(1), span_id(1))) == 1


def test_documents_that_were_retrieved_after_the_call_began_are_not_its_context() -> None:
    traces, _ = memory()
    traces.span(view(2, 1, start=50, end=60), RETRIEVED)
    call = view(3, 1, start=10, end=100)
    traces.span(call, CALL)
    assert traces.documents(call) == ()


def test_the_documents_of_the_nearest_common_ancestor_are_taken() -> None:
    traces, _ = memory()
    for span, parent in ((1, None), (2, 1), (4, 1)):
        traces.span(view(span, parent, end=1000), Reading(role=SpanRole.WRAPPER))
    near = Reading(role=SpanRole.RETRIEVAL, documents=(Document(text="near"),))
    traces.span(view(3, 2, start=1, end=2), RETRIEVED)
    traces.span(view(5, 4, start=3, end=4), near)
    call = view(6, 4, start=10, end=20)
    traces.span(call, CALL)
    assert [d.text for d in traces.documents(call)] == ["near"]


def test_a_document_that_two_retrievers_return_is_given_once() -> None:
    traces, _ = memory()
    traces.span(view(2, 1, start=1, end=2), RETRIEVED)
    traces.span(view(3, 1, start=3, end=4), RETRIEVED)
    call = view(4, 1, start=10, end=20)
    traces.span(call, CALL)
    assert len(traces.documents(call)) == 1


def test_a_call_is_known_below_an_agent_whose_links_arrive_later() -> None:
    traces, _ = memory()
    traces.span(view(5, 4), CALL)
    assert not traces.has_call_below(trace_id(1), span_id(1))
    traces.parent(trace_id(1), span_id(4), span_id(3))
    traces.parent(trace_id(1), span_id(3), span_id(1))
    assert traces.has_call_below(trace_id(1), span_id(1))
    assert not traces.has_read_call_below(trace_id(1), span_id(1))


def test_walks_up_a_cycle_end() -> None:
    traces, _ = memory()
    for span, parent in ((1, 2), (2, 3), (3, 1)):
        traces.span(view(span, parent), Reading(role=SpanRole.AGENT))
    call = view(4, 1)
    traces.span(call, CALL)
    assert traces.documents(call) == ()
    assert traces.inherited(call) is None


def test_empty_and_zero_ids_never_join() -> None:
    assert valid_ids(trace_id(1), span_id(1))
    for ids in (
        (b"", span_id(1)),
        (trace_id(1), b""),
        (b"\0" * 16, span_id(1)),
        (trace_id(1), b"\0" * 8),
        (b"a", b"b"),
    ):
        assert not valid_ids(*ids)
