"""Makes names from traffic fit to be written to a terminal: whoever sends spans must not move its cursor."""

import re

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def legible(text: str) -> str:
    """`text` with a replacement mark for each control character and direction mark."""
    return _CONTROL.sub("\ufffd", text)
