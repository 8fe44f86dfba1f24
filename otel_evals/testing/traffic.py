"""Traffic of known truth, to find out whether what is sampled and judged speaks for all of it.

Calls of a support assistant, a few of which the inline checks flag: the shares and pass rates are those under which the
plain mean of judged spans is farthest from the truth, as it is in practice. Whether an answer is good stands in a
marker in its text that the scripted judge reads and nobody else. Used by the simulation over the wire, as a test and as
a benchmark; `sampled` reads what came of it.
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from random import Random
from typing import Any, Final

import msgspec
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from otel_evals.forward.redaction import redact
from otel_evals.records.exchange import Choice, Exchange, Message
from otel_evals.records.judging import JudgeCase
from otel_evals.rubrics.question import ask
from otel_evals.rubrics.rubric import Rubric
from otel_evals.semconv import gen_ai
from otel_evals.testing.builders import chat_attributes, make_span, traces_body
from otel_evals.testing.judge_script import JudgeBehaviour, passes

OLD, NEW = "v1", "v2"
"""Versions of the prompt: the new one appears half-way."""
_CALL, _REQUEST = 1, 2
_NONCE: Final = "0" * 16
"""Any: the scripted judge's verdict does not depend on it."""
_MAX_CHARS: Final = 24_000
_TOWNS: Final = ("Porto", "Leeds", "Ghent", "Turku", "Graz", "Lyon", "Bilbao", "Aarhus", "Krakow", "Bari")
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")


class Kind(StrEnum):
    """What is remarkable about a call."""

    CUT = "cut"
    """The answer ends in the middle: band high."""
    LEAK = "leak"
    """The answer gives away a mail address: band high."""
    LOOP = "loop"
    """The answer repeats itself: band medium."""
    REFUSAL = "refusal"
    """The answer refuses: it fails a check, but is no risk."""
    PLAIN = "plain"
    """Nothing."""


_SHARES: Final = {Kind.CUT: 0.04, Kind.LEAK: 0.04, Kind.LOOP: 0.05, Kind.REFUSAL: 0.05, Kind.PLAIN: 0.82}
_CANARY: Final = 0.26
"""Share of the new version once it is there; half of that over all."""
_FLAGGED, _LOOPING, _RELEASED, _USUAL = 0.45, 0.70, 0.78, 0.90
"""Shares of truly good answers."""


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One model call, alone in its trace or above the plain span of its request to the model."""

    number: int
    """From 1; trace and span ids follow from it."""
    kind: Kind
    version: str
    good: bool
    """Whether the answer is truly good."""
    question: str
    answer: str

    @property
    def key(self) -> tuple[bytes, bytes]:
        """Trace and span id of the call."""
        return self.number.to_bytes(16, "big"), _CALL.to_bytes(8, "big")

    @property
    def has_request(self) -> bool:
        """Whether a plain span of a request stands below it."""
        return self.number % 4 == 0

    @property
    def keys(self) -> list[tuple[bytes, bytes]]:
        """Trace and span ids of all spans of its trace."""
        trace_id, span_id = self.key
        more = [(trace_id, _REQUEST.to_bytes(8, "big"))] if self.has_request else []
        return [(trace_id, span_id), *more]

    def spans(self) -> Iterator[Span]:
        """The spans of its trace."""
        more: dict[str, Any] = {gen_ai.PROMPT_NAME: "support", gen_ai.PROMPT_VERSION: self.version}
        finish = "length" if self.kind is Kind.CUT else "stop"
        attributes = chat_attributes(self.question, self.answer, finish=finish) | more
        yield make_span(attributes, trace=self.number, span=_CALL, name="chat")
        if self.has_request:
            yield make_span(
                {"http.request.method": "POST"}, trace=self.number, span=_REQUEST, parent=_CALL, name="POST"
            )

    def verdict(self, rubric: Rubric, behaviour: JudgeBehaviour) -> bool:
        """Whether the scripted judge passes it, asked or not. `rubric` reads nothing but question and answer."""
        exchange = Exchange(
            messages=(Message(role="user", text=self.question),),
            choices=(Choice(message=Message(role="assistant", text=self.answer)),),
        )
        question = ask(rubric, JudgeCase(exchange=exchange), nonce=_NONCE, max_chars=_MAX_CHARS, redact=redact)
        return passes(question.user, behaviour)


def calls(count: int, seed: int = 1) -> list[Call]:
    """So many calls, in the order in which they happen; the same for the same seed."""
    rng = Random(seed)  # noqa: S311 - reproducible, no secret
    kinds, shares = list(_SHARES), list(_SHARES.values())
    return [_call(rng, n, rng.choices(kinds, shares)[0], is_late=2 * n > count) for n in range(1, count + 1)]


def bodies(sent: Sequence[Call], batch: int) -> Iterator[bytes]:
    """Request bodies of `batch` calls each."""
    for first in range(0, len(sent), batch):
        yield traces_body(*(span for call in sent[first : first + batch] for span in call.spans()))


def _call(rng: Random, number: int, kind: Kind, *, is_late: bool) -> Call:
    version = NEW if is_late and rng.random() < _CANARY else OLD
    good = rng.random() < _pass_rate(kind, version)
    order, town, day = 10_000 + number, rng.choice(_TOWNS), rng.choice(_DAYS)
    said = {
        Kind.CUT: f"Order {order} left {town} on {day} and is now on its way to the",
        Kind.LEAK: f"Order {order} left {town} on {day}. Write to martha.{order}@example.org for more.",
        Kind.LOOP: f"Order {order} left {town} on {day}, please have patience. " * 8,
        Kind.REFUSAL: f"I'm sorry, but I can't help with order {order}.",
        Kind.PLAIN: f"Order {order} left {town} on {day} and arrives within two days.",
    }[kind]
    return Call(
        number=number,
        kind=kind,
        version=version,
        good=good,
        question=f"Where is my order {order}, and when does it arrive?",
        answer=f"{said} [truth:{'pass' if good else 'fail'}]",
    )


def _pass_rate(kind: Kind, version: str) -> float:
    if kind in (Kind.CUT, Kind.LEAK):
        return _FLAGGED
    if kind is Kind.LOOP:
        return _LOOPING
    return _RELEASED if version == NEW else _USUAL
