"""Cookies of those who log in: out of scripts' reach, sent to us alone, under TLS by TLS only."""

from fastapi import Request, Response

from otel_evals_backend.access.door import is_secure
from otel_evals_backend.access.identity import cookie_name


def shown(request: Request, name: str) -> str:
    """The cookie that the browser showed, "" when none."""
    return request.cookies.get(cookie_name(name, secure=is_secure(request)), "")


def give(request: Request, response: Response, name: str, value: str, *, seconds: int | None = None) -> None:
    """Set a cookie, until the browser closes or for `seconds`."""
    secure = is_secure(request)
    response.set_cookie(
        cookie_name(name, secure=secure), value, max_age=seconds, path="/", secure=secure, httponly=True, samesite="lax"
    )


def take(request: Request, response: Response, name: str) -> None:
    """Remove a cookie."""
    secure = is_secure(request)
    response.delete_cookie(cookie_name(name, secure=secure), path="/", secure=secure, httponly=True, samesite="lax")
