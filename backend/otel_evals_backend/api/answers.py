"""What is answered when a room refuses, cannot read a request, or the database is away.

Programs get a problem (RFC 9457); people who opened a page get a page that says the same. `install` is called by `app`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from otel_evals.records.errors import Unavailable
from otel_evals_backend.access.problems import Place, problem, title_of
from otel_evals_backend.web.pages import page

_MOST: Final = 20
_LONGEST: Final = 300


def install(app: FastAPI) -> None:
    """Answer errors of all rooms in one form."""
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _not_understood)
    app.add_exception_handler(Unavailable, _unavailable)


async def _refused(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise TypeError  # the framework hands over nothing else
    return _answer(request, error.status_code, str(error.detail), headers=error.headers)


async def _not_understood(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise TypeError  # the framework hands over nothing else
    found: Sequence[Mapping[str, Any]] = error.errors()
    places = [
        Place(where=".".join(str(part)[:100] for part in one["loc"]), message=str(one["msg"])[:_LONGEST])
        for one in found[:_MOST]
    ]
    said = "; ".join(f"{place.where}: {place.message}" for place in places) or "it cannot be read"
    return _answer(request, 422, said, errors=places)


async def _unavailable(request: Request, error: Exception) -> Response:
    after = error.retry_after if isinstance(error, Unavailable) and error.retry_after else 1.0
    headers = {"retry-after": f"{max(1, round(after))}"}
    return _answer(request, 503, "the database cannot answer now: try again in a moment", headers=headers)


def _answer(
    request: Request,
    status: int,
    detail: str,
    *,
    errors: Sequence[Place] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    detail = detail.encode("utf-8", "replace").decode()
    if not wants_page(request):
        return problem(status, detail, errors=errors, headers=headers)
    answer = page(request, "api/problem.html", status=status, title=title_of(status), detail=detail)
    answer.headers.update(headers or {})
    return answer


def wants_page(request: Request) -> bool:
    """Whether a person looks at the answer in a browser."""
    path = request.url.path
    return "text/html" in request.headers.get("accept", "") and not path.startswith(("/api/", "/v1/", "/static/"))
