"""openinference-instrumentation-autogen-agentchat."""

import asyncio

from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.messages import TextMessage
from autogen_core.models import ModelFamily
from autogen_ext.models.openai import OpenAIChatCompletionClient
from exporting import OPENAI_URL, recorded, surviving, tracer_provider
from openinference.instrumentation.autogen_agentchat import AutogenAgentChatInstrumentor
from scenarios import next_departure

AutogenAgentChatInstrumentor().instrument(tracer_provider=tracer_provider())
ABILITIES = {
    "vision": False,
    "function_calling": True,
    "json_output": True,
    "structured_output": True,
    "family": ModelFamily.GPT_4O,
}
model = OpenAIChatCompletionClient(
    model="gpt-4o-mini", base_url=OPENAI_URL, api_key="scripted", max_retries=0, model_info=ABILITIES
)


async def converse(scenario) -> None:
    """One run of an assistant."""
    agent = AssistantAgent(
        "desk",
        model_client=model,
        system_message=scenario.system_with_notes,
        tools=[next_departure] if scenario.tools else None,
        reflect_on_tool_use=bool(scenario.tools),
        model_client_stream=scenario.stream,
    )
    turns = [
        TextMessage(content=text, source="desk" if role == "assistant" else "user")
        for role, text in (*scenario.history, ("user", scenario.question))
    ]
    await agent.run(task=turns)


async def main() -> None:
    """All scenarios in one event loop, as the client's connections want it."""
    for scenario in recorded({"tools", "stream", "empty", "errors"}):
        with surviving(scenario):
            await converse(scenario)


asyncio.run(main())
