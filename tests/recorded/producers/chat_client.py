"""The scenarios through OpenAI's own client: what all producers that instrument this client have in common."""

import json
from collections.abc import Callable

from exporting import OPENAI_URL, surviving
from scenarios import DEPARTURES, Scenario, next_departure

MODEL = "gpt-4o-mini"


def client(make: Callable | None = None):
    """An OpenAI client that does not retry; `make` is an instrumented twin of its class."""
    if make is None:
        from openai import OpenAI as make  # noqa: N813, PLC0415 - a class to be made
    return make(base_url=OPENAI_URL, api_key="scripted", max_retries=0)


def converse(openai, scenario: Scenario, **options: object) -> None:
    """One scenario by chat completions; `options` go to every call."""
    with surviving(scenario):
        messages = list(scenario.messages)
        arguments: dict[str, object] = {"model": MODEL, "max_tokens": 200, "temperature": 0.2, **options}
        if scenario.json:
            arguments["response_format"] = {"type": "json_object"}
        if scenario.tools:
            arguments["tools"] = [{"type": "function", "function": DEPARTURES}]
        if scenario.stream:
            stream = openai.chat.completions.create(
                messages=messages, stream=True, stream_options={"include_usage": True}, **arguments
            )
            for _ in stream:
                pass
            return
        answer = openai.chat.completions.create(messages=messages, **arguments).choices[0].message
        if scenario.tools and scenario.runs_tools:
            messages.append(answer.model_dump(exclude_none=True))
            for call in answer.tool_calls:
                result = next_departure(**json.loads(call.function.arguments))
                messages.append({"role": "tool", "tool_call_id": call.id, "content": result})
            openai.chat.completions.create(messages=messages, **arguments)


def respond(openai, scenario: Scenario) -> None:
    """One scenario by the responses API."""
    with surviving(scenario):
        turns = [{"role": role, "content": text} for role, text in (*scenario.history, ("user", scenario.question))]
        arguments: dict[str, object] = {"model": MODEL, "instructions": scenario.system_with_notes}
        if scenario.json:
            arguments["text"] = {"format": {"type": "json_object"}}
        if scenario.tools:
            arguments["tools"] = [{"type": "function", "strict": True, **DEPARTURES}]
        if scenario.stream:
            for _ in openai.responses.create(input=turns, stream=True, **arguments):
                pass
            return
        answer = openai.responses.create(input=turns, **arguments)
        if scenario.tools and scenario.runs_tools:
            for call in [item for item in answer.output if item.type == "function_call"]:
                result = next_departure(**json.loads(call.arguments))
                turns += [
                    call.model_dump(exclude_none=True),
                    {"type": "function_call_output", "call_id": call.call_id, "output": result},
                ]
            openai.responses.create(input=turns, **arguments)
