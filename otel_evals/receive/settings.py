"""Settings of the entrance. `config` composes them into the tree; the doors take them as they are."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from otel_evals.records.units import ByteSize, Duration, Secret


class TlsSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """TLS of one listening port. Changed files are used for the next connection, without a restart."""

    cert_file: Annotated[str, Meta(description="PEM file with the server's certificate chain; required for TLS.")]
    key_file: Annotated[str, Meta(description="PEM file with the private key of the certificate; required for TLS.")]
    client_ca_file: Annotated[
        str | None,
        Meta(description="PEM file with the authorities of client certificates. When set, a client must show one."),
    ] = None
    min_version: Annotated[
        Literal["1.2", "1.3"],
        Meta(description="Oldest TLS version taken. gRPC's library decides by itself between 1.2 and 1.3."),
    ] = "1.2"


class GrpcSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """OTLP/gRPC."""

    listen: Annotated[
        str | None,
        Meta(description="HOST:PORT, null = off. Default is the standard port, not reachable from other machines."),
    ] = "127.0.0.1:4317"
    max_body: Annotated[
        ByteSize,
        Meta(description="Largest message, before and after decompression. 4 MiB is what OTLP senders expect."),
    ] = ByteSize(4 << 20)
    tls: Annotated[TlsSettings | None, Meta(description="TLS; null = plain text, fit for loopback only.")] = None
    max_connection_age: Annotated[
        Duration | None,
        Meta(
            description="A connection is asked to reconnect after this long. Default 10 minutes, so that the "
            "connections of long-lived senders spread again over workers and replicas; null = never."
        ),
    ] = Duration(600)
    max_connection_age_grace: Annotated[
        Duration, Meta(description="What calls in flight get to finish when a connection has reached its age.")
    ] = Duration(30)
    max_concurrent_streams: Annotated[
        int, Meta(ge=1, description="Calls at one time on one connection; more wait at the sender. Default 256.")
    ] = 256


class CorsSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Browsers as senders. Off until an origin is named."""

    allowed_origins: Annotated[
        tuple[str, ...],
        Meta(description="Origins such as https://app.example.com; `*` within one stands for anything. Default none."),
    ] = ()
    allowed_headers: Annotated[
        tuple[str, ...],
        Meta(description="Request headers beyond Content-Type, Content-Encoding and Authorization. Default none."),
    ] = ()
    max_age: Annotated[
        Duration, Meta(description="How long a browser may remember the answer to its preflight. Default 2 h.")
    ] = Duration(7200)


class HttpSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """OTLP/HTTP."""

    listen: Annotated[
        str | None,
        Meta(description="HOST:PORT, null = off. Default is the standard port, not reachable from other machines."),
    ] = "127.0.0.1:4318"
    max_body: Annotated[
        ByteSize, Meta(description="Largest body, before and after decompression. 20 MiB is OTLP's recommendation.")
    ] = ByteSize(20 << 20)
    max_header_bytes: Annotated[ByteSize, Meta(description="Largest request head; beyond it 431. Default 64 KiB.")] = (
        ByteSize(64 << 10)
    )
    max_headers: Annotated[int, Meta(ge=1, description="Most header fields of a request; beyond it 431.")] = 100
    max_connections: Annotated[
        int, Meta(ge=1, description="Connections at one time; one more is answered 503 and closed. Default 1000.")
    ] = 1000
    header_timeout: Annotated[
        Duration, Meta(description="Total time for a request's head, however steadily it trickles in; then 408.")
    ] = Duration(10)
    body_timeout: Annotated[
        Duration, Meta(description="Total time for a request's body, however steadily it trickles in; then 408.")
    ] = Duration(60)
    idle_timeout: Annotated[
        Duration, Meta(description="A connection without a request is closed after this long. Default 2 min.")
    ] = Duration(120)
    discard_bytes: Annotated[
        ByteSize,
        Meta(
            description="How much of a refused body is read and thrown away, so that the sender can read why it was "
            "refused; beyond it the connection is cut. Default 64 MiB."
        ),
    ] = ByteSize(64 << 20)
    discard_timeout: Annotated[
        Duration, Meta(description="How long a refused body is read and thrown away. Default 5 s.")
    ] = Duration(5)
    tls: Annotated[TlsSettings | None, Meta(description="TLS; null = plain text, fit for loopback only.")] = None
    cors: Annotated[CorsSettings, Meta(description="Browsers as senders.")] = CorsSettings()


class LimitSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What all requests of one worker may take together. Over it senders are told to retry."""

    in_flight_bytes: Annotated[
        ByteSize,
        Meta(description="Bytes of all requests between arrival and answer, inflated ones included. Default 256 MiB."),
    ] = ByteSize(256 << 20)
    soft_mark: Annotated[
        float,
        Meta(gt=0, le=1, description="Share of in_flight_bytes beyond which no new request is let in. Default 0.75."),
    ] = 0.75
    max_requests: Annotated[
        int, Meta(ge=1, description="Requests between arrival and answer; beyond it the sender retries. Default 2000.")
    ] = 2000
    memory_mark: Annotated[
        ByteSize | None,
        Meta(
            description="Resident memory of the worker beyond which only a few requests are let in at a time. Half of "
            "the container's limit is a good value. Default 1 GiB; null = not watched."
        ),
    ] = ByteSize(1 << 30)
    handler_timeout: Annotated[
        Duration,
        Meta(
            description="A request that is not safe after this long is answered UNAVAILABLE / 503. Default 9 s, so "
            "that the answer comes before a sender's own deadline, 10 s by default, which would hide it."
        ),
    ] = Duration(9)
    retry_after: Annotated[
        Duration, Meta(description="The retry hint to senders that were refused for want of room. Default 1 s.")
    ] = Duration(1)


class AuthSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who may send. With neither tokens nor headers everyone who reaches the port may."""

    bearer_tokens: Annotated[
        tuple[Secret, ...],
        Meta(description="Accepted values of `Authorization: Bearer …`; several allow a change without a gap."),
    ] = ()
    headers: Annotated[
        dict[str, Secret],
        Meta(description="Header name → accepted value, such as an API key. Any one match is enough."),
    ] = {}


class ReceiveSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The entrance."""

    grpc: Annotated[GrpcSettings, Meta(description="OTLP/gRPC.")] = GrpcSettings()
    http: Annotated[HttpSettings, Meta(description="OTLP/HTTP.")] = HttpSettings()
    limits: Annotated[LimitSettings, Meta(description="Room for all requests together.")] = LimitSettings()
    auth: Annotated[AuthSettings, Meta(description="Who may send.")] = AuthSettings()
