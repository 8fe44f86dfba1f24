"""Makes a request readable whose texts are not all UTF-8, so that the content policy can still clean it.

A text that was cut inside a character is enough. The protobuf runtime refuses
them whole; here each stray byte becomes a question mark, so that no length in the body changes. Called by `content`.
"""

import re
from typing import Any, Final

from google.protobuf.descriptor import FieldDescriptor

from otel_evals.otlp.frame import read_varint, skip_field

_STRAY: Final = re.compile("[\udc80-\udcff]")
_LENGTH_DELIMITED: Final = 2


def mend_texts(descriptor: Any, body: bytes) -> bytes:
    """`body`, an encoded message of the type `descriptor`, with a `?` for each byte of a text that is not UTF-8.

    Raises:
        DecodeError: the body is broken beyond its texts.
    """
    mended = bytearray(body)
    messages: list[tuple[Any, int, int]] = [(descriptor, 0, len(body))]
    while messages:
        descriptor, at, end = messages.pop()
        while at < end:
            tag, payload = read_varint(body, at, end)
            at = skip_field(body, payload, end, tag)
            field = descriptor.fields_by_number.get(tag >> 3)
            if field is None or tag & 7 != _LENGTH_DELIMITED:
                continue
            start = read_varint(body, payload, end)[1]
            if field.type == FieldDescriptor.TYPE_STRING:
                text = body[start:at].decode("utf-8", "surrogateescape")
                mended[start:at] = _STRAY.sub("?", text).encode()
            elif field.type == FieldDescriptor.TYPE_MESSAGE:
                messages.append((field.message_type, start, at))
    return bytes(mended)
