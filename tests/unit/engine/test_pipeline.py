"""What happens to a request body between the door and the next hop."""

from dataclasses import dataclass
from typing import ClassVar

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otel_evals.builtin import CHECKS, DIALECTS
from otel_evals.records.decision import RiskBand
from otel_evals.records.errors import DecodeError, Refused, Unavailable
from otel_evals.records.signal import Signal
from otel_evals.slicing.settings import SliceKey, SliceOrigin
from otel_evals.testing.builders import chat_attributes, logs_body, make_span, traces_body
from tests.unit.engine.conftest import attributes_of

RESULTS = "otel_evals.evaluations"


async def test_a_body_without_genai_spans_passes_byte_for_byte(hop) -> None:
    body = traces_body(make_span({"http.route": "/chat"}), make_span({"db.system": "postgresql"}, span=2))
    await hop.send(body)
    assert [b for _, b in hop.bodies] == [body]
    assert hop.total("otel_evals.spans", otel_evals_outcome="forwarded") == 2


async def test_an_evaluated_span_carries_events_attributes_and_all_that_it_came_with(hop) -> None:
    plain = make_span({"http.route": "/chat"}, span=9)
    chat = make_span(chat_attributes(answer="Call me at jane.roe@corp-mail.com"), span=2, parent=9)
    await hop.send(traces_body(plain, chat))
    first, second = hop.spans
    assert first == plain
    results = hop.results(second)
    assert results["pii"] == "fail"
    assert results["non_empty"] == "pass"
    attributes = attributes_of(second)
    assert attributes["otel_evals.risk.band"] == "high"
    assert attributes["otel_evals.risk.reasons"] == ["pii"]
    assert attributes["otel_evals.route"] == "human"
    assert attributes["otel_evals.coverage"] == "disabled"
    assert attributes["otel_evals.pii.label"] == "fail"
    assert attributes["otel_evals.pii.score"] < 1
    assert {a.key for a in chat.attributes} <= set(attributes)
    assert hop.total(RESULTS, gen_ai_evaluation_name="pii", gen_ai_evaluation_score_label="fail") == 1


async def test_both_labels_of_a_result_start_at_zero_with_its_first_span(hop) -> None:
    await hop.send(traces_body(make_span(chat_attributes())))
    series = next(s for s in hop.meters.snapshot().series if s.instrument.name == RESULTS)
    labels = {values[1]: value for values, value in series.values if values[0] == "pii"}
    assert labels == {"pass": 1.0, "fail": 0.0}


async def test_an_invalid_body_is_refused_whole_and_counts_nothing(hop) -> None:
    body = traces_body(make_span(chat_attributes()))
    with pytest.raises(DecodeError):
        await hop.send(body[:-3])
    assert hop.bodies == []
    assert hop.total("otel_evals.spans") == 0


@pytest.mark.parametrize(
    ("failure", "outcome"), [(Unavailable("down"), "refused"), (Refused("no", code="400"), "failed")]
)
async def test_nothing_is_measured_until_the_next_hop_has_it(hop, failure, outcome) -> None:
    body = traces_body(make_span(chat_attributes()))
    hop.failure = failure
    with pytest.raises(type(failure)):
        await hop.send(body)
    assert hop.total(RESULTS) == 0
    assert hop.total("otel_evals.spans", otel_evals_outcome=outcome) == 1
    hop.failure = None
    await hop.send(body)
    assert hop.total(RESULTS, gen_ai_evaluation_name="non_empty") == 1


async def test_a_request_that_is_sent_twice_is_counted_once(hop) -> None:
    body = traces_body(make_span(chat_attributes()))
    await hop.send(body)
    await hop.send(body)
    assert len(hop.spans) == 2
    assert hop.total(RESULTS, gen_ai_evaluation_name="non_empty") == 1


