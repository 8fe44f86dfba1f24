"""What a scripted language model says, independent of the vendor whose API carries it.

A script is a list of rules: text that occurs in the request → replies, one after the other. `ModelServer` serves it;
the recorded bodies, and every test that needs a model or a judge at the other end of a socket, are made with it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec

Finish = Literal["stop", "length", "tool_calls", "content_filter"]
"""Why the model stopped, in the words of OpenAI's chat completions; the other APIs get their own word for it."""

Api = Literal["openai.chat", "openai.responses", "openai.embeddings", "anthropic.messages", "gemini.generate_content"]
"""The API that a request came by."""


class ToolUse(msgspec.Struct, frozen=True, kw_only=True):
    """A tool that the model asks for."""

    name: str
    arguments: str
    """JSON text, passed on as it stands: broken JSON is a scenario too."""


class ModelReply(msgspec.Struct, frozen=True, kw_only=True):
    """One answer of the model, or one refusal of its server."""

    text: str = ""
    tools: tuple[ToolUse, ...] = ()
    finish: Finish = "stop"
    """`tool_calls` is said by itself when `tools` are asked for."""
    model: str | None = None
    """The answering model; None = the requested one with a snapshot date, as vendors do."""
    input_tokens: int | None = None
    """None = the number of words in the request."""
    output_tokens: int | None = None
    """None = the number of words in the answer."""
    status: int = 200
    """An HTTP status of 400 and above refuses the call."""
    message: str = ""
    """Why it was refused."""
    retry_after: float | None = None
    """Seconds in the header Retry-After."""
    delay: float = 0.0
    """Seconds before the answer begins."""
    raw: bytes | None = None
    """Answer with these bytes instead of any API's shape."""

    @property
    def reason(self) -> Finish:
        """The finish reason that is told."""
        return "tool_calls" if self.tools and self.finish == "stop" else self.finish


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """What to reply to requests that hold a text."""

    when: str
    """Text in the request. When the texts of several rules occur, the one that occurs last decides: of a dialogue, the
    newest turn."""
    replies: tuple[ModelReply, ...]
    """Given one after the other; the last one stays."""


class Served(msgspec.Struct, frozen=True, kw_only=True):
    """One call as it was served."""

    api: Api
    request: Mapping[str, Any]
    """The body as it came; `model` is filled from the path where the API has it there."""
    stream: bool
    reply: ModelReply
    when: str | None
    """Text of the rule that decided; None = the default."""
    response_id: str
    response_model: str
    input_tokens: int
    output_tokens: int

    def chunks(self) -> Sequence[str]:
        """The answer in the pieces of a stream: a few words each."""
        words = self.reply.text.split(" ")
        groups = [" ".join(words[start : start + 4]) for start in range(0, len(words), 4)]
        return [group + " " for group in groups[:-1]] + groups[-1:] if self.reply.text else []

    def calls(self) -> Iterator[tuple[str, ToolUse]]:
        """The tools asked for, each with the id of the call."""
        for number, tool in enumerate(self.reply.tools):
            yield f"call_{self.response_id[-4:]}_{number}", tool


class Script:
    """Chooses the replies."""

    def __init__(self, rules: Sequence[Rule], default: ModelReply) -> None:
        self._rules = [(rule, list(rule.replies)) for rule in rules]
        self._default = default

    def choose(self, request_text: str) -> tuple[str | None, ModelReply]:
        """The next reply to a request, with the text of its rule."""
        found = [(at, rule, left) for rule, left in self._rules if (at := request_text.rfind(rule.when)) >= 0]
        if not found:
            return None, self._default
        _, rule, left = max(found, key=lambda hit: hit[0])
        return rule.when, left.pop(0) if len(left) > 1 else left[0]
