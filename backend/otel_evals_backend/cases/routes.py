"""The pages: list, one case, import."""

from typing import Any, Final

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import ValidationError
from starlette.datastructures import FormData, UploadFile

from otel_evals.records.exchange import Choice, Document, Exchange, Message, ToolCall
from otel_evals_backend.access.people import Reviewer, Viewer, may
from otel_evals_backend.cases import changes, importing
from otel_evals_backend.cases.api import AtVersion, CaseId, made_of
from otel_evals_backend.cases.differences import by_words
from otel_evals_backend.cases.exporting import Form, Redaction
from otel_evals_backend.cases.making import NotMade
from otel_evals_backend.cases.neutral import NeutralCase
from otel_evals_backend.cases.queries import After, AskedFor, datasets, history, list_cases, one, tags_of
from otel_evals_backend.cases.records import CaseEdit, FromItem, ImportOrder
from otel_evals_backend.cases.store import Books
from otel_evals_backend.context import Here
from otel_evals_backend.records import Role
from otel_evals_backend.web.conversation import conversation, visible
from otel_evals_backend.web.pages import page

ROUTER: Final = APIRouter(prefix="/cases", include_in_schema=False)
_SEE_OTHER: Final = 303
_LARGEST: Final = 8 << 20
BEHAVIOURS: Final = (
    ("answer", "answer"), ("refuse", "refuse"), ("abstain", "say that it does not know"),
    ("clarify", "ask back"), ("human_review", "hand over to a person"),
)  # fmt: skip
TIERS: Final = ("low", "medium", "high", "critical")


@ROUTER.get("")
async def cases_page(
    request: Request, here: Here, person: Viewer, wanted: AskedFor, cursor: After = ""
) -> HTMLResponse:  # fmt: skip
    """The list."""
    async with here.database.read() as connection:
        found = await list_cases(connection, wanted, cursor)
        sets = await datasets(connection)
        tags = await tags_of(connection, wanted)
    return page(
        request, "cases/list.html", found=found, wanted=wanted, sets=sets, tags=tags, visible=visible, first=not cursor,
        may_edit=may(person, Role.REVIEWER), forms=list(Form), redactions=list(Redaction),
    )  # fmt: skip


@ROUTER.post("")
async def make_case(request: Request, here: Here, person: Reviewer) -> Response:
    """A confirmed failure becomes a case."""
    form = await request.form()
    try:
        order = FromItem.model_validate(
            {name: _text(form, name) or None for name in ("item", "trace_id", "span_id")}
            | {"metric": _text(form, "metric")}
        )
    except ValidationError as error:
        raise _invalid(error) from error
    made = await made_of(here, person, order)
    return _to(f"/cases/{made.id}?made={'new' if made.new else 'known'}")


@ROUTER.get("/import")
async def import_page(request: Request, _person: Reviewer) -> HTMLResponse:
    """Choose a file."""
    return page(request, "cases/import.html", preview=None, error="", dataset="", upload="")


@ROUTER.post("/import")
async def look(request: Request, here: Here, person: Reviewer) -> HTMLResponse:
    """What the file holds."""
    async with request.form(max_files=1, max_fields=10) as form:
        dataset = _text(form, "dataset").strip()
        try:
            order = ImportOrder.model_validate(
                {"dataset": dataset, "form": _form_of(form.get("file")), "text": await _read(form.get("file"))}
            )
        except ValidationError as error:
            return _not_read(request, dataset, "; ".join(f"{one['loc'][0]}: {one['msg']}" for one in error.errors()))
        except ValueError as error:
            return _not_read(request, dataset, str(error))
    upload = importing.Upload(id="", dataset=order.dataset, form=order.form, text=order.text)
    read = importing.read_upload(upload)
    preview = await importing.look(here, order.dataset, read)
    name = "" if preview.faulty else await importing.keep_upload(here, person, upload)
    return page(
        request, "cases/import.html", preview=preview, error="", dataset=order.dataset, upload=name, visible=visible,
        status=422 if preview.faulty else 200,
    )  # fmt: skip


@ROUTER.post("/import/{upload}")
async def bring_in(here: Here, person: Reviewer, upload: str) -> Response:
    """Import what was looked at."""
    try:
        found = await importing.upload_of(here, person, upload[:64])
        await importing.bring_in(here, person, found.dataset, importing.read_upload(found))
    except NotMade as error:
        raise HTTPException(error.status, error.why) from error
    await importing.forget_upload(here, upload)
    return _to(f"/cases?dataset={found.dataset}")


