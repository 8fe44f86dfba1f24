"""Cases as JSON, and as files."""

import re
from collections.abc import AsyncIterator
from typing import Annotated, Any, Final

from fastapi import APIRouter, HTTPException, Path, Query, Response
from fastapi.responses import StreamingResponse

from otel_evals_backend.access.audit import note
from otel_evals_backend.access.people import Reviewer, Viewer
from otel_evals_backend.access.problems import Problem
from otel_evals_backend.cases import changes, importing
from otel_evals_backend.cases.exporting import (
    COLUMNS,
    Exported,
    Form,
    Redaction,
    calibration_line,
    csv_row,
    exported,
    json_line,
)
from otel_evals_backend.cases.making import NotMade, item_of_span, make
from otel_evals_backend.cases.queries import PAGE, After, AskedFor, Limit, Wanted, datasets, history, list_cases, one
from otel_evals_backend.cases.reading_files import read_file
from otel_evals_backend.cases.records import (
    CaseEdit,
    CaseList,
    CaseMade,
    CaseView,
    Dataset,
    FromItem,
    Imported,
    ImportOrder,
    Preview,
    Version,
)
from otel_evals_backend.cases.store import Books
from otel_evals_backend.context import Context, Here
from otel_evals_backend.records import Person
from otel_evals_backend.web.tables import csv_stream

_NONE: Final[dict[int | str, dict[str, Any]]] = {404: {"model": Problem, "description": "There is no such case."}}
_CONFLICT: Final[dict[int | str, dict[str, Any]]] = {
    409: {"model": Problem, "description": "It was changed meanwhile, or nothing can be made of it."}
}
ROUTER: Final = APIRouter(prefix="/api/v1/cases", tags=["cases"])
CaseId = Annotated[str, Path(pattern=r"^[0-9a-f]{24}$", description="24 hex digits.")]

AtVersion = Annotated[int | None, Query(ge=1, le=2**31 - 1, description="Default: the newest.")]


@ROUTER.get("", summary="Cases, newest first")
async def cases_json(
    here: Here, _person: Viewer, wanted: AskedFor, cursor: After = "", limit: Limit = PAGE
) -> CaseList:
    """The list with its filters."""
    async with here.database.read() as connection:
        return await list_cases(connection, wanted, cursor, limit)


@ROUTER.post("", summary="Make a case of a confirmed failure", status_code=201, responses=_NONE | _CONFLICT)
async def make_json(here: Here, person: Reviewer, order: FromItem, response: Response) -> CaseMade:
    """The same problem found again is the same case: 200 then, and `new` is false."""
    made = await made_of(here, person, order)
    response.status_code = 201 if made.new else 200
    return made


@ROUTER.get("/datasets", summary="Sets of cases")
async def datasets_json(here: Here, _person: Viewer) -> list[Dataset]:
    """By name, with how many cases each holds."""
    async with here.database.read() as connection:
        return list(await datasets(connection))


@ROUTER.get(
    "/export",
    summary="Cases as a file",
    response_class=Response,
    responses={
        200: {
            "description": "The file: the same bytes for the same cases.",
            "content": {"application/jsonl": {}, "application/json": {}, "text/csv": {}},
        }
    },
)
async def export(
    here: Here,
    person: Viewer,
    wanted: AskedFor,
    form: Annotated[
        Form, Query(description="jsonl and json: neutral cases; csv; calibration: what `judge calibrate` reads.")
    ] = Form.JSONL,
    redaction: Annotated[
        Redaction, Query(description="kept: as it is here; redacted: personal data and credentials masked.")
    ] = Redaction.KEPT,
) -> Response:
    """The cases that the filters find, by id, keys sorted."""
    async with here.database.write() as connection:
        await note(
            connection,
            here.clock,
            person,
            "case.export",
            wanted.dataset or "all",
            form=form.value,
            redaction=redaction.value,
        )
    return _file(here, wanted, form, redaction)


@ROUTER.post("/imports", summary="Import a labelled file as a calibration set", responses=_CONFLICT)
async def import_json(here: Here, person: Reviewer, order: ImportOrder) -> Imported | Preview:
    """All rows or none. With `dry_run` the answer says what would be imported."""
    read = read_file(order.text, order.form)
    if order.dry_run:
        return await importing.look(here, order.dataset, read)
    try:
        return await importing.bring_in(here, person, order.dataset, read)
    except NotMade as error:
        raise HTTPException(error.status, error.why) from error


