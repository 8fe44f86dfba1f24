"""Langfuse's own OpenAI client, with a retriever that it observes and a prompt name and version."""

import os

import chat_client
from exporting import ENDPOINT, recorded
from scenarios import NOTES

os.environ |= {"LANGFUSE_HOST": ENDPOINT, "LANGFUSE_PUBLIC_KEY": "pk-scripted", "LANGFUSE_SECRET_KEY": "sk-scripted"}

from langfuse import get_client, observe
from langfuse.openai import OpenAI

openai = chat_client.client(OpenAI)
langfuse = get_client()


@observe(as_type="retriever")
def search_notes(question: str, wanted: tuple[str, ...]) -> list[dict[str, str]]:
    """The notes that answer a question."""
    return [{"id": note, "content": NOTES[note]} for note in wanted]


@observe(capture_input=False)
def desk(scenario) -> None:
    """One question at the desk."""
    if scenario.notes:
        search_notes(scenario.question, scenario.notes)
    chat_client.converse(openai, scenario)


for scenario in recorded(flush=langfuse.flush):
    desk(scenario)
