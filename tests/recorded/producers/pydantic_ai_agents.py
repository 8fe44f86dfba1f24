"""Pydantic AI's own instrumentation; `off` leaves the content out."""

import asyncio

from exporting import MODE, OPENAI_URL, recorded, surviving, tracer_provider
from openai import AsyncOpenAI
from pydantic_ai import Agent, InstrumentationSettings
from pydantic_ai.messages import ModelRequest, ModelResponse, TextPart, UserPromptPart
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider
from scenarios import next_departure

Agent.instrument_all(InstrumentationSettings(tracer_provider=tracer_provider(), include_content=MODE != "off"))
openai = AsyncOpenAI(base_url=OPENAI_URL, api_key="scripted", max_retries=0)
model = OpenAIChatModel("gpt-4o-mini", provider=OpenAIProvider(openai_client=openai))


async def converse(scenario) -> None:
    """One run of an agent."""
    tools = [next_departure] if scenario.tools else []
    agent = Agent(model, name="desk", instructions=scenario.system_with_notes, tools=tools, retries=0)
    history = [
        ModelRequest(parts=[UserPromptPart(text)]) if role == "user" else ModelResponse(parts=[TextPart(text)])
        for role, text in scenario.history
    ]
    if scenario.stream:
        async with agent.run_stream(scenario.question) as result:
            async for _ in result.stream_text():
                pass
    else:
        await agent.run(scenario.question, message_history=history or None)


async def main() -> None:
    """All scenarios in one event loop, as the client's connections want it."""
    for scenario in recorded({"tools", "stream", "empty", "errors", "history"}):
        with surviving(scenario):
            await converse(scenario)


asyncio.run(main())
