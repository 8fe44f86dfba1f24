"""A rate over time, in steps that are long enough to say something. Overview and slices show it.

A judge that sees forty answers a day has no estimate of any day, and one of every week: the step is the shortest one
that gives most stretches an estimate. A stretch is that of one version of the evaluator, the one that did most in it:
versions are never mixed.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from otel_evals_backend.storage.keys import DAY_NS, HOUR_NS
from otel_evals_backend.storage.sums import ResultSum
from otel_evals_backend.web.figures import FEW, FLOOR, Rate
from otel_evals_backend.web.quality import rate_of_sums
from otel_evals_backend.web.ranges import Range

_HOURS: Final = (1, 2, 3, 6, 12)
_DAYS: Final = (1, 2, 7, 14, 30)
_MOST: Final = 2 / 3
"""Of the stretches with results so many are to have an estimate."""
_STRETCHES: Final = 3
"""Fewer are no line."""
_EMPTY: Final = Rate()


class Stretch(msgspec.Struct, frozen=True):
    """One step of time."""

    start_ns: int
    evaluator: int | None
    rate: Rate


class Trend(msgspec.Struct, frozen=True):
    """All of them, in the order of time."""

    step_ns: int
    stretches: tuple[Stretch, ...]


def trend(sums: Iterable[ResultSum], shown: Range) -> Trend:
    """The rate over time of sums by hours or days, as `shown` has them."""
    by_bucket: defaultdict[int, list[ResultSum]] = defaultdict(list)
    for one in sums:
        by_bucket[one.bucket].append(one)
    buckets = shown.buckets
    steps = [step for step in (_HOURS if shown.by_hours else _DAYS) if step == 1 or len(buckets) >= _STRETCHES * step]
    chosen = _groups(by_bucket, buckets, 1)
    step, best = 1, _known(chosen)
    for longer in steps[1:]:
        if best >= _MOST:
            break
        groups = _groups(by_bucket, buckets, longer)
        if (known := _known(groups)) > best:
            chosen, step, best = groups, longer, known
    unit = HOUR_NS if shown.by_hours else DAY_NS
    return Trend(
        step * unit,
        tuple(
            Stretch(number * unit, found[0].evaluator, rate_of_sums(found))
            if found
            else Stretch(number * unit, None, _EMPTY)
            for number, found in chosen
        ),
    )


def _groups(by_bucket: dict[int, list[ResultSum]], buckets: range, step: int) -> list[tuple[int, list[ResultSum]]]:
    """First bucket and sums, of one version, of every stretch. The last one is whole, the first perhaps not."""
    odd = len(buckets) % step
    starts = [buckets.start - (step - odd) if odd else buckets.start]
    starts += range(starts[0] + step, buckets.stop, step)
    return [
        (
            max(start, buckets.start),
            _one_version([one for number in range(start, start + step) for one in by_bucket.get(number, ())]),
        )
        for start in starts
    ]


def _one_version(sums: Sequence[ResultSum]) -> list[ResultSum]:
    counted: defaultdict[int, int] = defaultdict(int)
    for one in sums:
        counted[one.evaluator] += one.passes + one.fails
    if not counted:
        return []
    most = max(counted, key=lambda evaluator: (counted[evaluator], evaluator))
    return [one for one in sums if one.evaluator == most]


def _known(groups: list[tuple[int, list[ResultSum]]]) -> float:
    """The part of the stretches with results that have an estimate."""
    some = [found for _, found in groups if found]
    return sum(map(_enough, some)) / len(some) if some else 1.0


def _enough(sums: list[ResultSum]) -> bool:
    weight, squared = sum(one.weight for one in sums), sum(one.weight_squared for one in sums)
    n = sum(one.passes + one.fails for one in sums)
    return n >= FEW and squared > 0 and (weight * weight / squared >= min(FLOOR, n))
