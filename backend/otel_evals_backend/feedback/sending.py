"""Who may send feedback, from where and how often: a publishable key, a token of scope send, or this machine.

A publishable key stands in web pages for everybody to read: it opens nothing but this door, only pages of its origins
may show it, and each address has so many signals a minute, counted in each process.
"""

from math import ceil
from typing import Final

import msgspec
from fastapi import HTTPException
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.requests import Request

from otel_evals.records.clock import Clock
from otel_evals_backend.access.app_keys import PREFIX, AppKey, app_key_of
from otel_evals_backend.access.people import MaySend
from otel_evals_backend.access.rates import neighbourhood
from otel_evals_backend.context import Context

HEADER: Final = "x-feedback-key"
_MINUTE: Final = 60
_EVERYBODY: Final = 100
"""A key's signals from all addresses together, as a multiple of those from one."""


class Refused(Exception):  # noqa: N818 - named for what happened, as the status it becomes
    """The request is not taken; the text says what to do."""

    def __init__(self, status: int, why: str, *, retry_after: int | None = None) -> None:
        super().__init__(why)
        self.status = status
        self.retry_after = retry_after


class Sender(msgspec.Struct, frozen=True, kw_only=True):
    """Who sends."""

    source: str
    app: str = ""
    """The application that the key was made for."""
    key: AppKey | None = None


def shown_key(request: Request) -> str | None:
    """The publishable key in the headers."""
    if key := request.headers.get(HEADER, "").strip():
        return key
    kind, _, secret = request.headers.get("authorization", "").partition(" ")
    return secret.strip() if kind.lower() == "bearer" and secret.strip().startswith(PREFIX) else None


async def sender_of(request: Request, context: Context, key: str | None) -> Sender:
    """Who sends this, by a publishable key when one is shown.

    Raises:
        Refused: they may not.
    """
    if key is None:
        try:
            person = MaySend()(request)
        except HTTPException as error:
            why = f"show a publishable key ({HEADER}, or key in the body), or a token of scope send"
            raise Refused(error.status_code, why) from None
        return Sender(source=person.id)
    async with context.database.read() as connection:
        found = await app_key_of(connection, key) if key.startswith(PREFIX) and len(key) < 100 else None
    if found is None:
        raise Refused(401, "this key does not hold: make one in the settings, under applications")
    origin = request.headers.get("origin")
    if origin is not None and origin not in found.origins:
        raise Refused(403, "pages of this origin may not use this key: name the origin with the key in the settings")
    return Sender(source=f"key:{found.id}", app=found.app, key=found)


class Rates:
    """How often keys may be used, in one process."""

    def __init__(self, clock: Clock) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._clock = clock

    def spend(self, key: AppKey, address: str, signals: int) -> None:
        """Count `signals`.

        Raises:
            Refused: that is too many now.
        """
        if signals > key.per_minute:
            raise Refused(400, f"this key takes {key.per_minute} signals a minute: send fewer at once")
        place = neighbourhood(address)
        one, all_ = RateLimitItemPerMinute(key.per_minute), RateLimitItemPerMinute(_EVERYBODY * key.per_minute)
        for limit, who in ((one, (key.id, place)), (all_, (key.id,))):
            if not self._limiter.hit(limit, *who, cost=signals):
                left = self._limiter.get_window_stats(limit, *who).reset_time - self._clock.time_ns() / 1e9
                raise Refused(429, "too many signals a minute", retry_after=min(max(1, ceil(left)), _MINUTE))
