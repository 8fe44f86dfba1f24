"""What an endpoint's model takes: found out by its refusals, once, and remembered as long as the process lives.

Starts from the strictest way to ask (structured output by JSON Schema, all parameters) and gives up only what the
endpoint refused: schema → forced tool call → plain text; `max_tokens` → `max_completion_tokens` → none; a parameter →
none. It never goes back, so a call learns at most a handful of times.
"""

import re
from enum import StrEnum
from typing import Final

from otel_evals.judges.refusals import Refusal
from otel_evals.judges.settings import Api

_REFUSAL: Final = re.compile(
    r"unsupported|not support|no support|does not accept|doesn't accept|unrecogni[sz]ed|unknown|unexpected|"
    r"not permitted|not allowed|extra[_ ](?:forbidden|inputs|fields)|not available|not implemented|deprecated|"
    r"only the default|invalid (?:parameter|argument|schema|type|value)|not enabled",
    re.IGNORECASE,
)
_TOO_LONG: Final = re.compile(
    r"context.?(?:length|window)|too (?:long|large|many tokens)|maximum context", re.IGNORECASE
)
_REFUSING_CODES: Final = frozenset({
    "unsupported_parameter", "unsupported_value", "unknown_parameter", "invalid_function_parameters",
})  # fmt: skip
_UNSTRUCTURED: Final = 2
"""Answers in a row without structure, and none with, after which a claim of structured output is not believed."""


class Form(StrEnum):
    """How the answer's form is asked for."""

    SCHEMA = "schema"
    TOOL = "tool"
    TEXT = "text"


_WORDS: Final = {
    Form.SCHEMA: ("response_format", "json_schema", "text.format", "guided_json", "structured output"),
    Form.TOOL: ("tool_choice", "tools", "tool", "function", "functions"),
    Form.TEXT: (),
}
_NEXT: Final = {Form.SCHEMA: Form.TOOL, Form.TOOL: Form.TEXT}


class Capabilities:
    """What one model behind one endpoint takes."""

    def __init__(self, api: Api) -> None:
        self.form = Form.SCHEMA
        self.refused: set[str] = set()
        self.length_field: str | None = "max_output_tokens" if api is Api.RESPONSES else "max_tokens"
        self._unstructured: int | None = 0

    def learn(self, sent: frozenset[str], refusal: Refusal) -> bool:
        """Whether a refused request, which had the parameters `sent`, should be sent again in another form."""
        param, code, message = refusal.param, refusal.code, refusal.message
        if code == "context_length_exceeded" or _TOO_LONG.search(message):
            return False
        if code not in _REFUSING_CODES and not _REFUSAL.search(message):
            return False
        named = [name for name in sent if name == param] or [name for name in sent if _names(message, name)]
        if self.length_field in named:
            return self._other_length()
        if named:
            self.refused.update(named)
            return True
        words = _WORDS[self.form]
        if self.form in _NEXT and (param.startswith(words) or any(_names(message, word) for word in words)):
            self.form = _NEXT[self.form]
            return True
        return False

    def _other_length(self) -> bool:
        self.length_field = "max_completion_tokens" if self.length_field == "max_tokens" else None
        return True

    def answered(self, *, structured: bool) -> None:
        """A good answer came, an object or not. Some endpoints take a schema and ignore it."""
        if structured:
            self._unstructured = None
        elif self._unstructured is not None and self.form in _NEXT:
            self._unstructured += 1
            if self._unstructured >= _UNSTRUCTURED:
                self.form = _NEXT[self.form]
                self._unstructured = 0


def _names(message: str, word: str) -> bool:
    return re.search(rf"(?<![\w.]){re.escape(word)}(?!\w)", message) is not None