@ROUTER.get("/{case_id}", summary="One case", responses=_NONE)
async def case_json(
    here: Here,
    _person: Viewer,
    case_id: CaseId,
    version: AtVersion = None,
) -> CaseView:
    """One version of it."""
    async with here.database.read() as connection:
        found = await one(connection, Books(here), case_id, version)
    if found is None:
        raise HTTPException(404, "there is no such case")
    return found


@ROUTER.get("/{case_id}/versions", summary="The history of a case", responses=_NONE)
async def versions_json(here: Here, _person: Viewer, case_id: CaseId) -> list[Version]:
    """The newest first."""
    async with here.database.read() as connection:
        found = await history(connection, Books(here), case_id)
    if not found:
        raise HTTPException(404, "there is no such case")
    return list(found)


@ROUTER.put("/{case_id}", summary="Edit a case", responses=_NONE | _CONFLICT)
async def edit_json(here: Here, person: Reviewer, case_id: CaseId, order: CaseEdit) -> CaseView:
    """A new version; what was asked and answered stays."""
    try:
        await changes.edit(here, person, case_id, order)
    except NotMade as error:
        raise HTTPException(error.status, error.why) from error
    return await case_json(here, person, case_id)


@ROUTER.post("/{case_id}/retire", summary="Retire a case", responses=_NONE)
async def retire_json(here: Here, person: Reviewer, case_id: CaseId) -> CaseView:
    """It leaves lists and exports, and stays in the history."""
    return await _stand(here, person, case_id, retired=True)


@ROUTER.post("/{case_id}/restore", summary="Bring a retired case back", responses=_NONE)
async def restore_json(here: Here, person: Reviewer, case_id: CaseId) -> CaseView:
    """Into lists and exports."""
    return await _stand(here, person, case_id, retired=False)


async def made_of(here: Context, person: Person, order: FromItem) -> CaseMade:
    """The case of an item, or of a call's confirmed failure.

    Raises:
        HTTPException: nothing can be made of it.
    """
    item = order.item
    if item is None and (order.trace_id is None or order.span_id is None):
        raise HTTPException(422, "name an item, or trace_id and span_id")
    try:
        if item is None:
            span = bytes.fromhex(f"{order.trace_id}{order.span_id}")
            async with here.database.read() as connection:
                item = await item_of_span(connection, span, order.metric)
        name, new = await make(here, person, item)
    except NotMade as error:
        raise HTTPException(error.status, error.why) from error
    return CaseMade(id=name, new=new)


async def _stand(here: Context, person: Person, name: str, *, retired: bool) -> CaseView:
    try:
        await changes.retire(here, person, name, retired=retired)
    except NotMade as error:
        raise HTTPException(error.status, error.why) from error
    return await case_json(here, person, name)


_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")
_TYPES: Final = {Form.JSONL: "application/jsonl", Form.JSON: "application/json", Form.CALIBRATION: "application/jsonl"}


def _file(here: Context, wanted: Wanted, form: Form, redaction: Redaction) -> Response:
    name = wanted.dataset if _NAME.fullmatch(wanted.dataset) else "cases"

    async def found() -> AsyncIterator[Exported]:
        async with here.database.read() as connection:
            async for one_case in exported(here, connection, wanted, redaction):
                yield one_case

    if form is Form.CSV:
        return csv_stream(name, COLUMNS, _rows(found()))
    ending = "json" if form is Form.JSON else "jsonl"
    headers = {"content-disposition": f'attachment; filename="{name}.{ending}"', "cache-control": "no-store"}
    return StreamingResponse(_text(found(), form), media_type=_TYPES[form], headers=headers)


async def _rows(found: AsyncIterator[Exported]) -> AsyncIterator[tuple[object, ...]]:
    async for one_case in found:
        yield csv_row(one_case)


async def _text(found: AsyncIterator[Exported], form: Form) -> AsyncIterator[str]:
    first = True
    async for one_case in found:
        line = calibration_line(one_case) if form is Form.CALIBRATION else json_line(one_case)
        if line is None:
            continue
        if form is Form.JSON:
            yield f"{'[' if first else ','}\n{line}"
        else:
            yield f"{line}\n"
        first = False
    if form is Form.JSON:
        yield "[]\n" if first else "\n]\n"
