"""An evaluated span as a row: what the processor decided stands in attributes, the facts of the call in its reading."""

from collections.abc import Callable, Sequence
from typing import Any, Final, cast

import msgspec

from otel_evals.records.evaluation import Source
from otel_evals.records.exchange import Exchange
from otel_evals.records.reading import Reading
from otel_evals.records.span import STATUS_ERROR, SpanView
from otel_evals.semconv import gen_ai, otel_evals
from otel_evals.text.context import unwrap
from otel_evals_backend.content.policy import Policy
from otel_evals_backend.ingest.bounds import Times, probability, text, tokens
from otel_evals_backend.keeping.arrivals import ResultArrival, Slice, SpanArrival
from otel_evals_backend.storage.tables import BANDS

_ID: Final = 256
QUESTION: Final = 256
"""Characters of a question, as lists show it."""
_REASONS: Final = 50
_BANDS: Final = {band: position for position, band in enumerate(BANDS)}
_SIGNS: Final = (otel_evals.RISK_BAND, otel_evals.COVERAGE, otel_evals.SAMPLING_STRATUM)

PromptVersion = Callable[[Exchange, str | None], str]
"""What figures call the prompt version of a call whose derived fingerprint is this."""


def is_evaluated(span: SpanView, results: Sequence[ResultArrival]) -> bool:
    """Whether the processor, or anybody, has evaluated the span."""
    return bool(results) or any(sign in span.attributes for sign in _SIGNS)


def span_row(
    key: bytes,
    span: SpanView,
    reading: Reading,
    results: Sequence[ResultArrival],
    *,
    policy: Policy,
    times: Times,
    version: PromptVersion,
) -> SpanArrival:
    """The row of an evaluated span."""
    get = span.attributes.get
    start_ns, end_ns = times.span(span.start_ns, span.end_ns)
    usage = reading.usage
    return SpanArrival(
        span=key,
        start_ns=start_ns,
        end_ns=end_ns,
        slice=_slice(span, reading, version),
        parent=span.parent_span_id if len(span.parent_span_id) == 8 else None,
        name=text(span.name) or "",
        role=(reading.role or "other"),
        failed=span.status_code == STATUS_ERROR,
        error_type=text(reading.error_type) or text(get(gen_ai.ERROR_TYPE)),
        response_id=text(reading.response_id, _ID) or text(get(gen_ai.RESPONSE_ID), _ID),
        conversation_id=text(reading.conversation_id, _ID) or text(get(gen_ai.CONVERSATION_ID), _ID),
        band=_BANDS.get(text(get(otel_evals.RISK_BAND)) or ""),
        reasons=_reasons(get(otel_evals.RISK_REASONS)),
        route=text(get(otel_evals.ROUTE)),
        decision=text(get(otel_evals.DECISION)),
        coverage=text(get(otel_evals.COVERAGE)),
        probability=probability(get(otel_evals.SAMPLING_PROBABILITY)),
        stratum=text(get(otel_evals.SAMPLING_STRATUM)),
        input_tokens=tokens(usage.input_tokens) if usage is not None else None,
        output_tokens=tokens(usage.output_tokens) if usage is not None else None,
        question=text(policy.question(question_of(reading)), QUESTION),
        offline=_is_offline(span, results),
    )


def question_of(reading: Reading) -> str | None:
    """The user's latest turn, without the passages and headings that an application has put around what they asked."""
    turn = next((m.text for m in reversed(reading.messages or ()) if m.role == "user" and m.text), None)
    return turn and (unwrap(turn).question or turn)


def _is_offline(span: SpanView, results: Sequence[ResultArrival]) -> bool:
    said = span.attributes.get(otel_evals.SOURCE)
    if said is not None:
        return said == Source.OFFLINE
    return bool(results) and all(result.evaluator.source == Source.OFFLINE for result in results)


def environment_of(span: SpanView) -> str | None:
    """`deployment.environment.name` of the application, under either of its names."""
    resource = span.resource
    return text(resource.get(gen_ai.DEPLOYMENT_ENVIRONMENT)) or text(resource.get(gen_ai.DEPLOYMENT_ENVIRONMENT_OLD))


def _slice(span: SpanView, reading: Reading, version: PromptVersion) -> Slice:
    resource, get = span.resource, span.attributes.get
    service = text(resource.get(gen_ai.SERVICE_NAME)) or ""
    named = text(reading.prompt_version) or text(get(gen_ai.PROMPT_VERSION))
    return Slice(
        service=service,
        environment=environment_of(span) or "",
        operation=text(reading.operation) or text(get(gen_ai.OPERATION_NAME)) or "chat",
        provider=text(reading.provider) or text(get(gen_ai.PROVIDER_NAME)) or "",
        model=text(reading.request_model)
        or text(reading.response_model)
        or text(get(gen_ai.REQUEST_MODEL))
        or text(get(gen_ai.RESPONSE_MODEL))
        or "",
        response_model=text(reading.response_model) or text(get(gen_ai.RESPONSE_MODEL)) or "",
        prompt_name=text(reading.prompt_name) or text(get(gen_ai.PROMPT_NAME)) or "",
        prompt_version=version(
            Exchange(service_name=service, prompt_version=named), text(get(otel_evals.PROMPT_FINGERPRINT))
        ),
        extra=_extra(span),
    )


def _extra(span: SpanView) -> str:
    """Which data set, for a call of an offline run."""
    found: dict[str, str] = {}
    for key in (otel_evals.DATASET_ID, otel_evals.DATASET_VERSION):
        said = text(span.attributes.get(key)) or text(span.resource.get(key))
        if said is not None:
            found[key] = said
    return msgspec.json.encode(found).decode() if found else "{}"


def _reasons(value: Any) -> str:
    if not isinstance(value, list) or not value:
        return "[]"
    names = [name for item in cast("list[Any]", value)[:_REASONS] if (name := text(item)) is not None]
    return msgspec.json.encode(names).decode()
