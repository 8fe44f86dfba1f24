"""How a question becomes the body of a request: two interfaces, three ways to ask for the answer's form."""

import json
from collections.abc import Mapping
from typing import Any, Final

from otel_evals.judges.capabilities import Capabilities, Form
from otel_evals.judges.settings import Api, ModelSettings
from otel_evals.rubrics.question import Question

PATHS: Final = {Api.CHAT: "/chat/completions", Api.RESPONSES: "/responses"}
_ONLY_CHAT: Final = frozenset({"seed"})


def parameters(api: Api, model: ModelSettings, known: Capabilities) -> dict[str, Any]:
    """The parameters of a request beside its question, without those that the endpoint refused."""
    wanted: dict[str, Any] = dict(model.parameters)
    if model.send_parameters:
        fixed = {"temperature": model.temperature, "seed": model.seed}
        wanted |= {name: value for name, value in fixed.items() if value is not None}
    if known.length_field is not None:
        wanted[known.length_field] = model.max_output_tokens
    if api is Api.RESPONSES:
        wanted = {name: value for name, value in wanted.items() if name not in _ONLY_CHAT} | {"store": False}
    return {name: value for name, value in wanted.items() if name not in known.refused}


def body(api: Api, question: Question, model: str, form: Form, given: Mapping[str, Any]) -> dict[str, Any]:
    """The request of `question` to `model` in `form`, with the parameters `given`."""
    system = f"{question.system}\n\n{_in_words(question.schema)}" if form is Form.TEXT else question.system
    if api is Api.CHAT:
        messages = [{"role": "system", "content": system}, {"role": "user", "content": question.user}]
        return {"model": model, "messages": messages, **given, **_chat_form(question, form)}
    return {"model": model, "instructions": system, "input": question.user, **given, **_responses_form(question, form)}


def _chat_form(question: Question, form: Form) -> dict[str, Any]:
    name, schema = question.tool_name, question.schema
    if form is Form.SCHEMA:
        schema_format = {"name": name, "schema": schema, "strict": True}
        return {"response_format": {"type": "json_schema", "json_schema": schema_format}}
    if form is Form.TOOL:
        function = {"name": name, "parameters": schema}
        return {
            "tools": [{"type": "function", "function": function}],
            "tool_choice": {"type": "function", "function": {"name": name}},
        }
    return {}


def _responses_form(question: Question, form: Form) -> dict[str, Any]:
    name, schema = question.tool_name, question.schema
    if form is Form.SCHEMA:
        return {"text": {"format": {"type": "json_schema", "name": name, "schema": schema, "strict": True}}}
    if form is Form.TOOL:
        return {
            "tools": [{"type": "function", "name": name, "parameters": schema, "strict": True}],
            "tool_choice": {"type": "function", "name": name},
        }
    return {}


def _in_words(schema: Mapping[str, Any]) -> str:
    return f"Answer with exactly one JSON object and nothing else. Its JSON Schema: {json.dumps(schema)}"
