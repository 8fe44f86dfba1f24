"""The one shape in which the API says what is wrong: RFC 9457, `application/problem+json`.

Called by the door, which refuses before any room is asked, and by the handlers of errors in `api`.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

MEDIA_TYPE: Final = "application/problem+json"


class Place(BaseModel):
    """One value of a request that cannot be taken."""

    model_config = ConfigDict(frozen=True)

    where: str = Field(description="query, path, header or body, and the name, such as `query.limit`.")
    message: str


class Problem(BaseModel):
    """Why a request was refused."""

    model_config = ConfigDict(frozen=True)

    type: str = Field("about:blank", description="The status says what kind of problem it is.")
    title: str = Field(description="The status in words.")
    status: int
    detail: str = Field(description="What is wrong and what to do.")
    errors: tuple[Place, ...] = Field((), description="Each value that cannot be taken; empty for other problems.")


def title_of(status: int) -> str:
    """The status in words."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"


def problem(
    status: int, detail: str, *, errors: Sequence[Place] = (), headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """The answer."""
    found = Problem(type="about:blank", title=title_of(status), status=status, detail=detail, errors=tuple(errors))
    body: dict[str, Any] = found.model_dump(mode="json")
    return JSONResponse(body, status_code=status, headers=dict(headers or {}), media_type=MEDIA_TYPE)
