"""`POST /v1/traces`, `/v1/logs` and `/v1/metrics`: OTLP/HTTP in protobuf and JSON, as the processor takes it.

Every refusal carries a `Status`, in JSON to who sent JSON; what a retry can help says so (503 with `Retry-After`).
"""

import asyncio
from http import HTTPStatus
from typing import Any, Final, cast

import grpc
from fastapi import APIRouter, Request, Response

from otel_evals.otlp.json import decode_json
from otel_evals.receive.admission import Admission, Ticket
from otel_evals.receive.compression import check_encoding, inflate
from otel_evals.receive.settings import LimitSettings
from otel_evals.receive.status import (
    JSON,
    PROTOBUF,
    HttpRefusal,
    Refusal,
    encode_accepted,
    encode_accepted_json,
    encode_status,
    encode_status_json,
    refusal_of,
)
from otel_evals.records.errors import TooLarge, Unauthenticated
from otel_evals.records.intake import Accepted
from otel_evals.records.signal import Signal
from otel_evals.records.units import ByteSize
from otel_evals.slicing.versions import PromptVersions
from otel_evals_backend import instruments
from otel_evals_backend.access.people import person_of
from otel_evals_backend.content.policy import Policy
from otel_evals_backend.content.sealing import Sealer
from otel_evals_backend.context import Context, context_of
from otel_evals_backend.ingest.bounds import Times
from otel_evals_backend.ingest.commit import Commits
from otel_evals_backend.ingest.questions import ask
from otel_evals_backend.ingest.read import MOST_RESULTS, Read, RequestReader
from otel_evals_backend.records import LOCAL
from otel_evals_backend.review.select import consider

ROUTER: Final = APIRouter()
_SCOPE: Final = "send"
_FORMATS: Final = {PROTOBUF: PROTOBUF, JSON: JSON, "application/protobuf": PROTOBUF}
_IN_THREAD: Final = 64 << 10
"""Bytes of a body above which it is read beside the loop: pages and other requests get their turn in between."""
_JSON_MEMORY: Final = 4
_FINGERPRINTS: Final = 50
"""Derived prompt versions of a service within an hour, as the processor's default."""


class Ingest:
    """What the routes share in one process."""

    def __init__(self, context: Context) -> None:
        settings = context.settings
        self._context = context
        self._settings = settings.ingest
        limits = LimitSettings(
            in_flight_bytes=ByteSize(max(settings.ingest.max_waiting, 2 * settings.ingest.max_body)), memory_mark=None
        )
        self.admission = Admission(limits, context.clock)
        versions = PromptVersions(_FINGERPRINTS, context.clock)
        self._reader = RequestReader(Policy(settings.content), Sealer(settings.content), versions.label)
        self._commits = Commits(context, after=(ask, consider))

    async def export(self, signal: Signal, request: Request) -> Accepted:
        """Take one request. Raises what `receive.status` has an answer for."""
        self._check(request)
        form = _format_of(request)
        encoding = check_encoding(request.headers.get("content-encoding", ""))
        ticket = self.admission.open()
        try:
            body = await self._body(request, ticket)
            if encoding:
                body = await inflate(encoding, body, limit=self._settings.max_body, ticket=ticket)
            if form == JSON:
                ticket.grow(_JSON_MEMORY * len(body))
            read = await self._read(signal, body, is_json=form == JSON)
            await self._commits.keep(read.arrivals)
        finally:
            ticket.close()
        if read.rejected:
            return Accepted(rejected=read.rejected, message="ids of spans have 16 and 8 bytes and are not all zero")
        if read.left_out:
            return Accepted(message=f"{read.left_out} results were left out: a span brings {MOST_RESULTS} at most")
        return Accepted()

    def _check(self, request: Request) -> None:
        """Who may send: who shows a token for it, or whoever sits at this machine unless tokens are asked for."""
        person = person_of(request)
        is_local = person is not None and person.id == LOCAL.id and not self._settings.bearer_tokens
        if person is None or not (is_local or _SCOPE in person.scopes):
            raise Unauthenticated("a bearer token that may send is required here")

    async def _body(self, request: Request, ticket: Ticket) -> bytes:
        limit = self._settings.max_body
        said = request.headers.get("content-length", "")
        if said.isascii() and said.isdigit() and int(said[:20]) > limit:
            raise TooLarge(f"the body is larger than {limit} bytes")
        parts: list[bytes] = []
        total = 0
        async for part in request.stream():
            total += len(part)
            if total > limit:
                raise TooLarge(f"the body is larger than {limit} bytes")
            ticket.grow(len(part))
            parts.append(part)
        return b"".join(parts)

    async def _read(self, signal: Signal, body: bytes, *, is_json: bool) -> Read:
        clock, kept = self._context.clock, self._context.settings.retention.spans
        now_ns = clock.time_ns()
        times = Times(now_ns, now_ns - int(kept * 1e9))

        def read() -> Read:
            return self._reader.read(signal, decode_json(signal, body) if is_json else body, times)

        return read() if len(body) < _IN_THREAD else await asyncio.to_thread(read)


