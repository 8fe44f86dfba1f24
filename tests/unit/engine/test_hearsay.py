"""What workers tell each other: two trace memories that only facts connect."""

import asyncio

import pytest

from otel_evals.builtin import DIALECTS
from otel_evals.engine.hearsay import Hearsay
from otel_evals.engine.logs import LogReader
from otel_evals.engine.patience import Patience
from otel_evals.engine.reader import Reader
from otel_evals.engine.settings import JoinSettings
from otel_evals.engine.traces import Traces
from otel_evals.otlp.frame import walk
from otel_evals.testing.builders import chat_attributes, logs_body, make_span, span_id, trace_id, traces_body
from otel_evals.testing.clock import ManualClock

SCOPE = "opentelemetry.instrumentation.openai_v2"
ANSWERED = (
    "gen_ai.choice",
    {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Yes."}},
    {},
)
AGENT = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "helper"}
RETRIEVER = {
    "openinference.span.kind": "RETRIEVER",
    "retrieval.documents.0.document.content": "Thirty days.",
}


class Worker:
    def __init__(self) -> None:
        clock = ManualClock()
        patience = Patience(20)
        self.told: list[bytes] = []
        self.traces = Traces(JoinSettings(), clock)
        self.reader = Reader(DIALECTS, self.traces, patience)
        self.logs = LogReader(DIALECTS, self.reader.markers, self.traces, patience)
        self.hearsay = Hearsay(self.traces, self.reader, self.logs, self.told.append)

    def read(self, body: bytes):
        reads = list(self.reader.read(walk(body)))
        self.hearsay.tell_spans(reads)
        return reads

    async def tell(self, other: "Worker") -> set[bytes]:
        await asyncio.sleep(0)  # facts leave once a turn of the loop
        told, self.told = self.told, []
        return set().union(*(other.hearsay.hear(facts) for facts in told))


@pytest.fixture
def workers() -> tuple[Worker, Worker]:
    return Worker(), Worker()


async def test_log_content_is_told(workers) -> None:
    one, other = workers
    one.logs.read(logs_body(ANSWERED, trace=3, span=4, scope=SCOPE))
    assert await one.tell(other) == {trace_id(3)}
    assert other.traces.closed(trace_id(3), span_id(4))


async def test_retrieved_documents_are_told(workers) -> None:
    one, other = workers
    one.read(traces_body(make_span(RETRIEVER, trace=3, span=2, parent=1, seconds=0.5)))
    assert await one.tell(other) == {trace_id(3)}
    (call,) = other.read(traces_body(make_span(chat_attributes(), trace=3, span=5, parent=1, start=1)))
    assert [d.text for d in other.traces.documents(call.span)] == ["Thirty days."]


async def test_a_call_whose_agent_is_elsewhere_is_told_without_its_texts(workers) -> None:
    one, other = workers
    one.read(traces_body(make_span(chat_attributes("my secret question"), trace=3, span=5, parent=1)))
    assert b"secret" not in b"".join(one.told)
    await one.tell(other)
    assert other.traces.has_read_call_below(trace_id(3), span_id(1))


async def test_a_decision_in_flight_is_told(workers) -> None:
    one, other = workers
    one.hearsay.tell_decision(trace_id(3), "human")
    await one.tell(other)
    assert other.traces.get(trace_id(3)).decision == "human"


async def test_calls_of_a_trace_that_comes_whole_are_not_told(workers) -> None:
    one, other = workers
    one.read(traces_body(make_span(chat_attributes(), trace=3, span=1)))
    root = make_span(AGENT, trace=4, span=1)
    one.read(traces_body(root, make_span(chat_attributes(), trace=4, span=5, parent=1)))
    assert await one.tell(other) == {trace_id(4)}, "the agent speaks to calls that may be elsewhere"
    assert not other.traces.has_call_below(trace_id(4), span_id(1))


async def test_many_facts_of_one_turn_travel_together(workers) -> None:
    one, other = workers
    for number in range(1, 6):
        one.logs.read(logs_body(ANSWERED, trace=number, span=4, scope=SCOPE))
    await asyncio.sleep(0)
    assert len(one.told) == 1
    assert len(await one.tell(other)) == 5
