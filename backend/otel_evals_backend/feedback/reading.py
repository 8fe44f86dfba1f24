"""From what an application sends to what is kept: every value checked and bounded, words as the content policy lets.

Pure. The errors are sentences for whoever writes the application.
"""

from datetime import datetime
from hashlib import sha256
from typing import Any, Final, cast

import msgspec
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from otel_evals.records.errors import DecodeError
from otel_evals.records.feedback import FeedbackSignal
from otel_evals_backend.content.policy import Policy
from otel_evals_backend.feedback.models import MOST, Edited, Given, Rated
from otel_evals_backend.ingest.bounds import text
from otel_evals_backend.keeping.arrivals import FeedbackArrival

_KNOWN: Final = ", ".join(FeedbackSignal)
_LONGEST: Final = 20_000
"""Characters of a corrected answer."""
_SEEN: Final = 4
"""Redaction sees this many times what is kept: a word that is cut in two could not be recognised."""
_MINUTE_NS: Final = 60_000_000_000
_MILLISECONDS: Final = 1e11
"""A Unix time above it is in milliseconds: as seconds it would be in the year 5138."""
_FIRST: Final = 946_684_800
"""2000-01-01: an earlier time is a mistake of units."""


class ReadSignal(msgspec.Struct, frozen=True, kw_only=True):
    """One signal, ready to be kept."""

    arrival: FeedbackArrival
    also: bytes | None = None
    """An id under which the same may have been kept a moment ago; for signals without an id of their own."""
    notes: tuple[str, ...] = ()


def parse(body: bytes) -> list[Given]:
    """The signals of a request: one object, or a list.

    Raises:
        DecodeError: it is something else; the text says what is wrong and where.
    """
    try:
        found: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DecodeError("the body is not JSON") from error
    items = cast("list[Any]", found) if isinstance(found, list) else [found]
    if not items:
        raise DecodeError("the list is empty")
    if len(items) > MOST:
        raise DecodeError(f"at most {MOST} signals in one request, not {len(items)}")
    return [_given(item, f"signal {i}: " if isinstance(found, list) else "") for i, item in enumerate(items)]


def _given(item: Any, place: str) -> Given:
    try:
        given = Given.model_validate(item)
    except ValidationError as error:
        raise DecodeError(place + _in_words(error.errors(include_url=False)[0], item)) from None
    if given.trace_id is None and given.span_id is not None:
        raise DecodeError(f"{place}span_id needs its trace_id")
    if given.trace_id is None and given.response_id is None and given.conversation_id is None:
        raise DecodeError(f"{place}say what it is about: trace_id with span_id, response_id, or conversation_id")
    if given.trace_id == "0" * 32 or given.span_id == "0" * 16:
        raise DecodeError(f"{place}an id of zeros names nothing")
    return given


def _in_words(error: ErrorDetails, item: Any) -> str:
    if not isinstance(item, dict):
        return "a signal is a JSON object"
    where = error["loc"]
    if where[:1] == ("signal",):
        return f"signal is one of {_KNOWN}"
    if error["type"] == "extra_forbidden":
        return f"{'.'.join(map(str, where))} is no field of a signal; there are {', '.join(Given.model_fields)}"
    if where[:1] == ("value",):
        return "value is a number, a text, {value, min, max} or {before_length, after_length, distance}"
    return f"{'.'.join(map(str, where))}: {error['msg']}"


