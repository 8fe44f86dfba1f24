"""What a reviewer does with an item beside labelling it: skip, flag, take, give back. For pages and API alike."""

from sqlalchemy import select, update

from otel_evals_backend.access.audit import note
from otel_evals_backend.context import Context
from otel_evals_backend.records import Person
from otel_evals_backend.review import reservations
from otel_evals_backend.review.items import is_held
from otel_evals_backend.storage.tables import review_items


async def take_item(context: Context, person: Person, item_id: str) -> bool:
    """Reserve again, or longer, what this person had reserved; whether it could be.

    Nothing else can be taken by its id: who could choose among items would choose what they like.
    """
    async with context.database.write() as connection:
        if not await is_held(connection, item_id, person.id):
            return False
        return await reservations.take(context, connection, item_id, person.id)


async def give_back(context: Context, person: Person, item_id: str) -> None:
    """End the reservation."""
    async with context.database.write() as connection:
        await reservations.release(connection, item_id, person.id)


async def skip_item(context: Context, person: Person, item_id: str) -> bool:
    """Never show it to this person again, unless they ask; whether they had it."""
    async with context.database.write() as connection:
        if not await is_held(connection, item_id, person.id):
            return False
        await reservations.skip(context, connection, item_id, person.id)
        await note(connection, context.clock, person, "review.skip", item_id)
        return True


async def flag_item(context: Context, person: Person, item_id: str, reason: str = "") -> bool:
    """Mark that something is wrong with the item itself; whether this person had it. A reason is never lost."""
    async with context.database.write() as connection:
        if not await is_held(connection, item_id, person.id):
            return False
        why = {"flag_reason": reason} if reason else {}
        statement = update(review_items).where(review_items.c.id == item_id).values(flagged=True, **why)
        await connection.execute(statement)
        await note(connection, context.clock, person, "review.flag", item_id)
        return True


async def until_of(context: Context, person: Person, item_id: str) -> int:
    """When the reservation ends, ns; 0 when there is none."""
    table = reservations.reservations
    async with context.database.read() as connection:
        statement = select(table.c.until_ns).where(table.c.item == item_id, table.c.reviewer == person.id)
        return (await connection.execute(statement)).scalar_one_or_none() or 0
