"""A labelled file becomes a calibration set: looked at first, then imported whole or not at all.

Between the look and the import the file lies with us for an hour, sealed as contents are. The rows enter no estimate:
they are cases, and never results of anybody.
"""

import secrets
from typing import Any, Final

import msgspec
from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals_backend.access.audit import note
from otel_evals_backend.cases.making import NotMade
from otel_evals_backend.cases.neutral import case_id
from otel_evals_backend.cases.reading_files import ReadFile, read_file
from otel_evals_backend.cases.records import Imported, Preview, Sample
from otel_evals_backend.cases.store import LABELLED, Books, Place, add_all
from otel_evals_backend.content.sealing import Sealer
from otel_evals_backend.context import Context
from otel_evals_backend.records import Person
from otel_evals_backend.storage.tables import case_uploads, cases

_HOUR_NS: Final = 3_600_000_000_000
_SAMPLES: Final = 5
_FAULTS: Final = 50
_BEGIN: Final = 160
_CHUNK: Final = 400


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """A file that waits."""

    id: str
    dataset: str
    form: str
    text: str


async def look(context: Context, dataset: str, read: ReadFile) -> Preview:
    """What the file holds, and what of it the set has already."""
    ids = [_id(dataset, row.case) for row in read.rows]
    async with context.database.read() as connection:
        known = await _known(connection, sorted(set(ids)))
    labels = [row.case.label for row in read.rows]
    return Preview(
        columns=read.columns,
        rows=len(read.rows),
        passes=labels.count("pass"),
        fails=labels.count("fail"),
        known=len(ids) - len(set(ids) - known),
        faults=read.faults[:_FAULTS],
        faulty=len(read.faults),
        samples=tuple(
            Sample(
                line=row.line,
                question=row.case.question[:_BEGIN],
                answer=row.case.answer[:_BEGIN],
                label=row.case.label or "",
            )
            for row in read.rows[:_SAMPLES]
        ),
    )


async def bring_in(context: Context, person: Person, dataset: str, read: ReadFile) -> Imported:
    """Keep the rows, all in one transaction.

    Raises:
        NotMade: a line is no labelled case, or the set holds cases of reviewers.
    """
    if read.faults:
        first = read.faults[0]
        raise NotMade(422, f"line {first.line}: {first.says} ({len(read.faults)} such lines; nothing was imported)")
    preview = await look(context, dataset, read)
    books, now = Books(context), context.clock.time_ns()
    rows = [books.row(_place(dataset, person, now, _id(dataset, row.case)), row.case) for row in read.rows]
    async with context.database.write() as connection:
        await refuse_mixed(connection, dataset)
        added = await add_all(context, connection, rows)
        await note(connection, context.clock, person, "case.import", dataset, rows=len(rows), added=added)
    return Imported(**dict(preview), dataset=dataset, added=added)


async def refuse_mixed(connection: AsyncConnection, dataset: str) -> None:
    """Keep sets of one kind.

    Raises:
        NotMade: the set holds cases of reviewers.
    """
    other = select(cases.c.id).where(cases.c.dataset == dataset, cases.c.kind != LABELLED).limit(1)
    if (await connection.execute(other)).one_or_none() is not None:
        raise NotMade(409, f"the set {dataset} holds cases that reviewers made: choose another name")


async def keep_upload(context: Context, person: Person, upload: Upload) -> str:
    """Put a file aside until somebody says yes; its id."""
    now, name = context.clock.time_ns(), secrets.token_hex(16)
    sealed = Sealer(context.settings.content).seal_text(name, upload.text)
    row = {"id": name, "owner": person.id, "dataset": upload.dataset, "form": upload.form, "body": sealed}
    async with context.database.write() as connection:
        await connection.execute(delete(case_uploads).where(case_uploads.c.created_ns < now - _HOUR_NS))
        await connection.execute(delete(case_uploads).where(case_uploads.c.owner == person.id))
        await connection.execute(insert(case_uploads), row | {"created_ns": now})
    return name


async def upload_of(context: Context, person: Person, name: str) -> Upload:
    """The file that this person put aside.

    Raises:
        NotMade: it is not there any more.
    """
    after = context.clock.time_ns() - _HOUR_NS
    statement = select(case_uploads).where(
        case_uploads.c.id == name, case_uploads.c.owner == person.id, case_uploads.c.created_ns >= after
    )
    async with context.database.read() as connection:
        row: Any = (await connection.execute(statement)).one_or_none()
    text = None if row is None else Sealer(context.settings.content).open_text(name, row.body)
    if row is None or text is None:
        raise NotMade(404, "the file is not here any more: choose it again")
    return Upload(id=name, dataset=row.dataset, form=row.form, text=text)


async def forget_upload(context: Context, name: str) -> None:
    """It is imported."""
    async with context.database.write() as connection:
        await connection.execute(delete(case_uploads).where(case_uploads.c.id == name))


def read_upload(upload: Upload) -> ReadFile:
    """What the file holds."""
    return read_file(upload.text, upload.form)


def _place(dataset: str, person: Person, now: int, name: str) -> Place:
    return Place(id=name, version=1, dataset=dataset, kind=LABELLED, made_by=person.id, created_ns=now)


def _id(dataset: str, case: Any) -> str:
    return case_id(case, labelled_in=dataset)


async def _known(connection: AsyncConnection, ids: list[str]) -> set[str]:
    found: set[str] = set()
    for position in range(0, len(ids), _CHUNK):
        some = ids[position : position + _CHUNK]
        found |= set((await connection.execute(select(cases.c.id).where(cases.c.id.in_(some)))).scalars())
    return found
