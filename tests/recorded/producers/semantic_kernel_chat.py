"""Semantic Kernel's own instrumentation of its chat completion service."""

import asyncio
import logging

from exporting import OPENAI_URL, logger_provider, recorded, surviving, tracer_provider
from openai import AsyncOpenAI
from opentelemetry.sdk._logs import LoggingHandler
from scenarios import next_departure as departure
from semantic_kernel import Kernel
from semantic_kernel.connectors.ai.function_choice_behavior import FunctionChoiceBehavior
from semantic_kernel.connectors.ai.open_ai import OpenAIChatCompletion, OpenAIChatPromptExecutionSettings
from semantic_kernel.contents import ChatHistory
from semantic_kernel.functions import kernel_function

tracer_provider()
logging.getLogger().addHandler(LoggingHandler(logger_provider=logger_provider()))
logging.getLogger("semantic_kernel").setLevel(logging.INFO)


class Timetable:
    """A plug-in with one function."""

    @kernel_function(name="next_departure", description="The next departure to a harbour.")
    def next_departure(self, harbour: str) -> str:
        """The next departure to a harbour."""
        return departure(harbour)


async def converse(chat, scenario) -> None:
    """One conversation."""
    kernel = Kernel()
    settings = OpenAIChatPromptExecutionSettings(max_tokens=200)
    if scenario.tools:
        kernel.add_plugin(Timetable(), "timetable")
        settings.function_choice_behavior = FunctionChoiceBehavior.Auto()
    history = ChatHistory(system_message=scenario.system_with_notes)
    for role, text in (*scenario.history, ("user", scenario.question)):
        history.add_message({"role": role, "content": text})
    if scenario.stream:
        async for _ in chat.get_streaming_chat_message_contents(history, settings, kernel=kernel):
            pass
    else:
        await chat.get_chat_message_contents(history, settings, kernel=kernel)


async def main() -> None:
    """All scenarios in one event loop, as the client's connections want it."""
    openai = AsyncOpenAI(base_url=OPENAI_URL, api_key="scripted", max_retries=0)
    chat = OpenAIChatCompletion(ai_model_id="gpt-4o-mini", async_client=openai)
    for scenario in recorded({"stream", "empty", "errors", "history"}):
        with surviving(scenario):
            await converse(chat, scenario)


asyncio.run(main())
