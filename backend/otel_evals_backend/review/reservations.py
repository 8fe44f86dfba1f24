"""Who works on what: an item is reserved for one person for a while, so that two never spend time on the same label.

Two who ask at once are told apart by the database: the row of the item is locked first, and whether there is room is
read after that. On SQLite all writers take turns.
"""

from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, delete, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals_backend.context import Context
from otel_evals_backend.review.outcome import State
from otel_evals_backend.storage.tables import labels, reservations, review_items, seen_results

ANSWERABLE: Final = (State.ADJUDICATE.value, State.OPEN.value)
"""States in which an item wants a label; those that a third must decide come first."""
_TRIES: Final = 50


def _until(context: Context) -> int:
    return context.clock.time_ns() + int(context.settings.review.lease * 1e9)


async def take_next(context: Context, reviewer: str, *, beside: str | None = None) -> str | None:
    """Reserve the item that `reviewer` should answer next, and give its id; None when nothing waits.

    What the reviewer has reserved already comes first, but never the item `beside`, which is on the screen.
    """
    now = context.clock.time_ns()
    async with context.database.write() as connection:
        own = await connection.execute(
            select(review_items.c.id)
            .join(reservations, reservations.c.item == review_items.c.id)
            .where(
                reservations.c.reviewer == reviewer,
                reservations.c.until_ns > now,
                reservations.c.skipped.is_(False),
                review_items.c.state.in_(ANSWERABLE),
                review_items.c.id != (beside or ""),
                ~_labelled_by(reviewer),
            )
            .order_by(reservations.c.until_ns, review_items.c.id)
            .limit(1)
        )
        held = own.scalar_one_or_none()
        if held is not None:
            await _reserve(context, connection, held, reviewer)
            return held
        for state in ANSWERABLE:
            found = await _free(context, connection, reviewer, state, beside)
            if found is not None:
                return found
    return None


async def take(
    context: Context, connection: AsyncConnection, item: str, reviewer: str, *, picked: bool = False
) -> bool:
    """Reserve this item, or renew its reservation; whether there was room."""
    wanted = select(review_items.c.id).where(review_items.c.id == item, review_items.c.state.in_(ANSWERABLE))
    row = (await connection.execute(wanted.with_for_update())).one_or_none()
    if row is None or not await _has_room(connection, item, reviewer, context.clock.time_ns()):
        return False
    await _reserve(context, connection, item, reviewer, picked=picked)
    return True


async def release(connection: AsyncConnection, item: str, reviewer: str) -> None:
    """Give the item back. That it was picked by hand, or skipped, is not forgotten."""
    mine = and_(reservations.c.item == item, reservations.c.reviewer == reviewer)
    await connection.execute(update(reservations).where(mine).values(until_ns=0))


async def skip(context: Context, connection: AsyncConnection, item: str, reviewer: str) -> None:
    """Keep the item from coming back to this reviewer."""
    statement = context.database.insert_or_set(reservations, ("until_ns", "skipped"))
    await connection.execute(statement, {"item": item, "reviewer": reviewer, "until_ns": 0, "skipped": True})


async def forget_skips(connection: AsyncConnection, reviewer: str) -> None:
    """Let what this reviewer skipped come back."""
    await connection.execute(update(reservations).where(reservations.c.reviewer == reviewer).values(skipped=False))


async def sweep(connection: AsyncConnection, now_ns: int) -> None:
    """Take out reservations that ended and say nothing more."""
    await connection.execute(
        delete(reservations).where(
            reservations.c.until_ns < now_ns, reservations.c.skipped.is_(False), reservations.c.picked.is_(False)
        )
    )


def answerable_by(reviewer: str, state: str, now_ns: int) -> Select[Any]:
    """The items in `state` that want a label, have room, and were not labelled or skipped by `reviewer`."""
    others = (
        select(func.count())
        .select_from(reservations)
        .where(
            reservations.c.item == review_items.c.id,
            reservations.c.until_ns > now_ns,
            reservations.c.reviewer != reviewer,
        )
        .scalar_subquery()
    )
    return select(review_items.c.id).where(
        review_items.c.state == state,
        review_items.c.given + others < review_items.c.needed,
        ~_labelled_by(reviewer),
        ~_skipped_by(reviewer),
        # Whoever has seen what was said of the call is not asked for a random label of it, which must be blind; of a
        # chosen item their label says that it is not.
        ~exists().where(
            review_items.c.random, seen_results.c.span == review_items.c.span, seen_results.c.reviewer == reviewer
        ),
    )


async def _free(
    context: Context, connection: AsyncConnection, reviewer: str, state: str, beside: str | None
) -> str | None:
    now = context.clock.time_ns()
    full: list[str] = [beside] if beside else []
    wait = False
    for _ in range(_TRIES):
        statement = (
            answerable_by(reviewer, state, now)
            .where(review_items.c.id.not_in(full))
            .order_by(review_items.c.priority.desc(), review_items.c.id)
            .limit(1)
            .with_for_update(skip_locked=not wait)
        )
        attempt = await connection.begin_nested()
        item = (await connection.execute(statement)).scalar_one_or_none()
        if item is not None and await _has_room(connection, item, reviewer, now):
            await _reserve(context, connection, item, reviewer)
            await attempt.commit()
            return item
        await attempt.rollback()  # gives the row's lock back, so that nobody waits for another while holding one
        if item is not None:
            full.append(item)
        elif wait:
            return None
        else:
            wait = True  # what others hold at this moment may have room for one more
    return None


async def _has_room(connection: AsyncConnection, item: str, reviewer: str, now_ns: int) -> bool:
    """Whether one more may work on the item, read after its row was locked."""
    others = select(func.count()).where(
        reservations.c.item == item, reservations.c.until_ns > now_ns, reservations.c.reviewer != reviewer
    )
    row = (
        await connection.execute(
            select(review_items.c.needed, review_items.c.given, others.scalar_subquery().label("others")).where(
                review_items.c.id == item, ~_labelled_by(reviewer)
            )
        )
    ).one_or_none()
    return row is not None and row.given + row.others < row.needed


async def _reserve(
    context: Context, connection: AsyncConnection, item: str, reviewer: str, *, picked: bool = False
) -> None:
    names = ("until_ns", "skipped", "picked") if picked else ("until_ns", "skipped")
    values = {"item": item, "reviewer": reviewer, "until_ns": _until(context), "skipped": False, "picked": picked}
    await connection.execute(context.database.insert_or_set(reservations, names), values)


def _labelled_by(reviewer: str) -> ColumnElement[bool]:
    return exists().where(labels.c.item == review_items.c.id, labels.c.reviewer == reviewer)


def _skipped_by(reviewer: str) -> ColumnElement[bool]:
    return exists().where(
        reservations.c.item == review_items.c.id,
        reservations.c.reviewer == reviewer,
        or_(reservations.c.skipped, reservations.c.picked),
    )
