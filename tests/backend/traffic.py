"""OTLP as the processor sends it to the backend: evaluated spans, late results, feedback; to fill a backend in tests.

    call = Call(model="gpt-4.1", results=(check("pii", "fail"), judge("faithfulness", "pass", probability=0.05)))
    await send(backend, traces(call), late(call, judge("tone", "fail")), feedback(call, "thumbs_down", comment="No."))

Ids come from `number`, so that two calls with different numbers are two spans; `trace` puts several into one trace.
Imported as `from tests.backend.traffic import …`; not named test_*, so pytest leaves it alone.
"""

import json
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from otel_evals.semconv import gen_ai, otel_evals
from otel_evals.testing.builders import any_value
from otel_evals_backend.storage.keys import span_key

NOON = 1_790_000_000_000_000_000
"""ns; the time of the tests' clock."""
SECOND = 1_000_000_000
MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86_400 * SECOND
RESULT = "gen_ai.evaluation.result"

Result = dict[str, Any]
"""Attributes of one evaluation."""


@dataclass(frozen=True)
class Body:
    """A request: where it goes, and its encoded content."""

    path: str
    data: bytes


@dataclass(frozen=True, kw_only=True)
class Call:
    """One evaluated model call. Times are ns since 1970; `start` defaults to a minute before noon."""

    number: int = 1
    trace: int | None = None
    parent: int | None = None
    start: int = NOON - MINUTE
    seconds: float = 1.5
    service: str = "shop"
    environment: str = "production"
    operation: str = "chat"
    provider: str = "openai"
    model: str = "gpt-4o-mini"
    prompt_name: str | None = "support"
    prompt_version: str | None = "v1"
    fingerprint: str | None = None
    system: str | None = "You help customers of a shop."
    question: str = "What is the refund policy?"
    answer: str | None = "Refunds are possible within thirty days [1]."
    response_id: str | None = None
    conversation: str | None = None
    band: str | None = "low"
    reasons: tuple[str, ...] = ()
    route: str | None = "pass"
    coverage: str | None = "sampled_out"
    probability: float | None = 0.05
    stratum: str | None = "baseline"
    input_tokens: int | None = 200
    output_tokens: int | None = 40
    error: str | None = None
    results: tuple[Result, ...] = ()
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def trace_id(self) -> bytes:
        return (self.trace if self.trace is not None else self.number).to_bytes(16, "big")

    @property
    def span_id(self) -> bytes:
        return self.number.to_bytes(8, "big")

    @property
    def key(self) -> bytes:
        """The span as tables have it."""
        return span_key(self.trace_id, self.span_id)

    @property
    def end(self) -> int:
        return self.start + int(self.seconds * SECOND)


def check(
    name: str,
    label: str = "pass",
    *,
    score: float | None = None,
    explanation: str = "",
    version: str = "c1",
    **more: Any,
) -> Result:
    """A result of an inline check."""
    return _result(name, label, score, explanation, type_="code", id_=name, version=version, **more)


def judge(
    name: str,
    label: str = "pass",
    *,
    score: float | None = None,
    explanation: str = "The answer says what the source says.",
    id: str | None = None,  # noqa: A002 - the wire's word
    version: str = "j1",
    model: str = "judge-model-1",
    probability: float = 0.05,
    stratum: str = "baseline",
    confidence: float | None = 0.9,
    shadow: bool = False,
    **more: Any,
) -> Result:
    """A result of a judge."""
    more = {
        otel_evals.EVALUATOR_MODEL: model,
        otel_evals.SAMPLING_PROBABILITY: probability,
        otel_evals.SAMPLING_STRATUM: stratum,
        **({otel_evals.VERDICT_CONFIDENCE: confidence} if confidence is not None else {}),
        **({otel_evals.SHADOW: True} if shadow else {}),
        **more,
    }
    return _result(name, label, score, explanation, type_="llm_judge", id_=id or name, version=version, **more)


