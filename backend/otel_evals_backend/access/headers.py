"""The headers that every answer carries, errors included. Put on at the door."""

from typing import Final

from starlette.types import Message, Send

CSP: Final = "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
_ALWAYS: Final = (
    (b"content-security-policy", CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    # not no-referrer: browsers would then write `Origin: null` on our own forms
    (b"referrer-policy", b"same-origin"),
    (
        b"permissions-policy",
        b"camera=(), microphone=(), geolocation=(), payment=(), usb=(), interest-cohort=(), browsing-topics=()",
    ),
    (b"cross-origin-opener-policy", b"same-origin"),
)
_UNLESS_SET: Final = (
    (b"cache-control", b"no-store"),  # what was seen stays not behind after log-out
    (b"cross-origin-resource-policy", b"same-origin"),
)
_TLS: Final = (b"strict-transport-security", b"max-age=31536000")


def security_headers(*, secure: bool) -> dict[str, str]:
    """All of them, for answers that do not pass the door."""
    found = (*_ALWAYS, *_UNLESS_SET, *((_TLS,) if secure else ()))
    return {name.decode(): value.decode() for name, value in found}


def with_headers(send: Send, *, secure: bool) -> Send:
    """`send`, with the headers put on each answer."""
    always = (*_ALWAYS, _TLS) if secure else _ALWAYS
    fixed = {name for name, _ in always}

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            given = [(name.lower(), value) for name, value in message.get("headers", ())]
            names = {name for name, _ in given}
            kept = [pair for pair in given if pair[0] not in fixed]
            more = [pair for pair in _UNLESS_SET if pair[0] not in names]
            message = {**message, "headers": [*kept, *always, *more]}
        await send(message)

    return sending
