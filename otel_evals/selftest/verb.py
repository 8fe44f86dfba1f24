"""The verbs `judge test` and `judge calibrate`: from flags to a report and an exit code. Called by the command line.

Exit codes: 0 fit (or calibrated), 1 not fit, undecided, or not enough labels, 2 usage or configuration (raised), 3 a
judge cannot be reached or refuses.
"""

import asyncio
import functools
from argparse import Namespace
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TextIO

import msgspec

from otel_evals.app.evaluator import build_evaluator
from otel_evals.config.schema import Config
from otel_evals.records.clock import SystemClock
from otel_evals.records.errors import ConfigurationError
from otel_evals.selftest import calibration_report, report
from otel_evals.selftest.asking import Asking, Outcome
from otel_evals.selftest.calibrating import Calibrating
from otel_evals.selftest.calibration import verdict_row
from otel_evals.selftest.fitness import Fitness
from otel_evals.selftest.labelled import Labelled, read_labelled
from otel_evals.selftest.selftest import AnswererReport, plan, self_test
from otel_evals.selftest.subjects import Choice, Subject, open_bench
from otel_evals.selftest.terminal import Crashes, progress_line, without_log_lines
from otel_evals.selftest.trials import plan_trials, untestable

OK: Final = 0
NOT_FIT: Final = 1
NOT_ENOUGH: Final = 1
UNREACHABLE: Final = 3

Write = Callable[[str], None]


def test(config: Config, flags: Namespace, *, write: Write, note: Write) -> int:
    """Run the self-test.

    Args:
        config: the whole configuration.
        flags: those of `arguments.add_test_flags`.
        write: takes the report.
        note: takes what is only worth knowing: the announcement, warnings.

    Raises:
        ConfigurationError: no such judge, or nothing to test it with.
    """
    with without_log_lines():
        return asyncio.run(_test(config, flags, write, note))


async def _test(config: Config, flags: Namespace, write: Write, note: Write) -> int:
    clock, crashes = SystemClock(), Crashes()
    bench = open_bench(config, choice_of(flags), clock=clock, on_crash=crashes)
    try:
        skipped = [(subject.id, why) for subject in bench.subjects if (why := untestable(subject)) is not None]
        trials = plan_trials(bench.subjects, repeat=flags.repeat)
        if not trials:
            raise ConfigurationError("\n".join(f"judge {name!r}: {why}" for name, why in skipped))
        for warning in bench.warnings:
            note(f"warning: {warning}")
        planned = plan(bench, trials)
        note(
            report.announcement(
                planned, concurrency=bench.concurrency, seconds=flags.seconds, date=bench.prices.date
            )
        )  # fmt: skip
        with progress_line() as tell:
            asking = Asking(bench.concurrency, clock=clock, tell=tell, on_crash=crashes)
            reports = await self_test(bench, planned, asking, seconds=flags.seconds)
    finally:
        await bench.judges.close()
    crashes.raise_first()
    write(report.json(reports, skipped) if flags.format == "json" else report.text(reports, skipped))
    return _exit_code(reports)


def _exit_code(reports: list[AnswererReport]) -> int:
    if any(one.unreachable is not None for one in reports):
        return UNREACHABLE
    return OK if report.overall(reports) is Fitness.FIT else NOT_FIT


def calibrate(config: Config, flags: Namespace, *, write: Write, note: Write) -> int:
    """Score what people labelled; see `test`.

    Args:
        config: the whole configuration.
        flags: those of `arguments.add_calibrate_flags`.
        write: takes the report.
        note: takes what is only worth knowing.

    Raises:
        ConfigurationError: no such judge, a file that cannot be read or written, or no row for any judge.
    """
    rows = read_labelled(flags.file, build_evaluator(config))
    with without_log_lines(), _verdict_file(flags.out) as out:
        return asyncio.run(_calibrate(config, flags, rows, out, write=write, note=note))


async def _calibrate(
    config: Config, flags: Namespace, rows: Sequence[Labelled], out: TextIO | None, *, write: Write, note: Write
) -> int:
    clock, crashes = SystemClock(), Crashes()
    bench = open_bench(config, choice_of(flags), clock=clock, on_crash=crashes)
    calibrating = Calibrating(bench, rows)
    try:
        if not calibrating.most.calls:
            raise ConfigurationError(f"{flags.file}: no row has what any of the judges needs; see its `needs`")
        for warning in bench.warnings:
            note(f"warning: {warning}")
        cost = report.cost_told(calibrating.most, bench.unpriced(bench.subjects), bench.prices.date)
        note(f"{len(rows)} labelled rows: {cost}; {bench.concurrency} at a time.")
        with progress_line() as tell:
            calibrations = await calibrating.run(Asking(bench.concurrency, clock=clock, tell=tell, on_crash=crashes))
    finally:
        if out is not None:
            calibrating.each(functools.partial(_keep, out))
        await bench.judges.close()
    crashes.raise_first()
    write(calibration_report.json(calibrations) if flags.format == "json" else calibration_report.text(calibrations))
    if any(one.unreachable is not None for one in calibrations):
        return UNREACHABLE
    return OK if all(one.confusion.enough for one in calibrations) else NOT_ENOUGH


def _keep(out: TextIO, row: Labelled, subject: Subject, outcome: Outcome) -> None:
    told = verdict_row(row, subject.id, subject.judge.version, outcome)
    out.write(msgspec.json.encode(told).decode() + "\n")


@contextmanager
def _verdict_file(path: Path | None) -> Generator[TextIO | None]:
    """The file for verdicts, opened before anything is paid for."""
    if path is None:
        yield None
        return
    try:
        file = path.open("w", encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"--out: {path} cannot be written: {error}") from error
    with file:
        yield file


def choice_of(flags: Namespace) -> Choice:
    """Which judges the flags name."""
    return Choice(
        names=tuple(flags.judge or ()),
        url=flags.url,
        model=flags.model,
        key_env=flags.key_env,
        rubrics=tuple(flags.rubric or ()),
    )
