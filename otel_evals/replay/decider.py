"""Decides the spans of a recording by one configuration: the hop's own reader, trace memory, checks and risk rule.

Life cycle: `learn` is told every body once, then `decide` every body again in the same order. No clock moves meanwhile
and nothing is forgotten, so what is decided depends on the recording and the configuration alone.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from otel_evals.app.evaluator import build_dialects, build_evaluator
from otel_evals.config.schema import Config
from otel_evals.engine.evaluated import Evaluated
from otel_evals.engine.logs import LogReader
from otel_evals.engine.patience import Patience
from otel_evals.engine.plan import Planner, Stateless
from otel_evals.engine.reader import Reader, ReadSpan
from otel_evals.engine.settings import JoinSettings
from otel_evals.engine.span_evaluator import SpanEvaluator
from otel_evals.engine.traces import Traces
from otel_evals.otlp.frame import walk
from otel_evals.records.clock import Clock
from otel_evals.records.signal import Signal
from otel_evals.records.units import ByteSize, Duration
from otel_evals.replay.formats import Body
from otel_evals.slicing.versions import PromptVersions

_BOUNDLESS = 1 << 62
_JOIN = JoinSettings(wait=Duration(0), max_traces=_BOUNDLESS, max_memory=ByteSize(_BOUNDLESS))

SpanKey = tuple[bytes, bytes]


class _StillClock:
    """Time stands still, so that nothing expires."""

    def monotonic(self) -> float:
        """Zero seconds."""
        return 0.0

    def time_ns(self) -> int:
        """The epoch."""
        return 0


class Decider:
    """One configuration at work on a recording. Raises ConfigurationError when its checks cannot be built."""

    def __init__(self, config: Config) -> None:
        clock = _StillClock()
        dialects = build_dialects(config)
        traces, patience = Traces(_JOIN, clock), Patience(1)
        self._evaluator = build_evaluator(config)
        self._reader = Reader(dialects, traces, patience, self._on_fault)
        self._logs = LogReader(dialects, self._reader.markers, traces, patience)
        versions = PromptVersions(config.slices.fingerprints_per_hour, clock)
        self._spans = SpanEvaluator(self._reader, traces, versions, config.slices.extra, self._planner(config, clock))
        self._decided: set[SpanKey] = set()
        self.repeated = 0
        """Spans that were recorded more than once: only the first is decided."""
        self.faults: Counter[str] = Counter()
        """Errors of a dialect or of ours while deciding, by type; such a span passes the hop as it came."""

    def _planner(self, config: Config, clock: Clock) -> Planner | None:
        if not config.judge.is_used:
            return None
        from otel_evals.app.judges import build_judges  # noqa: PLC0415 - imports a client, which takes a second

        judges = build_judges(config, clock=clock, on_crash=self._on_fault, offline=True)
        keys = tuple(key.key for key in config.slices.extra)
        return Planner(judges.specs, Stateless(), keys) if judges is not None else None

    def learn(self, body: Body) -> None:
        """Remember what a body tells about its traces."""
        if body.signal is Signal.LOGS:
            self._logs.read(body.data)
        elif body.signal is Signal.TRACES and self._reader.markers.occur(body.data):
            for _ in self._reader.read(walk(body.data)):
                pass
            self.faults.clear()  # the same errors come again when the spans are decided

    def decide(self, body: Body) -> Iterator[Evaluated]:
        """The evaluated spans of a body, in its order."""
        if body.signal is not Signal.TRACES or self._evaluator is None or not self._reader.markers.occur(body.data):
            return
        reads = list(self._reader.read(walk(body.data)))
        calls = [read for read in reads if self._reader.is_evaluated(read)]
        evaluator = self._evaluator
        yield from self._each(calls, lambda read: self._spans.evaluate(read, evaluator))
        if self._spans.judges_runs:
            yield from self._each([read for read in reads if self._reader.is_run(read)], self._spans.run)

    def _each(self, reads: Iterable[ReadSpan], evaluate: Callable[[ReadSpan], Evaluated | None]) -> Iterator[Evaluated]:
        for read in reads:
            if read.key in self._decided:
                self.repeated += 1
                continue
            self._decided.add(read.key)
            try:
                evaluated = evaluate(read)
            except Exception as error:  # noqa: BLE001 - stage boundary, as in the hop: one odd span ends nothing
                self._on_fault("evaluate", error)
                continue
            if evaluated is not None:
                yield evaluated

    def _on_fault(self, _work: str, error: BaseException) -> None:
        self.faults[type(error).__name__] += 1
