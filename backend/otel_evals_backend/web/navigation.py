"""The five words of the header and the menu. What does not answer yet is left out: no link is dead."""

from typing import Any, Final

from fastapi import FastAPI
from starlette.routing import Match

WORDS: Final = (
    ("Overview", ("/",), ("/",)),
    ("Evaluations", ("/evaluations",), ("/evaluations", "/spans")),
    ("Review", ("/review",), ("/review",)),
    ("Quality", ("/quality", "/slices"), ("/quality", "/slices", "/agreement", "/divergence", "/versions")),
    ("Alerts", ("/alerts",), ("/alerts",)),
)
"""Word; addresses, of which the first that answers is taken; where one is within it."""
MENU: Final = (
    ("Cases", "/cases", "folder-check"),
    ("My reviews", "/review/me", "user-check"),
    ("Settings", "/settings", "settings"),
    ("API", "/api/v1/docs", "braces"),
)


def exists(app: FastAPI, path: str, method: str = "GET") -> bool:
    """Whether a route answers `path`."""
    known: dict[tuple[str, str], bool] = app.state.__dict__.setdefault("known_paths", {})
    if (path, method) not in known:
        scope: dict[str, Any] = {
            "type": "http", "path": path, "root_path": "", "method": method, "headers": [], "query_string": b"",
            "path_params": {}, "app": app,
        }  # fmt: skip
        known[path, method] = any(route.matches(scope)[0] is Match.FULL for route in app.routes)
    return known[path, method]


def navigation(app: FastAPI, path: str) -> list[tuple[str, str, bool]]:
    """Word, address, and whether `path` is within it."""
    shown: list[tuple[str, str, bool]] = []
    for word, addresses, within in WORDS:
        found = next((address for address in addresses if exists(app, address)), None)
        if found is not None:
            here = any(path == start or (start != "/" and path.startswith(start + "/")) for start in within)
            shown.append((word, found, here))
    return shown


def menu(app: FastAPI) -> list[tuple[str, str, str]]:
    """Word, address and icon of what else there is."""
    return [row for row in MENU if exists(app, row[1])]
