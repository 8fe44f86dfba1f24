"""Settings of the engine."""

from typing import Annotated

import msgspec

from otel_evals.emit.evaluation_span import LateForm
from otel_evals.records.units import ByteSize, Duration


class ResultSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How results travel."""

    log_events: Annotated[
        bool,
        msgspec.Meta(
            description="Whether each result is also sent as a log-based event `gen_ai.evaluation.result`, where "
            "OpenTelemetry is moving to. Default: false, since every backend reads the span events."
        ),
    ] = False
    late: Annotated[
        LateForm,
        msgspec.Meta(
            description="How a judge's result travels whose span has gone on: `child` = a child span of the evaluated "
            "one, `link` = a root span in a trace of its own that links to it, `log` = a log-based event only. "
            "Default: child, which every tracing backend shows under the span that it judges."
        ),
    ] = LateForm.CHILD


class EvaluationSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Bounds of the inline checks."""

    budget: Annotated[
        Duration,
        msgspec.Meta(
            description="Longest time that the checks of one span may take; the checks that are left then fail with "
            "`timeout`. Default: 250ms, a thousand times the usual, so that only a text made to be slow meets it. "
            "`replay` and `decide` have no limit, so that they always say the same."
        ),
    ] = Duration(0.25)
    request_budget: Annotated[
        Duration,
        msgspec.Meta(
            description="Longest time that the checks of one request's spans may take together; those that are left "
            "then fail with `timeout`, and the request goes on whole. Default: 4s, some thousands of spans: a request "
            "that takes longer would miss its sender's deadline however often it is sent."
        ),
    ] = Duration(4)


class JudgingSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How judgements are made beside the data path."""

    hold: Annotated[
        Duration,
        msgspec.Meta(
            description="Longest wait of a selected span for its judges, so that their results ride on it; on disk "
            "meanwhile. What comes later travels by itself (`results.late`). 0s = never wait. Default: 10s."
        ),
    ] = Duration(10)
    max_held: Annotated[
        int,
        msgspec.Meta(ge=0, description="Spans that wait at one time; beyond, they go on at once. Default: 10000."),
    ] = 10_000
    concurrency: Annotated[
        int, msgspec.Meta(ge=1, le=10_000, description="Judgements under way at one time. Default: 32.")
    ] = 32
    deadline: Annotated[
        Duration,
        msgspec.Meta(description="Longest time for one judgement, all tries together. Default: 120s."),
    ] = Duration(120)
    patience: Annotated[
        Duration,
        msgspec.Meta(
            description="How long a judgement may wait for its turn or for a limit of calls a minute, before it is "
            "given up (`rate_limited`). Default: 15m."
        ),
    ] = Duration(900)
    max_waiting: Annotated[
        int,
        msgspec.Meta(
            ge=1,
            description="Judgements that wait for their turn; beyond, a selected span's outcome is `rate_limited`. "
            "Default: 50000.",
        ),
    ] = 50_000
    max_disk: Annotated[
        ByteSize,
        msgspec.Meta(
            description="Bytes that the judge store of all workers holds: spans that wait, jobs with their texts, late "
            "results, what is known of spans sent again. Beyond, a selected span goes on at once and its outcome is "
            "`rate_limited`. Default: 1GiB, as for other spans that wait: a hundred thousand jobs of 10 kB."
        ),
    ] = ByteSize(1 << 30)
    call_traces: Annotated[
        bool,
        msgspec.Meta(
            description="Whether each judge call is also sent as a trace of our own (scope `otel_evals`, without "
            "content), with usage, cost and latency. Default: true."
        ),
    ] = True


class JoinSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long spans wait for what travels apart from them, and what is remembered of a trace."""

    wait: Annotated[
        Duration,
        msgspec.Meta(
            description="Longest wait of a span whose content its dialect sends elsewhere (log records, a later root). "
            "Held spans are on disk meanwhile. 0s = never wait. Default: 5s."
        ),
    ] = Duration(5)
    patience: Annotated[
        int,
        msgspec.Meta(
            ge=1,
            description="After this many waits in vain in a row, spans of that service and scope pass at once until "
            "what they would wait for is seen again. Default: 20, so that switched-off capture costs nothing.",
        ),
    ] = 20
    max_held: Annotated[
        int,
        msgspec.Meta(ge=0, description="Spans that wait at one time; beyond, they pass at once. Default: 20000."),
    ] = 20_000
    max_disk: Annotated[
        ByteSize,
        msgspec.Meta(description="Bytes on disk of spans that wait; beyond, senders are told to retry. Default: 1GiB."),
    ] = ByteSize(1 << 30)
    max_traces: Annotated[
        int,
        msgspec.Meta(ge=1, description="Traces that are remembered; the oldest is forgotten first. Default: 20000."),
    ] = 20_000
    max_memory: Annotated[
        ByteSize,
        msgspec.Meta(description="Bytes of text remembered over all traces. Default: 64MiB."),
    ] = ByteSize(64 << 20)
    remember: Annotated[
        Duration,
        msgspec.Meta(description="How long a trace is remembered after its last span. Default: 2m."),
    ] = Duration(120)
