"""`POST /v1/feedback`: for servers, browsers (CORS; text/plain as `navigator.sendBeacon` sends it), this machine.

Answers say in words what is wrong, also to pages of other origins, so that who writes an application can see it.
"""

from typing import Any, Final, cast

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from otel_evals.records.errors import DecodeError, Unavailable
from otel_evals_backend import instruments
from otel_evals_backend.access.app_keys import is_known_origin
from otel_evals_backend.access.problems import problem
from otel_evals_backend.content.policy import Policy
from otel_evals_backend.context import Context, context_of
from otel_evals_backend.feedback.models import AllTaken, Given, Refusal
from otel_evals_backend.feedback.reading import Reader, parse
from otel_evals_backend.feedback.sending import HEADER, Rates, Refused, Sender, sender_of, shown_key
from otel_evals_backend.feedback.taking import take

ROUTER: Final = APIRouter()
_PATH: Final = "/v1/feedback"
_LARGEST: Final = 1 << 20
_JSON: Final = frozenset({"", "application/json", "text/plain", "application/octet-stream"})
"""Content types under which browsers and servers send JSON."""
_AGAIN: Final = 600
"""Seconds that a browser remembers the answer to its preflight."""
_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    400: {"model": Refusal, "description": "Not a signal; the text says what is wrong"},
    401: {"model": Refusal, "description": "No key or token, or one that does not hold"},
    403: {"model": Refusal, "description": "The key is not for pages of this origin, or the token not for sending"},
    413: {"model": Refusal, "description": "More than 1 MiB"},
    415: {"model": Refusal, "description": "Not JSON"},
    429: {"model": Refusal, "description": "Too many; Retry-After says how long to wait"},
    503: {"model": Refusal, "description": "Not now; Retry-After says how long to wait"},
}
_BODY: Final = {
    "required": True,
    "content": {
        kind: {
            "schema": {
                "oneOf": [
                    Given.model_json_schema(ref_template="#/components/schemas/{model}"),
                    {"type": "array", "minItems": 1, "maxItems": 500, "items": {"type": "object"}},
                ]
            }
        }
        for kind in ("application/json", "text/plain")
    },
}


class FeedbackDoor:
    """What the requests of one process share."""

    def __init__(self, context: Context) -> None:
        settings = context.settings
        self._context = context
        self._rates = Rates(context.clock)
        self._reader = Reader(Policy(settings.content), settings.feedback.max_comment)

    async def take(self, request: Request) -> AllTaken:
        """Take one request.

        Raises:
            Refused: the sender may not.
            DecodeError: it is no feedback.
            Unavailable: not now.
        """
        sender = None
        if (key := shown_key(request)) is not None:
            sender = await sender_of(request, self._context, key)
        given = parse(await _body(request))
        if sender is None:
            sender = await sender_of(request, self._context, _key_of(given))
        if sender.key is not None:
            self._rates.spend(sender.key, request.client.host if request.client else "", len(given))
        return AllTaken(feedback=await take(self._context, self._read(request, given, sender), sender.app))

    def _read(self, request: Request, given: list[Given], sender: Sender) -> Any:
        now_ns = self._context.clock.time_ns()
        key = request.headers.get("idempotency-key") or None
        return [
            self._reader.read(
                one, source=sender.source, now_ns=now_ns, key=None if key is None else f"{position}/{key}"
            )
            for position, one in enumerate(given)
        ]


def _key_of(given: list[Given]) -> str | None:
    keys = {one.key for one in given if one.key is not None}
    if len(keys) > 1:
        raise Refused(400, "signals of two keys go in two requests")
    return next(iter(keys), None)


async def _body(request: Request) -> bytes:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _JSON:
        raise Refused(415, "send JSON, as application/json or text/plain")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Refused(415, "send it uncompressed")
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > _LARGEST:
            raise Refused(413, f"a request has at most {_LARGEST} bytes")
    return bytes(body)


def door_of(request: Request) -> FeedbackDoor:
    """The door of the application that answers."""
    state: Any = request.app.state
    if not hasattr(state, "feedback"):
        state.feedback = FeedbackDoor(context_of(request))
    return cast("FeedbackDoor", state.feedback)


@ROUTER.post(
    _PATH,
    status_code=202,
    response_model=AllTaken,
    responses=_ANSWERS,
    tags=["feedback"],
    summary="Report what users did with answers",
    openapi_extra={"requestBody": _BODY},
)
async def give(request: Request) -> Response:
    """One signal, or a list of up to 500: all of them are kept, or none.

    Who may: a publishable key of an application (`X-Feedback-Key`, or `key` in the body) that browsers of its origins
    may use; a token of scope `send`; programs on this machine when nobody logs in. Sending the same again changes
    nothing: the same `Idempotency-Key`, or `id`, or else the same words within a minute.
    """
    context = context_of(request)
    began = context.clock.monotonic()
    headers = await _cors(request)
    try:
        taken = await door_of(request).take(request)
    except Refused as error:
        if error.retry_after is not None:
            headers["retry-after"] = str(error.retry_after)
        answer, reason = _refusal(error.status, str(error), headers), str(error.status)
    except DecodeError as error:
        answer, reason = _refusal(400, str(error), headers), "400"
    except Unavailable as error:
        headers["retry-after"] = str(max(1, round(error.retry_after or 1)))
        answer, reason = _refusal(503, "this cannot be taken now", headers), "503"
    else:
        answer, reason = JSONResponse(taken.model_dump(), 202, headers), ""
        context.meters.observe(instruments.DURATION, context.clock.monotonic() - began, "feedback")
    context.meters.add(instruments.REQUESTS, 1, "feedback", "refused" if reason else "accepted", reason)
    return answer


@ROUTER.options(_PATH, include_in_schema=False)
async def preflight(request: Request) -> Response:
    """Tell a browser whether a page may send."""
    headers = await _cors(request)
    if "access-control-allow-origin" not in headers:
        return _refusal(403, "no key is for pages of this origin: name it with the key in the settings", headers)
    headers |= {
        "access-control-allow-methods": "POST",
        "access-control-allow-headers": f"content-type, {HEADER}, idempotency-key",
        "access-control-max-age": str(_AGAIN),
    }
    return Response(status_code=204, headers=headers)


async def _cors(request: Request) -> dict[str, str]:
    """What lets a page read the answer: an origin that some key is for. No cookie ever counts here."""
    headers = {"vary": "origin", "cache-control": "no-store"}
    origin = request.headers.get("origin")
    if origin is None:
        return headers
    try:
        async with context_of(request).database.read() as connection:
            known = await is_known_origin(connection, origin)
    except Unavailable:
        return headers
    if known:
        headers |= {"access-control-allow-origin": origin, "access-control-expose-headers": "retry-after"}
    return headers


def _refusal(status: int, why: str, headers: dict[str, str]) -> Response:
    return problem(status, why, headers=headers)