def human(
    name: str,
    label: str = "pass",
    *,
    reviewer: str = "r1",
    explanation: str = "",
    probability: float = 0.05,
    label_probability: float | None = 0.5,
    stratum: str = "baseline",
    **more: Any,
) -> Result:
    """A person's label; `label_probability=None` = chosen by hand."""
    more |= {otel_evals.SAMPLING_PROBABILITY: probability, otel_evals.SAMPLING_STRATUM: stratum}
    if label_probability is None:
        more[otel_evals.LABEL_PURPOSIVE] = True
    else:
        more[otel_evals.LABEL_PROBABILITY] = label_probability
    return _result(name, label, None, explanation, type_="human", id_=reviewer, version="h1", **more)


def failure(name: str, error: str = "timeout", *, type: str = "llm_judge", version: str = "j1", **more: Any) -> Result:  # noqa: A002 - the wire's word
    """An evaluator that could not decide."""
    return {
        gen_ai.EVALUATION_NAME: name, gen_ai.ERROR_TYPE: error, gen_ai.EVALUATION_EXPLANATION: f"{name}: {error}",
        otel_evals.EVALUATOR_TYPE: type, otel_evals.EVALUATOR_ID: name, otel_evals.EVALUATOR_VERSION: version,
        otel_evals.SOURCE: "online", **more,
    }  # fmt: skip


def _result(
    name: str, label: str, score: float | None, explanation: str, *, type_: str, id_: str, version: str, **more: Any
) -> Result:
    return {
        gen_ai.EVALUATION_NAME: name,
        gen_ai.EVALUATION_SCORE: float(label == "pass") if score is None else score,
        gen_ai.EVALUATION_LABEL: label,
        **({gen_ai.EVALUATION_EXPLANATION: explanation} if explanation else {}),
        otel_evals.EVALUATOR_TYPE: type_,
        otel_evals.EVALUATOR_ID: id_,
        otel_evals.EVALUATOR_VERSION: version,
        otel_evals.SAMPLING_PROBABILITY: 1.0,
        otel_evals.SOURCE: "online",
        **more,
    }


def traces(*calls: Call) -> Body:
    """One request with these calls."""
    request = ExportTraceServiceRequest()
    for call in calls:
        _scope(request, call).spans.append(_span(call))
    return Body("/v1/traces", request.SerializeToString())


def retriever(call: Call, *documents: tuple[str, str], number: int | None = None) -> Body:
    """A retriever's span in the trace of `call`, ended before it: (id, text) each."""
    request = ExportTraceServiceRequest()
    found = [{"id": id_, "content": text, "score": 0.5} for id_, text in documents]
    span = _scope(request, call, "retriever").spans.add(
        trace_id=call.trace_id,
        span_id=(number if number is not None else call.number + 1_000_000).to_bytes(8, "big"),
        parent_span_id=_id(call.parent),
        name="retrieval docs",
        start_time_unix_nano=call.start - 2 * SECOND,
        end_time_unix_nano=call.start - SECOND,
    )
    _put(span, {gen_ai.OPERATION_NAME: "retrieval", gen_ai.RETRIEVAL_DOCUMENTS: json.dumps(found)})
    return Body("/v1/traces", request.SerializeToString())


def late(
    call: Call, *results: Result, coverage: str = "judged", cost: float | None = 0.002, lag: float | None = 12.0,
    link: bool = False, at: int | None = None,
) -> Body:  # fmt: skip
    """Results that come after their span: child spans of it, or roots of their own that link to it."""
    request = ExportTraceServiceRequest()
    spans = _scope(request, call, otel_evals.SCOPE).spans
    for result in results:
        digest = random.Random(repr((call.key, sorted(result.items(), key=str)))).randbytes(24)  # noqa: S311 - an id
        end = at if at is not None else call.end + 12 * SECOND
        span = spans.add(
            trace_id=digest[:16] if link else call.trace_id,
            span_id=digest[16:],
            parent_span_id=b"" if link else call.span_id,
            name=f"evaluate {result[gen_ai.EVALUATION_NAME]}",
            start_time_unix_nano=end - SECOND,
            end_time_unix_nano=end,
        )
        if link:
            span.links.add(trace_id=call.trace_id, span_id=call.span_id)
        more: dict[str, Any] = {gen_ai.OPERATION_NAME: "evaluation", otel_evals.COVERAGE: coverage}
        more |= {k: v for k, v in ((otel_evals.JUDGE_COST, cost), (otel_evals.JUDGE_LAG, lag)) if v is not None}
        _put(span, {**result, **more})
    return Body("/v1/traces", request.SerializeToString())


