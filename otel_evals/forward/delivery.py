"""One attempt to get several request bodies to a next hop in as few requests as possible.

Serialised Export requests concatenate, so bodies that wait together go as one. A refusal for good is narrowed down
until only the bodies that deserve it bear it, and a body that is too large is cut until its pieces fit.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import msgspec

from otel_evals.forward import ledger
from otel_evals.forward.answer import Answer, Verdict
from otel_evals.otlp.split import split
from otel_evals.records.errors import DecodeError

Call = Callable[[bytes], Awaitable[Answer]]


class Part(msgspec.Struct, frozen=True):
    """One body and how many items it holds."""

    body: bytes
    items: int


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one part."""

    answer: Answer
    dropped: dict[str, int] = {}
    """Items of a delivered part that the next hop does not have, by reason."""
    shared: bool = False
    """Whether `dropped` is this part's share of a loss that cannot be attributed to one of several parts."""


class Delivery:
    """Delivers to one next hop. `limit`: bytes of one request."""

    def __init__(self, call: Call, limit: int) -> None:
        self._call = call
        self._limit = limit

    async def deliver(self, parts: Sequence[Part]) -> list[Outcome]:
        """What came of each part, in order."""
        body = parts[0].body if len(parts) == 1 else b"".join([part.body for part in parts])
        if len(body) > self._limit:
            answer = Answer(verdict=Verdict.TOO_LARGE, code="max_request", message=f"more than {self._limit} bytes")
        else:
            answer = await self._call(body)
        if answer.verdict is Verdict.DELIVERED:
            return _delivered(parts, answer)
        if answer.verdict not in (Verdict.REFUSED, Verdict.TOO_LARGE):
            return [Outcome(answer=answer)] * len(parts)
        if len(parts) > 1:
            middle = len(parts) // 2
            return [*await self.deliver(parts[:middle]), *await self.deliver(parts[middle:])]
        if answer.verdict is Verdict.TOO_LARGE:
            return [await self._deliver_halves(parts[0], answer)]
        return [Outcome(answer=answer)]

    async def _deliver_halves(self, part: Part, answer: Answer) -> Outcome:
        try:
            halves = split(part.body)
        except DecodeError:
            halves = None
        if halves is None:
            return Outcome(
                answer=Answer(verdict=Verdict.DELIVERED, code=answer.code, message="an item is too large"),
                dropped={ledger.TOO_LARGE: part.items},
            )
        left, right = halves
        left_items = round(part.items * left.items / (left.items + right.items))
        parts = (Part(left.body, left_items), Part(right.body, part.items - left_items))
        return _joined([(half, (await self.deliver([half]))[0]) for half in parts])


def _delivered(parts: Sequence[Part], answer: Answer) -> list[Outcome]:
    if not answer.rejected:
        return [Outcome(answer=answer)] * len(parts)
    left = answer.rejected
    outcomes: list[Outcome] = []
    for part in parts:
        share = min(left, part.items)
        left -= share
        dropped = {ledger.PARTIAL_SUCCESS: share} if share else {}
        outcomes.append(Outcome(answer=answer, dropped=dropped, shared=len(parts) > 1))
    return outcomes


_GRAVEST_FIRST: Final = (Verdict.RETRY, Verdict.DENIED, Verdict.UNSUPPORTED, Verdict.DELIVERED, Verdict.REFUSED)


def _joined(halves: list[tuple[Part, Outcome]]) -> Outcome:
    """The outcome of a body from those of its halves. What may succeed later makes the whole come again."""
    gravest = min((outcome.answer for _, outcome in halves), key=lambda answer: _GRAVEST_FIRST.index(answer.verdict))
    if gravest.verdict is not Verdict.DELIVERED:
        return Outcome(answer=gravest)
    dropped: Counter[str] = Counter()
    messages: list[str] = []
    for part, outcome in halves:
        dropped.update({ledger.REFUSED: part.items} if outcome.answer.verdict is Verdict.REFUSED else outcome.dropped)
        messages.append(outcome.answer.message)
    message = next((m for m in messages if m), "")
    return Outcome(answer=Answer(verdict=Verdict.DELIVERED, code=gravest.code, message=message), dropped=dict(dropped))
