"""OpenInference: the span kind says what a span is, flat indexed keys hold the messages.

Written by the OpenInference instrumentors (OpenAI, Anthropic, LangChain, LlamaIndex, LiteLLM, OpenAI Agents, CrewAI,
DSPy, Haystack, Google GenAI, Bedrock, …) and by frameworks that follow them. The whole request and response stand again
in `input.value` and `output.value`, as JSON, as a sentence, or (LlamaIndex) as Python representations; they are asked
only for what the flat keys lack.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

import msgspec

from otel_evals.messages.failure import error_type
from otel_evals.messages.json_schema import read_format
from otel_evals.messages.jsons import decoded, structure
from otel_evals.messages.normal import finish_reason, model, provider, text, tokens, version
from otel_evals.messages.openinference_documents import read_retrieved
from otel_evals.messages.openinference_facts import Body, Parameters, read_body, read_parameters
from otel_evals.messages.openinference_turns import read_turns
from otel_evals.messages.rows import Row, read_rows
from otel_evals.messages.shapes import fields_of
from otel_evals.messages.vendor_message import folded
from otel_evals.messages.vendor_request import Request, read_request
from otel_evals.messages.vendor_response import Response, choice_of, read_response
from otel_evals.messages.vendor_tools import read_vendor_tools
from otel_evals.plugins.signs import Signs
from otel_evals.records.exchange import Choice, Message, ToolDefinition, Usage
from otel_evals.records.reading import Fragment, Reading, SpanRole
from otel_evals.records.span import STATUS_ERROR, Attributes, LogView, SpanView
from otel_evals.semconv import gen_ai
from otel_evals.semconv.vendors import OpenInference as Key

_ROLES: Final = {
    "LLM": SpanRole.MODEL_CALL, "AGENT": SpanRole.AGENT, "TOOL": SpanRole.TOOL, "RETRIEVER": SpanRole.RETRIEVAL,
    "RERANKER": SpanRole.RETRIEVAL, "EMBEDDING": SpanRole.EMBEDDING, "CHAIN": SpanRole.WRAPPER,
    "PROMPT": SpanRole.WRAPPER, "UNKNOWN": SpanRole.WRAPPER, "GUARDRAIL": SpanRole.OTHER, "EVALUATOR": SpanRole.OTHER,
    "DECISION": SpanRole.OTHER,
}  # fmt: skip
_ENDED_WELL: Final = frozenset({"", "stop"})
_STREAMED: Final = "First Token Stream Event"
_PREFIXES: Final = (Key.INPUT_MESSAGES, Key.OUTPUT_MESSAGES, Key.TOOLS, Key.PROMPTS, Key.CHOICES)
_ANSWERED_BY: Final = (".openai", ".anthropic")
"""Ends of the scopes whose `llm.model_name` is the model that answered, on every call that was answered."""


class OpenInference:
    """Reads spans that carry `openinference.span.kind`."""

    id: ClassVar[str] = "openinference"
    markers: ClassVar[tuple[bytes, ...]] = (b"openinference.",)
    signs: ClassVar[Signs] = Signs(keys=frozenset((Key.SPAN_KIND,)))

    def detect(self, span: SpanView) -> bool:
        """Whether the span states its OpenInference kind."""
        return Key.SPAN_KIND in span.attributes

    def read(self, span: SpanView) -> Reading:
        """The call, agent or retrieval that the span says it is; wrappers give their role and template only."""
        kind = span.attributes.get(Key.SPAN_KIND)
        role = _ROLES.get(kind.upper(), SpanRole.WRAPPER) if isinstance(kind, str) else SpanRole.WRAPPER
        if role is SpanRole.MODEL_CALL:
            return _read_call(span)
        if role is SpanRole.AGENT:
            return _read_agent(span)
        if role is SpanRole.RETRIEVAL:
            return _reading(span, role, documents=read_retrieved(span.attributes))
        if role is SpanRole.EMBEDDING:
            return _reading(span, role, request_model=model(span.attributes.get(Key.EMBEDDING_MODEL_NAME))[1])
        return _reading(span, role)

    def read_log(self, record: LogView) -> Fragment | None:  # noqa: ARG002 - the protocol's signature
        """Nothing: OpenInference writes no log records."""
        return None


def _reading(span: SpanView, role: SpanRole, **found: Any) -> Reading:
    attributes = span.attributes
    return Reading(
        role=role,
        conversation_id=text(attributes.get(gen_ai.SESSION_ID)),
        prompt_name=text(attributes.get(Key.PROMPT_ID)),
        prompt_version=version(attributes.get(Key.TEMPLATE_VERSION)),
        prompt_template=text(attributes.get(Key.TEMPLATE)),
        **found,
    )


def _read_call(span: SpanView) -> Reading:
    attributes = span.attributes
    inputs, outputs, tools, prompts, completions = read_rows(attributes, _PREFIXES)
    sent, sent_off = read_turns(inputs, "user")
    said, said_off = read_turns(outputs, "assistant")
    usage = _usage(attributes)
    finish = attributes.get(Key.FINISH_REASON)
    evident = bool(sent or said) or usage is not None or finish is not None
    raw_in, raw_out = attributes.get(Key.INPUT_VALUE), attributes.get(Key.OUTPUT_VALUE)
    request = Request() if sent else _old_prompts(prompts) or read_request(raw_in)
    if not evident and _is_imitation(span, request):
        return _reading(span, SpanRole.WRAPPER)
    failed = span.status_code == STATUS_ERROR
    parameters, body = read_parameters(attributes.get(Key.PARAMETERS)), read_body(raw_out)
    choices = _choices(said, finish, body)
    response = Response()
    if choices is None:
        response = _old_choices(completions) or (Response() if failed else read_response(raw_out))
        choices = response.choices
    if failed and choices is not None and not any(c.message.text or c.message.tool_calls for c in choices):
        choices = None
    reasons = _reasons(choices, finish, body)
    output_type, output_schema = _format(parameters, request)
    asked, answered = _models(span, parameters, body, response)
    return Reading(
        role=SpanRole.MODEL_CALL,
        conversation_id=text(attributes.get(gen_ai.SESSION_ID)),
        prompt_name=text(attributes.get(Key.PROMPT_ID)),
        prompt_version=version(attributes.get(Key.TEMPLATE_VERSION)),
        prompt_template=text(attributes.get(Key.TEMPLATE)),
        operation="text_completion" if prompts else "chat",
        provider=_provider(attributes, asked),
        request_model=model(asked)[1],
        response_model=model(answered)[1],
        response_id=response.id or (body.answered_id if body is not None else None),
        messages=sent or request.messages,
        system=None if sent else request.system,
        choices=choices if choices is None or not any(reasons) else _with_reasons(choices, reasons),
        finish_reasons=reasons if any(reasons) else None,
        tools=_tools(tools, parameters, request),
        output_type=output_type,
        output_schema=output_schema,
        usage=usage or response.usage,
        streaming=_streaming(span, parameters, request),
        error_type=error_type(span),
        content_off=sent_off or said_off or request.off or response.off,
        truncated=request.truncated or response.truncated,
    )


def _read_agent(span: SpanView) -> Reading:
    """An agent's own task and answer: all that there is when the calls below it are not traced (CrewAI)."""
    attributes = span.attributes
    raw_in, raw_out = attributes.get(Key.INPUT_VALUE), attributes.get(Key.OUTPUT_VALUE)
    request, response = read_request(raw_in), Response()
    messages = request.messages
    if span.status_code != STATUS_ERROR:
        response = read_response(raw_out)
        state = read_request({"messages": fields_of(decoded(raw_out)).get("messages")}).messages or ()
        if state and state[-1].role == "assistant":
            # The state that an agent returns ends with its answer; what came before is what it was asked.
            state = state[:-1]
        messages = state or messages
    return _reading(
        span,
        SpanRole.AGENT,
        messages=messages or None,
        system=request.system,
        choices=response.choices,
        error_type=error_type(span),
        content_off=request.off or response.off,
        truncated=request.truncated or response.truncated,
    )


