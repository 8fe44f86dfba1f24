"""What carries one request to a next hop. Implemented by `grpc` and `http`."""

from typing import Final, Protocol

from google.protobuf.message import DecodeError as ProtobufDecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from otel_evals.forward.answer import Answer, Verdict
from otel_evals.records.signal import Signal

_MESSAGE_CHARACTERS: Final = 256


class Transport(Protocol):
    """A kept connection to one next hop."""

    async def call(self, signal: Signal, body: bytes, timeout: float) -> Answer:  # noqa: ASYNC109 - also ends connecting
        """Send one request and translate what came of it within `timeout` seconds. Raises nothing but cancellation."""
        ...

    async def close(self) -> None:
        """Give the connections back."""
        ...


def delivered(response: bytes, code: str) -> Answer:
    """The answer for a good response body.

    The responses of all three signals have the same wire form. One that cannot be read does not change that the
    next hop said yes.
    """
    if not response:
        return Answer(verdict=Verdict.DELIVERED, code=code)
    try:
        partial = ExportTraceServiceResponse.FromString(response).partial_success
    except ProtobufDecodeError:
        return Answer(verdict=Verdict.DELIVERED, code=code)
    return Answer(
        verdict=Verdict.DELIVERED,
        code=code,
        rejected=max(partial.rejected_spans, 0),
        message=plain(partial.error_message),
    )


def plain(words: str) -> str:
    """A next hop's words, fit for a log line: bounded, no control characters."""
    return "".join(c if c.isprintable() else " " for c in words[:_MESSAGE_CHARACTERS]).strip()