async def test_received_is_the_sum_of_what_became_of_it(hop) -> None:
    await hop.send(traces_body(make_span({"a": 1}), make_span(chat_attributes(), span=2)))
    hop.failure = Unavailable("down")
    with pytest.raises(Unavailable):
        await hop.send(traces_body(make_span({"a": 1}, trace=2)))
    outcomes = {
        o: hop.total("otel_evals.spans", otel_evals_outcome=o) for o in ("received", "forwarded", "refused", "failed")
    }
    assert outcomes == {"received": 3, "forwarded": 2, "refused": 1, "failed": 0}


@dataclass(frozen=True)
class Explodes:
    name: ClassVar[str] = "explodes"
    band: ClassVar[RiskBand | None] = RiskBand.HIGH
    needs_content: ClassVar[bool] = False

    def patterns(self):
        return ()

    def evaluate(self, scan):
        raise ZeroDivisionError(scan.answer)


async def test_a_check_that_raises_is_a_failure_without_score_and_stops_no_other(make_hop) -> None:
    hop = await make_hop(checks=[Explodes(), CHECKS["non_empty"]()])
    await hop.send(traces_body(make_span(chat_attributes(answer="my secret answer"))))
    (span,) = hop.spans
    assert hop.results(span) == {"explodes": "ZeroDivisionError", "non_empty": "pass"}
    event = next(e for e in span.events if any(a.key == "error.type" for a in e.attributes))
    assert not any("score" in a.key for a in event.attributes)
    assert b"my secret answer" not in event.SerializeToString()
    assert attributes_of(span)["otel_evals.risk.band"] == "low"
    assert hop.total("otel_evals.evaluation.errors", error_type="ZeroDivisionError") == 1
    assert hop.total(RESULTS, gen_ai_evaluation_name="explodes") == 0


class Breaks:
    id: ClassVar[str] = "breaks"
    markers: ClassVar[tuple[bytes, ...]] = (b"gen_ai.",)

    def detect(self, span):
        return True

    def read(self, span):
        raise KeyError("a dialect with a fault")

    def read_log(self, record):
        raise KeyError("a dialect with a fault")


async def test_a_dialect_that_raises_on_a_log_record_costs_nobody_the_record(make_hop) -> None:
    hop = await make_hop(dialects=(Breaks(),))
    body = logs_body(("gen_ai.choice", {"content": "x"}, {}))
    await hop.send(body, Signal.LOGS)
    assert hop.bodies == [(Signal.LOGS, body)]
    assert hop.crashes


async def test_a_dialect_that_raises_costs_nobody_a_span(make_hop) -> None:
    hop = await make_hop(dialects=(Breaks(),))
    body = traces_body(make_span(chat_attributes()))
    await hop.send(body)
    assert [b for _, b in hop.bodies] == [body]
    assert hop.crashes


@pytest.mark.parametrize("ids", [(b"", b"\1" * 8), (b"\0" * 16, b"\1" * 8), (b"\1" * 16, b""), (b"\1" * 3, b"\1" * 8)])
async def test_a_span_without_valid_ids_is_forwarded_and_not_evaluated(hop, ids) -> None:
    span = make_span(chat_attributes())
    span.trace_id, span.span_id = ids
    body = traces_body(span)
    await hop.send(body)
    assert [b for _, b in hop.bodies] == [body]


async def test_results_from_outside_are_left_alone_and_never_counted(hop) -> None:
    forged = make_span(
        {"http.route": "/", "otel_evals.risk.band": "low", "gen_ai.note": "x"},
        events=[
            (
                "gen_ai.evaluation.result",
                {"gen_ai.evaluation.name": "forged", "gen_ai.evaluation.score.label": "pass"},
            )
        ],
    )
    body = traces_body(forged)
    await hop.send(body)
    assert [b for _, b in hop.bodies] == [body]
    assert hop.total(RESULTS) == 0


