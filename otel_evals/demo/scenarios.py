"""What the invented shop knows and says, as typed records read from `scenarios.yaml`."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec


class Topic(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One article of the knowledge base with a question that it answers."""

    id: str
    language: str
    text: str
    question: str
    answer: str
    invented: str
    """An answer that goes beyond the article."""
    english: str | None = None
    """The answer in English, for topics in another language."""
    plain: str | None = None
    """A question in the article's own words, so that a refusal is plainly wrong."""


class Phrases(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What customers and assistants say in one language."""

    refusal: str
    pushback: str


class Ticket(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A customer's message with the right way to sort it."""

    text: str
    category: str
    priority: str
    summary: str


class Tool(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A tool of the order desk; `parameters` is a JSON Schema."""

    name: str
    description: str
    parameters: Mapping[str, Any]


class Scenarios(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that the file holds."""

    instructions: Mapping[str, Mapping[str, str]]
    """Prompt name → version → text."""
    triage_schema: Mapping[str, Any]
    tools: tuple[Tool, ...]
    tickets: tuple[Ticket, ...]
    injections: tuple[str, ...]
    phrases: Mapping[str, Phrases]
    topics: tuple[Topic, ...]


@cache
def scenarios() -> Scenarios:
    """The bundled scenarios."""
    raw = files("otel_evals.demo").joinpath("scenarios.yaml").read_bytes()
    return msgspec.yaml.decode(raw, type=Scenarios)
