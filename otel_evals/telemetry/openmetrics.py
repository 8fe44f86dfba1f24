"""Renders a snapshot as a page for scrapers: OpenMetrics 1.0 with exemplars, or the classic Prometheus text format.

Names are those of the Collector's and Prometheus' own translation from OTLP, so that a dashboard works by every way
in. Written by hand because the client libraries cost milliseconds per hundred series and know no exemplars from
foreign traces. Pure: the door of the page fetches the snapshot, and keeps
the page for a while.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import accumulate

from otel_evals.telemetry.catalogue import Instrument, Kind
from otel_evals.telemetry.snapshot import Distribution, Exemplar, Labels, Series, Snapshot


class PageFormat(StrEnum):
    """The two formats, by their content types."""

    OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
    CLASSIC = "text/plain; version=0.0.4; charset=utf-8"


_UNIT_SUFFIXES = {"s": "seconds", "ms": "milliseconds", "By": "bytes"}
_ILLEGAL = re.compile(r"[^a-zA-Z0-9_:]")
_ILLEGAL_LABEL = re.compile(r"[^a-zA-Z0-9_]")
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})
_HELP_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n"})

_MAX_EXEMPLAR = 128
"""Characters that OpenMetrics allows for the labels of an exemplar; ours take 64."""


def metric_name(instrument: Instrument) -> str:
    """The metric family's name after translation, without `_total`: `otel_evals_operation_duration_seconds`."""
    name = _ILLEGAL.sub("_", instrument.name)
    suffix = _UNIT_SUFFIXES.get(instrument.unit)
    return f"{name}_{suffix}" if suffix and not name.endswith(f"_{suffix}") else name


def label_name(key: str) -> str:
    """The label that an attribute key becomes: `gen_ai.prompt.version` → `gen_ai_prompt_version`."""
    name = _ILLEGAL_LABEL.sub("_", key)
    return f"key_{name}" if name[:1].isdigit() else name


def negotiate(accept: str) -> PageFormat:
    """The format that an Accept header prefers; classic where it names neither."""
    weights = {PageFormat.OPENMETRICS: 0.0, PageFormat.CLASSIC: 0.0}
    for part in accept.lower().split(","):
        media, *parameters = (word.strip() for word in part.split(";"))
        weight = next((_weight(p[2:]) for p in parameters if p.startswith("q=")), 1.0)
        if media == "application/openmetrics-text":
            weights[PageFormat.OPENMETRICS] = max(weights[PageFormat.OPENMETRICS], weight)
        elif media in ("text/plain", "text/*", "*/*"):
            weights[PageFormat.CLASSIC] = max(weights[PageFormat.CLASSIC], weight)
    return (
        PageFormat.OPENMETRICS if weights[PageFormat.OPENMETRICS] > weights[PageFormat.CLASSIC] else PageFormat.CLASSIC
    )


def _weight(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def render(snapshot: Snapshot, resource: Mapping[str, str], page: PageFormat) -> bytes:
    """The page. `resource` says who we are and becomes `target_info`; `job` and `instance` are the scraper's to set."""
    lines: list[str] = []
    lines += _target_info(resource, page)
    for series in snapshot.series:
        lines += _Family(series.instrument, page).lines(series)
    if page is PageFormat.OPENMETRICS:
        lines.append("# EOF")
    return ("\n".join(lines) + "\n").encode("utf-8", "replace")


def _target_info(resource: Mapping[str, str], page: PageFormat) -> Iterator[str]:
    if not resource:
        return
    labels = _label_text(tuple(map(label_name, resource)), tuple(resource.values()))
    is_open = page is PageFormat.OPENMETRICS
    yield f"# TYPE {'target' if is_open else 'target_info'} {'info' if is_open else 'gauge'}"
    yield f"# HELP {'target' if is_open else 'target_info'} Target metadata"
    yield f"target_info{{{labels}}} 1"


def _label_text(names: Sequence[str], values: Sequence[str]) -> str:
    """`a="x",b="y"`; a label without a value is left out, which means the same to Prometheus."""
    pairs = zip(names, values, strict=True)
    return ",".join(f'{name}="{value.translate(_ESCAPES)}"' for name, value in pairs if value)


class _Family:
    """Writes all points of one instrument."""

    def __init__(self, instrument: Instrument, page: PageFormat) -> None:
        self._instrument = instrument
        self._is_open = page is PageFormat.OPENMETRICS
        self._name = metric_name(instrument)
        self._labels = tuple(map(label_name, instrument.keys))
        self._bounds = (*(f'le="{_number(bound)}"' for bound in instrument.boundaries), 'le="+Inf"')

    def lines(self, series: Series) -> Iterator[str]:
        yield from self._head()
        suffix = "_total" if self._instrument.kind is Kind.COUNTER else ""
        for labels, value in series.values:
            text = _label_text(self._labels, labels)
            yield (
                f"{self._name}{suffix}{{{text}}} {_number(value)}" if text else f"{self._name}{suffix} {_number(value)}"
            )
        for labels, distribution in series.distributions:
            yield from self._distribution(labels, distribution)

    def _head(self) -> Iterator[str]:
        # Classic metadata names the sample, OpenMetrics the family.
        is_total = self._instrument.kind is Kind.COUNTER and not self._is_open
        name = f"{self._name}_total" if is_total else self._name
        escapes = _ESCAPES if self._is_open else _HELP_ESCAPES
        yield f"# TYPE {name} {self._instrument.kind.value}"
        unit = _UNIT_SUFFIXES.get(self._instrument.unit)
        if unit and self._is_open:
            yield f"# UNIT {name} {unit}"
        yield f"# HELP {name} {self._instrument.description.translate(escapes)}"

    def _distribution(self, labels: Labels, distribution: Distribution) -> Iterator[str]:
        text = _label_text(self._labels, labels)
        lead = f"{self._name}_bucket{{{text}," if text else f"{self._name}_bucket{{"
        counts = accumulate(distribution.counts)
        for bound, count, exemplar in zip(self._bounds, counts, distribution.exemplars, strict=True):
            shown = _exemplar_text(exemplar) if exemplar is not None and self._is_open else ""
            yield f"{lead}{bound}}} {count}{shown}"
        yield f"{self._name}_count{_braced(text)} {distribution.count}"
        yield f"{self._name}_sum{_braced(text)} {_number(distribution.total)}"


def _braced(labels: str) -> str:
    return f"{{{labels}}}" if labels else ""


def _exemplar_text(exemplar: Exemplar) -> str:
    ids = f'trace_id="{exemplar.trace_id.hex()}",span_id="{exemplar.span_id.hex()}"'
    return f" # {{{ids}}} {_number(exemplar.value)} {exemplar.time_ns / 1e9:.3f}" if len(ids) <= _MAX_EXEMPLAR else ""


def _number(value: float) -> str:
    """A number as every parser reads it. Boundaries keep their point (`1.0`): `le` is compared as text."""
    return repr(float(value))
