"""JSON bytes as values, with the two faults forgiven that senders of good faith commit.

A byte order mark may stand before the text. And a surrogate that is escaped without its other half, as JavaScript
writes it when it cuts a text through an emoji, becomes the replacement character: JSON's grammar allows
it, UTF-8 cannot carry it, and refusing it would cost the sender the whole body. Called by `otlp.json` and by the door
of `/v1/decide`.
"""

import re
from typing import Any, Final

import msgspec

from otel_evals.records.errors import DecodeError

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_SURROGATE: Final = re.compile(
    # From the first backslash of a run, past those that escape each other: then pairs, or one half alone.
    rb"(?<!\\)((?:\\\\)*+)"
    rb"(?:((?:\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})++)|\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)
_REPLACEMENT: Final = rb"\ufffd"


def parse_json(body: bytes) -> Any:
    """The value that `body` encodes. Raises DecodeError and nothing else."""
    try:
        try:
            return _parse(body)
        except msgspec.DecodeError:
            mended = _SURROGATE.sub(_whole, body.removeprefix(_BYTE_ORDER_MARK))
            if mended == body:
                raise
            return _parse(mended)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise DecodeError(f"not valid JSON: {error}") from error


_parse: Final = msgspec.json.Decoder().decode


def _whole(match: "re.Match[bytes]") -> bytes:
    return match[0] if match[2] else match[1] + _REPLACEMENT
