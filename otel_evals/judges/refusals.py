"""Reads why an endpoint refused a request. What it says is for adapting to only: servers quote prompts and keys."""

from typing import Any, Final

import msgspec

_MESSAGE_CHARACTERS: Final = 4000


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of an error body, empty where it has none. Never logged and never shown."""

    param: str = ""
    code: str = ""
    message: str = ""


class _Error(msgspec.Struct):
    message: Any = None
    param: Any = None
    code: Any = None
    detail: Any = None


class _Body(msgspec.Struct):
    """OpenAI's form, and those of gateways that put their words elsewhere."""

    error: _Error | str | None = None
    message: Any = None
    detail: Any = None


def read_refusal(content: bytes) -> Refusal:
    """What the body of an answer with an error status says; any body has a reading."""
    try:
        told = msgspec.json.decode(content, type=_Body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Refusal(message=content[:_MESSAGE_CHARACTERS].decode("utf-8", "replace"))
    error = told.error if isinstance(told.error, _Error) else _Error(message=told.error)
    words = (error.message, error.detail, told.message, told.detail)
    return Refusal(
        param=str(error.param or ""),
        code=str(error.code or ""),
        message=" ".join(str(word) for word in words if word)[:_MESSAGE_CHARACTERS],
    )
