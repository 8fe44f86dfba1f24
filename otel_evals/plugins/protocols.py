"""The contracts of the kinds of plug-in. Built-ins are ordinary plug-ins under these same contracts."""

from typing import ClassVar, Protocol, runtime_checkable

from otel_evals.records.decision import RiskBand
from otel_evals.records.evaluation import Finding
from otel_evals.records.judging import Estimate, JudgeCase, Need, Target, Verdict
from otel_evals.records.reading import Fragment, Reading
from otel_evals.records.span import LogView, SpanView
from otel_evals.text.patterns import Pattern
from otel_evals.text.scan import Scan


@runtime_checkable
class Check(Protocol):
    """A deterministic, pure, quick question to every exchange. A frozen dataclass whose fields are its settings.

    `name`, `band` and `needs_content` are usually class variables.

    It never awaits, reads no clock, no randomness and no file, and never quotes content in its explanation.
    An exception becomes an `EvaluationFailure`: other checks and the span go on.
    """

    @property
    def name(self) -> str:
        """Evaluation name, snake_case, none of `semconv.otel_evals.RESERVED_WORDS`. It is also the plug-in's id."""
        ...

    @property
    def band(self) -> RiskBand | None:
        """Band of a failing exchange unless the configuration says otherwise; None = no risk by itself."""
        ...

    @property
    def needs_content(self) -> bool:
        """Whether the texts of the exchange must be known (content capture on) for the check to apply."""
        ...

    def patterns(self) -> tuple[Pattern, ...]:
        """The patterns that the shared pass is to look for; `evaluate` asks `scan.matches` and `scan.find`."""
        ...

    def evaluate(self, scan: Scan) -> Finding | None:
        """What the check found in one choice of an exchange; None when it does not apply."""
        ...


@runtime_checkable
class Dialect(Protocol):
    """A reader for the spans (and log records) of one way of writing a GenAI call.

    Detection looks at keys first, at the scope second; never at span kind or span name alone. A reader never raises on
    odd content (wrong types, cut JSON, gaps in indices): it reads what it can and leaves the rest None.
    """

    id: ClassVar[str]
    markers: ClassVar[tuple[bytes, ...]]
    """Byte strings, at least one of which stands in the encoded span or its scope whenever `detect` is true."""

    def detect(self, span: SpanView) -> bool:
        """Whether this dialect wrote something on this span. Called for every candidate span: at most 1 µs."""
        ...

    def read(self, span: SpanView) -> Reading:
        """What this dialect says on this span."""
        ...

    def read_log(self, record: LogView) -> Fragment | None:
        """The piece of a call that a log record carries; None when it is not one of this dialect."""
        ...


@runtime_checkable
class Judge(Protocol):
    """A question to a sampled exchange that costs time or money: a model behind an endpoint, or one in this process.

    Nothing waits for a judge: it runs beside the data path, within a deadline, a budget and a bound on how many run at
    one time, all of which are kept by whoever calls it.

    `judge` runs in the event loop that carries the traffic. One that computes, or calls what is not asynchronous, says
    so with a class variable `blocking = True`, which may be left out: then each judgement runs in a thread and a loop
    of its own, up to four at a time, and what it shares with others it has to guard. All else stays where it was.
    """

    @property
    def name(self) -> str:
        """Evaluation name, snake_case, none of `semconv.otel_evals.RESERVED_WORDS`."""
        ...

    @property
    def version(self) -> str:
        """Hash of everything that decides: rubric text, answer schema, parameters, model snapshot."""
        ...

    @property
    def target(self) -> Target:
        """Whether it judges single calls or whole runs of an agent."""
        ...

    @property
    def needs(self) -> frozenset[Need]:
        """What a case must have; one that lacks it is not judged (`filtered`)."""
        ...

    def estimate(self, case: JudgeCase) -> Estimate:
        """What judging `case` takes at most. It is reserved from the budget before `judge` is called."""
        ...

    async def judge(self, case: JudgeCase) -> Verdict:
        """The verdict on `case`. Raises JudgeFailure; any other exception counts as `judge_error`."""
        ...

    async def close(self) -> None:
        """Give back connections and whatever else it holds."""
        ...
