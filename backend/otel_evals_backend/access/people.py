"""The person behind a request, as parameters of routes: `Viewer`, `Reviewer`, `Admin`, `Sender`.

A route that takes one of them is refused to who may less. Who asks is found out once per request at the door, which
puts it on `request.state.person`; without a person nothing that is not public is let in there, before its body is read.
"""

from typing import Annotated, Final, cast

from fastapi import Depends, HTTPException, Request, status

from otel_evals_backend.context import context_of
from otel_evals_backend.records import LOCAL, Person, Role

_SCOPE: Final = {Role.VIEWER: "read", Role.REVIEWER: "review", Role.ADMIN: "admin"}


def person_of(request: Request) -> Person | None:
    """Who asks; None when nobody has logged in."""
    return cast("Person | None", getattr(request.state, "person", None))


def may(person: Person, role: Role) -> bool:
    """Whether `person` may do what needs `role`. A token that only sends may read nothing."""
    return person.role.covers(role) and (not person.scopes or bool(person.scopes & set(_SCOPE.values())))


class AtLeast:
    """A dependency of a route that names the role that it needs."""

    def __init__(self, role: Role) -> None:
        self.role = role

    def __call__(self, request: Request) -> Person:
        """The person, if allowed."""
        person = _somebody(request)
        if not may(person, self.role):
            needed = f"the scope {_SCOPE[self.role]}" if person.scopes else f"the role {self.role.value}"
            have = ", ".join(sorted(person.scopes)) if person.scopes else person.role.value
            raise HTTPException(status.HTTP_403_FORBIDDEN, f"this needs {needed}; you have {have}")
        return person


class MaySend:
    """A dependency of routes that take OTLP: a token of scope send, or a program on this machine."""

    def __call__(self, request: Request) -> Person:
        """The sender, if allowed."""
        person = _somebody(request)
        if person.id == LOCAL.id and context_of(request).settings.ingest.bearer_tokens:
            raise HTTPException(status.HTTP_401_UNAUTHORIZED, "show one of backend.ingest.bearer_tokens", _BEARER)
        if person.id != LOCAL.id and not person.scopes & {"send", "admin"}:
            raise HTTPException(status.HTTP_403_FORBIDDEN, "this needs a token of the scope send")
        return person


_BEARER: Final = {"WWW-Authenticate": "Bearer"}


def _somebody(request: Request) -> Person:
    person = person_of(request)
    if person is None:
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, "log in first", _BEARER)
    return person


ROLE_CHECKS: Final = (AtLeast, MaySend)
"""What a route that is not public depends on: one of these."""

Viewer = Annotated[Person, Depends(AtLeast(Role.VIEWER))]
Reviewer = Annotated[Person, Depends(AtLeast(Role.REVIEWER))]
Admin = Annotated[Person, Depends(AtLeast(Role.ADMIN))]
Sender = Annotated[Person, Depends(MaySend())]
