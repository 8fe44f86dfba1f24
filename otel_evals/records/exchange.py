"""One GenAI call in normal form: what was asked, with which context and tools, and what came back.

Every dialect ends here, every check and judge starts here. Texts are decoded, roles, providers, models and finish
reasons are normalised; what the application wrote stays on its span.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import msgspec


class Content(StrEnum):
    """Whether the texts of a call are known."""

    PRESENT = "present"
    OFF = "off"
    """The producer does not capture content: only facts about the call are known."""
    UNKNOWN = "unknown"
    """The input is there but nothing says what was answered, or whether anything was."""


class ToolCall(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One tool call that the model asked for. `arguments` is a parsed object, or the text as the model wrote it."""

    name: str
    arguments: Any = None
    id: str | None = None


class ToolResult(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a tool returned, as text (JSON for structured results)."""

    text: str
    id: str | None = None
    name: str | None = None


class ToolDefinition(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A tool that the model was offered. `parameters` is a JSON Schema, None where the wire does not carry it."""

    name: str
    description: str = ""
    parameters: Mapping[str, Any] | None = None


class Document(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A retrieved passage. Scores are the retriever's own: they may be negative and are not comparable."""

    text: str
    id: str | None = None
    score: float | None = None


class Message(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One turn: its text parts joined by newlines, beside the tool traffic and the kinds of parts without text."""

    role: str
    """`system`, `user`, `assistant` or `tool`; any other word of a producer is kept."""
    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_results: tuple[ToolResult, ...] = ()
    reasoning: str = ""
    media: tuple[str, ...] = ()
    """Modality of each part that has no text (`image`, `audio`, `file`, …)."""


class Choice(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One answer of the model (more than one when n > 1)."""

    message: Message
    finish_reason: str | None = None
    """`stop`, `length`, `tool_call`, `content_filter`, `error`; None when unknown (never a failure)."""


class Usage(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Tokens as the provider billed them; input includes cached tokens. None = not on the wire."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    reasoning_tokens: int | None = None


class Exchange(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One GenAI call in normal form."""

    trace_id: bytes = b""
    span_id: bytes = b""
    parent_span_id: bytes = b""
    dialect: str = ""
    operation: str = "chat"
    """`chat`, `text_completion`, `generate_content` or `invoke_agent`."""
    provider: str | None = None
    request_model: str | None = None
    response_model: str | None = None
    response_id: str | None = None
    conversation_id: str | None = None
    prompt_name: str | None = None
    prompt_version: str | None = None
    prompt_template: str | None = None
    content: Content = Content.PRESENT
    truncated: bool = False
    """A producer's limit cut a text on its way here: its end is not the model's."""
    messages: tuple[Message, ...] = ()
    """The input in order; system instructions come first, as role `system`."""
    choices: tuple[Choice, ...] = ()
    tools: tuple[ToolDefinition, ...] | None = None
    """None = the wire does not say which tools were offered; () = it says that there were none."""
    output_type: str | None = None
    """`json` when structured output was asked for; None when unknown (`text` on the wire is not trusted)."""
    output_schema: Mapping[str, Any] | None = None
    documents: tuple[Document, ...] = ()
    """What retriever spans of the same trace returned before this call began."""
    usage: Usage = Usage()
    streaming: bool | None = None
    failed: bool = False
    """The call itself failed (span status error): no answer is expected."""
    error_type: str | None = None
    service_name: str | None = None
    environment: str | None = None
    """`deployment.environment.name` of the application."""
    start_ns: int = 0
    end_ns: int = 0
