"""Content, context and twins that travel apart from the span of a call."""

import json

import pytest

from otel_evals.records.errors import Unavailable
from otel_evals.records.signal import Signal
from otel_evals.testing.builders import chat_attributes, logs_body, make_span, traces_body
from tests.unit.engine.conftest import attributes_of

SCOPE = "opentelemetry.instrumentation.openai_v2"
BARE = {
    "gen_ai.system": "openai",
    "gen_ai.operation.name": "chat",
    "gen_ai.request.model": "gpt-4o-mini",
    "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
    "gen_ai.response.finish_reasons": ["stop"],
}
ASKED = ("gen_ai.user.message", {"content": "How do I reach support?"}, {})
ANSWERED = (
    "gen_ai.choice",
    {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Mail jane.roe@corp-mail.com."}},
    {},
)


def bare_call(**place) -> bytes:
    return traces_body(make_span(BARE, **place), scope=SCOPE)


def logs(*records, **place) -> bytes:
    return logs_body(*records, scope=SCOPE, **place)


async def send_in_order(hop, order: str) -> None:
    for step in order:
        if step == "t":
            await hop.send(bare_call())
        else:
            records = {"l": (ASKED, ANSWERED), "i": (ASKED,), "o": (ANSWERED,)}[step]
            await hop.send(logs(*records), Signal.LOGS)


@pytest.mark.parametrize("order", ["tl", "lt", "ito", "tio", "iot"])
async def test_content_in_log_records_is_joined_whatever_the_order(make_hop, order) -> None:
    hop = await make_hop(wait=30)
    await send_in_order(hop, order)
    await hop.until(lambda h: len(h.spans) == 1)
    assert hop.results(hop.spans[0])["pii"] == "fail"
    assert [s for s, _ in hop.bodies].count(Signal.LOGS) == sum(step != "t" for step in order)


async def test_a_span_whose_logs_never_come_leaves_complete_and_says_that_it_had_no_content(make_hop) -> None:
    hop = await make_hop(wait=0.05)
    sent = make_span(BARE)
    await hop.send(traces_body(sent, scope=SCOPE))
    await hop.until(lambda h: len(h.spans) == 1)
    (span,) = hop.spans
    assert attributes_of(span)["otel_evals.coverage"] == "no_content"
    assert {a.key for a in sent.attributes} <= set(attributes_of(span))
    assert hop.total("otel_evals.spans", otel_evals_outcome="forwarded") == 1


async def test_only_the_waiting_span_waits_and_the_rest_of_its_request_passes_at_once(make_hop) -> None:
    hop = await make_hop(wait=30)
    plain = make_span({"http.route": "/"}, span=7)
    await hop.send(traces_body(plain, make_span(BARE, span=8), scope=SCOPE))
    assert [s.span_id for s in hop.spans] == [plain.span_id]
    assert len(hop.holding) == 1


async def test_a_held_span_that_is_sent_again_is_not_held_twice(make_hop) -> None:
    hop = await make_hop(wait=30)
    body = traces_body(make_span({"http.route": "/"}, span=7), make_span(BARE, span=8), scope=SCOPE)
    hop.failure = Unavailable("down")
    for _ in range(3):
        with pytest.raises(Unavailable):
            await hop.send(body)
    hop.failure = None
    await hop.send(body)
    assert len(hop.holding) == 1
    await hop.send(logs(ASKED, ANSWERED, span=8), Signal.LOGS)
    await hop.until(lambda h: len(h.spans) == 2)
    assert sorted(s.span_id[-1] for s in hop.spans) == [7, 8]


async def test_a_held_span_outlives_the_process(make_hop) -> None:
    first = await make_hop(wait=3600)
    await first.send(bare_call())
    assert first.spans == []
    await first.journal.close()
    second = await make_hop(wait=3600)
    await second.until(lambda h: len(h.spans) == 1)
    assert second.spans[0].span_id[-1] == 1


async def test_a_held_span_waits_for_a_next_hop_that_is_down(make_hop) -> None:
    hop = await make_hop(wait=0.02)
    await hop.send(bare_call())
    hop.failure = Unavailable("down", retry_after=0.01)
    await hop.refused.wait()
    hop.failure = None
    await hop.until(lambda h: len(h.spans) == 1)
    assert len(hop.journal) == 0


async def test_after_waits_in_vain_spans_of_that_service_pass_at_once_until_logs_are_seen_again(make_hop) -> None:
    hop = await make_hop(wait=0.01, patience=2)
    for number in (1, 2):
        await hop.send(bare_call(span=number))
        await hop.until(lambda h, n=number: len(h.spans) == n)
    await hop.send(bare_call(span=3))
    assert len(hop.spans) == 3, "the third does not wait"
    await hop.send(logs(ASKED, ANSWERED, span=4), Signal.LOGS)
    await hop.send(bare_call(span=5))
    assert len(hop.spans) == 3, "waiting is worth it again"


def retriever(text: str, *, span: int = 3, parent: int = 2, trace: int = 1, start: float = 0.1):
    return make_span(
        {
            "openinference.span.kind": "RETRIEVER",
            "retrieval.documents.0.document.id": "doc-1",
            "retrieval.documents.0.document.content": text,
        },
        trace=trace,
        span=span,
        parent=parent,
        start=start,
        seconds=0.1,
    )


def citing_call(*, span: int = 4, parent: int = 2, trace: int = 1, cite: str = "doc-9"):
    answer = f"The warranty lasts 24 months [{cite}]."
    return make_span(
        chat_attributes("How long is the warranty?", answer), trace=trace, span=span, parent=parent, start=1
    )


@pytest.mark.parametrize("call_first", [False, True])
async def test_documents_of_a_retriever_are_known_whatever_the_order_of_requests(make_hop, call_first) -> None:
    hop = await make_hop(wait=30)
    requests = [traces_body(retriever("The warranty lasts 24 months.")), traces_body(citing_call())]
    for request in reversed(requests) if call_first else requests:
        await hop.send(request)
    await hop.until(lambda h: len(h.spans) == 2)
    call = next(s for s in hop.spans if s.span_id[-1] == 4)
    assert hop.results(call)["citation_integrity"] == "fail"


async def test_documents_of_another_request_in_a_leaked_trace_are_not_taken(make_hop) -> None:
    hop = await make_hop(wait=0.02)
    spans = [
        make_span({"traceloop.span.kind": "workflow"}, span=1, seconds=9),
        make_span({"traceloop.span.kind": "task"}, span=2, parent=1),
        retriever("The lamp is red.", span=3, parent=2),
        make_span({"traceloop.span.kind": "task"}, span=5, parent=1, start=0.3),
        retriever("The warranty lasts 24 months.", span=6, parent=5, start=0.4),
        citing_call(span=7, parent=5, cite="doc-1"),
    ]
    await hop.send(traces_body(*spans))
    call = next(s for s in hop.spans if s.span_id[-1] == 7)
    support = next(e for e in call.events if any(a.value.string_value == "retrieval_support" for a in e.attributes))
    assert hop.results(call)["citation_integrity"] == "pass"
    assert any(a.key == "gen_ai.evaluation.score.label" and a.value.string_value == "pass" for a in support.attributes)


async def test_a_wrapper_around_a_call_is_not_evaluated_again(hop) -> None:
    outer = make_span({**chat_attributes(), "gen_ai.operation.name": "invoke_agent"}, span=1, seconds=3)
    inner = make_span(chat_attributes(), span=2, parent=1)
    await hop.send(traces_body(inner))
    await hop.send(traces_body(outer))
    evaluated = {s.span_id[-1] for s in hop.spans if hop.results(s)}
    assert evaluated == {2}


async def test_an_agent_span_is_evaluated_when_no_call_lies_below_it(make_hop) -> None:
    hop = await make_hop(wait=0.02)
    await hop.send(traces_body(make_span({**chat_attributes(), "gen_ai.operation.name": "invoke_agent"}, span=1)))
    await hop.until(lambda h: len(h.spans) == 1)
    assert hop.results(hop.spans[0])["non_empty"] == "pass"


async def test_of_two_instrumentations_of_one_call_the_inner_one_carries_the_result(hop) -> None:
    inner = make_span(chat_attributes(), span=2, parent=1)
    outer = make_span(chat_attributes(), span=1, seconds=2)
    await hop.send(traces_body(inner, outer))
    assert {s.span_id[-1] for s in hop.spans if hop.results(s)} == {2}


SDK_SCOPE = "com.anthropic.sdk.python"


def sdk_span(**place):
    return make_span(
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "anthropic",
            "gen_ai.request.model": "claude-sonnet-4-5",
            "gen_ai.response.id": "msg_1",
            "gen_ai.usage.output_tokens": 3,
        },
        **place,
    )


