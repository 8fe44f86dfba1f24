"""How figures read in the reports of both verbs."""

from collections.abc import Sequence

from otel_evals.selftest.measures import Measures
from otel_evals.selftest.proportion import FLOOR, Share


def count(share: Share) -> str:
    """`5/6`, or `-` of nothing."""
    return f"{share.hits}/{share.trials}" if share.trials else "-"


def estimate(share: Share) -> str:
    """The count with its share and interval, or why there is no interval."""
    if share.value is None:
        return "none"
    if share.interval is None:
        return f"{count(share)}  ({share.distinct} cases: too few for an interval, {FLOOR} are needed)"
    low, high = share.interval
    return f"{count(share)}  {share.value:.1%}  (95 %: {low:.1%} to {high:.1%})"


def money(usd: float) -> str:
    """US dollars, of small sums the cents' fractions too."""
    return f"${usd:.2f}" if usd >= 1 or usd == 0 else f"${usd:.4f}"


def seconds(value: float | None) -> str:
    """A duration, `-` of nothing."""
    return "-" if value is None else f"{value * 1000:.0f} ms" if value < 1 else f"{value:.1f} s"


def rows(measures: Measures, unpriced: Sequence[str]) -> list[tuple[str, str]]:
    """What the calls took, as lines of a report."""
    tokens = f"{measures.input_tokens:,} in, {measures.output_tokens:,} out"
    if measures.untold:
        tokens += f" ({measures.untold} answers did not say)"
    return [
        ("unparseable", f"{measures.unparseable}/{measures.calls}"),
        ("failures", _tally(measures.failures) or "none"),
        ("latency", f"p50 {seconds(measures.p50)}, p95 {seconds(measures.p95)}"),
        ("tokens", tokens),
        ("cost", _cost(measures, unpriced)),
        ("answered by", _tally(measures.models) or "nobody"),
        ("mismatch", f"{measures.mismatched} verdicts of another model" if measures.mismatched else "none"),
    ]


def aligned(table: Sequence[Sequence[str]]) -> list[str]:
    """A table as lines: the first column to the left, the others too, as wide as their widest cell."""
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]


def _cost(measures: Measures, unpriced: Sequence[str]) -> str:
    if measures.cost is not None:
        return money(measures.cost)
    if unpriced:
        return f"unknown: write judge.prices.models.{unpriced[0]}"
    return "unknown: not every answer said how many tokens it took, or by which model"


def _tally(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {number}" for name, number in counts.items())