async def test_standard_keys_are_added_under_vendor_spans_and_never_overwritten(hop) -> None:
    vendor = {
        "openinference.span.kind": "LLM",
        "llm.model_name": "gpt-4o-mini",
        "llm.system": "openai",
        "llm.input_messages.0.message.role": "user",
        "llm.input_messages.0.message.content": "hello",
        "llm.output_messages.0.message.role": "assistant",
        "llm.output_messages.0.message.content": "Hello to you.",
        "gen_ai.request.model": "what the app wrote",
    }
    await hop.send(traces_body(make_span(vendor)))
    (span,) = hop.spans
    assert attributes_of(span)["gen_ai.request.model"] == "what the app wrote"
    assert attributes_of(span)["gen_ai.provider.name"] == "openai"
    assert [a.key for a in span.attributes].count("gen_ai.request.model") == 1


async def test_content_that_is_off_leaves_the_checks_that_need_none(hop) -> None:
    await hop.send(traces_body(make_span(chat_attributes(answer=None, finish="length"), parent=None)))
    await hop.until(lambda h: len(h.spans) == 1)
    (span,) = hop.spans
    assert hop.results(span) == {"complete": "fail"}
    assert attributes_of(span)["otel_evals.coverage"] == "no_content"


async def test_a_failed_call_is_not_an_empty_answer(hop) -> None:
    attributes = chat_attributes()
    del attributes["gen_ai.output.messages"], attributes["gen_ai.response.finish_reasons"]
    await hop.send(traces_body(make_span({**attributes, "error.type": "RateLimitError"}, error=True)))
    (span,) = hop.spans
    assert "fail" not in hop.results(span).values()
    series = next(s for s in hop.meters.snapshot().series if s.instrument.name == "otel_evals.operation.duration")
    assert [values[0] for values, _ in series.distributions] == ["RateLimitError"]


async def test_tokens_and_cost_of_the_calls_are_counted_by_model(hop) -> None:
    await hop.send(traces_body(make_span(chat_attributes())))
    tokens = {k: hop.total("otel_evals.operation.tokens", gen_ai_token_type=k) for k in ("input", "output")}
    assert tokens == {"input": 20, "output": 10}
    assert hop.total("otel_evals.operation.cost") == pytest.approx((20 * 1.0 + 10 * 2.0) / 1e6)


async def test_an_unchanged_prompt_is_one_version_whatever_its_numbers_and_dates(hop) -> None:
    prompts = [
        "You help Ana. Today is 3 May 2026, ticket 8812.",
        "You help Ana. Today is 4 June 2026, ticket 90.",
        "You sell.",
    ]
    for number, prompt in enumerate(prompts, 1):
        await hop.send(traces_body(make_span(chat_attributes(system=prompt), trace=number)))
    prints = [attributes_of(s)["otel_evals.prompt.fingerprint"] for s in hop.spans]
    assert prints[0] == prints[1] != prints[2]
    assert all("gen_ai.prompt.version" not in attributes_of(s) for s in hop.spans)
    counted = hop.total(RESULTS, gen_ai_evaluation_name="non_empty", gen_ai_prompt_version=f"fp:{prints[0]}")
    assert counted == 2


async def test_a_service_whose_prompts_never_repeat_is_counted_as_unversioned(hop) -> None:
    words = [f"{a}{b}" for a in "abcdefghij" for b in "klmnopqrst"]
    for number, word in enumerate(words, 1):
        await hop.send(traces_body(make_span(chat_attributes(system=f"Speak of {word}."), trace=number)))
    assert (
        hop.total(RESULTS, gen_ai_evaluation_name="non_empty", gen_ai_prompt_version="unversioned") == len(words) - 50
    )


async def test_extra_slice_keys_come_from_span_resource_and_root(make_hop) -> None:
    keys = (
        SliceKey(attribute="http.route", origin=SliceOrigin.ROOT),
        SliceKey(attribute="team", origin=SliceOrigin.RESOURCE),
        SliceKey(attribute="tier", name="tenant.tier"),
    )
    hop = await make_hop(slices=keys)
    root = make_span({"gen_ai.operation.name": "invoke_agent", "http.route": "/ask"}, span=1)
    chat = make_span(chat_attributes(tier="gold"), span=2, parent=1)
    await hop.send(traces_body(chat, root, resource={"team": "search"}))
    series = next(s for s in hop.meters.snapshot().series if s.instrument.name == RESULTS)
    assert {values[-3:] for values, _ in series.values} == {("/ask", "search", "gold")}


