"""Memory of the spans that went by lately, so that a user's word about an answer finds them; and of words before spans.

Bounded by bytes and by age, the least recently used first. Records are kept as they are: nothing is copied or encoded
for the few of which anything is heard again. It ends with the process: a word about a span of a former run is lost.
"""

import sys
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Final, Literal

import msgspec

from otel_evals.engine.plan import Selection
from otel_evals.records.clock import Clock
from otel_evals.records.exchange import Exchange
from otel_evals.records.feedback import FeedbackSignal
from otel_evals.records.judging import JudgeCase
from otel_evals.sampling.facts import SamplingFacts

_ENTRY_BYTES: Final = 1500
"""Of a span without texts, with its place in the indexes."""
_RECORD_BYTES: Final = 300
"""Of a message, document, tool or step without texts."""
_WORDS: Final = 10_000
"""Words that wait for their spans at one time."""
_WORDS_EACH: Final = 4
"""Different signals about one answer that are kept."""

Key = tuple[bytes, bytes]
"""Trace and span id."""


class RecentSpan(msgspec.Struct, kw_only=True, eq=False):
    """One evaluated span, with all that a judge needs who comes late."""

    exchange_end_ns: int
    key: Key
    is_run: bool
    response_id: str | None
    conversation_id: str | None
    facts: SamplingFacts | None
    """None when no judge can come to it, whatever is heard."""
    case: JudgeCase | None
    resource: bytes
    where: tuple[str, ...]
    left: list[Selection]
    """Judges that have not seen it, each with the latest decision."""
    waiting: int
    """Judges for whom it waits in a reservoir."""
    signals: list[FeedbackSignal]
    """What was heard of it, each once."""
    since: float = 0.0
    size: int = 0


class RecentSpans:
    """The spans."""

    def __init__(self, max_bytes: int, window: float, clock: Clock) -> None:
        """`window`: seconds after which a span is forgotten in any case."""
        self._max_bytes = max_bytes
        self._window = window
        self._clock = clock
        self._spans: OrderedDict[Key, RecentSpan] = OrderedDict()
        self._responses: dict[str, Key] = {}
        self._conversations: dict[tuple[str, bool], Key] = {}
        self.size = 0
        """Estimate of the bytes that the spans take."""

    def __len__(self) -> int:
        """Spans that are remembered."""
        return len(self._spans)

    def add(self, span: RecentSpan) -> None:
        """Remember a span; one with the same ids is replaced."""
        if span.key in self._spans:
            self._drop(span.key)
        span.since = self._clock.monotonic()
        span.size = _size(span)
        self._spans[span.key] = span
        self.size += span.size
        if span.response_id:
            self._responses[span.response_id] = span.key
        if span.conversation_id:
            place = span.conversation_id, span.is_run
            latest = self._spans.get(self._conversations.get(place, span.key))
            if latest is None or latest.exchange_end_ns <= span.exchange_end_ns:
                self._conversations[place] = span.key
        self._forget()

    def get(self, key: Key) -> RecentSpan | None:
        """The span with these ids; it is used by that."""
        span = self._spans.get(key)
        if span is None:
            return None
        if self._clock.monotonic() - span.since > self._window:
            self._drop(key)
            return None
        self._spans.move_to_end(key)
        return span

    def of_response(self, response_id: str) -> RecentSpan | None:
        """The latest span of this response."""
        key = self._responses.get(response_id)
        return None if key is None else self.get(key)

    def of_conversation(self, conversation_id: str) -> list[RecentSpan]:
        """The latest call of a conversation and its latest run of an agent."""
        keys = [self._conversations.get((conversation_id, is_run)) for is_run in (False, True)]
        return [span for key in keys if key is not None and (span := self.get(key)) is not None]

    def _forget(self) -> None:
        oldest = self._clock.monotonic() - self._window
        while self._spans:
            key, span = next(iter(self._spans.items()))
            if self.size <= self._max_bytes and span.since >= oldest:
                return
            self._drop(key)

    def _drop(self, key: Key) -> None:
        span = self._spans.pop(key)
        self.size -= span.size
        if span.response_id and self._responses.get(span.response_id) == key:
            del self._responses[span.response_id]
        place = span.conversation_id or "", span.is_run
        if self._conversations.get(place) == key:
            del self._conversations[place]


class EarlyWord(msgspec.Struct, frozen=True):
    """What was heard about an answer whose span has not come."""

    signals: tuple[FeedbackSignal, ...]
    at_ns: int
    """When the user spoke, as the application wrote it; 0 = not said."""
    since: float


Kind = Literal["span", "response", "conversation"]


class EarlyWords:
    """The words that came before their spans. Reading one does not use it up: a request may come twice."""

    def __init__(self, window: float, clock: Clock) -> None:
        """`window`: seconds for which a word waits."""
        self._window = window
        self._clock = clock
        self._words: OrderedDict[tuple[Kind, object], EarlyWord] = OrderedDict()

    def add(self, kind: Kind, about: object, signal: FeedbackSignal, at_ns: int) -> None:
        """Keep a word."""
        now = self._clock.monotonic()
        word = self._words.pop((kind, about), None)
        signals = word.signals if word is not None else ()
        if signal not in signals:
            signals = (*signals, signal)[-_WORDS_EACH:]
        self._words[kind, about] = EarlyWord(signals, at_ns, now)
        while self._words:
            oldest = next(iter(self._words.values()))
            if len(self._words) <= _WORDS and now - oldest.since <= self._window:
                return
            self._words.popitem(last=False)

    def about(self, exchange: Exchange) -> tuple[FeedbackSignal, ...]:
        """What was said of an answer, the latest first."""
        if not self._words:
            return ()
        oldest = self._clock.monotonic() - self._window
        return tuple(
            dict.fromkeys(
                signal for word in self._said(exchange) if word.since >= oldest for signal in reversed(word.signals)
            )
        )

    def _said(self, exchange: Exchange) -> Iterator[EarlyWord]:
        found = self._words.get(("span", (exchange.trace_id, exchange.span_id)))
        if found is not None:
            yield found
        if exchange.response_id and (found := self._words.get(("response", exchange.response_id))) is not None:
            yield found
        if exchange.conversation_id:
            found = self._words.get(("conversation", exchange.conversation_id))
            # A word about a conversation is about a call that had ended by then.
            if found is not None and (not found.at_ns or exchange.end_ns <= found.at_ns):
                yield found


def _size(span: RecentSpan) -> int:
    """An estimate of what a span keeps in memory: its texts, and a flat figure for each record around them."""
    if span.case is None:
        return _ENTRY_BYTES
    exchange = span.case.exchange
    records = len(exchange.messages) + len(exchange.choices) + len(exchange.documents) + len(exchange.tools or ())
    return (
        _ENTRY_BYTES
        + len(span.resource)
        + _RECORD_BYTES * (records + len(span.case.steps))
        + sum(map(sys.getsizeof, _texts(span.case)))
    )


def _texts(case: JudgeCase) -> Iterable[str]:
    exchange = case.exchange
    for message in (*exchange.messages, *(choice.message for choice in exchange.choices)):
        yield message.text
        yield message.reasoning
        for call in message.tool_calls:
            yield call.arguments if isinstance(call.arguments, str) else repr(call.arguments)
        for result in message.tool_results:
            yield result.text
    for document in exchange.documents:
        yield document.text
    for tool in exchange.tools or ():
        yield tool.description
        yield repr(tool.parameters)
    for step in case.steps:
        yield step.input
        yield step.output
