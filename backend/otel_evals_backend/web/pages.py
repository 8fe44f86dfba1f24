"""Renders pages and fragments. Every page goes through here, so that none forgets who looks at it, or escapes nothing.

A room keeps its templates in `web/templates/<room>/` and its own data as arguments; what every page needs (who asks,
the theme, the place in the navigation) is added here.
"""

from functools import cache
from pathlib import Path
from typing import Any, Final, cast

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from lucide.jinja import lucide

from otel_evals_backend.access.people import person_of
from otel_evals_backend.context import context_of

TEMPLATES: Final = Path(__file__).parent / "templates"
STATIC: Final = Path(__file__).parent / "static"


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
    cast("dict[str, Any]", made.globals)["lucide"] = lucide
    return made


def page(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """The page `template` (such as `overview/page.html`), or only its block `main` when a fragment is asked for."""
    context = context_of(request)
    person = person_of(request)
    found = environment().get_template(template)
    values |= {
        "request": request,
        "path": request.url.path,
        "person": person,
        "demo": context.demo,
        "theme": request.cookies.get("theme", "")
        if person is None
        else person.theme or request.cookies.get("theme", ""),
    }
    if request.headers.get("x-fragment"):
        blocks = found.blocks["main"](found.new_context(values))
        return HTMLResponse("".join(blocks), status_code=status)
    return HTMLResponse(found.render(values), status_code=status)
