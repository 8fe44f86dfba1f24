"""Renders pages and fragments. Every page goes through here, so that none forgets who looks at it, or escapes nothing.

A room keeps its templates in `web/templates/<room>/` and its own data as arguments; what every page needs (who asks,
the theme, the place in the navigation) is added here.
"""

from functools import cache, partial
from pathlib import Path
from typing import Any, Final, cast

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from otel_evals_backend.access.people import person_of
from otel_evals_backend.context import context_of
from otel_evals_backend.web.filters import FILTERS, GLOBALS
from otel_evals_backend.web.navigation import exists, menu, navigation

TEMPLATES: Final = Path(__file__).parent / "templates"
THEMES: Final = ("light", "dark")


@cache
def environment() -> Environment:
    """The templates' environment. Rooms add filters in `web/filters.py`, nowhere else."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(FILTERS)
    shared = cast("dict[str, Any]", made.globals)
    shared.update(GLOBALS, csrf=csrf, csrf_token=csrf_token)
    shared["ui"] = made.get_template("web/macros.html").module
    return made


def csrf_token(request: Request) -> str:
    """What our own scripts send as the header `X-CSRF-Token` with every change."""
    return cast("str", request.state.csrf)


def csrf(request: Request) -> Markup:
    """The field that proves that a form is ours: the first in every `<form method="post">`."""
    return Markup('<input type="hidden" name="csrf" value="{}">').format(csrf_token(request))


def page(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """The page `template` (such as `overview/page.html`), or only its block `main` when a fragment is asked for."""
    context = context_of(request)
    person = person_of(request)
    found = environment().get_template(template)
    path = request.url.path
    values |= {
        "request": request,
        "path": path,
        "person": person,
        "demo": context.demo,
        "theme": _theme(request),
        "now_ns": context.clock.time_ns(),
        "navigation": navigation(request.app, path),
        "menu": menu(request.app),
        "exists": partial(exists, request.app),
    }
    headers = {"cache-control": "no-store", "vary": "x-fragment, cookie"}
    if request.headers.get("x-fragment"):
        blocks = found.blocks["main"](found.new_context(values))
        return HTMLResponse("".join(blocks), status_code=status, headers=headers)
    return HTMLResponse(found.render(values), status_code=status, headers=headers)


def _theme(request: Request) -> str:
    """What was chosen in this browser, else the person's preference, else "": what the system says."""
    person = person_of(request)
    for chosen in (request.cookies.get("theme", ""), person.theme if person else ""):
        if chosen in THEMES:
            return chosen
    return ""
