"""The list as pages, files and the API ask for it: one request's worth of it, with the places to go on."""

from collections.abc import AsyncGenerator
from typing import Annotated, Final

import msgspec
from fastapi import Depends, HTTPException, Path

from otel_evals_backend.context import Context
from otel_evals_backend.evaluations.conditions import resolve
from otel_evals_backend.evaluations.cursor import Cursor, decode, encode
from otel_evals_backend.evaluations.filters import Asked
from otel_evals_backend.evaluations.records import Call, Calls, Result
from otel_evals_backend.evaluations.rows import listed
from otel_evals_backend.evaluations.scan import Budget, Found, Part, Window, find
from otel_evals_backend.evaluations.seeing import blind, masked, note_seen, telling
from otel_evals_backend.evaluations.totals import InTheWay, everything, in_the_way, total
from otel_evals_backend.records import Person
from otel_evals_backend.storage.keys import DAY_NS, ids_of, span_key

PAGE: Final = 50
PATIENCE: Final = 0.12
"""Seconds that one request looks for calls: the rest of a page within 200 ms goes to telling about them."""
_HINT: Final = 0.06
_BESIDE: Final = 0.03
_FILE: Final = 500
_MOST: Final = 10_000
"""Rows of a file."""


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of the list."""

    calls: Calls
    results: tuple[tuple[Result, ...], ...]
    """Of each call, those with the worst first."""
    shown: tuple[bytes, ...]
    """The calls of which it says what people may be asked about."""
    in_the_way: tuple[InTheWay, ...] = ()
    texts_cut: bool = False


async def piece(
    context: Context,
    person: Person,
    asked: Asked,
    cursor: str,
    limit: int = PAGE,
    *,
    path: str = "",
    counting: bool = True,
) -> Piece:
    """One piece.

    Args:
        context: of the application.
        person: who asks: what they are to label blind says nothing here.
        asked: filters and range.
        cursor: where to go on; "" = at the newest.
        limit: calls.
        path: of a page that wants hints when nothing matches.
        counting: whether anybody wants to know how many there are.
    """
    at = decode(cursor, asked.digest)
    budget = Budget(context.clock, PATIENCE)
    async with context.database.read() as connection:
        hidden = await blind(context, connection, person)
        wanted = await resolve(context.database, connection, asked.filters, hidden)
        part = Part(window=Window(asked.range.from_ns, asked.range.to_ns), at=at, limit=limit)
        found = await find(connection, wanted, part, budget)
        matching = await total(connection, wanted, asked.range) if counting else None
        all_calls = msgspec.structs.replace(wanted, filters=everything(asked.filters), slices=None, empty=False)
        calls = (await total(connection, all_calls, asked.range) or 0) if counting else 0
        keys = [bytes(row.span) for row in found.rows]
        kept_back = await hidden.of(connection, keys) if hidden is not None else set[bytes]()
        told = [
            (masked(call), list[Result]()) if bytes(row.span) in kept_back else (call, every)
            for row, (call, every) in zip(found.rows, await listed(connection, found.rows, wanted), strict=True)
        ]
        hints: list[InTheWay] = []
        if path and at is None and not told and found.looked_ns is None:
            hints = await in_the_way(
                context.database, connection, asked, path, Budget(context.clock, _HINT), hidden=hidden
            )
    older, newer = _places(found, at)
    return Piece(
        calls=Calls(
            items=tuple(call for call, _ in told),
            next=encode(older, asked.digest) if older else None,
            previous=encode(newer, asked.digest) if newer else None,
            looked_ns=found.looked_ns,
            total=matching,
            calls=calls,
        ),
        results=tuple(tuple(results) for _, results in told),
        shown=tuple(key for key, (_, results) in zip(keys, told, strict=True) if telling(results)),
        in_the_way=tuple(hints),
        texts_cut=wanted.texts_cut,
    )


def _places(found: Found, at: Cursor | None) -> tuple[Cursor | None, Cursor | None]:
    """Where the older and the newer calls are."""
    reading_newer = at is not None and at.newer
    older_left = found.more if not reading_newer else at is not None
    newer_left = found.more if reading_newer else at is not None
    older = newer = None
    if older_left:
        older = _edge(found, at, newer=False)
    if newer_left:
        newer = _edge(found, at, newer=True)
    return older, newer


def _edge(found: Found, at: Cursor | None, *, newer: bool) -> Cursor | None:
    """The place behind the last row in a direction: the row, or where a search that was cut has looked."""
    reading_newer = at is not None and at.newer
    if found.looked_ns is not None and newer == reading_newer:
        key = b"\xff" * 24 if newer else bytes(24)
        return Cursor(found.looked_ns - 1 if newer else found.looked_ns, key, newer)
    if found.rows:
        row = found.rows[0 if newer else -1]
        return Cursor(row.start_ns, bytes(row.span), newer)
    return None if at is None else Cursor(at.start_ns, at.span, newer)


async def beside(
    context: Context, person: Person, asked: Asked, start_ns: int, key: bytes
) -> tuple[str | None, str | None]:
    """The calls before (newer) and behind (older) this one in the list, as `trace/span`; None at the ends."""
    found: list[str | None] = []
    async with context.database.read() as connection:
        hidden = await blind(context, connection, person)
        wanted = await resolve(context.database, connection, asked.filters, hidden)
        for newer in (True, False):
            part = Part(
                window=Window(asked.range.from_ns, max(asked.range.to_ns, start_ns + DAY_NS)),
                at=Cursor(start_ns, key, newer),
                limit=1,
            )
            rows = (await find(connection, wanted, part, Budget(context.clock, _BESIDE))).rows
            found.append("/".join(ids_of(bytes(rows[0].span))) if rows else None)
    return found[0], found[1]


async def walk(
    context: Context, person: Person, asked: Asked
) -> AsyncGenerator[tuple[Call, tuple[Result, ...]] | None]:
    """All calls of the list for a file, the newest first; None at the end says that there are more."""
    cursor, told = "", 0
    while True:
        part = await piece(context, person, asked, cursor, min(_FILE, _MOST - told), counting=False)
        await note_seen(context, person, part.shown)
        for pair in zip(part.calls.items, part.results, strict=True):
            yield pair
            told += 1
        if part.calls.next is None:
            return
        if told >= _MOST:
            yield None
            return
        cursor = part.calls.next


def key_of(
    trace_id: Annotated[str, Path(max_length=100, description="32 hex digits.")],
    span_id: Annotated[str, Path(max_length=100, description="16 hex digits.")],
) -> bytes:
    """The key of the span that an address names.

    Raises:
        HTTPException: these are no ids.
    """
    try:
        return span_key(bytes.fromhex(trace_id), bytes.fromhex(span_id))
    except ValueError as error:
        raise HTTPException(404, "a trace id has 32 hexadecimal digits, a span id 16") from error


Key = Annotated[bytes, Depends(key_of)]
"""Parameter of a route about one span."""
