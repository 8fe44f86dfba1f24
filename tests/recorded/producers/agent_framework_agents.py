"""Microsoft Agent Framework's own instrumentation."""

import asyncio

from agent_framework import Agent, Message
from agent_framework.observability import enable_instrumentation
from agent_framework.openai import OpenAIChatCompletionClient
from exporting import OPENAI_URL, logger_provider, recorded, surviving, tracer_provider
from openai import AsyncOpenAI
from scenarios import next_departure

tracer_provider()
logger_provider()
enable_instrumentation(enable_sensitive_data=True)
openai = AsyncOpenAI(base_url=OPENAI_URL, api_key="scripted", max_retries=0)


async def converse(scenario) -> None:
    """One run of an agent."""
    chat = OpenAIChatCompletionClient(model="gpt-4o-mini", async_client=openai)
    tools = [next_departure] if scenario.tools else None
    agent = Agent(client=chat, instructions=scenario.system_with_notes, name="desk", tools=tools)
    turns = [Message(role=role, contents=[text]) for role, text in (*scenario.history, ("user", scenario.question))]
    if scenario.stream:
        async for _ in agent.run(turns, stream=True):
            pass
    else:
        await agent.run(turns)


async def main() -> None:
    """All scenarios in one event loop, as the client's connections want it."""
    for scenario in recorded({"tools", "stream", "empty", "errors", "history"}):
        with surviving(scenario):
            await converse(scenario)


asyncio.run(main())
