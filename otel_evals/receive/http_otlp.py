"""OTLP/HTTP on the HTTP server: the three routes, content types, encodings, and refusals in the sender's own format."""

import asyncio
from http import HTTPStatus
from typing import Final

import grpc

from otel_evals.otlp.json import decode_json
from otel_evals.receive.auth import Authenticator
from otel_evals.receive.compression import check_encoding, inflate
from otel_evals.receive.http_message import TEXT, Head, Request, Response, Route, Routes
from otel_evals.receive.settings import HttpSettings
from otel_evals.receive.status import (
    JSON,
    PROTOBUF,
    HttpRefusal,
    Refusal,
    encode_accepted,
    encode_accepted_json,
    encode_status,
    encode_status_json,
)
from otel_evals.records.intake import Intake
from otel_evals.records.signal import Signal

_JSON_IN_THREAD: Final = 256 << 10
"""Bytes of JSON above which decoding leaves the loop: other requests get their turn in between."""
_JSON_MEMORY: Final = 4
"""Parsed JSON takes about this many times the memory of its text."""
_FORMATS: Final = {PROTOBUF.encode(): PROTOBUF, JSON.encode(): JSON, b"application/protobuf": PROTOBUF}


class OtlpHttp:
    """Makes the routes of the OTLP port."""

    def __init__(self, intake: Intake, *, settings: HttpSettings, authenticator: Authenticator) -> None:
        self._intake = intake
        self._max_body = settings.max_body
        self._authenticator = authenticator

    def routes(self) -> Routes:
        """`POST /v1/traces`, `/v1/logs` and `/v1/metrics`."""
        return {("POST", signal.http_path): self._route(signal) for signal in Signal}

    def _route(self, signal: Signal) -> Route:
        async def export(request: Request) -> Response:
            return await self._export(signal, request)

        return Route(handler=export, max_body=self._max_body, check=self._check, signal=signal)

    def _check(self, head: Head) -> None:
        self._authenticator.check(head.header)
        if _format_of(head) is None:
            raise HttpRefusal(
                Refusal(
                    reason="unsupported_media_type",
                    grpc_code=grpc.StatusCode.UNIMPLEMENTED,
                    http_status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
                    message=f"send {PROTOBUF} or {JSON}, and say so in Content-Type",
                )
            )
        _encoding_of(head)

    async def _export(self, signal: Signal, request: Request) -> Response:
        body, ticket, is_json = request.body, request.ticket, _format_of(request.head) == JSON
        encoding = _encoding_of(request.head)
        if encoding and ticket is not None:
            body = await inflate(encoding, body, limit=self._max_body, ticket=ticket)
        if is_json:
            body = await self._from_json(signal, body, request)
        accepted = await self._intake(signal, body)
        if is_json:
            return Response(body=encode_accepted_json(signal, accepted), content_type=JSON)
        return Response(body=encode_accepted(accepted), content_type=PROTOBUF)

    async def _from_json(self, signal: Signal, body: bytes, request: Request) -> bytes:
        if request.ticket is not None:
            request.ticket.grow(_JSON_MEMORY * len(body))
        if len(body) < _JSON_IN_THREAD:
            decoded = decode_json(signal, body)
        else:
            decoded = await asyncio.to_thread(decode_json, signal, body)
        if request.ticket is not None:
            request.ticket.shrink(_JSON_MEMORY * len(body))
        return decoded


def _format_of(head: Head) -> str | None:
    value = head.headers.get(b"content-type", b"")
    return _FORMATS.get(value) or _FORMATS.get(value.partition(b";")[0].strip().lower())


def _encoding_of(head: Head) -> str:
    value = head.headers.get(b"content-encoding")
    return check_encoding(value.decode("latin-1")) if value else ""


def refuse_otlp(refusal: Refusal, head: Head | None) -> Response:
    """A refusal with a `Status` body: JSON to who sent JSON, protobuf to everyone else, as OTLP demands."""
    is_json = head is not None and _format_of(head) == JSON
    return Response(
        status=refusal.http_status,
        body=encode_status_json(refusal) if is_json else encode_status(refusal),
        content_type=JSON if is_json else PROTOBUF,
        headers=_headers(refusal),
    )


def refuse_text(refusal: Refusal, head: Head | None) -> Response:  # noqa: ARG001 - the signature of Refuse
    """A refusal in plain text, for ports that people and scrapers read."""
    return Response(
        status=refusal.http_status,
        body=f"{refusal.message}\n".encode(),
        content_type=TEXT,
        headers=_headers(refusal),
    )


def _headers(refusal: Refusal) -> tuple[tuple[str, str], ...]:
    if refusal.retry_after is None:
        return refusal.headers
    return (*refusal.headers, ("retry-after", str(max(1, round(refusal.retry_after)))))