async def test_a_decision_in_flight_is_shown_on_the_span_of_its_trace(hop) -> None:
    hop.pipeline.remember_decision((1).to_bytes(16, "big"), "human")
    await hop.send(traces_body(make_span(chat_attributes())))
    assert attributes_of(hop.spans[0])["otel_evals.decision"] == "human"


async def test_every_choice_is_checked_and_the_worst_decides(hop) -> None:
    attributes = chat_attributes()
    attributes["gen_ai.output.messages"] = (
        '[{"role":"assistant","parts":[{"type":"text","content":"Fine."}],"finish_reason":"stop"},'
        '{"role":"assistant","parts":[],"finish_reason":"length"}]'
    )
    attributes["gen_ai.response.finish_reasons"] = ["stop", "length"]
    await hop.send(traces_body(make_span(attributes)))
    results = hop.results(hop.spans[0])
    assert results["complete"] == "fail"


async def test_metrics_pass_untouched(hop) -> None:
    await hop.send(b"", Signal.METRICS)
    assert hop.bodies == []


async def test_order_within_a_body_stays(hop) -> None:
    spans = [make_span(chat_attributes() if n % 2 else {"n": n}, span=n) for n in range(1, 20)]
    await hop.send(traces_body(*spans))
    assert [s.span_id for s in hop.spans] == [s.span_id for s in spans]
    request = ExportTraceServiceRequest.FromString(hop.bodies[0][1])
    assert request.resource_spans[0].resource.attributes[0].value.string_value == "shop"


def test_every_builtin_dialect_declares_markers() -> None:
    assert all(dialect.markers for dialect in DIALECTS)


async def test_results_travel_as_log_based_events_too_when_they_are_asked_for(make_hop) -> None:
    hop = await make_hop(log_events=True)
    sent = [make_span(chat_attributes(**{"gen_ai.response.id": "r1"}), span=n) for n in (1, 2)]
    await hop.send(traces_body(*sent, service="shop"))
    await hop.until(lambda h: any(s is Signal.LOGS for s, _ in h.bodies))
    body = next(b for s, b in hop.bodies if s is Signal.LOGS)
    request = ExportLogsServiceRequest.FromString(body)
    records = [r for rl in request.resource_logs for sl in rl.scope_logs for r in sl.log_records]
    assert {(r.trace_id, r.span_id) for r in records} == {(s.trace_id, s.span_id) for s in sent}
    assert {r.event_name for r in records} == {"gen_ai.evaluation.result"}
    assert {rl.resource.attributes[0].value.string_value for rl in request.resource_logs} == {"shop"}
    one = attributes_of(records[0])
    assert one["gen_ai.response.id"] == "r1"
    assert {"gen_ai.evaluation.name", "gen_ai.evaluation.score.label", "otel_evals.evaluator.version"} <= one.keys()
    assert len(records) == sum(len(s.events) for s in hop.spans)


@pytest.mark.parametrize("same_body", [True, False])
async def test_a_decision_that_the_application_set_on_its_own_span_is_shown_on_the_call(hop, same_body) -> None:
    asked = make_span({"otel_evals.decision": "human"}, span=1, seconds=3)
    call = make_span(chat_attributes(), span=2, parent=1)
    for body in [traces_body(call, asked)] if same_body else [traces_body(asked), traces_body(call)]:
        await hop.send(body)
    shown = next(s for s in hop.spans if s.span_id[-1] == 2)
    assert attributes_of(shown)["otel_evals.decision"] == "human"


async def test_a_decision_that_is_no_route_is_not_passed_on(hop) -> None:
    asked = make_span({"otel_evals.decision": "<script>"}, span=1)
    await hop.send(traces_body(asked, make_span(chat_attributes(), span=2, parent=1)))
    assert "otel_evals.decision" not in attributes_of(hop.spans[1])