def result_logs(call: Call, *results: Result, at: int | None = None) -> Body:
    """Results as log-based events."""
    return _logs(call, [{**result} for result in results], at if at is not None else call.end)


def feedback(
    call: Call | None = None,
    signal: str = "thumbs_down",
    *,
    response_id: str | None = None,
    conversation: str | None = None,
    value: float | None = None,
    comment: str | None = None,
    at: int = NOON,
    service: str = "shop",
) -> Body:
    """What a user did, as a log-based event: with the ids of `call`, or a response id, or a conversation id."""
    attributes: dict[str, Any] = {
        otel_evals.EVALUATOR_TYPE: "user",
        gen_ai.EVALUATION_NAME: "user_feedback",
        otel_evals.FEEDBACK_SIGNAL: signal,
    }
    attributes |= {
        gen_ai.RESPONSE_ID: response_id,
        gen_ai.CONVERSATION_ID: conversation,
        gen_ai.EVALUATION_SCORE: value,
        gen_ai.EVALUATION_EXPLANATION: comment,
    }
    return _logs(call, [attributes], at, service)


def _logs(call: Call | None, events: Iterable[Mapping[str, Any]], at: int, service: str = "shop") -> Body:
    request = ExportLogsServiceRequest()
    resource = request.resource_logs.add()
    resource.resource.attributes.add(key=gen_ai.SERVICE_NAME).value.string_value = call.service if call else service
    scope = resource.scope_logs.add()
    for event in events:
        record = scope.log_records.add(time_unix_nano=at, observed_time_unix_nano=at, event_name=RESULT)
        if call is not None:
            record.trace_id, record.span_id = call.trace_id, call.span_id
        _put(record, event)
    return Body("/v1/logs", request.SerializeToString())


async def send(backend: Any, *bodies: Body, headers: Mapping[str, str] | None = None) -> None:
    """POST the bodies one after the other; every one must be taken whole."""
    for body in bodies:
        answer = await backend.client.post(
            body.path, content=body.data, headers={"content-type": "application/x-protobuf", **(headers or {})}
        )
        assert (answer.status_code, answer.content) == (200, b""), (answer.status_code, answer.content)


_MODELS = (("openai", "gpt-4o-mini"), ("openai", "gpt-4.1"), ("anthropic", "claude-sonnet-4-5"))
_QUESTIONS = (
    "What is the refund policy?", "How long does delivery take?", "Can I change my order?",
    "Which sizes do you have?", "Is the blue jacket waterproof?",
)  # fmt: skip


def crowd(count: int, *, seed: int = 1, until: int = NOON, hours: float = 48.0, first: int = 1000) -> list[Call]:
    """Calls of an everyday mix over the last `hours`: models, prompt versions, bands, checks, sampled judges."""
    rng = random.Random(seed)  # noqa: S311 - reproducible
    return [_one(rng, first + i, until - int(rng.random() * hours * HOUR) - MINUTE) for i in range(count)]


def _one(rng: random.Random, number: int, start: int) -> Call:
    provider, model = rng.choice(_MODELS)
    version = rng.choice(("v1", "v2", "v3"))
    unsupported, leaks = rng.random() < 0.12, rng.random() < 0.03
    results = [
        check("non_empty"), check("complete", "fail" if rng.random() < 0.02 else "pass"), check("answered"),
        check("language"), check("repetition"), check("prompt_injection"),
        check("retrieval_support", "fail" if unsupported else "pass", score=0.2 if unsupported else 0.9,
              explanation="1 of 3 sentences has no support in the documents." if unsupported else ""),
        check("pii", "fail" if leaks else "pass", explanation="e-mail (j…@…)" if leaks else ""),
    ]  # fmt: skip
    reasons = tuple(r[gen_ai.EVALUATION_NAME] for r in results if r[gen_ai.EVALUATION_LABEL] == "fail")
    band = "high" if "pii" in reasons or "complete" in reasons else "medium" if reasons else "low"
    probability = {"low": 0.05, "medium": 0.5, "high": 1.0}[band]
    stratum = {"low": "baseline", "medium": "medium_risk", "high": "high_risk"}[band]
    judged = rng.random() < probability
    if judged:
        bad = rng.random() < {"low": 0.06, "medium": 0.4, "high": 0.7}[band] + 0.05 * (version == "v3")
        results.append(
            judge("faithfulness", "fail" if bad else "pass",
                  score=rng.uniform(0.1, 0.45) if bad else rng.uniform(0.6, 1),
                  explanation="It promises a term that no source gives." if bad else "All of it is in the sources.",
                  probability=probability, stratum=stratum, confidence=rng.uniform(0.4, 1.0))
        )  # fmt: skip
    return Call(
        number=number, start=start, seconds=rng.uniform(0.3, 6.0), service=rng.choice(("shop", "support-assistant")),
        provider=provider, model=model, prompt_version=version, question=rng.choice(_QUESTIONS), band=band,
        reasons=reasons, route="judge" if judged else "pass", coverage="judged" if judged else "sampled_out",
        probability=probability, stratum=stratum, response_id=f"resp-{number}", conversation=f"conv-{number // 3}",
        input_tokens=rng.randint(100, 900), output_tokens=rng.randint(20, 300), results=tuple(results),
        error="timeout" if rng.random() < 0.01 else None,
    )  # fmt: skip


