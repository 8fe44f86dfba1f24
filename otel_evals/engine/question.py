"""A decision in flight: the exchange as an application hands it over before it answers its user, and our answer."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

import msgspec

from otel_evals.engine.evaluation import Evaluation, Evaluator
from otel_evals.messages import normal
from otel_evals.messages.documents import read_document
from otel_evals.messages.genai import choice
from otel_evals.messages.parts import MessageReader
from otel_evals.messages.vendor_message import read_vendor_message
from otel_evals.messages.vendor_tools import read_vendor_tools
from otel_evals.records.exchange import Exchange, Message, ToolCall

_LOG: Final = logging.getLogger(__name__)
_NESTED_CALL: Final = ("toolUse", "functionCall", "function_call", "custom")
"""Where Bedrock, Gemini and OpenAI's custom tools put the call."""


class AskedMessage(msgspec.Struct, kw_only=True):
    """One turn, in the shape that chat APIs and frameworks use; all that a span's messages may say is read here too."""

    role: str
    content: Any = None
    """Text, or a list of parts."""
    parts: Any = None
    text: Any = None
    tool_calls: Any = None
    function_call: Any = None
    tool_call_id: str | None = None
    name: str | None = None
    refusal: str | None = None


class Question(msgspec.Struct, kw_only=True):
    """`POST /v1/decide`: the call as far as it is known."""

    messages: list[AskedMessage]
    output: str = ""
    documents: list[str | dict[str, Any]] | None = None
    tools: list[Any] | None = None
    """Definitions as OpenAI, Anthropic, Gemini, Bedrock, MCP or the AI SDK spell them."""
    tool_calls: list[dict[str, Any]] | None = None
    """The calls as any of those spells them."""
    schema: dict[str, Any] | None = None
    model: str | None = None
    prompt: str | dict[str, Any] | None = None
    """Name of the prompt, or `{name, version}`."""
    finish_reason: Any = None
    """The provider's word, whatever its spelling; one that is unknown says nothing."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided."""

    band: str
    route: str
    reasons: tuple[str, ...]
    results: tuple[dict[str, Any], ...]
    versions: dict[str, str]
    """Version of each check that ran."""
    decided: bool = True
    """False when the decision could not be made and the answer fails open: band low, route pass, no results."""
    error: str | None = None


def exchange_of(question: Question) -> Exchange:
    """The question in normal form, read by the readers that the hop's dialects use."""
    name, version = _prompt(question.prompt)
    provider, model = normal.model(question.model)
    turns = (read_vendor_message(_written(m), "user") for m in question.messages)
    said = Message(role="assistant", text=question.output, tool_calls=_calls(question.tool_calls or ()))
    documents = (read_document(d) for d in question.documents or ())
    return Exchange(
        provider=provider,
        request_model=model,
        prompt_name=name,
        prompt_version=version,
        messages=tuple(turn[0] for turn in turns if turn is not None),
        choices=(choice(said, normal.finish_reason(question.finish_reason)),),
        tools=read_vendor_tools(question.tools),
        output_type=None if question.schema is None else "json",
        output_schema=question.schema,
        documents=tuple(d for d in documents if d is not None),
    )


def answer(evaluator: Evaluator, question: Question) -> Answer:
    """The decision on a question, by the same checks and rules as the hop."""
    evaluation = evaluator.evaluate(exchange_of(question))
    decision = evaluation.decision
    return Answer(
        band=decision.band.value,
        route=decision.route.value,
        reasons=decision.reasons,
        results=tuple(_results(evaluation)),
        versions={c.check.name: c.version for c in evaluator.checks},
    )


def answer_to(evaluator: Evaluator | None, asked: Mapping[str, Any]) -> Answer:
    """The decision on what an application sent, whatever it is. Raises nothing: what cannot be decided fails open."""
    if evaluator is None:
        return failed_open("every check is switched off")
    try:
        return answer(evaluator, msgspec.convert(asked, Question, from_attributes=True))
    except Exception as error:  # noqa: BLE001 - stage boundary: the application's answer must never fail because of ours
        _LOG.warning("no decision could be made: %s", type(error).__name__)
        return failed_open(f"{type(error).__name__}: {error}")


def failed_open(reason: str) -> Answer:
    """The answer when no decision can be made: nothing is held against the application's own answer."""
    return Answer(band="low", route="pass", reasons=(), results=(), versions={}, decided=False, error=reason)


def _results(evaluation: Evaluation) -> Sequence[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": r.name, "label": r.label.value, "score": r.score, "explanation": r.explanation}
        for r in evaluation.results
    ]
    return [*found, *({"name": f.name, "error": f.error_type} for f in evaluation.failures)]


def _written(asked: AskedMessage) -> dict[str, Any]:
    return {key: value for key, value in msgspec.structs.asdict(asked).items() if value is not None}


def _calls(calls: Sequence[Mapping[str, Any]]) -> tuple[ToolCall, ...]:
    reader = MessageReader("assistant")
    for call in calls:
        inner = next((cast("dict[str, Any]", call[k]) for k in _NESTED_CALL if isinstance(call.get(k), dict)), call)
        reader.add_call({**call, **inner})
    return tuple(reader.calls)


def _prompt(prompt: str | Mapping[str, Any] | None) -> tuple[str | None, str | None]:
    if prompt is None or isinstance(prompt, str):
        return prompt, None
    return _optional(prompt.get("name")), _optional(prompt.get("version"))


def _optional(value: object) -> str | None:
    return None if value is None else str(value)
