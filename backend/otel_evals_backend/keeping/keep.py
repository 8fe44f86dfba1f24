"""Keeps what arrives, in the transaction of its caller: rows, sums, and what belongs together joined.

A span that is new costs one look-up; only what is known already is read. Whatever the order in which the parts of a
span come, however often and in whatever company, the tables end the same:

* the first result of an evaluator about a span stays, and so does the first span of a key; one that comes again by
  another way fills in what the first could not say (`_FILLED`), and changes nothing else;
* a result whose span has not come waits under the day that it was made on, outside the sums;
* when the span comes, all that is known of it is filed under the day that the span began on.

On PostgreSQL two processes may meet the same new span: the second then fails with `IntegrityError` (`UNIQUE`), and its
caller does the whole transaction again.
"""

from typing import Any, Final

import msgspec
from sqlalchemy import and_, bindparam, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals_backend.keeping import feedback, rollups
from otel_evals_backend.keeping.arrivals import Arrivals, ResultArrival, SpanArrival
from otel_evals_backend.keeping.contributions import Rollups, SpanState, counted, further
from otel_evals_backend.keeping.kept import JoinedSpan, Kept
from otel_evals_backend.keeping.stored import StoredSpan, known_days, load
from otel_evals_backend.storage.database import Database, put
from otel_evals_backend.storage.keys import day_of, name_key
from otel_evals_backend.storage.partitions import ensure_days
from otel_evals_backend.storage.tables import (
    contents,
    evaluators,
    known_spans,
    results,
    slices,
    spans,
    texts,
)

_FILED: Final = (results, contents)
"""Tables that may hold rows of a span that has not come: they move when it is filed anew."""
_CHANGED: Final = ("coverage", "fails", "labels")
_FILLED: Final = ("cost", "lag", "coverage")
"""What a span of a late result says and a log record does not."""


async def keep(database: Database, connection: AsyncConnection, arrivals: Arrivals, *, now_ns: int) -> Kept:
    """Keep `arrivals` and say what became newly known. `connection` is in a transaction of `database.write`."""
    batch = _Batch(arrivals)
    days = await known_days(connection, batch.heard)
    stored = await load(connection, days) if days else {}
    batch.meet(stored)
    await ensure_days(database, connection, batch.days)
    await put(connection, insert(known_spans), [{"span": k, "day": d} for k, d in sorted(batch.new_keys.items())])
    for key, (old, new) in sorted(batch.refiled.items()):
        await _refile(connection, key, old, new)
    await _insert(database, connection, batch, now_ns)
    await _update(connection, batch)
    await rollups.add(database, connection, batch.rollups)
    new = [(batch.day(span.span), span) for span, _ in batch.inserted_spans]
    said, told = await feedback.keep_feedback(database, connection, arrivals.feedback, now_ns, spans=new)
    return msgspec.structs.replace(batch.kept(), signals=said, feedback=told)