def _is_imitation(span: SpanView, request: Request) -> bool:
    """Whether a span of kind LLM only prepares a call: no messages, no counts, no reason why it ended.

    Haystack's prompt builder and LlamaIndex' `predict` show it by their template, LlamaIndex' other helpers by inputs
    that are no request.
    """
    if Key.TEMPLATE in span.attributes:
        return True
    return span.scope_name.endswith(".llama_index") and not request.chat


def _choices(said: tuple[Message, ...], finish: Any, body: Body | None) -> tuple[Choice, ...] | None:
    if not said:
        return None
    if len(said) > 1 and body is not None and body.in_items:
        whole = folded(said)
        said = (whole,) if whole is not None else said
    words = body.words if body is not None else ()
    if len(words) != len(said):
        words = (finish,) * len(said)
    return tuple([choice_of(message, word) for message, word in zip(said, words, strict=True)])


def _reasons(choices: tuple[Choice, ...] | None, finish: Any, body: Body | None) -> tuple[str, ...]:
    """One normal reason a choice. The body knows better than a reason that only says that the call ended well."""
    own = tuple([choice.finish_reason or "" for choice in choices or ()])
    if not _ENDED_WELL.issuperset(own):
        return own
    word = finish_reason(finish)
    if word in (None, "stop") and body is not None:
        word = finish_reason(body.word) or word
    return own if word is None else (word,) * (len(own) or 1)


