"""A decision in flight: the exchange as an application hands it over before it answers its user, and our answer."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec

from otel_evals.engine.evaluation import Evaluation, Evaluator
from otel_evals.records.exchange import (
    Choice,
    Document,
    Exchange,
    Message,
    ToolCall,
    ToolDefinition,
    ToolResult,
)


class AskedMessage(msgspec.Struct, kw_only=True):
    """One turn, in the shape that chat APIs use."""

    role: str
    content: Any = None
    """Text, or a list of parts of which the text ones count."""
    tool_calls: list[dict[str, Any]] | None = None
    tool_call_id: str | None = None
    name: str | None = None


class Question(msgspec.Struct, kw_only=True):
    """`POST /v1/decide`: the call as far as it is known."""

    messages: list[AskedMessage]
    output: str = ""
    documents: list[str | dict[str, Any]] | None = None
    tools: list[dict[str, Any]] | None = None
    tool_calls: list[dict[str, Any]] | None = None
    schema: dict[str, Any] | None = None
    model: str | None = None
    prompt: str | dict[str, Any] | None = None
    """Name of the prompt, or `{name, version}`."""
    finish_reason: str | None = None


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
    """The question in normal form."""
    name, version = _prompt(question.prompt)
    return Exchange(
        request_model=question.model,
        prompt_name=name,
        prompt_version=version,
        messages=tuple(_message(m) for m in question.messages),
        choices=(
            Choice(
                message=Message(role="assistant", text=question.output, tool_calls=_calls(question.tool_calls)),
                finish_reason=question.finish_reason,
            ),
        ),
        tools=None if question.tools is None else tuple(_tool(t) for t in question.tools),
        output_type=None if question.schema is None else "json",
        output_schema=question.schema,
        documents=tuple(_document(d) for d in question.documents or ()),
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


def failed_open(reason: str) -> Answer:
    """The answer when no decision can be made: nothing is held against the application's own answer."""
    return Answer(band="low", route="pass", reasons=(), results=(), versions={}, decided=False, error=reason)


def _results(evaluation: Evaluation) -> Sequence[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": r.name, "label": r.label.value, "score": r.score, "explanation": r.explanation}
        for r in evaluation.results
    ]
    return [*found, *({"name": f.name, "error": f.error_type} for f in evaluation.failures)]


def _message(asked: AskedMessage) -> Message:
    text = _text(asked.content)
    if asked.role == "tool":
        return Message(role="tool", tool_results=(ToolResult(text=text, id=asked.tool_call_id, name=asked.name),))
    return Message(role=asked.role, text=text, tool_calls=_calls(asked.tool_calls))


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    parts = cast("list[Any]", content) if isinstance(content, list) else []
    texts = (cast("dict[str, Any]", p).get("text") for p in parts if isinstance(p, dict))
    return "\n".join(t for t in texts if isinstance(t, str))


def _calls(calls: Sequence[Mapping[str, Any]] | None) -> tuple[ToolCall, ...]:
    flat = (_flat(c) for c in calls or ())
    return tuple(
        ToolCall(name=str(c.get("name") or ""), arguments=c.get("arguments"), id=_optional(c.get("id"))) for c in flat
    )


def _tool(tool: Mapping[str, Any]) -> ToolDefinition:
    flat = _flat(tool)
    parameters = flat.get("parameters", flat.get("input_schema"))
    return ToolDefinition(
        name=str(flat.get("name") or ""),
        description=str(flat.get("description") or ""),
        parameters=cast("dict[str, Any]", parameters) if isinstance(parameters, dict) else None,
    )


def _flat(nested: Mapping[str, Any]) -> Mapping[str, Any]:
    """`{"type": "function", "function": {…}}` as `{…}`, the id kept."""
    inner = nested.get("function")
    return {**nested, **cast("dict[str, Any]", inner)} if isinstance(inner, dict) else nested


def _document(document: str | Mapping[str, Any]) -> Document:
    if isinstance(document, str):
        return Document(text=document)
    text = next((document[k] for k in ("text", "content", "page_content") if isinstance(document.get(k), str)), "")
    return Document(text=text, id=_optional(document.get("id")))


def _prompt(prompt: str | Mapping[str, Any] | None) -> tuple[str | None, str | None]:
    if prompt is None or isinstance(prompt, str):
        return prompt, None
    return _optional(prompt.get("name")), _optional(prompt.get("version"))


def _optional(value: object) -> str | None:
    return None if value is None else str(value)
