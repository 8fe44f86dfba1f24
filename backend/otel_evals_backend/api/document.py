"""The OpenAPI document: what the rooms say of their routes, with what holds for all of them added once.

Errors have one form, whoever gives them; every operation names who may call it.
"""

import json
import re
from typing import Any, Final, cast

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from otel_evals_backend.access.problems import MEDIA_TYPE, Place, Problem
from otel_evals_backend.access.public import is_public

VERSION: Final = "1"
PREFIX: Final = "/api/v1/"
_MANGLED: Final = re.compile(r"otel_evals_backend__([a-z]+)__.*__(\w+)")
_METHODS: Final = ("get", "put", "post", "delete", "patch", "head", "options")
_ABOUT: Final = """All that the pages do, as JSON. Times named `…_ns` are nanoseconds since 1970 UTC.

**Who asks**: a session of the pages, or a token as `Authorization: Bearer …` (Settings, Tokens) with the scope `read`,
`review` or `admin`. On a backend that listens on this machine alone, nobody has to log in. A session's changes carry
the token of the page as `X-CSRF-Token`.

**Lists** come newest first in pieces: `limit` says how many, `next` of an answer is `cursor` of the next request, null
at the end.

**Errors** are problems by RFC 9457: `status`, `detail` in words, and `errors` by value where a request cannot be read.

**Versions**: what is added may come at any time; what is changed or taken away comes under `/api/v2`."""
_TAGS: Final = {
    "overview": "What needs attention, the funnel, quality by metric.",
    "slices": "Pass rates by model and prompt version.",
    "evaluations": "Evaluated calls and their results.",
    "views": "Saved addresses of lists.",
    "review": "The queue of people: items, labels, plans.",
    "feedback": "What users did with answers.",
    "cases": "Confirmed failures as examples, and sets of labelled answers.",
    "people": "Who may come in: people, invitations, tokens, keys, the log of changes.",
    "operations": "Health, counters, deletion.",
}
_ALWAYS: Final = {
    "400": "The request makes no sense here.",
    "401": "Nobody is logged in, and no token that holds was shown.",
    "403": "The role or the scope is too small, or the request was not made by a page of ours.",
    "503": "The database cannot answer now; `Retry-After` says when to ask again.",
}
_SECURITY: Final = {
    "session": {
        "type": "apiKey", "in": "cookie", "name": "session", "description": "The cookie of somebody who has logged in."
    },
    "token": {"type": "http", "scheme": "bearer", "description": "An API token; scopes: read, review, send, admin."},
}  # fmt: skip


def document(app: FastAPI) -> dict[str, Any]:
    """The document of all routes of `app` that are part of the API; made once."""
    made: dict[str, Any] | None = getattr(app.state, "openapi_document", None)
    if made is None:
        made = app.state.openapi_document = _document(app)
    return made


def operations(found: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """Path, method and operation of each operation of a document."""
    return [
        (path, method, operation)
        for path, item in found["paths"].items()
        for method, operation in item.items()
        if method in _METHODS
    ]


def _document(app: FastAPI) -> dict[str, Any]:
    found = get_openapi(
        title="otel-evals backend",
        version=VERSION,
        summary="Evaluations of LLM applications, and the people who decide what is true.",
        description=_ABOUT,
        routes=app.routes,
    )
    _, schemas = models_json_schema(
        [(Problem, "serialization"), (Place, "serialization")], ref_template="#/components/schemas/{model}"
    )
    components = found.setdefault("components", {})
    components.setdefault("schemas", {}).update(schemas["$defs"])
    components["securitySchemes"] = _SECURITY
    used: set[str] = set()
    for path, _method, operation in operations(found):
        used |= set(operation.get("tags", ()))
        _mend(path, operation)
    _prune(found)
    found = _short(found)
    found["tags"] = [{"name": name, "description": says} for name, says in _TAGS.items() if name in used]
    return found


def _mend(path: str, operation: dict[str, Any]) -> None:
    answers: dict[str, Any] = operation.setdefault("responses", {})
    for status, says in _ALWAYS.items():
        answers.setdefault(status, {"description": says})
    if operation.get("parameters") or "requestBody" in operation:
        answers["422"] = {"description": "Something in the request cannot be read; `errors` says what."}
    for status, answer in answers.items():
        if status[0] in "45":
            answer["content"] = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    operation["responses"] = dict(sorted(answers.items()))
    if not is_public(path):
        operation["security"] = [{"session": []}, {"token": []}]


def _short(found: dict[str, Any]) -> dict[str, Any]:
    """Call schemas of one name by their room too, not by their module."""
    text = json.dumps(found)
    for name in list[str](found["components"]["schemas"]):
        if mangled := _MANGLED.fullmatch(name):
            text = text.replace(f'{name}"', f'{mangled[1].title()}{mangled[2]}"')
    return json.loads(text)


def _prune(found: dict[str, Any]) -> None:
    """Leave out the schemas that nothing refers to any more."""
    schemas: dict[str, Any] = found["components"]["schemas"]
    needed: set[str] = set()
    waiting = [found["paths"]]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            table = cast("dict[str, Any]", one)
            name = str(table.get("$ref", "")).removeprefix("#/components/schemas/")
            if name in schemas and name not in needed:
                needed.add(name)
                waiting.append(schemas[name])
            waiting += table.values()
        elif isinstance(one, list):
            waiting += cast("list[Any]", one)
    found["components"]["schemas"] = {name: schema for name, schema in sorted(schemas.items()) if name in needed}