class _Batch:
    """What is to be done for one call of `keep`, worked out without the database."""

    def __init__(self, arrivals: Arrivals) -> None:
        self.spans: dict[bytes, SpanArrival] = {}
        self.results: dict[bytes, dict[int, ResultArrival]] = {}
        self.heard: dict[bytes, int] = {}
        """The span's own day, or the earliest on which anything of it was said."""
        self.rollups = Rollups()
        self.new_keys: dict[bytes, int] = {}
        self.refiled: dict[bytes, tuple[int, int]] = {}
        self.inserted_spans: list[tuple[SpanArrival, SpanState]] = []
        self.inserted_results: list[tuple[int, ResultArrival, bool]] = []
        self.changed: list[tuple[int, SpanState]] = []
        self.filled: list[tuple[int, ResultArrival]] = []
        """Results that were there, of which more is known now."""
        self.woken: list[tuple[int, bytes]] = []
        """Spans whose results waited for them."""
        self.joined: list[JoinedSpan] = []
        self.contents = arrivals.contents
        self._waiting = self._duplicates = 0
        self._days: dict[bytes, int] = {}
        self._collect(arrivals)

    def _collect(self, arrivals: Arrivals) -> None:
        heard = self.heard
        for span in arrivals.spans:
            self.spans.setdefault(span.span, span)
        for result in arrivals.results:
            of_span = self.results.setdefault(result.span, {})
            first = of_span.setdefault(result.evaluator.id, result)
            if first is not result:
                of_span[result.evaluator.id] = _completed(first, result)
                self._duplicates += 1
            _earlier(heard, result.span, result.at_ns)
        for content in arrivals.contents:
            _earlier(heard, content.span, content.start_ns)
        for key, span in self.spans.items():
            heard[key] = day_of(span.start_ns)

    @property
    def days(self) -> set[int]:
        """Every day under which something is written."""
        return set(self._days.values())

    def day(self, key: bytes) -> int:
        """The day that the span is filed under from now on."""
        return self._days[key]

    def meet(self, stored: dict[bytes, StoredSpan]) -> None:
        """Find out what is new, given what is known."""
        for key, day in self.heard.items():
            known = stored.get(key)
            if known is None:
                self.new_keys[key] = self._days[key] = day
                self._meet_new(key, day)
                continue
            filed = known.day
            if known.span is None:
                filed = day if key in self.spans else min(day, known.day)
                if filed != known.day:
                    self.refiled[key] = (known.day, filed)
            self._days[key] = filed
            self._meet_known(key, filed, known)

    def _meet_new(self, key: bytes, day: int) -> None:
        span, said = self.spans.get(key), tuple(self.results.get(key, {}).values())
        for result in said:
            self.inserted_results.append((day, result, span is not None))
        if span is None:
            self._waiting += len(said)
            return
        self._join(day, span, None, said, said, is_new=True)

    def _meet_known(self, key: bytes, day: int, known: StoredSpan) -> None:
        came = self.results.get(key, {})
        fresh = tuple(result for evaluator, result in came.items() if evaluator not in known.results)
        self._duplicates += len(came) - len(fresh)
        filled = self._fill(day, came, known)
        span = known.span or self.spans.get(key)
        for result in fresh:
            self.inserted_results.append((day, result, span is not None))
        if span is None:
            self._waiting += len(fresh)
            return
        every = (*known.results.values(), *fresh)
        if known.span is None:
            if known.results:
                self.woken.append((day, key))
            self._join(day, span, None, every, every, is_new=True)
        elif fresh or filled:
            before = SpanState(span=span, coverage=span.coverage, fails=known.fails, labels=known.labels)
            self._join(day, span, before, every, fresh, is_new=False, filled=filled)

    def _fill(
        self, day: int, came: dict[int, ResultArrival], known: StoredSpan
    ) -> tuple[tuple[ResultArrival, ResultArrival], ...]:
        """Complete the known results by those that came again: each as it was and as it is."""
        pairs = [(known.results[e], _completed(known.results[e], r)) for e, r in came.items() if e in known.results]
        filled = tuple((before, now) for before, now in pairs if now is not before)
        for _, now in filled:
            known.results[now.evaluator.id] = now
            self.filled.append((day, now))
        return filled

    def _join(
        self,
        day: int,
        span: SpanArrival,
        before: SpanState | None,
        every: tuple[ResultArrival, ...],
        fresh: tuple[ResultArrival, ...],
        *,
        is_new: bool,
        filled: tuple[tuple[ResultArrival, ResultArrival], ...] = (),
    ) -> None:
        """The span stands in the tables from now on with `every` result.

        `fresh` ones are new to it, and of the `filled` ones more is known than before.
        """
        if before is None:
            after = counted(span, span.coverage, every)
            self.inserted_spans.append((span, after))
        else:
            known = before.coverage
            for was, now in filled:
                if now.coverage is not None:
                    known = further(known, now.coverage)
                self.rollups.completed(span, was, now)
            added = counted(span, known, fresh)
            after = SpanState(
                span=span,
                coverage=added.coverage,
                fails=before.fails + added.fails,
                labels=before.labels + added.labels,
            )
            if after != before:
                self.changed.append((day, after))
        self.rollups.moved(before, after)
        for result in fresh:
            self.rollups.joined(span, result)
        now = span if after.coverage == span.coverage else msgspec.structs.replace(span, coverage=after.coverage)
        self.joined.append(JoinedSpan(span=now, day=day, is_new=is_new, results=every, fresh=fresh))

    def kept(self) -> Kept:
        """What became known."""
        return Kept(
            spans=tuple(self.joined),
            pieces=tuple({(self.day(c.span), c.span) for c in self.contents if c.part}),
            waiting=self._waiting,
            duplicates=self._duplicates,
        )


def _completed(first: ResultArrival, again: ResultArrival) -> ResultArrival:
    """`first` with what only `again` says; itself when that is nothing."""
    more = {
        name: said
        for name in _FILLED
        if getattr(first, name) is None and (said := getattr(again, name)) is not None
    }  # fmt: skip
    return msgspec.structs.replace(first, **more) if more else first


def _earlier(heard: dict[bytes, int], key: bytes, at_ns: int) -> None:
    day = day_of(at_ns)
    if heard.get(key, day) >= day:
        heard[key] = day


