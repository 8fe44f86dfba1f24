"""Reads the log records that carry pieces of GenAI calls, and tells them to the trace memory."""

from collections.abc import Callable, Sequence

from otel_evals.engine.patience import Patience
from otel_evals.engine.reader import OnFault, Wait, ignore
from otel_evals.engine.traces import Traces, valid_ids
from otel_evals.otlp.candidates import Markers
from otel_evals.otlp.decode import decode_log, decode_resource, decode_scope
from otel_evals.otlp.frame import Frame, walk
from otel_evals.plugins.protocols import Dialect
from otel_evals.records.reading import Fragment
from otel_evals.records.span import LogView
from otel_evals.semconv import gen_ai

OnFragment = Callable[[Fragment, object], None]


class LogReader:
    """The part of the pipeline that reads log records. Their bodies are forwarded as they came."""

    def __init__(
        self,
        dialects: Sequence[Dialect],
        markers: Markers,
        traces: Traces,
        patience: Patience,
        on_fault: OnFault = ignore,
    ) -> None:
        self._on_fault = on_fault
        self._dialects = tuple(dialects)
        self._markers = markers
        self._traces = traces
        self._patience = patience
        self.on_fragment: OnFragment | None = None
        """Told of each piece that was read here, with its service."""

    def read(self, body: bytes) -> set[bytes]:
        """Remember the pieces in one valid body; the ids of the traces that they belong to."""
        return self.read_frame(walk(body)) if self._markers.occur(body) else set()

    def read_frame(self, frame: Frame) -> set[bytes]:
        """The same for a body that is framed already."""
        touched: set[bytes] = set()
        for candidate in self._markers.candidates(frame):
            resource = decode_resource(frame.head(candidate.resource))
            scope_name, _ = decode_scope(frame.head(candidate.scope))
            item = candidate.item
            record = decode_log(frame.body[item.payload : item.end], resource, scope_name)
            fragment = self._fragment(record)
            if fragment is None:
                continue
            service = resource.get(gen_ai.SERVICE_NAME)
            self.remember(fragment, service)
            touched.add(fragment.trace_id)
            if self.on_fragment is not None:
                self.on_fragment(fragment, service)
        return touched

    def remember(self, fragment: Fragment, service: object) -> None:
        """Let the trace memory know of a piece, whoever has read it."""
        self._traces.fragment(fragment)
        if fragment.closes:
            self._patience.kept((service, Wait.LOGS))

    def _fragment(self, record: LogView) -> Fragment | None:
        if not valid_ids(record.trace_id, record.span_id):
            return None
        for dialect in self._dialects:
            try:
                fragment = dialect.read_log(record)
            except Exception as error:  # noqa: BLE001 - stage boundary: a dialect's error never costs anyone a record
                self._on_fault("read log", error)
                continue
            if fragment is not None:
                return fragment
        return None
