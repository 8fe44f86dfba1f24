"""The process that sends the demo's traffic, and its handle: real exporters, real sockets, as any application's.

Life cycle: `Traffic.start` spawns the process, `Traffic.stop` asks it to end and waits. The process also ends when its
pipe closes, so it never outlives who started it.
"""

import logging
import multiprocessing
import signal
import time
from multiprocessing.connection import Connection
from typing import Annotated, Any, Final

import msgspec
import requests
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from otel_evals.demo.applications import Shop
from otel_evals.demo.feedback_door import FeedbackDoor
from otel_evals.records.signal import Signal

_DELAY_MS: Final = 250
"""How long the exporters gather a batch: short, so that the view moves."""
_QUEUE: Final = 4096
_BATCH: Final = 256
_TIMEOUT: Final = 5
_LAST_WORD: Final = 3.0
"""Seconds that the process gets to send what is left."""


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Where the traffic goes, and how much of it."""

    endpoint: Annotated[str, msgspec.Meta(description="OTLP/HTTP base, such as http://127.0.0.1:4318.")]
    headers: dict[str, str] = {}
    certificate_file: str | None = None
    """The authority that the server's certificate is checked against; None for plain HTTP."""
    feedback: str | None = None
    """Where customers' pages report to: the address of a backend; None = log records carry all of it."""
    rate: float = 14.0
    """Model calls a second, on average."""
    seed: int = 1


class Traffic:
    """The sending process, seen from the one that started it."""

    def __init__(self, target: Target) -> None:
        spawn = multiprocessing.get_context("spawn")  # gRPC, which the starter runs, does not survive a fork
        self._pipe, theirs = spawn.Pipe()
        self._theirs = theirs
        self._process = spawn.Process(target=send, args=(target, theirs), name="demo traffic", daemon=True)

    def start(self) -> None:
        """Start sending. Returns at once; the first spans come a second or two later."""
        self._process.start()
        self._theirs.close()

    @property
    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self._process.is_alive()

    def stop(self) -> None:
        """Let it send what is left, and end it. Blocks for a few seconds at most."""
        self._pipe.close()
        if self._process.pid is None:
            return  # never started
        self._process.join(_LAST_WORD)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


def send(target: Target, pipe: "Connection[Any, Any]") -> None:
    """Entry point of the process: serve customers until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the starter decides
    logging.disable(logging.CRITICAL)  # the exporters' complaints would tear the view; the view shows what arrives
    shop = Shop(
        target.seed,
        spans=lambda: BatchSpanProcessor(
            _span_exporter(target),
            max_queue_size=_QUEUE,
            schedule_delay_millis=_DELAY_MS,
            max_export_batch_size=_BATCH,
        ),
        logs=lambda: BatchLogRecordProcessor(
            _log_exporter(target),
            max_queue_size=_QUEUE,
            schedule_delay_millis=_DELAY_MS,
            max_export_batch_size=_BATCH,
        ),
        give=FeedbackDoor(target.feedback).give if target.feedback is not None else None,
    )
    pause = 0.0
    while not pipe.poll(pause):  # readable = closed: nothing is ever written into it
        request = shop.serve(time.time_ns())
        pause = shop.pause(request.calls, target.rate)
    shop.close()


def _session() -> requests.Session:
    """A session that goes straight to the target: proxies of the environment are for the network, not for this."""
    session = requests.Session()
    session.trust_env = False
    return session


def _span_exporter(target: Target) -> OTLPSpanExporter:
    return OTLPSpanExporter(
        endpoint=f"{target.endpoint}{Signal.TRACES.http_path}",
        certificate_file=target.certificate_file,
        headers=target.headers,
        timeout=_TIMEOUT,
        compression=Compression.Gzip,
        session=_session(),
    )


def _log_exporter(target: Target) -> OTLPLogExporter:
    return OTLPLogExporter(
        endpoint=f"{target.endpoint}{Signal.LOGS.http_path}",
        certificate_file=target.certificate_file,
        headers=target.headers,
        timeout=_TIMEOUT,
        compression=Compression.Gzip,
        session=_session(),
    )
