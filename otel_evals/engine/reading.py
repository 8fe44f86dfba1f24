"""From the readings of several dialects, and what travelled apart, to one exchange.

`read_span` asks every dialect that detects itself on a span and merges field by field, the first in order winning only
for fields that it found. `assemble` turns the merged reading into an `Exchange` and decides what an absence means:
content off, an empty answer, or unknown.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from msgspec.structs import astuple

from otel_evals.plugins.protocols import Dialect
from otel_evals.records.exchange import Choice, Content, Document, Exchange, Message, Usage
from otel_evals.records.reading import Fragment, Reading, SpanRole
from otel_evals.records.span import STATUS_ERROR, SpanView
from otel_evals.semconv import gen_ai

_SEVERITY: Final = {"content_filter": 3, "error": 2, "length": 1}
_EMPTY: Final = Reading()
_FIELDS: Final = Reading.__struct_fields__


def read_span(dialects: Sequence[Dialect], span: SpanView) -> tuple[str, Reading] | None:
    """Id of the first dialect that knows the span, and the merged reading; None when no dialect does."""
    first, merged = "", None
    for dialect in dialects:
        if dialect.detect(span):
            reading = dialect.read(span)
            if merged is None:
                first, merged = dialect.id, reading
            else:
                merged = merge(merged, reading)
    return None if merged is None else (first, merged)


def merge(first: Reading, second: Reading) -> Reading:
    """`first`, with the fields that only `second` found.

    What is awaited is awaited no more once the other reading has it; two partial usages complete each other.
    """
    found: dict[str, Any] = {
        name: theirs
        for name, ours, theirs in zip(_FIELDS, astuple(first), astuple(second), strict=True)
        if ours is None and theirs is not None
    }
    if first.usage is not None and second.usage is not None:
        usage = _merge_usage(first.usage, second.usage)
        if usage is not first.usage:
            found["usage"] = usage
    if first.role is SpanRole.OTHER and second.role not in (None, SpanRole.OTHER):
        found["role"] = second.role
    if second.content_off and not first.content_off:
        found["content_off"] = True
    if second.truncated and not first.truncated:
        found["truncated"] = True
    if second.awaits:
        found["awaits"] = first.awaits | second.awaits
    return msgspec.structs.replace(first, **found) if found else first


def _merge_usage(first: Usage, second: Usage) -> Usage:
    known = astuple(first)
    merged = tuple([theirs if ours is None else ours for ours, theirs in zip(known, astuple(second), strict=True)])
    return first if merged == known else Usage(**dict(zip(Usage.__struct_fields__, merged, strict=True)))


def with_fragments(reading: Reading, fragments: Iterable[Fragment]) -> Reading:
    """`reading` completed by what travelled in log records.

    Message events bring one turn each, so the fragments' messages and choices are joined in order; the span's own
    fields win where it has them.
    """
    ordered = sorted(fragments, key=lambda f: f.order)
    if not ordered:
        return reading
    joined = _EMPTY
    for fragment in ordered:
        part = fragment.reading
        joined = msgspec.structs.replace(
            merge(joined, part),
            system=_joined(joined.system, part.system),
            messages=_joined(joined.messages, part.messages),
            choices=_joined(joined.choices, part.choices),
        )
    return merge(reading, joined)


def _joined(first: tuple[Any, ...] | None, second: tuple[Any, ...] | None) -> tuple[Any, ...] | None:
    if first is None or second is None:
        return second if first is None else first
    return first + second


def assemble(dialect: str, span: SpanView, reading: Reading, documents: tuple[Document, ...]) -> Exchange:
    """The exchange that `span` stands for, with the documents that its trace retrieved before it began."""
    failed = span.status_code == STATUS_ERROR
    choices, content = _answer(reading, failed=failed)
    resource = span.resource
    return Exchange(
        trace_id=span.trace_id,
        span_id=span.span_id,
        parent_span_id=span.parent_span_id,
        dialect=dialect,
        operation=reading.operation or "chat",
        provider=reading.provider,
        request_model=reading.request_model or reading.response_model,
        response_model=reading.response_model,
        response_id=reading.response_id,
        conversation_id=reading.conversation_id,
        prompt_name=reading.prompt_name,
        prompt_version=reading.prompt_version,
        prompt_template=reading.prompt_template,
        content=content,
        truncated=reading.truncated,
        messages=_input(reading),
        choices=choices,
        tools=reading.tools,
        output_type=reading.output_type,
        output_schema=reading.output_schema,
        documents=(reading.documents or ()) + documents,
        usage=reading.usage or Usage(),
        streaming=reading.streaming,
        failed=failed,
        error_type=reading.error_type,
        service_name=_text(resource.get(gen_ai.SERVICE_NAME)),
        environment=_text(
            resource.get(gen_ai.DEPLOYMENT_ENVIRONMENT) or resource.get(gen_ai.DEPLOYMENT_ENVIRONMENT_OLD)
        ),
        start_ns=span.start_ns,
        end_ns=span.end_ns,
    )


def has_content(reading: Reading) -> bool:
    """Whether the reading carries the texts of an answered call."""
    return bool(reading.messages) and reading.choices is not None and not reading.content_off


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _input(reading: Reading) -> tuple[Message, ...]:
    messages = reading.messages or ()
    if not reading.system:
        return messages
    given = {m.text for m in messages if m.role in ("system", "developer")}
    return tuple(m for m in reading.system if m.text not in given) + messages


def _answer(reading: Reading, *, failed: bool) -> tuple[tuple[Choice, ...], Content]:
    """Choices and content state, by the order: failed, content off, empty answer, unknown."""
    choices = reading.choices or ()
    if choices and reading.finish_reasons:
        choices = tuple([_with_finish(c, _at(reading.finish_reasons, i)) for i, c in enumerate(choices)])
    if reading.content_off or (not reading.messages and not any(_says(c) for c in choices)):
        bare = choices or tuple(_choice(f) for f in reading.finish_reasons or ())
        return bare, Content.OFF
    if choices:
        return choices, Content.PRESENT
    answered = bool(reading.finish_reasons) or bool(reading.usage and reading.usage.output_tokens)
    if answered and not failed:
        return tuple(_choice(f) for f in reading.finish_reasons or (None,)), Content.PRESENT
    return (), Content.UNKNOWN


def _says(choice: Choice) -> bool:
    message = choice.message
    return bool(message.text or message.tool_calls or message.reasoning or message.media)


def _choice(finish_reason: str | None) -> Choice:
    return Choice(message=Message(role="assistant"), finish_reason=finish_reason)


def _at(values: tuple[str, ...] | None, index: int) -> str | None:
    return values[index] if values and index < len(values) else None


def _with_finish(choice: Choice, other: str | None) -> Choice:
    """`choice` with the more telling of its own finish reason and the span's: a bad one beats `stop`."""
    own = choice.finish_reason
    if other is None or other == own or (own is not None and _SEVERITY.get(other, 0) <= _SEVERITY.get(own, 0)):
        return choice
    if choice.message.tool_calls and other == "stop":
        other = "tool_call"
    return Choice(message=choice.message, finish_reason=other)
