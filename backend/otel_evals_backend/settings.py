"""The section `backend` of the configuration. Composed into the common tree by the entry-point group of sections."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from otel_evals.records.units import ByteSize, Duration, Secret


class ContentPolicy(StrEnum):
    """What is kept of what was said."""

    FULL = "full"
    REDACTED = "redacted"
    NONE = "none"


class RevealPolicy(StrEnum):
    """When a reviewer learns what evaluators said of what they have labelled."""

    EACH = "each"
    BATCH = "batch"
    NEVER = "never"


class ContentKept(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the backend keeps of questions, context and answers."""

    policy: Annotated[
        ContentPolicy,
        Meta(
            description="`full`; `redacted`: personal data and credentials are masked before anything is stored; "
            "`none`: results and facts only, so nobody can review an answer here. Default: full, since the folder is "
            "yours."
        ),
    ] = ContentPolicy.FULL
    key: Annotated[
        Secret | None,
        Meta(
            description="Encrypts content at rest: 32 bytes in base64, by `${VARIABLE}` from the environment. Older "
            "keys may follow after commas and are used for reading only. Default: none, not encrypted."
        ),
    ] = None


class RetentionSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long things are kept, by the day of the span. Labels and cases are never deleted by age."""

    content: Annotated[Duration, Meta(description="Questions, context, answers. Default: 30d.")] = Duration(30 * 86400)
    spans: Annotated[Duration, Meta(description="Spans, results, feedback. Default: 90d.")] = Duration(90 * 86400)
    sums: Annotated[
        Duration,
        Meta(description="Sums by hour and day, which hold nothing personal. Default: 400d, a year to compare."),
    ] = Duration(400 * 86400)
    audit: Annotated[Duration, Meta(description="The log of changes. Default: 400d.")] = Duration(400 * 86400)


class OidcSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Log-in by an OpenID Connect provider."""

    issuer: Annotated[str, Meta(description="Address of the provider; its discovery document is read at log-in.")]
    client_id: Annotated[str, Meta(description="What the provider calls us.")]
    client_secret: Annotated[
        Secret | None, Meta(description="By `${VARIABLE}` or file. Default: none (PKCE alone).")
    ] = None
    scopes: Annotated[str, Meta(description="Default: openid email profile.")] = "openid email profile"
    role_claim: Annotated[
        str | None, Meta(description="Claim whose value (or one of whose values) is viewer, reviewer or admin.")
    ] = None
    default_role: Annotated[
        str | None,
        Meta(description="Role of those without that claim. Default: null, they are refused unless invited."),
    ] = None


class AccessSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who may come in."""

    login: Annotated[
        bool,
        Meta(
            description="Whether people log in. Default: false, which is refused unless the address is loopback: "
            "whoever sits at this machine is administrator."
        ),
    ] = False
    hosts: Annotated[
        tuple[str, ...],
        Meta(
            description="Names by which browsers reach the pages; others are refused (DNS rebinding). Default: those "
            "of the listening address."
        ),
    ] = ()
    public_url: Annotated[
        str | None, Meta(description="Address of the pages as people type it, for links. Default: the listening one.")
    ] = None
    trusted_proxies: Annotated[
        tuple[str, ...], Meta(description="Addresses whose `X-Forwarded-…` headers are believed. Default: none.")
    ] = ()
    session: Annotated[Duration, Meta(description="A session ends after this. Default: 7d.")] = Duration(7 * 86400)
    idle: Annotated[Duration, Meta(description="… or when it was not used for this long. Default: 24h.")] = Duration(
        86400
    )
    oidc: Annotated[OidcSettings | None, Meta(description="OpenID Connect. Default: none, passwords.")] = None


class IngestSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """OTLP inwards."""

    max_body: Annotated[
        ByteSize, Meta(description="Largest request after decompression. Default: 16MiB, as the processor's.")
    ] = ByteSize(16 << 20)
    max_waiting: Annotated[
        ByteSize,
        Meta(description="Bytes of requests being worked on; beyond, senders are told to retry. Default: 64MiB."),
    ] = ByteSize(64 << 20)
    bearer_tokens: Annotated[
        tuple[Secret, ...],
        Meta(description="Senders must show one of these (or an API token of scope send). Default: none on loopback."),
    ] = ()


class FeedbackSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What users of applications report."""

    per_minute: Annotated[
        int, Meta(ge=1, description="Signals a minute from one address with one publishable key. Default: 60.")
    ] = 60
    max_comment: Annotated[int, Meta(ge=0, description="Characters of a comment that are kept. Default: 2000.")] = 2000


class ReviewSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What comes to people, and how."""

    audit: Annotated[
        float,
        Meta(
            ge=0,
            le=1,
            description="Share of all judged spans that come to people at random, with a known probability. Default: "
            "0.06: enough for a weekly estimate at a few thousand spans a day.",
        ),
    ] = 0.06
    double: Annotated[float, Meta(ge=0, le=1, description="Share of items that two people label. Default: 0.15.")] = (
        0.15
    )
    salt: Annotated[
        str,
        Meta(
            pattern=r"^[^\x00]{1,200}$",
            description="Key of the draw of the random share, as `sampling.salt` is of the judges'. "
            "Default: otel-evals.",
        ),
    ] = "otel-evals"
    lease: Annotated[Duration, Meta(description="How long an item is reserved. Default: 10m.")] = Duration(600)
    open_items: Annotated[
        int,
        Meta(
            ge=1, description="Chosen (not random) items that wait at most; then the least valuable go. Default: 2000."
        ),
    ] = 2000
    low_confidence: Annotated[
        float, Meta(ge=0, le=1, description="A judge less sure than this asks for a person. Default: 0.6.")
    ] = 0.6
    near: Annotated[
        float,
        Meta(ge=0, le=0.5, description="A score this close to 0.5 asks for a person. Default: 0.1."),
    ] = 0.1
    reveal: Annotated[
        RevealPolicy,
        Meta(
            description="When evaluators' verdicts are shown: after `each` label; after each `batch` of labels of a "
            "reviewer, on their own page, so that the next label is not drawn towards the judge's habits; `never`. "
            "Random and chosen items alike, or the reveal would tell which is which. Default: each."
        ),
    ] = RevealPolicy.EACH
    batch: Annotated[
        int,
        Meta(
            ge=2,
            le=200,
            description="Labels of a batch, for `reveal: batch`; one that is not full is revealed after a day. "
            "Default: 10.",
        ),
    ] = 10
    reasons: Annotated[
        tuple[str, ...], Meta(description="The team's reason codes for a fail, in the order of the keys 1 to 9.")
    ] = (
        "not in the sources", "contradicts the sources", "does not answer", "wrongly refuses", "wrong tool or argument",
        "tone or language", "harmful", "format", "other",
    )  # fmt: skip


class BackendSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The analysis backend."""

    listen: Annotated[
        str, Meta(description="HOST:PORT of pages, API and OTLP/HTTP. Default: 127.0.0.1:8000, this machine only.")
    ] = "127.0.0.1:8000"
    database: Annotated[
        Secret | None,
        Meta(
            description="`postgresql://USER:PASSWORD@HOST/NAME` or `sqlite:///FILE`. Default: null, SQLite in the "
            "folder `data`."
        ),
    ] = None
    content: Annotated[ContentKept, Meta(description="What is kept of what was said.")] = ContentKept()
    retention: Annotated[RetentionSettings, Meta(description="How long.")] = RetentionSettings()
    access: Annotated[AccessSettings, Meta(description="Who may come in.")] = AccessSettings()
    ingest: Annotated[IngestSettings, Meta(description="OTLP inwards.")] = IngestSettings()
    feedback: Annotated[FeedbackSettings, Meta(description="Signals of users.")] = FeedbackSettings()
    review: Annotated[ReviewSettings, Meta(description="The queue of people.")] = ReviewSettings()
    send_to: Annotated[
        str | None,
        Meta(
            description="OTLP/HTTP address that people's labels go to, as late results: usually the processor, which "
            "forwards them. Default: null; `otel-evals up` sets its own processor."
        ),
    ] = None
    trace_links: Annotated[
        dict[str, str],
        Meta(
            description="Links from a span to a tracing backend, by name: addresses with `{trace_id}`, `{span_id}`, "
            "`{start_ms}`, `{end_ms}`, such as `http://localhost:16686/trace/{trace_id}`. Default: none."
        ),
    ] = {}
