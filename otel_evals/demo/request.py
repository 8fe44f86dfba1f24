"""One request of a customer as the application works on it, before anybody has written it down as spans."""

from collections.abc import Mapping
from typing import Any

import msgspec

from otel_evals.records.exchange import Choice, Document, Message, ToolCall, ToolDefinition


class Retrieval(msgspec.Struct, frozen=True, kw_only=True):
    """The application looked into its knowledge base. Durations of all steps are seconds."""

    query: str
    documents: tuple[Document, ...]
    seconds: float


class ModelCall(msgspec.Struct, frozen=True, kw_only=True):
    """The application asked the model."""

    messages: tuple[Message, ...]
    """The instructions first, as role `system`."""
    choice: Choice
    seconds: float
    tools: tuple[ToolDefinition, ...] = ()
    output_schema: Mapping[str, Any] | None = None


class ToolRun(msgspec.Struct, frozen=True, kw_only=True):
    """The application ran a tool that the model had asked for."""

    call: ToolCall
    result: str
    seconds: float


Step = Retrieval | ModelCall | ToolRun


class AppRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that happened for one request."""

    route: str
    agent: str
    provider: str
    model: str
    answered_by: str
    """The model's name in the response: more exact than the one that was asked for."""
    prompt_name: str
    prompt_version: str
    conversation: str
    steps: tuple[Step, ...]
    flaw: str | None = None
    """The name of the check that this request was made for to fail; None when all went well."""

    @property
    def calls(self) -> int:
        """Number of model calls."""
        return sum(isinstance(step, ModelCall) for step in self.steps)


_NS = 1_000_000_000
_AROUND_NS = 12_000_000
"""What the application itself takes before, between and after its steps."""


class Timed(msgspec.Struct, frozen=True, kw_only=True):
    """A step with its times, ns since the epoch."""

    step: Step
    start_ns: int
    end_ns: int


def timeline(request: AppRequest, end_ns: int) -> tuple[int, list[Timed]]:
    """When the request began, and its steps one after the other, if it ended at `end_ns`."""
    length = sum(int(step.seconds * _NS) + _AROUND_NS for step in request.steps) + _AROUND_NS
    start = now = end_ns - length
    timed: list[Timed] = []
    for step in request.steps:
        begin = now + _AROUND_NS
        now = begin + int(step.seconds * _NS)
        timed.append(Timed(step=step, start_ns=begin, end_ns=now))
    return start, timed