def ingest_of(request: Request) -> Ingest:
    """The ingest of the application that answers."""
    state: Any = request.app.state
    if not hasattr(state, "ingest"):
        state.ingest = Ingest(context_of(request))
    return cast("Ingest", state.ingest)


def _format_of(request: Request) -> str:
    said = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    form = _FORMATS.get(said)
    if form is None:
        raise HttpRefusal(
            Refusal(
                reason="unsupported_media_type",
                grpc_code=grpc.StatusCode.UNIMPLEMENTED,
                http_status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
                message=f"send {PROTOBUF} or {JSON}, and say so in Content-Type",
            )
        )
    return form


async def _export(signal: Signal, request: Request) -> Response:
    is_json = request.headers.get("content-type", "").lower().startswith(JSON)
    context = context_of(request)
    began = context.clock.monotonic()
    try:
        accepted = await ingest_of(request).export(signal, request)
    except Exception as error:  # noqa: BLE001 - stage boundary: the table has an answer for every error
        refusal = refusal_of(error)
        context.meters.add(instruments.REQUESTS, 1, signal.value, "refused", refusal.reason)
        return _refused(refusal, is_json=is_json)
    context.meters.add(instruments.REQUESTS, 1, signal.value, "accepted", "")
    context.meters.observe(instruments.DURATION, context.clock.monotonic() - began, signal.value)
    if is_json:
        return Response(encode_accepted_json(signal, accepted), media_type=JSON)
    return Response(encode_accepted(accepted), media_type=PROTOBUF)


def _refused(refusal: Refusal, *, is_json: bool) -> Response:
    headers = dict(refusal.headers)
    if refusal.retry_after is not None:
        headers["retry-after"] = str(max(1, round(refusal.retry_after)))
    return Response(
        encode_status_json(refusal) if is_json else encode_status(refusal),
        status_code=refusal.http_status,
        headers=headers,
        media_type=JSON if is_json else PROTOBUF,
    )


@ROUTER.post(Signal.TRACES.http_path, include_in_schema=False)
async def traces(request: Request) -> Response:
    """Take spans."""
    return await _export(Signal.TRACES, request)


@ROUTER.post(Signal.LOGS.http_path, include_in_schema=False)
async def logs(request: Request) -> Response:
    """Take log records: results, feedback, and the content of calls."""
    return await _export(Signal.LOGS, request)


@ROUTER.post(Signal.METRICS.http_path, include_in_schema=False)
async def metrics(request: Request) -> Response:
    """Take metrics from senders that send all three signals to one place. They are checked and not kept."""
    return await _export(Signal.METRICS, request)


async def _wrong_method() -> Response:
    refusal = Refusal(
        reason="method_not_allowed",
        grpc_code=grpc.StatusCode.UNIMPLEMENTED,
        http_status=HTTPStatus.METHOD_NOT_ALLOWED,
        message="POST an OTLP request here",
        headers=(("allow", "POST"),),
    )
    return _refused(refusal, is_json=False)


for _signal in Signal:
    ROUTER.add_api_route(
        _signal.http_path, _wrong_method, methods=["GET", "HEAD", "PUT", "DELETE", "PATCH"], include_in_schema=False
    )
