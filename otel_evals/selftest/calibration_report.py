"""What `judge calibrate` prints: for people a confusion matrix and what follows from it, for programs JSON."""

from collections.abc import Iterator, Sequence

import msgspec

from otel_evals.selftest import wording
from otel_evals.selftest.agreement import Agreement
from otel_evals.selftest.calibration import Calibration, Confusion
from otel_evals.selftest.proportion import Share

_CAVEAT = (
    "These figures are about these rows. They are about your traffic only if the rows were drawn from it at random:\n"
    "rows chosen because they looked wrong make a judge look better or worse than it is."
)


def text(calibrations: Sequence[Calibration]) -> str:
    """The report for people."""
    blocks = ["\n".join(_lines(one)) for one in calibrations]
    if any(one.confusion.enough for one in calibrations):
        blocks.append(_CAVEAT)
    return "\n\n".join(blocks)


def json(calibrations: Sequence[Calibration]) -> str:
    """The report for programs. Shares are null where there are not enough labels."""
    return msgspec.json.format(msgspec.json.encode({"judges": [_judge(one) for one in calibrations]})).decode()


def _lines(one: Calibration) -> Iterator[str]:
    yield f"{one.id} ({one.answerer}, version {one.version}): {one.rows} rows"
    for need, number in one.inapplicable.items():
        yield f"  {number} rows more are not judged: they lack {need}"
    if one.unreachable is not None:
        yield f"  cannot be calibrated: {one.unreachable}"
        return
    matrix = one.confusion
    yield from (f"  {line}" for line in wording.aligned(_matrix(matrix)))
    rows = list(_figures(one)) if matrix.enough else [("", _lacking(matrix))]
    rows += wording.rows(one.measures, one.unpriced)
    yield from (f"  {name:<13} {value}" if name else f"  {value}" for name, value in rows)


def _matrix(matrix: Confusion) -> list[tuple[str, str, str]]:
    return [
        ("", "people: pass", "people: fail"),
        ("judge: pass", str(matrix.pass_pass), str(matrix.pass_fail)),
        ("judge: fail", str(matrix.fail_pass), str(matrix.fail_fail)),
        ("no verdict", str(matrix.none_pass), str(matrix.none_fail)),
    ]


def _figures(one: Calibration) -> Iterator[tuple[str, str]]:
    yield "TPR", wording.estimate(one.confusion.tpr)
    yield "TNR", wording.estimate(one.confusion.tnr)
    yield "accuracy", wording.estimate(one.confusion.accuracy)
    yield "Cohen's kappa", _agreement(one.kappa)
    yield "Gwet's AC1", _agreement(one.ac1)


def _agreement(figure: Agreement | None) -> str:
    if figure is None:
        return "none: one label is all that either says"
    low, high = figure.interval
    return f"{figure.value:.3f}  (95 %: {low:.3f} to {high:.3f})"


def _lacking(matrix: Confusion) -> str:
    passes, fails = matrix.lacking
    needed = [f"{number} more {word}" for number, word in ((fails, "fails"), (passes, "passes")) if number]
    return f"not enough labels: {' and '.join(needed)} needed"


def _judge(one: Calibration) -> dict[str, object]:
    matrix = one.confusion
    passes, fails = matrix.lacking
    return {
        "id": one.id,
        "name": one.name,
        "version": one.version,
        "answerer": one.answerer,
        "unreachable": one.unreachable,
        "rows": one.rows,
        "inapplicable": one.inapplicable,
        "confusion": matrix,
        "enough_labels": matrix.enough,
        "more_needed": {"pass": passes, "fail": fails},
        "tpr": _share(matrix.tpr, enough=matrix.enough),
        "tnr": _share(matrix.tnr, enough=matrix.enough),
        "accuracy": _share(matrix.accuracy, enough=matrix.enough),
        "cohen_kappa": _interval(one.kappa),
        "gwet_ac1": _interval(one.ac1),
        "unpriced_models": one.unpriced,
        **msgspec.structs.asdict(one.measures),
    }


def _share(share: Share, *, enough: bool) -> dict[str, object]:
    return {
        "hits": share.hits,
        "n": share.trials,
        "value": share.value if enough else None,
        "interval": share.interval if enough else None,
    }


def _interval(figure: Agreement | None) -> dict[str, object] | None:
    return None if figure is None else {"value": figure.value, "error": figure.error, "interval": figure.interval}
