"""JSON that arrived in an attribute: usually whole, sometimes cut by an SDK's attribute length limit.

A cut value does not parse. What stands before the cut is still worth reading, but its end is not the model's: every
reader here says whether it had to salvage. Called by the readers of `messages` and by dialects.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

import msgspec

_decode: Final = msgspec.json.Decoder().decode
_MAX_DEPTH: Final = 256
"""Nesting that a salvage follows; a deeper text is not worth it."""

_TOKEN: Final = re.compile(
    r"""[ \t\r\n]*+(?:(?P<open>[\[{])|(?P<close>[\]}])|(?P<string>"(?:[^"\\]++|\\.)*+")|(?P<comma>,)|(?P<colon>:)"""
    r"""|(?P<literal>[^\s\[\]{},:"]++)|(?P<cut>".*+))""",
    re.DOTALL,
)
_BROKEN_ESCAPE: Final = re.compile(r"\\(?:u[0-9a-fA-F]{0,3})?$")
_HALF_PAIR: Final = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}$")


def parse(text: str) -> tuple[Any, bool]:
    """The value that `text` encodes, and whether it had to be salvaged from a text that was cut.

    Nothing readable gives `(None, True)`. NaN and infinities, which some writers produce, read as None.
    """
    try:
        return _decode(text), False
    except (msgspec.DecodeError, UnicodeEncodeError):
        pass
    except RecursionError:
        return None, True
    value, whole = _plain(text)
    return (value, False) if whole else (_salvage(text), True)


def decoded(value: Any) -> Any:
    """`value` itself, or what it encodes when it is a string that holds whole JSON; other strings stay as they are."""
    if not isinstance(value, str):
        return value
    try:
        return _decode(value)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return value


def structure(value: Any) -> tuple[Any, bool]:
    """A list or dict from an attribute that may be typed already or be JSON text; and whether it was salvaged.

    Anything else, such as a plain sentence, gives `(None, False)`.
    """
    if isinstance(value, str):
        head = value.lstrip()[:1]
        if head not in ("[", "{"):
            return None, False
        read, cut = parse(value)
        return (read if is_structure(read) else None), cut
    return (value if is_structure(value) else None), False


def fields_of(value: Any) -> Mapping[str, Any]:
    """The map that an attribute holds, typed or as JSON text; an empty one when it holds none."""
    found, _ = structure(value)
    return cast("Mapping[str, Any]", found) if isinstance(found, dict) else {}


def items_of(value: Any) -> Sequence[Any]:
    """The list that an attribute holds, typed or as JSON text; an empty one when it holds none."""
    found, _ = structure(value)
    return cast("Sequence[Any]", found) if isinstance(found, list) else ()


def is_structure(value: Any) -> bool:
    """Whether `value` is a list or a dict."""
    return isinstance(value, list | dict)


def parsed_arguments(value: Any) -> Any:
    """The arguments of a tool call: what JSON text encodes when that is a structure, else `value` as it is."""
    if not isinstance(value, str):
        return value
    read = decoded(value)
    return read if is_structure(read) else value


def encode(value: Any) -> str:
    """`value` as compact JSON text; a string stays as it is, and None is the empty string."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    try:
        return msgspec.json.encode(value).decode()
    except (TypeError, ValueError, RecursionError, msgspec.MsgspecError):
        return str(type(value).__name__)


def _plain(text: str) -> tuple[Any, bool]:
    """What the forgiving decoder of the standard library reads: raw control characters, NaN, lone surrogates."""
    try:
        value = json.loads(text, strict=False, parse_constant=_nothing, parse_float=_finite)
        # A lone surrogate cannot be encoded later on: it becomes a replacement character here.
        return _decode(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")), True
    except (ValueError, RecursionError):
        return None, False


def _nothing(_word: str) -> None:
    return None


def _finite(number: str) -> float | None:
    value = float(number)
    return value if math.isfinite(value) else None


def _salvage(text: str) -> Any:
    """The longest beginning of `text` that closes into a value, closed."""
    closers: list[str] = []
    expects_key: list[bool] = []
    kept, kept_closers, position = 0, "", 0
    length = len(text)
    while position < length and len(closers) <= _MAX_DEPTH and (token := _TOKEN.match(text, position)):
        position = token.end()
        kind = token.lastgroup
        in_key = bool(expects_key) and expects_key[-1]
        if kind == "open":
            opened = token["open"]
            closers.append("}" if opened == "{" else "]")
            expects_key.append(opened == "{")
        elif kind == "close":
            if not closers or token["close"] != closers[-1]:
                break
            closers.pop()
            expects_key.pop()
        elif kind == "cut":
            if not in_key:
                return _closed(_without_half_escape(token["cut"], text[: token.start("cut")]), closers)
            break
        elif kind == "comma":
            if expects_key:
                expects_key[-1] = closers[-1] == "}"
            continue
        elif kind == "colon":
            if expects_key:
                expects_key[-1] = False
            continue
        elif in_key or (kind == "literal" and position == length):
            # A key without its value, or a number that may go on beyond the cut: the last whole value stands.
            continue
        kept, kept_closers = position, "".join(reversed(closers))
        if not closers:
            break
    return _plain(text[:kept] + kept_closers)[0] if kept else None


def _without_half_escape(string: str, before: str) -> str:
    string = _BROKEN_ESCAPE.sub("", string) if _odd_backslash(string) else string
    return f'{before}{_HALF_PAIR.sub("", string)}"'


def _odd_backslash(string: str) -> bool:
    """Whether the last backslash of `string` begins an escape (and is not itself escaped)."""
    at = string.rfind("\\")
    run = len(string[: at + 1]) - len(string[: at + 1].rstrip("\\"))
    return run % 2 == 1


def _closed(text: str, closers: list[str]) -> Any:
    return _plain(text + "".join(reversed(closers)))[0]