def _with_reasons(choices: tuple[Choice, ...], reasons: tuple[str, ...]) -> tuple[Choice, ...]:
    pairs = zip(choices, reasons, strict=True)
    return tuple([c if c.finish_reason == r else msgspec.structs.replace(c, finish_reason=r or None) for c, r in pairs])


def _models(span: SpanView, asked_with: Parameters, body: Body | None, response: Response) -> tuple[Any, Any]:
    """The model that was asked for and the one that answered, as they stand on the wire."""
    attributes = span.attributes
    name = text(attributes.get(Key.MODEL_NAME))
    own, echoed = asked_with.named, asked_with.echoed
    asked = text(attributes.get(gen_ai.REQUEST_MODEL)) or text(attributes.get(Key.REQUEST_MODEL_NAME))
    asked = asked or (None if echoed else own) or _metadata_model(attributes) or _input_model(attributes)
    answered = text(attributes.get(gen_ai.RESPONSE_MODEL)) or text(attributes.get(Key.RESPONSE_MODEL_NAME))
    if answered is None and body is not None:
        answered = body.answered_by
    answered = answered or response.model or (own if echoed else None)
    if answered is None and name is not None and span.status_code != STATUS_ERROR:
        differs = model(name)[1] != model(asked)[1]
        answered = name if asked is not None and (differs or span.scope_name.endswith(_ANSWERED_BY)) else None
    return asked or name, answered


def _metadata_model(attributes: Attributes) -> str | None:
    metadata = attributes.get(Key.METADATA)
    if isinstance(metadata, str) and "ls_model_name" in metadata:
        return text(fields_of(decoded(metadata)).get("ls_model_name"))
    return None


def _input_model(attributes: Attributes) -> str | None:
    value = attributes.get(Key.INPUT_VALUE)
    if isinstance(value, str) and value[:1] == "{" and '"model"' in value:
        raw, _ = structure(value)
        return text(fields_of(raw).get("model"))
    return None


def _provider(attributes: Attributes, asked: Any) -> str | None:
    return (
        provider(attributes.get(Key.PROVIDER))
        or model(asked)[0]
        or provider(attributes.get(Key.SYSTEM))
        or provider(attributes.get(gen_ai.PROVIDER_NAME))
    )


def _format(parameters: Parameters, request: Request) -> tuple[str | None, Mapping[str, Any] | None]:
    found = read_format(asked) if (asked := parameters.format_wishes) else (None, None)
    return found if found[0] else (request.output_type, request.output_schema)


def _tools(rows: list[Row], parameters: Parameters, request: Request) -> tuple[ToolDefinition, ...] | None:
    if rows:
        return read_vendor_tools([_definition(row) for row in rows])
    return read_vendor_tools(parameters.tools) if parameters.tools is not None else request.tools


def _definition(row: Row) -> Any:
    """What a row declares: the vendor's whole definition, or the bare schema of the parameters beside the name."""
    whole = row.get("tool.json_schema")
    if whole and "tool.name" in row:
        fields = fields_of(decoded(whole))
        return _declared(row) if "properties" in fields or fields.get("type") == "object" else whole
    return whole or _declared(row)


def _declared(row: Row) -> dict[str, Any]:
    return {field.removeprefix("tool."): value for field, value in row.items()}


def _streaming(span: SpanView, parameters: Parameters, request: Request) -> bool | None:
    if parameters.stream is True or request.streaming:
        return True
    return True if span.events and any(event.name == _STREAMED for event in span.events) else None


def _usage(attributes: Attributes) -> Usage | None:
    spent, made = tokens(attributes.get(Key.TOKENS_IN)), tokens(attributes.get(Key.TOKENS_OUT))
    if spent is None and made is None:
        return None
    return Usage(
        input_tokens=spent,
        output_tokens=made,
        cache_read_tokens=tokens(attributes.get(Key.TOKENS_CACHED)),
        reasoning_tokens=tokens(attributes.get(Key.TOKENS_REASONING)),
    )


def _old_prompts(rows: list[Row]) -> Request | None:
    texts = [said for row in rows if isinstance(said := row.get("prompt.text"), str)]
    return Request(messages=tuple(Message(role="user", text=said) for said in texts), chat=True) if texts else None


def _old_choices(rows: list[Row]) -> Response | None:
    texts = [said for row in rows if isinstance(said := row.get("completion.text"), str)]
    choices = tuple(Choice(message=Message(role="assistant", text=said)) for said in texts)
    return Response(choices=choices) if choices else None
