"""Lists of cases, one case with its history, and the sets that there are."""

import json
import re
from enum import StrEnum
from typing import Annotated, Any, Final

import msgspec
from fastapi import Depends, HTTPException, Query
from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals_backend.cases.neutral import NeutralCase
from otel_evals_backend.cases.records import CaseList, CaseRow, CaseView, Dataset, Version
from otel_evals_backend.cases.store import Books
from otel_evals_backend.storage.tables import cases

PAGE: Final = 50
_CURSOR: Final = re.compile(r"(\d{1,19})-([0-9a-f]{1,64})")
_COLUMNS: Final = (
    cases.c.id, cases.c.version, cases.c.dataset, cases.c.kind, cases.c.question, cases.c.metric, cases.c.tags,
    cases.c.risk_tier, cases.c.label, cases.c.retired, cases.c.created_ns,
)  # fmt: skip
_NO_ZERO: Final = r"^[^\x00]*$"


class Standing(StrEnum):
    """Which cases."""

    LIVE = "live"
    RETIRED = "retired"
    ALL = "all"


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What an address asks for."""

    dataset: str = ""
    tag: str = ""
    metric: str = ""
    q: str = ""
    standing: Standing = Standing.LIVE

    @property
    def query(self) -> dict[str, str]:
        """As parts of an address; what is not asked for is left out."""
        parts = {"dataset": self.dataset, "tag": self.tag, "metric": self.metric, "q": self.q}
        if self.standing is not Standing.LIVE:
            parts["standing"] = self.standing.value
        return {name: value for name, value in parts.items() if value}


def _wanted(
    dataset: Annotated[str, Query(max_length=60, pattern=_NO_ZERO, description="Name of a set.")] = "",
    tag: Annotated[str, Query(max_length=60, pattern=_NO_ZERO, description="One of its tags.")] = "",
    metric: Annotated[str, Query(max_length=100, pattern=_NO_ZERO, description="Whose question was answered.")] = "",
    q: Annotated[str, Query(max_length=200, pattern=_NO_ZERO, description="Words of the question's beginning.")] = "",
    standing: Annotated[Standing, Query(description="live, retired or all.")] = Standing.LIVE,
) -> Wanted:
    return Wanted(dataset=dataset, tag=tag, metric=metric, q=q, standing=standing)


AskedFor = Annotated[Wanted, Depends(_wanted)]
After = Annotated[str, Query(max_length=100, description="Where to go on: `next` of an earlier answer.")]
Limit = Annotated[int, Query(ge=1, le=200, description="Cases of one answer.")]


def conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    """The filters as SQL."""
    found: list[ColumnElement[bool]] = [cases.c.newest]
    if wanted.standing is not Standing.ALL:
        found.append(cases.c.retired.is_(wanted.standing is Standing.RETIRED))
    if wanted.dataset:
        found.append(cases.c.dataset == wanted.dataset)
    if wanted.metric:
        found.append(cases.c.metric == wanted.metric)
    if wanted.tag:
        found.append(cases.c.tags.contains(json.dumps(wanted.tag, ensure_ascii=False), autoescape=True))
    found += [cases.c.question.icontains(word, autoescape=True) for word in wanted.q.split()[:10]]
    return found


async def list_cases(connection: AsyncConnection, wanted: Wanted, cursor: str = "", limit: int = PAGE) -> CaseList:
    """A piece of the list, newest first.

    Raises:
        HTTPException: the cursor is not one of ours.
    """
    where = conditions(wanted)
    total = (await connection.execute(select(func.count()).select_from(cases).where(*where))).scalar_one()
    statement = select(*_COLUMNS).where(*where, *_after(cursor))
    rows = (
        await connection.execute(statement.order_by(cases.c.created_ns.desc(), cases.c.id.desc()).limit(limit + 1))
    ).all()
    shown = rows[:limit]
    more = f"{shown[-1].created_ns}-{shown[-1].id}" if len(rows) > limit else None
    return CaseList(items=tuple(_row(row) for row in shown), next=more, total=total)


async def one(
    connection: AsyncConnection, books: Books, name: str, version: int | None = None
) -> CaseView | None:  # fmt: skip
    """A version of a case, by default the newest."""
    rows = (
        await connection.execute(select(cases.c.version).where(cases.c.id == name).order_by(cases.c.version.desc()))
    ).all()
    if not rows:
        return None
    wanted = rows[0].version if version is None else version
    row = (
        await connection.execute(select(cases).where(cases.c.id == name, cases.c.version == wanted))
    ).one_or_none()  # fmt: skip
    return None if row is None else view(books, row, rows[0].version)


def view(books: Books, row: Any, newest: int) -> CaseView:
    """A row as it is shown."""
    return CaseView(
        id=row.id,
        version=row.version,
        newest=newest,
        dataset=row.dataset,
        kind=row.kind,
        retired=row.retired,
        made_by=row.made_by,
        created_ns=row.created_ns,
        case=books.case(row),
    )


async def history(connection: AsyncConnection, books: Books, name: str) -> tuple[Version, ...]:
    """All versions, the newest first, each with what changed in it."""
    rows = (await connection.execute(select(cases).where(cases.c.id == name).order_by(cases.c.version))).all()
    found: list[Version] = []
    before: tuple[Any, NeutralCase | None] | None = None
    for row in rows:
        now = books.case(row)
        found.append(
            Version(
                version=row.version,
                made_by=row.made_by,
                created_ns=row.created_ns,
                retired=row.retired,
                changed=() if before is None else _changed(before, (row, now)),
            )
        )
        before = (row, now)
    return tuple(reversed(found))


async def datasets(connection: AsyncConnection) -> tuple[Dataset, ...]:
    """The sets that there are, by name."""
    counted = {name: func.sum(case((cases.c.label == name, 1), else_=0)) for name in ("pass", "fail")}
    rows = await connection.execute(
        select(cases.c.dataset, func.max(cases.c.kind), func.count(), counted["pass"], counted["fail"])
        .where(and_(cases.c.newest, cases.c.retired.is_(False)))
        .group_by(cases.c.dataset)
        .order_by(cases.c.dataset)
    )
    return tuple(
        Dataset(name=name, kind=kind, cases=n, passes=int(passes), fails=int(fails))
        for name, kind, n, passes, fails in rows
    )


async def tags_of(connection: AsyncConnection, wanted: Wanted) -> list[str]:
    """Tags of the cases that are asked for, the most frequent first, thirty at most."""
    statement = (
        select(cases.c.tags, func.count())
        .where(*conditions(msgspec.structs.replace(wanted, tag="")))
        .group_by(cases.c.tags)
        .order_by(func.count().desc(), cases.c.tags)
        .limit(500)
    )
    counts: dict[str, int] = {}
    for tags, n in await connection.execute(statement):
        for tag in json.loads(tags):
            counts[tag] = counts.get(tag, 0) + n
    return sorted(counts, key=lambda tag: (-counts[tag], tag))[:30]


def _after(cursor: str) -> list[ColumnElement[bool]]:
    if not cursor:
        return []
    found = _CURSOR.fullmatch(cursor)
    if found is None or int(found[1]) >= 1 << 63:
        raise HTTPException(422, "cursor: not one of ours; begin again without it")
    at, name = int(found[1]), found[2]
    return [or_(cases.c.created_ns < at, and_(cases.c.created_ns == at, cases.c.id < name))]


def _row(row: Any) -> CaseRow:
    return CaseRow(
        id=row.id, version=row.version, dataset=row.dataset, kind=row.kind, question=row.question, metric=row.metric,
        tags=tuple(json.loads(row.tags)), risk_tier=row.risk_tier, label=row.label, retired=row.retired,
        created_ns=row.created_ns,
    )  # fmt: skip


def _changed(before: tuple[Any, NeutralCase | None], now: tuple[Any, NeutralCase | None]) -> tuple[str, ...]:
    (row, old), (newer, new) = before, now
    found = [name for name in ("dataset", "retired") if getattr(row, name) != getattr(newer, name)]
    if old is None or new is None:
        return tuple(found)
    names = type(old.expected).model_fields
    found += [f"expected {name}" for name in names if getattr(old.expected, name) != getattr(new.expected, name)]
    found += [
        name.replace("_", " ") for name in ("tags", "risk_tier", "bucket") if getattr(old, name) != getattr(new, name)
    ]
    return tuple(found)
