"""Google's Agent Development Kit: its own instrumentation."""

import asyncio
import os

from exporting import MODEL_URL, flush_globals, logger_provider, recorded, surviving, tracer_provider
from scenarios import next_departure

os.environ |= {"GOOGLE_API_KEY": "scripted", "GOOGLE_GEMINI_BASE_URL": MODEL_URL}
tracer_provider()
logger_provider()
from google.adk.agents import LlmAgent  # noqa: E402 - after the instrumentation, as in an application
from google.adk.runners import InMemoryRunner  # noqa: E402 - after the instrumentation, as in an application
from google.genai import types  # noqa: E402 - after the instrumentation, as in an application


async def converse(scenario) -> None:
    """One run of an agent in a session of its own."""
    agent = LlmAgent(
        model="gemini-2.5-flash",
        name="desk",
        static_instruction=scenario.system_with_notes,
        tools=[next_departure] if scenario.tools else [],
    )
    runner = InMemoryRunner(agent=agent, app_name="passenger_desk")
    session = await runner.session_service.create_session(app_name="passenger_desk", user_id="guest")
    question = types.Content(role="user", parts=[types.Part(text=scenario.question)])
    async for _ in runner.run_async(user_id="guest", session_id=session.id, new_message=question):
        pass


async def main() -> None:
    """All scenarios in one event loop, as the client's connections want it."""
    for scenario in recorded({"tools", "empty"}, flush=flush_globals):
        with surviving(scenario):
            await converse(scenario)


asyncio.run(main())
