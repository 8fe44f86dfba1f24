"""Ratios inside each repeat, and the table of them."""

from collections.abc import Iterable, Sequence
from statistics import median
from typing import Final

import msgspec
from measure import Measurement
from scenarios import ALL, BARE, COLLECTOR, Scenario

_HEAD: Final = (
    "load", "variant", "CPU us/span", "CPU ms/request", "x Collector", "x bare", "p50 ms", "p99 ms", "RSS MiB",
    "events/span", "runs",
)  # fmt: skip


class Row(msgspec.Struct, kw_only=True):
    """One variant under one load, over all repeats that count."""

    scenario: str
    variant: str
    us_per_span: float
    ms_per_request: float
    to_collector: tuple[float, ...]
    """Spans per CPU second relative to the Collector, one for each repeat."""
    to_bare: tuple[float, ...]
    p50_ms: float
    p99_ms: float
    rss_mib: float
    events_per_span: float
    runs: int
    void: tuple[str, ...]
    """Why runs did not count."""


def rows(scenarios: Sequence[Scenario], measured: Sequence[Measurement]) -> list[Row]:
    """The table, in the order of the scenarios."""
    return [
        _row(scenario, variant.name, measured)
        for scenario in scenarios
        for variant in scenario.variants
        if any(m.scenario == scenario.name and m.variant == variant.name for m in measured)
    ]


def _row(scenario: Scenario, variant: str, measured: Sequence[Measurement]) -> Row:
    runs = [m for m in measured if m.scenario == scenario.name and m.variant == variant]
    good = [m for m in runs if not m.void]
    return Row(
        scenario=scenario.name,
        variant=variant,
        us_per_span=_median(m.us_per_span for m in good),
        ms_per_request=_median(m.ms_per_request for m in good),
        to_collector=ratios(scenario.name, variant, (scenario.name, COLLECTOR.name), measured),
        to_bare=ratios(scenario.name, variant, (scenario.name, BARE.name), measured),
        p50_ms=_median(m.p50_ms for m in good),
        p99_ms=_median(m.p99_ms for m in good),
        rss_mib=_median(m.rss_mib for m in good),
        events_per_span=_median(m.events / m.spans for m in good),
        runs=len(good),
        void=tuple(m.void for m in runs if m.void),
    )


def ratios(scenario: str, variant: str, other: tuple[str, str], measured: Sequence[Measurement]) -> tuple[float, ...]:
    """Spans per CPU second relative to `other` (scenario and variant) in the same repeat."""
    cost = {(m.scenario, m.variant, m.repeat): m.us_per_span for m in measured if not m.void}
    mine = {repeat: us for (s, v, repeat), us in cost.items() if (s, v) == (scenario, variant)}
    return tuple(cost[*other, repeat] / us for repeat, us in sorted(mine.items()) if (*other, repeat) in cost)


def table(found: Sequence[Row]) -> str:
    """The rows as Markdown."""
    lines = [_line(_HEAD), _line(["---"] * len(_HEAD))]
    for row in found:
        cells = [row.scenario, row.variant]
        if row.runs:
            cells += [f"{row.us_per_span:.2f}", f"{row.ms_per_request:.3f}", spread(row.to_collector)]
            cells += [spread(row.to_bare), f"{row.p50_ms:.1f}", f"{row.p99_ms:.1f}", f"{row.rss_mib:.0f}"]
            cells += [f"{row.events_per_span:.2f}", str(row.runs)]
        else:
            cells += ["-"] * 8 + ["0"]
        if row.void:
            cells[-1] += f" ({len(row.void)} void: {row.void[0]})"
        lines.append(_line(cells))
    return "\n".join(lines)


def goals(scenarios: Sequence[Scenario], measured: Sequence[Measurement]) -> list[str]:
    """One sentence for each goal."""
    found: list[str] = []
    for scenario in scenarios:
        beside = scenario.goal_beside or scenario.name
        for variant, goal in scenario.goals.items():
            reached = ratios(scenario.name, variant, (beside, COLLECTOR.name), measured)
            if reached:
                word = "reached" if median(reached) >= goal else "not reached"
                found.append(
                    f"{scenario.name}, {variant}: {spread(reached)} x Collector ({beside}), goal {goal}: {word}"
                )
    return [*found, *_checks(scenarios, measured)]


def _checks(scenarios: Sequence[Scenario], measured: Sequence[Measurement]) -> list[str]:
    """What the checks cost a GenAI span in the relay: all checks minus checks off, in the same repeat."""
    found: list[str] = []
    for scenario in scenarios:
        cost = {(m.variant, m.repeat): m.us_per_span for m in measured if m.scenario == scenario.name and not m.void}
        extra = [
            (us - cost["ours, checks off", repeat]) / scenario.shape.share
            for (variant, repeat), us in cost.items()
            if variant == ALL.name and ("ours, checks off", repeat) in cost and scenario.shape.share
        ]
        if extra:
            found.append(
                f"{scenario.name}: reading, checks, events and metrics take {spread(extra, 0)} us a GenAI span"
            )
    return found


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Median and range."""
    if not values:
        return "-"
    return f"{median(values):.{digits}f} [{min(values):.{digits}f}-{max(values):.{digits}f}]"


def _median(values: Iterable[float]) -> float:
    kept = list(values)
    return median(kept) if kept else float("nan")


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
