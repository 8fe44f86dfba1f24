"""Strands Agents' own instrumentation, newest conventions."""

from exporting import OPENAI_URL, recorded, surviving, tracer_provider
from scenarios import next_departure as departure

tracer_provider()
from strands import Agent, tool  # noqa: E402 - after the instrumentation, as in an application
from strands.models.openai import OpenAIModel  # noqa: E402 - after the instrumentation, as in an application

model = OpenAIModel(
    client_args={"base_url": OPENAI_URL, "api_key": "scripted", "max_retries": 0},
    model_id="gpt-4o-mini",
    params={"max_tokens": 200},
)


@tool
def next_departure(harbour: str) -> str:
    """The next departure to a harbour."""
    return departure(harbour)


for scenario in recorded({"tools", "empty", "history"}):
    with surviving(scenario):
        agent = Agent(
            model=model,
            name="desk",
            system_prompt=scenario.system_with_notes,
            tools=[next_departure] if scenario.tools else [],
            messages=[{"role": role, "content": [{"text": text}]} for role, text in scenario.history],
            callback_handler=None,
        )
        agent(scenario.question)
