"""Browsers as senders: the answers that the fetch standard's CORS protocol asks for.

Off until an origin is allowed. Credentials mode is not offered: a sender in a browser shows a bearer token, not a
cookie.
"""

import re
from http import HTTPStatus
from typing import Final

from otel_evals.receive.http_message import Head, Response
from otel_evals.receive.settings import CorsSettings

_ALWAYS_ALLOWED: Final = ("content-type", "content-encoding", "authorization")


class Cors:
    """Decides by the request's Origin."""

    def __init__(self, settings: CorsSettings) -> None:
        patterns = [_pattern(origin) for origin in settings.allowed_origins]
        self._origins = re.compile("|".join(patterns)) if patterns else None
        headers = dict.fromkeys((*_ALWAYS_ALLOWED, *(name.lower() for name in settings.allowed_headers)))
        self._preflight = (
            ("access-control-allow-methods", "POST"),
            ("access-control-allow-headers", ", ".join(headers)),
            ("access-control-max-age", str(int(settings.max_age))),
        )

    def headers(self, head: Head) -> tuple[tuple[str, str], ...]:
        """The fields that let the page read the answer; none when its origin is not allowed."""
        origin = head.header("origin")
        if self._origins is None or origin is None:
            return ()
        if self._origins.fullmatch(origin.lower()) is None:
            return (("vary", "origin"),)
        return (
            ("access-control-allow-origin", origin),
            ("access-control-expose-headers", "retry-after"),
            ("vary", "origin"),
        )

    def preflight(self, head: Head) -> Response | None:
        """The answer to a preflight of an allowed origin, None when `head` is no such thing."""
        if head.method != "OPTIONS" or head.header("access-control-request-method") is None:
            return None
        if len(self.headers(head)) <= 1:
            return None
        return Response(status=HTTPStatus.NO_CONTENT, headers=self._preflight)


def _pattern(origin: str) -> str:
    if origin == "*":
        return ".*"
    return re.escape(origin.rstrip("/").lower()).replace(r"\*", "[a-z0-9.-]*")
