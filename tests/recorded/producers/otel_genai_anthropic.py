"""opentelemetry-instrumentation-genai-anthropic over Anthropic's own client."""

from anthropic import Anthropic
from exporting import MODEL_URL, logger_provider, recorded, surviving, tracer_provider
from opentelemetry.instrumentation.genai.anthropic import AnthropicInstrumentor
from scenarios import DEPARTURES, next_departure

tracer_provider()
logger_provider()
AnthropicInstrumentor().instrument()
anthropic = Anthropic(base_url=MODEL_URL, api_key="scripted", max_retries=0)


def converse(scenario) -> None:
    """One conversation by the messages API."""
    turns = [{"role": role, "content": text} for role, text in (*scenario.history, ("user", scenario.question))]
    arguments = {"model": "claude-sonnet-4-5", "max_tokens": 200, "system": scenario.system_with_notes}
    if scenario.tools:
        schema = {"name": DEPARTURES["name"], "description": DEPARTURES["description"]}
        arguments["tools"] = [{**schema, "input_schema": DEPARTURES["parameters"]}]
    if scenario.stream:
        with anthropic.messages.stream(messages=turns, **arguments) as stream:
            for _ in stream.text_stream:
                pass
        return
    answer = anthropic.messages.create(messages=turns, **arguments)
    if scenario.tools and scenario.runs_tools:
        results = [
            {"type": "tool_result", "tool_use_id": block.id, "content": next_departure(**block.input)}
            for block in answer.content
            if block.type == "tool_use"
        ]
        asked = {"role": "assistant", "content": [block.model_dump(exclude_none=True) for block in answer.content]}
        anthropic.messages.create(messages=[*turns, asked, {"role": "user", "content": results}], **arguments)


for scenario in recorded({"tools", "raw_tools", "stream", "empty", "errors", "history"}):
    with surviving(scenario):
        converse(scenario)
