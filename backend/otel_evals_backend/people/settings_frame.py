"""The frame of every page of settings: its tabs, and the way back after a form."""

from typing import Any, Final, cast

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse

from otel_evals_backend.access.people import may
from otel_evals_backend.context import Context
from otel_evals_backend.records import Person, Role
from otel_evals_backend.web.pages import page

_TABS: Final = (
    ("You", "/settings", Role.VIEWER),
    ("People", "/settings/people", Role.ADMIN),
    ("Tokens", "/settings/tokens", Role.VIEWER),
    ("App keys", "/settings/app-keys", Role.ADMIN),
    ("What is kept", "/settings/kept", Role.VIEWER),
    ("Log of changes", "/settings/audit", Role.ADMIN),
)


def settings_page(request: Request, person: Person, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """The page `people/<template>.html` with the tabs that `person` may open."""
    path = request.url.path
    here = next((address for _, address, _ in _TABS[1:] if path.startswith(address)), "/settings")
    tabs = [(word, address, address == here) for word, address, role in _TABS if may(person, role)]
    login = bool(cast("Context", request.app.state.context).settings.access.login)
    return page(request, f"people/{template}.html", status=status, tabs=tabs, login=login, **values)


def back(path: str) -> RedirectResponse:
    """After a form that changed something: read the page again."""
    return RedirectResponse(path, status_code=303)
