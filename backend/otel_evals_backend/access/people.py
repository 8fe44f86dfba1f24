"""The person behind a request, as parameters of routes: `Viewer`, `Reviewer`, `Admin`.

A route that takes one of them is refused to who may less, before its body is read. Who asks is found out once per
request by the middleware of this room and put on `request.state.person`.
"""

from collections.abc import Callable
from typing import Annotated, cast

from fastapi import Depends, HTTPException, Request, status

from otel_evals_backend.records import Person, Role


def person_of(request: Request) -> Person | None:
    """Who asks; None when nobody has logged in."""
    return cast("Person | None", getattr(request.state, "person", None))


def _at_least(role: Role) -> Callable[[Request], Person]:
    def check(request: Request) -> Person:
        person = person_of(request)
        if person is None:
            raise HTTPException(status.HTTP_401_UNAUTHORIZED, "log in first")
        if not person.role.covers(role):
            raise HTTPException(
                status.HTTP_403_FORBIDDEN, f"this needs the role {role.value}; you are {person.role.value}"
            )
        return person

    return check


Viewer = Annotated[Person, Depends(_at_least(Role.VIEWER))]
Reviewer = Annotated[Person, Depends(_at_least(Role.REVIEWER))]
Admin = Annotated[Person, Depends(_at_least(Role.ADMIN))]