@ROUTER.get("/{case_id}")
async def case_page(
    request: Request, here: Here, person: Viewer, case_id: CaseId, version: AtVersion = None
) -> HTMLResponse:  # fmt: skip
    """One case."""
    books = Books(here)
    async with here.database.read() as connection:
        found = await one(connection, books, case_id, version)
        versions = await history(connection, books, case_id)
    if found is None:
        return page(request, "cases/gone.html", status=404)
    case = found.case
    return page(
        request, "cases/case.html", found=found, case=case, versions=versions, visible=visible,
        made=request.query_params.get("made", ""),
        said=None if case is None else conversation(_exchange(case)),
        pieces=() if case is None or not case.expected.text else by_words(case.answer, case.expected.text),
        may_edit=may(person, Role.REVIEWER) and found.version == found.newest and case is not None,
        behaviours=BEHAVIOURS, tiers=TIERS,
    )  # fmt: skip


@ROUTER.post("/{case_id}")
async def edit(request: Request, here: Here, person: Reviewer, case_id: CaseId) -> Response:
    """A new version."""
    form = await request.form()
    try:
        order = CaseEdit.model_validate(
            {name: _text(form, name).strip() for name in ("dataset", "behaviour", "text", "risk_tier", "bucket")}
            | {name: _lines(form, name) for name in ("facts", "forbidden", "citations", "tools")}
            | {"tags": tuple(tag.strip() for tag in _text(form, "tags").split(",") if tag.strip())}
            | {"version": _text(form, "version")}
        )
        await changes.edit(here, person, case_id, order)
    except ValidationError as error:
        raise _invalid(error) from error
    except NotMade as error:
        raise HTTPException(error.status, error.why) from error
    return _to(f"/cases/{case_id}")


@ROUTER.post("/{case_id}/retire")
async def retire(here: Here, person: Reviewer, case_id: CaseId) -> Response:
    """Out of lists and exports."""
    return await _stand(here, person, case_id, retired=True)


@ROUTER.post("/{case_id}/restore")
async def restore(here: Here, person: Reviewer, case_id: CaseId) -> Response:
    """Back into them."""
    return await _stand(here, person, case_id, retired=False)


async def _stand(here: Here, person: Reviewer, case_id: str, *, retired: bool) -> Response:
    try:
        await changes.retire(here, person, case_id, retired=retired)
    except NotMade as error:
        raise HTTPException(error.status, error.why) from error
    return _to(f"/cases/{case_id}")


def _to(address: str) -> RedirectResponse:
    return RedirectResponse(address, status_code=_SEE_OTHER)


def _invalid(error: ValidationError) -> HTTPException:
    return HTTPException(422, "; ".join(f"{one['loc'][0]}: {one['msg']}" for one in error.errors())[:1000])


def _not_read(request: Request, dataset: str, why: str) -> HTMLResponse:
    return page(request, "cases/import.html", preview=None, error=why, dataset=dataset, upload="", status=422)


def _text(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return value.replace("\r\n", "\n") if isinstance(value, str) else ""


def _lines(form: FormData, name: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in _text(form, name).split("\n") if line.strip())


def _form_of(file: Any) -> str:
    name = str(file.filename or "").lower() if isinstance(file, UploadFile) else ""
    if name.endswith(".csv"):
        return "csv"
    if name.endswith((".jsonl", ".ndjson", ".json")):
        return "jsonl"
    raise ValueError("choose a file whose name ends in .csv or .jsonl")


async def _read(file: Any) -> str:
    """The text of an uploaded file. Raises ValueError."""
    body = await file.read(_LARGEST + 1) if isinstance(file, UploadFile) else b""
    if len(body) > _LARGEST:
        raise ValueError("the file is larger than 8 MiB: divide it")
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"the file is not UTF-8 (byte {error.start})") from error


def _exchange(case: NeutralCase) -> Exchange:
    """The case as pages show a call."""
    return Exchange(
        messages=tuple(
            Message(
                role=turn.role,
                text=turn.content,
                tool_calls=tuple(
                    ToolCall(name=str(call.get("name", "")), arguments=call.get("arguments"))
                    for call in turn.tool_calls
                ),
            )
            for turn in case.input
        ),
        choices=(Choice(message=Message(role="assistant", text=case.answer)),) if case.answer else (),
        documents=tuple(Document(text=one.text, id=one.id or None) for one in case.retrieved),
    )
