"""Verdicts on equal questions, kept in memory within a bound: least recently used goes first.

Keyed by the judge's version and a hash of what it was asked, so that a changed rubric or model never finds an old one.
A hit is marked `cached`, cost nothing and took no tokens.
"""

import hashlib
import sys
from collections import OrderedDict
from typing import Final

import msgspec

from otel_evals.records.exchange import Usage
from otel_evals.records.judging import Verdict

_RECORD_BYTES: Final = 700
"""Of a verdict, its key and its place, without the explanation: measured with tracemalloc (CPython 3.11: 680)."""
_NO_TOKENS: Final = Usage(input_tokens=0, output_tokens=0)

CacheKey = bytes


def cache_key(version: str, *texts: str) -> CacheKey:
    """Key of a question's texts to the judge of `version`. Take the nonce out of them first."""
    digest = hashlib.sha256()
    for part in (version, *texts):
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.digest()


class VerdictCache:
    """At most `max_bytes` of verdicts; 0 keeps none."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._kept: OrderedDict[CacheKey, tuple[Verdict, int]] = OrderedDict()
        self.bytes = 0
        """Estimated size of what is kept."""

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: CacheKey) -> Verdict | None:
        """The verdict on an equal question, marked as cached and free; None when there is none."""
        found = self._kept.get(key)
        if found is None:
            return None
        self._kept.move_to_end(key)
        return msgspec.structs.replace(found[0], cached=True, cost=0.0, usage=_NO_TOKENS, duration=0.0)

    def put(self, key: CacheKey, verdict: Verdict) -> None:
        """Keep a verdict, and let go of the oldest that no longer fit."""
        size = _RECORD_BYTES + sys.getsizeof(verdict.explanation)
        if size > self._max_bytes:
            return
        if (old := self._kept.pop(key, None)) is not None:
            self.bytes -= old[1]
        self._kept[key] = (verdict, size)
        self.bytes += size
        while self.bytes > self._max_bytes:
            _, (_, gone) = self._kept.popitem(last=False)
            self.bytes -= gone
