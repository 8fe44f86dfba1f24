"""The table of instruments, in Markdown: made from the catalogue, so that the documentation cannot be wrong."""

from collections.abc import Iterable

from otel_evals.telemetry.catalogue import INSTRUMENTS, SLICE_KEYS, Instrument, Kind
from otel_evals.telemetry.openmetrics import metric_name

HEAD = ("| instrument | kind, unit | in Prometheus | meaning | keys |", "|---|---|---|---|---|")


def reference(catalogue: Iterable[Instrument] = INSTRUMENTS) -> str:
    """Markdown, one row an instrument. `slice` stands for `catalogue.SLICE_KEYS` and the configured extra keys."""
    return "\n".join([*HEAD, *map(_row, catalogue)]) + "\n"


def prometheus_name(instrument: Instrument) -> str:
    """What a query spells: with `_total` for counters, with the three suffixes of a histogram."""
    suffixes = {Kind.COUNTER: "_total", Kind.GAUGE: "", Kind.HISTOGRAM: "_{bucket,sum,count}"}
    return f"{metric_name(instrument)}{suffixes[instrument.kind]}"


def _row(instrument: Instrument) -> str:
    own = [f"`{key}`" for key in instrument.keys if not (instrument.sliced and key in SLICE_KEYS)]
    keys = ", ".join([*own, *(["slice"] if instrument.sliced else [])]) or "none"
    cells = (
        f"`{instrument.name}`",
        f"{instrument.kind.value} `{instrument.unit}`",
        f"`{prometheus_name(instrument)}`",
        instrument.description,
        keys,
    )
    return f"| {' | '.join(cells)} |"