async def _insert(database: Database, connection: AsyncConnection, batch: _Batch, now_ns: int) -> None:
    """The new rows: dimensions first, each in the order of its key."""
    where = {s.slice.id: s.slice for s, _ in batch.inserted_spans}
    who = {r.evaluator.id: r.evaluator for _, r, _ in batch.inserted_results}
    said = {text: name_key(text) for _, r, _ in batch.inserted_results if (text := r.explanation)}
    for table, rows in (
        (slices, [{"id": k, **msgspec.structs.asdict(where[k])} for k in sorted(where)]),
        (evaluators, [{"id": k, **msgspec.structs.asdict(who[k])} for k in sorted(who)]),
        (texts, [{"id": k, "text": t} for t, k in sorted(said.items(), key=lambda pair: pair[1])]),
    ):
        await put(connection, database.insert_new(table), rows)
    await put(
        connection, insert(spans), [_span_row(batch.day(s.span), s, state, now_ns) for s, state in batch.inserted_spans]
    )
    await put(
        connection,
        insert(results),
        [_result_row(day, r, said, joined=joined) for day, r, joined in batch.inserted_results],
    )
    found = [
        {"day": batch.day(c.span), "span": c.span, "part": c.part, "role": c.role, "start_ns": c.start_ns,
         "encrypted": c.encrypted, "body": c.body}
        for c in batch.contents
    ]  # fmt: skip
    await put(connection, database.insert_new(contents), found)


async def _update(connection: AsyncConnection, batch: _Batch) -> None:
    """Rows that were there: spans of which more is known, results whose span has come."""
    place = and_(spans.c.day == bindparam("key_day"), spans.c.span == bindparam("key_span"))
    await put(
        connection,
        update(spans).where(place).values({name: bindparam(f"new_{name}") for name in _CHANGED}),
        [
            {"key_day": day, "key_span": state.span.span, "new_coverage": state.coverage, "new_fails": state.fails,
             "new_labels": state.labels}
            for day, state in batch.changed
        ],
    )  # fmt: skip
    lone = and_(results.c.day == bindparam("key_day"), results.c.span == bindparam("key_span"))
    its = and_(lone, results.c.evaluator == bindparam("key_evaluator"))
    await put(
        connection,
        update(results).where(its).values({name: bindparam(f"new_{name}") for name in _FILLED}),
        [
            {"key_day": day, "key_span": result.span, "key_evaluator": result.evaluator.id}
            | {f"new_{name}": getattr(result, name) for name in _FILLED}
            for day, result in batch.filled
        ],
    )
    await put(
        connection,
        update(results).where(lone).values(joined=True),
        [{"key_day": day, "key_span": key} for day, key in batch.woken],
    )


async def _refile(connection: AsyncConnection, key: bytes, old: int, new: int) -> None:
    """Move what is known of a span to another day."""
    for table in _FILED:
        await connection.execute(update(table).where(table.c.day == old, table.c.span == key).values(day=new))
    await connection.execute(update(known_spans).where(known_spans.c.span == key).values(day=new))


def _span_row(day: int, span: SpanArrival, state: SpanState, now_ns: int) -> dict[str, Any]:
    return {
        "day": day, "span": span.span, "start_ns": span.start_ns, "end_ns": span.end_ns, "slice": span.slice.id,
        "parent": span.parent, "name": span.name, "role": span.role, "failed": span.failed,
        "error_type": span.error_type, "response_id": span.response_id, "conversation_id": span.conversation_id,
        "band": span.band, "reasons": span.reasons, "route": span.route, "decision": span.decision,
        "coverage": state.coverage, "probability": span.probability, "stratum": span.stratum,
        "input_tokens": span.input_tokens, "output_tokens": span.output_tokens, "question": span.question,
        "offline": span.offline, "fails": state.fails, "labels": state.labels, "received_ns": now_ns,
    }  # fmt: skip


def _result_row(day: int, result: ResultArrival, said: dict[str, int], *, joined: bool) -> dict[str, Any]:
    return {
        "day": day, "span": result.span, "evaluator": result.evaluator.id, "at_ns": result.at_ns,
        "label": result.label, "score": result.score, "verdict": result.verdict, "confidence": result.confidence,
        "cached": result.cached, "probability": result.probability, "label_probability": result.label_probability,
        "purposive": result.purposive, "stratum": result.stratum,
        "explanation": said[result.explanation] if result.explanation else None, "model": result.model,
        "error_type": result.error_type, "coverage": result.coverage, "cost": result.cost, "lag": result.lag,
        "joined": joined,
    }  # fmt: skip
