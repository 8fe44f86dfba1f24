"""A clear example of a rubric: what `judge test` puts to a judge whose answer is known beforehand."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from otel_evals.records.exchange import Choice, Document, Exchange, Message, ToolCall, ToolDefinition, ToolResult
from otel_evals.records.judging import JudgeCase, Step


class Passage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A retrieved passage."""

    text: str
    id: str | None = None


class Turn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An earlier turn of the conversation."""

    role: Literal["user", "assistant"]
    text: str


class Tool(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A tool that was offered; `parameters` is a JSON Schema."""

    name: str
    description: str = ""
    parameters: Mapping[str, Any] | None = None


class Call(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A tool call; with a `result` it was made before the answer, without one the answer asks for it."""

    name: str
    arguments: Mapping[str, Any] = {}
    result: str | None = None


class ExampleStep(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A step of an agent's run."""

    kind: Literal["model", "tool", "retrieval", "agent"]
    name: str
    input: str = ""
    output: str = ""
    failed: bool = False


class Example(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One case in the short form of a rubric's file. Everything in it is invented."""

    question: str
    answer: str = ""
    why: str
    """Why it passes or fails, for whoever reads the self-test."""
    instructions: str = ""
    conversation: tuple[Turn, ...] = ()
    documents: tuple[Passage, ...] = ()
    tools: tuple[Tool, ...] | None = None
    calls: tuple[Call, ...] = ()
    steps: tuple[ExampleStep, ...] = ()
    refused: bool = False
    reference: str | None = None

    def case(self) -> JudgeCase:
        """The example as a judge's case."""
        asked = tuple(ToolCall(name=c.name, arguments=c.arguments) for c in self.calls if c.result is None)
        exchange = Exchange(
            messages=tuple(self._messages()),
            choices=(Choice(message=Message(role="assistant", text=self.answer, tool_calls=asked)),),
            documents=tuple(Document(text=d.text, id=d.id) for d in self.documents),
            tools=None if self.tools is None else tuple(_definition(tool) for tool in self.tools),
        )
        steps = tuple(
            Step(kind=s.kind, name=s.name, input=s.input, output=s.output, failed=s.failed) for s in self.steps
        )
        return JudgeCase(exchange=exchange, steps=steps, refused=self.refused, reference=self.reference)

    def _messages(self) -> list[Message]:
        messages = [Message(role="system", text=self.instructions)] if self.instructions else []
        messages += [Message(role=turn.role, text=turn.text) for turn in self.conversation]
        messages.append(Message(role="user", text=self.question))
        for call in self.calls:
            if call.result is not None:
                made = ToolCall(name=call.name, arguments=call.arguments)
                messages.append(Message(role="assistant", tool_calls=(made,)))
                messages.append(Message(role="tool", tool_results=(ToolResult(text=call.result, name=call.name),)))
        return messages


def _definition(tool: Tool) -> ToolDefinition:
    return ToolDefinition(name=tool.name, description=tool.description, parameters=tool.parameters)