async def test_a_span_without_content_gives_way_to_its_twin_in_another_trace(make_hop) -> None:
    hop = await make_hop(wait=30)
    await hop.send(traces_body(sdk_span(trace=1), scope=SDK_SCOPE))
    twin = make_span(chat_attributes(**{"gen_ai.response.id": "msg_1"}), trace=2, span=9)
    await hop.send(traces_body(twin))
    await hop.until(lambda h: len(h.spans) == 2)
    assert {s.trace_id[-1] for s in hop.spans if hop.results(s)} == {2}


async def test_of_a_failed_call_written_twice_the_outer_span_with_the_question_counts(make_hop) -> None:
    hop = await make_hop(wait=30)
    facts = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "claude-sonnet-4-5"}  # no response, so no id
    await hop.send(traces_body(make_span(facts, trace=1, span=2, parent=1, error=True), scope=SDK_SCOPE))
    question = {
        key: value
        for key, value in chat_attributes().items()
        if not key.startswith(("gen_ai.output", "gen_ai.response"))
    }
    await hop.send(traces_body(make_span(question, trace=1, span=1, error=True)))
    await hop.until(lambda h: len(h.spans) == 2)
    assert [s.span_id[-1] for s in hop.spans if "otel_evals.coverage" in attributes_of(s)] == [1]


