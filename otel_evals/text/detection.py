"""What a detector found: a kind and a place, and the two forms of the value that may be looked at.

Shared by the detectors of personal data and of credentials, by the checks that report them and by redaction.
"""

from typing import Final

import msgspec

_BESIDES: Final = "".join(c for c in map(chr, range(128)) if not c.isalnum()).encode()
"""The characters of ASCII that are neither letters nor digits."""


class Detection(msgspec.Struct, frozen=True):
    """One piece of sensitive text: `text[start:end]`, of `kind` (`e-mail`, `payment card`, `AWS access key`, …)."""

    kind: str
    start: int
    end: int


def bare(text: str) -> str:
    """Letters and digits of `text` in lower case: two spellings of one number are equal in this form."""
    if text.isascii():  # many times quicker, and whole conversations come here
        return text.encode().translate(None, _BESIDES).decode().lower()
    return "".join(filter(str.isalnum, text)).lower()


def masked(value: str) -> str:
    """A form of a found value that tells a reader which one it is without giving it away.

    An e-mail keeps the first letter, anything that ends in digits keeps the last two, the rest is withheld.
    """
    if "@" in value:
        return f"{value[0]}…@…"
    return f"…{value[-2:]}" if value[-2:].isdigit() else "…"


def summary(text: str, found: list[Detection]) -> str:
    """Every kind with its count and the masked form of its first value: `e-mail (j…@…), IBAN (…55)`."""
    kinds: dict[str, list[Detection]] = {}
    for detection in found:
        kinds.setdefault(detection.kind, []).append(detection)
    return ", ".join(
        f"{kind}{f' ×{len(group)}' if len(group) > 1 else ''} ({masked(text[group[0].start : group[0].end])})"  # noqa: RUF001 - the sign is meant
        for kind, group in kinds.items()
    )


def disjoint(found: list[Detection]) -> list[Detection]:
    """The detections in order of place, overlapping ones reduced to the earliest and longest."""
    kept: list[Detection] = []
    for detection in sorted(found, key=lambda d: (d.start, -d.end)):
        if not kept or detection.start >= kept[-1].end:
            kept.append(detection)
    return kept
