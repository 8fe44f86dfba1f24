"""What a page shows as CSV: one header line, UTF-8, cells that a spreadsheet would run as formulas made harmless."""

import csv
import io
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Sequence
from typing import Final

from fastapi import Response
from fastapi.responses import StreamingResponse

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def csv_answer(name: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """The table as a file called `name`.csv."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(head)
    writer.writerows([_cell(value) for value in row] for row in rows)
    headers = {"content-disposition": f'attachment; filename="{name}.csv"', "cache-control": "no-store"}
    return Response(out.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def csv_stream(name: str, head: Sequence[str], rows: AsyncIterable[Sequence[object]]) -> Response:
    """The same for tables too long to be held: sent while they are read."""

    async def lines() -> AsyncIterator[str]:
        yield _line(head)
        async for row in rows:
            yield _line(row)

    headers = {"content-disposition": f'attachment; filename="{name}.csv"', "cache-control": "no-store"}
    return StreamingResponse(lines(), media_type="text/csv; charset=utf-8", headers=headers)


def svg_answer(name: str, drawing: str) -> Response:
    """A drawing as a file called `name`.svg."""
    headers = {"content-disposition": f'attachment; filename="{name}.svg"', "cache-control": "no-store"}
    return Response(drawing, media_type="image/svg+xml", headers=headers)


def _line(row: Sequence[object]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow([_cell(value) for value in row])
    return out.getvalue()


def _cell(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, str) and value.startswith(_FORMULA):
        return "'" + value
    return value