def _scope(request: ExportTraceServiceRequest, call: Call, name: str = "app") -> Any:
    resource = request.resource_spans.add()
    _put(resource.resource, {gen_ai.SERVICE_NAME: call.service, gen_ai.DEPLOYMENT_ENVIRONMENT: call.environment})
    scope = resource.scope_spans.add()
    scope.scope.name = name
    return scope


def _span(call: Call) -> Span:
    span = Span(
        trace_id=call.trace_id, span_id=call.span_id, parent_span_id=_id(call.parent),
        name=f"{call.operation} {call.model}",
        kind=Span.SPAN_KIND_CLIENT, start_time_unix_nano=call.start, end_time_unix_nano=call.end,
    )  # fmt: skip
    values: dict[str, Any] = {
        gen_ai.OPERATION_NAME: call.operation, gen_ai.PROVIDER_NAME: call.provider, gen_ai.REQUEST_MODEL: call.model,
        gen_ai.RESPONSE_MODEL: f"{call.model}-2026-04-14", gen_ai.RESPONSE_ID: call.response_id,
        gen_ai.CONVERSATION_ID: call.conversation, gen_ai.PROMPT_NAME: call.prompt_name,
        gen_ai.PROMPT_VERSION: call.prompt_version, gen_ai.USAGE_INPUT_TOKENS: call.input_tokens,
        gen_ai.USAGE_OUTPUT_TOKENS: call.output_tokens, gen_ai.ERROR_TYPE: call.error,
        otel_evals.RISK_BAND: call.band, otel_evals.RISK_REASONS: list(call.reasons) or None,
        otel_evals.ROUTE: call.route, otel_evals.COVERAGE: call.coverage,
        otel_evals.PROMPT_FINGERPRINT: call.fingerprint, otel_evals.SAMPLING_PROBABILITY: call.probability,
        otel_evals.SAMPLING_STRATUM: call.stratum, **_content(call), **call.more,
    }  # fmt: skip
    _put(span, values)
    for result in call.results:
        _put(span.events.add(name=RESULT, time_unix_nano=call.end), result)
    if call.error:
        span.status.code = Status.STATUS_CODE_ERROR
    return span


def _content(call: Call) -> dict[str, Any]:
    if call.answer is None:
        return {}
    asked, said = ({"type": "text", "content": text} for text in (call.question, call.answer))
    values: dict[str, Any] = {
        gen_ai.INPUT_MESSAGES: json.dumps([{"role": "user", "parts": [asked]}]),
        gen_ai.OUTPUT_MESSAGES: json.dumps([{"role": "assistant", "parts": [said], "finish_reason": "stop"}]),
        gen_ai.FINISH_REASONS: ["stop"],
    }
    if call.system is not None:
        values[gen_ai.SYSTEM_INSTRUCTIONS] = json.dumps([{"type": "text", "content": call.system}])
    return values


def _id(number: int | None) -> bytes:
    return b"" if number is None else number.to_bytes(8, "big")


def _put(place: Any, values: Mapping[str, Any]) -> None:
    for key, value in values.items():
        if value is not None:
            place.attributes.add(key=key).value.CopyFrom(any_value(value))