async def test_equal_response_ids_of_other_services_or_times_are_other_calls(make_hop) -> None:
    hop = await make_hop(wait=0.02)
    await hop.send(traces_body(sdk_span(trace=1), scope=SDK_SCOPE))
    cached = make_span(chat_attributes(**{"gen_ai.response.id": "msg_1"}), trace=2, span=9, start=100)
    await hop.send(traces_body(cached))
    await hop.send(traces_body(make_span(chat_attributes(**{"gen_ai.response.id": "msg_1"}), trace=3), service="other"))
    await hop.until(lambda h: len(h.spans) == 3)
    assert all("otel_evals.risk.band" in attributes_of(s) for s in hop.spans)


async def test_the_system_prompt_of_a_late_root_is_the_calls_own(make_hop) -> None:
    hop = await make_hop(wait=30)
    scope = "strands.telemetry.tracer"
    call = make_span(
        {"gen_ai.system": "strands-agents", "gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o-mini"},
        span=2,
        parent=1,
        events=[
            ("gen_ai.user.message", {"content": json.dumps([{"text": "How long is the warranty?"}])}),
            (
                "gen_ai.choice",
                {"finish_reason": "end_turn", "message": json.dumps([{"text": "24 months [doc-9]."}])},
            ),
        ],
    )
    await hop.send(traces_body(call, scope=scope))
    assert hop.spans == []
    root = make_span(
        {
            "gen_ai.system": "strands-agents",
            "gen_ai.operation.name": "invoke_agent",
            "system_prompt": "Answer from the documents below.\n\n[doc-1] The warranty lasts 24 months.",
        },
        span=1,
        seconds=5,
    )
    await hop.send(traces_body(root, scope=scope))
    await hop.until(lambda h: len(h.spans) == 2)
    found = next(s for s in hop.spans if s.span_id[-1] == 2)
    assert hop.results(found)["citation_integrity"] == "fail"


async def test_cycles_of_parents_end(hop) -> None:
    spans = [
        make_span({"gen_ai.operation.name": "invoke_agent"}, span=1, parent=2),
        make_span({"gen_ai.operation.name": "invoke_agent"}, span=2, parent=1),
        make_span(chat_attributes(), span=3, parent=3),
        make_span(chat_attributes(), span=4, parent=1),
    ]
    await hop.send(traces_body(*spans))
    assert len(hop.spans) == 4


async def test_two_spans_that_share_their_ids_both_wait_and_both_leave(make_hop) -> None:
    hop = await make_hop(wait=0.05)
    first, second = make_span(BARE, name="first"), make_span(BARE, name="second")
    await hop.send(traces_body(first, second, scope=SCOPE))
    await hop.until(lambda h: len(h.spans) == 2)
    assert {s.name for s in hop.spans} == {"first", "second"}


async def test_a_disk_that_refuses_lets_spans_go_on_without_waiting(make_hop) -> None:
    hop = await make_hop(wait=30)
    await hop.journal.close()
    await hop.send(bare_call())
    assert len(hop.spans) == 1
    assert hop.total("otel_evals.spans", otel_evals_outcome="forwarded") == 1


async def test_what_is_received_adds_up_when_a_request_with_waiting_spans_is_sent_again(make_hop) -> None:
    hop = await make_hop(wait=0.3)
    body = traces_body(make_span({"http.route": "/"}, span=7), make_span(BARE, span=8), scope=SCOPE)
    hop.failure = Unavailable("down")
    with pytest.raises(Unavailable):
        await hop.send(body)
    hop.failure = None
    await hop.send(body)
    await hop.until(lambda h: len(h.spans) == 2)
    outcomes = {o: hop.total("otel_evals.spans", otel_evals_outcome=o) for o in ("received", "forwarded", "refused")}
    assert outcomes == {"received": 3, "forwarded": 2, "refused": 1}
