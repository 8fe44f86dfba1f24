"""The settings of a destination. `config` puts a list of them under `forward`."""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from otel_evals.forward.content import ContentPolicy
from otel_evals.forward.endpoint import Endpoint, Protocol, parse_endpoint
from otel_evals.records.errors import ConfigurationError
from otel_evals.records.signal import Signal
from otel_evals.records.units import ByteSize, Duration, Secret


class QueueKind(StrEnum):
    """What stands between the sender's answer and the next hop's."""

    NONE = "none"
    DISK = "disk"


class Wanted(StrEnum):
    """Which spans and log records of a request a destination gets."""

    ALL = "all"
    GENAI = "genai"


class Compression(StrEnum):
    """How request bodies are compressed."""

    NONE = "none"
    GZIP = "gzip"
    ZSTD = "zstd"


class TlsSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """TLS to a destination."""

    ca_file: Annotated[
        str | None, Meta(description="PEM file of the authorities that are trusted; none: those of the system.")
    ] = None
    cert_file: Annotated[
        str | None, Meta(description="PEM file of our own certificate, for mutual TLS; none: we show no certificate.")
    ] = None
    key_file: Annotated[str | None, Meta(description="PEM file of our certificate's private key.")] = None
    insecure_skip_verify: Annotated[
        bool,
        Meta(
            description="Takes any certificate. Off, because whoever stands between then reads and changes everything. "
            "OTLP/HTTP only; for OTLP/gRPC name the certificate as `ca_file`."
        ),
    ] = False


class RetrySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a request that may succeed later is sent again."""

    initial: Annotated[
        Duration, Meta(description="First pause; 500ms: most restarts of a next hop are over soon after.")
    ] = Duration(0.5)
    max: Annotated[
        Duration, Meta(description="Longest pause; 15s, so that traffic flows again within 30 s of a recovery.")
    ] = Duration(15)
    multiplier: Annotated[float, Meta(ge=1, description="Growth of the pause from one try to the next; 2.")] = 2.0
    jitter: Annotated[
        float,
        Meta(ge=0, le=1, description="Share of the pause that is random, so that senders spread; 0.5."),
    ] = 0.5
    max_elapsed: Annotated[
        Duration | None,
        Meta(
            description="Time after which an entry of a disk queue is set aside; none: never, as it is acknowledged. "
            "Memory queues of destinations that are not required give up after 5 minutes when this is none."
        ),
    ] = None


class DestinationSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One destination that gets the telemetry."""

    url: Annotated[
        str,
        Meta(
            description="`http://HOST:PORT` speaks OTLP/gRPC, `http+proto://HOST:PORT` or an address that ends in "
            "`/v1/traces` OTLP/HTTP; `https` for TLS. No default: it says where data goes."
        ),
    ]
    name: Annotated[
        str,
        Meta(
            pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$|^$",
            description="Name in metrics, logs and folder names; empty: made from the address.",
        ),
    ] = ""
    headers: Annotated[
        dict[str, Secret], Meta(description="Headers (gRPC metadata) of each request, such as authorization.")
    ] = {}
    tls: Annotated[TlsSettings, Meta(description="Certificates; used when the address says https.")] = TlsSettings()
    compression: Annotated[
        Compression,
        Meta(description="none, gzip, or zstd (OTLP/HTTP only, not in the specification); none: CPU is dearer here."),
    ] = Compression.NONE
    timeout: Annotated[
        Duration,
        Meta(
            description="Total time of one request, with connecting; for `queue: none` also of all its retries. 8s: "
            "the answer must precede the 10 s deadline of the standard exporters."
        ),
    ] = Duration(8)
    content: Annotated[
        ContentPolicy,
        Meta(description="What the destination sees of prompts and answers; full. Checks always see everything."),
    ] = ContentPolicy.FULL
    queue: Annotated[
        QueueKind,
        Meta(
            description="`none`: the sender's answer waits for the destination's. `disk`: it waits for the disk, and "
            "the destination may be down. none, as it needs no disk."
        ),
    ] = QueueKind.NONE
    queue_bytes: Annotated[
        ByteSize,
        Meta(
            description="Bound of the disk queue (1GiB), and of the memory queue of a destination that is not required "
            "(a tenth of it). Beyond it senders are told to retry."
        ),
    ] = ByteSize(1 << 30)
    dead_letter_bytes: Annotated[
        ByteSize,
        Meta(description="Bound of what a destination refused for good after it was acknowledged; 64MiB."),
    ] = ByteSize(64 << 20)
    required: Annotated[
        bool,
        Meta(description="Whether a sender's answer depends on it; true. Otherwise losses are only counted."),
    ] = True
    signals: Annotated[tuple[Signal, ...], Meta(description="Signals that it gets; all.")] = (
        Signal.TRACES,
        Signal.LOGS,
        Signal.METRICS,
    )
    spans: Annotated[
        Wanted,
        Meta(
            description="`all`, or `genai`: only spans and log records that some dialect knows as GenAI, that carry a "
            "result, coverage or feedback, or that we made; the others count as filtered. all; `genai` for the "
            "backend. Metrics are no part of it: leave them out by `signals`."
        ),
    ] = Wanted.ALL
    retry: Annotated[RetrySettings, Meta(description="When a failed request is sent again.")] = RetrySettings()
    max_request: Annotated[
        ByteSize | None,
        Meta(
            description="Bytes of one request before compression; none: 4MiB for OTLP/gRPC, 20MiB for OTLP/HTTP, the "
            "usual limits of receivers."
        ),
    ] = None
    concurrency: Annotated[int, Meta(ge=1, le=256, description="Requests under way at one time; 8.")] = 8
    coalesce: Annotated[
        ByteSize,
        Meta(
            description="Bytes up to which waiting requests are sent as one, 0 never; 1MiB: small requests cost as "
            "much as large ones."
        ),
    ] = ByteSize(1 << 20)

    @property
    def endpoint(self) -> Endpoint:
        """The address, parsed. Raises ConfigurationError."""
        return parse_endpoint(self.url)

    @property
    def label(self) -> str:
        """The name, made from the address when none is set."""
        if self.name:
            return self.name
        endpoint = self.endpoint
        return f"{endpoint.host}_{endpoint.port}".replace(":", "-")

    @property
    def request_limit(self) -> int:
        """Bytes of one request before compression."""
        if self.max_request is not None:
            return self.max_request
        return (4 << 20) if self.endpoint.protocol is Protocol.GRPC else (20 << 20)


def check_destinations(destinations: tuple[DestinationSettings, ...]) -> list[str]:
    """Warnings for a set of destinations.

    Raises ConfigurationError for an address that cannot be used, two equal names, or a wish that cannot be met.
    """
    warnings: list[str] = []
    labels: set[str] = set()
    for destination in destinations:
        endpoint, label = destination.endpoint, destination.label
        if label in labels:
            raise ConfigurationError(f"two destinations are called {label!r}; give them a `name` each")
        labels.add(label)
        if endpoint.protocol is Protocol.GRPC and destination.compression is Compression.ZSTD:
            raise ConfigurationError(
                f"destination {label!r}: OTLP/gRPC has no zstd; use gzip, or an http+proto address"
            )
        if (destination.tls.cert_file is None) != (destination.tls.key_file is None):
            raise ConfigurationError(f"destination {label!r}: tls.cert_file and tls.key_file go together")
        if destination.tls.insecure_skip_verify:
            if endpoint.protocol is Protocol.GRPC:
                raise ConfigurationError(
                    f"destination {label!r}: tls.insecure_skip_verify is for OTLP/HTTP only; "
                    "name the certificate as tls.ca_file"
                )
            warnings.append(f"destination {label!r} takes any certificate: whoever stands between can read everything")
        if destination.headers and not endpoint.secure and endpoint.host not in {"localhost", "127.0.0.1", "::1"}:
            warnings.append(f"destination {label!r} gets its headers in the clear: use an https address")
    return warnings