class Reader:
    """Reads the signals of one process."""

    def __init__(self, policy: Policy, max_comment: int) -> None:
        self._policy = policy
        self._max_comment = max_comment

    def read(self, given: Given, *, source: str, now_ns: int, key: str | None = None) -> ReadSignal:
        """One signal as it is kept.

        Args:
            given: as it was sent.
            source: who sent it; ids of two senders never meet.
            now_ns: the time of arrival.
            key: what makes it this signal and no other, when the sender says so beside it.

        Raises:
            DecodeError: its value or time cannot be.
        """
        notes: list[str] = []
        at_ns = _time(given.at, now_ns, notes)
        value, corrected = _value(given)
        arrival = FeedbackArrival(
            id=b"",
            at_ns=at_ns,
            signal=given.signal.value,
            value=value,
            comment=self._words(given.comment, self._max_comment, "comment", notes),
            corrected=self._words(corrected, _LONGEST, "value", notes),
            trace_id=None if given.trace_id is None else bytes.fromhex(given.trace_id),
            span_id=None if given.span_id is None else bytes.fromhex(given.span_id),
            response_id=text(given.response_id, 256),
            conversation_id=text(given.conversation_id, 256),
            source=source,
        )
        named = key if key is not None else given.id
        if named is not None:
            return ReadSignal(arrival=_under(arrival, "named", source, named), notes=tuple(notes))
        says = (
            source, given.signal.value, given.trace_id, given.span_id, given.response_id, given.conversation_id,
            repr(given.value), given.comment,
        )  # fmt: skip
        if given.at is not None:
            return ReadSignal(arrival=_under(arrival, "at", at_ns, *says), notes=tuple(notes))
        minute = now_ns // _MINUTE_NS
        before = _under(arrival, "minute", minute - 1, *says).id
        return ReadSignal(arrival=_under(arrival, "minute", minute, *says), also=before, notes=tuple(notes))

    def _words(self, written: str | None, most: int, field: str, notes: list[str]) -> str | None:
        """Somebody's own words, as the content policy lets them be kept."""
        if not written or not most:
            return None
        kept = self._policy.words(text(written, most * _SEEN))
        if kept is None:
            notes.append(f"{field} is not kept: the content policy here is none")
            return None
        if len(kept) > most:
            notes.append(f"{field} is cut at {most} characters")
        return kept[:most]


def _under(arrival: FeedbackArrival, *parts: object) -> FeedbackArrival:
    digest = sha256(repr(parts).encode("utf-8", "surrogatepass")).digest()
    return msgspec.structs.replace(arrival, id=digest[:16])


def _value(given: Given) -> tuple[float | None, str | None]:
    """The number and the text that a signal's value stands for."""
    value = given.value
    match given.signal:
        case FeedbackSignal.RATING:
            if isinstance(value, Rated):
                return _on_scale(value), None
            if isinstance(value, float) and 0 <= value <= 1:
                return value, None
            raise DecodeError("value of a rating is 0 (worst) to 1, or {value, min, max}")
        case FeedbackSignal.EDIT:
            if isinstance(value, Edited):
                return _changed(value), None
            if value is None or (isinstance(value, float) and 0 <= value <= 1):
                return value, None
            raise DecodeError(
                "value of an edit is the share that was changed, 0 to 1, or {before_length, after_length, distance}"
            )
        case FeedbackSignal.CORRECTION:
            if isinstance(value, str) and value.strip():
                return None, value
            raise DecodeError("value of a correction is the text that the answer should have been")
        case _:
            if value is not None:
                raise DecodeError(f"{given.signal.value} has no value; words go into comment")
            return None, None


def _on_scale(rated: Rated) -> float:
    if rated.min == rated.max:
        raise DecodeError("value of a rating: min and max are the same")
    share = (rated.value - rated.min) / (rated.max - rated.min)
    if not 0 <= share <= 1:
        raise DecodeError("value of a rating is outside of its min and max")
    return share


def _changed(edited: Edited) -> float:
    longer = max(edited.before_length, edited.after_length)
    if not abs(edited.before_length - edited.after_length) <= edited.distance <= longer:
        raise DecodeError("value of an edit: no edit between texts of these lengths has this distance")
    return edited.distance / longer if longer else 0.0


def _time(at: float | str | None, now_ns: int, notes: list[str]) -> int:
    if at is None:
        return now_ns
    if isinstance(at, str):
        try:
            moment = datetime.fromisoformat(at)
            seconds = moment.timestamp() if moment.tzinfo is not None else None
        except (ValueError, OverflowError):
            seconds = None
        if seconds is None:
            raise DecodeError("at is written as 2026-09-21T12:00:00Z, with a zone")
    else:
        seconds = at / 1000 if abs(at) > _MILLISECONDS else at
    if seconds < _FIRST:
        raise DecodeError("at is before the year 2000: Unix time is in seconds or milliseconds")
    if seconds * 1e9 > now_ns:
        notes.append("at is in the future: the time of arrival is kept")
        return now_ns
    return int(seconds * 1e9)
