"""Reads pass rates by slice from sums."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals_backend.slices.records import Bucket, Choice, Slice, Slices
from otel_evals_backend.storage.sums import ResultSum, Window, result_sums, slice_sums
from otel_evals_backend.storage.tables import feedback_hours, slices
from otel_evals_backend.web.figures import Rate
from otel_evals_backend.web.quality import Evaluator, evaluators_of, latest, rate_of_sums
from otel_evals_backend.web.ranges import Range
from otel_evals_backend.web.trends import trend

MOST: Final = 200
"""Slices that are shown; a page with more helps nobody."""
TIMED: Final = 12
"""Slices that are shown over time."""
NEGATIVE: Final = frozenset({"thumbs_down", "regenerate", "rephrase", "abandon", "correction"})
_FIRST: Final = {"llm_judge": 0, "code": 1, "human": 2, "user": 3}
_Key = tuple[str, str, str]
ORDERS: Final[dict[str, Callable[[Slice], tuple[float | int | str, ...]]]] = {
    "worst": lambda row: (not row.rate.enough, row.rate.high or 0.0, -row.rate.n),
    "n": lambda row: (-row.rate.n,),
    "model": lambda row: (row.model, row.prompt_name, row.prompt_version),
    "prompt": lambda row: (row.prompt_name, row.prompt_version, row.model),
    "feedback": lambda row: (-row.negative, -row.feedback),
}
"""How the page may be sorted. Slices without an estimate are never worst."""


async def slices_of(
    connection: AsyncConnection, shown: Range, metric: str = "", order: str = "worst", service: str = ""
) -> Slices:
    """One metric by slice; the metric with most results by judges, else by checks, unless one is named."""
    window = Window(shown.from_hour, shown.to_hour)
    keys = await _keys(connection, service)
    chosen = list(keys) if service else None
    whole = await result_sums(connection, window, service=service)
    known = {
        key: one
        for key, one in (await evaluators_of(connection, {s.evaluator for s in whole})).items()
        if one.counts and one.type != "human"  # labels are few, and partly chosen by hand: no share of a slice
    }
    choices = _choices(whole, known)
    line = _line(choices, metric)
    if line is None:
        return _nothing(shown, metric, choices)
    own = [one for one in whole if one.evaluator in known and known[one.evaluator].line == line]
    present = known[latest(own)]
    sums = await slice_sums(connection, window, present.id, slices=chosen)
    rows = _rows(sums, keys, await _feedback(connection, window, keys))
    rows.sort(key=lambda row: -row.rate.n)
    kept = sorted(rows[:MOST], key=lambda row: (*ORDERS[order](row), row.model, row.prompt_name, row.prompt_version))
    kept = await _with_time(connection, shown, present.id, kept, keys)
    return Slices(
        from_ns=shown.from_ns,
        to_ns=shown.to_ns,
        sentence=sentence(kept, present),
        metric=line[0],
        type=line[1],
        version=present.version,
        whole=rate_of_sums([one for one in own if one.evaluator == present.id]),
        slices=tuple(kept),
        left_out=max(0, len(rows) - MOST),
        metrics=choices,
    )


def sentence(rows: Iterable[Slice], evaluator: Evaluator) -> str:
    """Which slice is worst, and how the others are: said only where its interval lies below theirs."""
    known = sorted((row for row in rows if row.rate.enough), key=ORDERS["worst"])
    judged = evaluator.type == "llm_judge"
    if not known:
        return f"Not enough results of {evaluator.name} in any slice to compare them."
    worst, others = known[0], known[1:]
    first = f"{words(worst)}: {'the judge passes ' if judged else ''}{worst.rate.range_text} %"
    if not others:
        return f"One slice has enough results of {evaluator.name}. {first}."
    low = min(row.rate.low or 0.0 for row in others)
    high = max(row.rate.high or 0.0 for row in others)
    if (worst.rate.high or 0.0) < low:
        tail = f"of answers {'for' if judged else 'pass'} {evaluator.name}"
        return f"{first} {tail}: worst. The others: {100 * low:.0f}–{100 * high:.0f} %."  # noqa: RUF001 - a dash between numbers
    return f"No slice is worse than all others for certain. Lowest: {first}."


def words(row: Slice) -> str:
    """`Prompt support v13 with model-b`."""
    prompt = " ".join(part for part in (row.prompt_name, row.prompt_version) if part)
    return f"Prompt {prompt or 'unknown'} with {row.model or 'an unknown model'}"


def _rows(sums: list[ResultSum], keys: dict[int, _Key], signals: dict[_Key, tuple[int, int]]) -> list[Slice]:
    rows: list[Slice] = []
    for key, found in _grouped(sums, keys).items():
        every, negative = signals.get(key, (0, 0))
        rows.append(
            Slice(
                model=key[0], prompt_name=key[1], prompt_version=key[2], rate=rate_of_sums(found),
                fails=sum(one.fails for one in found), feedback=every, negative=negative, over_time=(),
            )
        )  # fmt: skip
    return rows


async def _with_time(
    connection: AsyncConnection, shown: Range, evaluator: int, rows: list[Slice], keys: dict[int, _Key]
) -> list[Slice]:
    """The rows, the first `TIMED` that have an estimate with their buckets: those are drawn, and nobody reads more."""
    timed = {_key(row) for row in [row for row in rows if row.rate.enough][:TIMED]}
    ids = [id_ for id_, key in keys.items() if key in timed]
    window = Window(shown.from_hour, shown.to_hour)
    sums = await slice_sums(connection, window, evaluator, by_hours=shown.by_hours, slices=ids)
    grouped = _grouped(sums, keys)
    return [
        row.model_copy(update={"over_time": _over_time(grouped[key], shown)}) if (key := _key(row)) in grouped else row
        for row in rows
    ]


def _over_time(sums: list[ResultSum], shown: Range) -> tuple[Bucket, ...]:
    return tuple(Bucket(start_ns=one.start_ns, rate=one.rate) for one in trend(sums, shown).stretches)


def _grouped(sums: list[ResultSum], keys: dict[int, _Key]) -> dict[_Key, list[ResultSum]]:
    grouped: defaultdict[_Key, list[ResultSum]] = defaultdict(list)
    for one in sums:
        grouped[keys.get(one.slice, ("", "", ""))].append(one)
    return grouped


def _key(row: Slice) -> _Key:
    return (row.model, row.prompt_name, row.prompt_version)


async def _keys(connection: AsyncConnection, service: str) -> dict[int, _Key]:
    statement = select(slices.c.id, slices.c.model, slices.c.prompt_name, slices.c.prompt_version)
    if service:
        statement = statement.where(slices.c.service == service)
    return {id_: (model, name, version) for id_, model, name, version in await connection.execute(statement)}


async def _feedback(connection: AsyncConnection, window: Window, keys: dict[int, _Key]) -> dict[_Key, tuple[int, int]]:
    table = feedback_hours
    statement = (
        select(table.c.slice, table.c.signal, func.sum(table.c.n))
        .where(table.c.hour >= window.from_hour, table.c.hour < window.to_hour)
        .group_by(table.c.slice, table.c.signal)
    )
    found: dict[_Key, tuple[int, int]] = {}
    for slice_, signal, n in await connection.execute(statement):
        if slice_ in keys:
            every, negative = found.get(keys[slice_], (0, 0))
            found[keys[slice_]] = (every + int(n), negative + (int(n) if signal in NEGATIVE else 0))
    return found


def _choices(sums: Iterable[ResultSum], known: dict[int, Evaluator]) -> tuple[Choice, ...]:
    counted: defaultdict[tuple[str, str, str], int] = defaultdict(int)
    for one in sums:
        if one.evaluator in known:
            counted[known[one.evaluator].line] += one.passes + one.fails
    rows = [Choice(name=line[0], type=line[1], evaluator_id=line[2], n=n) for line, n in counted.items()]
    return tuple(sorted(rows, key=lambda row: (_FIRST.get(row.type, len(_FIRST)), row.name)))


def _line(choices: tuple[Choice, ...], metric: str) -> tuple[str, str, str] | None:
    """`metric` is a name, or a name and a type as `name:type` where both a judge and a check decide it."""
    name, _, kind = metric.partition(":")
    for one in choices:
        if not name or (one.name == name and kind in ("", one.type)):
            return (one.name, one.type, one.evaluator_id)
    return None


def _nothing(shown: Range, metric: str, choices: tuple[Choice, ...]) -> Slices:
    said = f"No results of {metric} in {shown.words}." if metric else f"No results in {shown.words}."
    return Slices(
        from_ns=shown.from_ns, to_ns=shown.to_ns, sentence=said, metric=metric, type="", version="", whole=Rate(),
        slices=(), left_out=0, metrics=choices,
    )  # fmt: skip
