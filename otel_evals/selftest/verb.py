"""The verbs `judge test` and `judge calibrate`: from flags to a report and an exit code. Called by the command line.

Exit codes: 0 fit (or calibrated), 1 not fit, undecided, or not enough labels, 2 usage or configuration (raised), 3 a
judge cannot be reached or refuses.
"""

import asyncio
import logging
import sys
from argparse import Namespace
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final

from otel_evals.config.schema import Config
from otel_evals.records.clock import SystemClock
from otel_evals.records.errors import ConfigurationError
from otel_evals.selftest import report
from otel_evals.selftest.asking import Asking, Progress, Tell
from otel_evals.selftest.fitness import Fitness
from otel_evals.selftest.selftest import AnswererReport, plan, self_test
from otel_evals.selftest.subjects import Choice, open_bench
from otel_evals.selftest.trials import plan_trials, untestable

OK: Final = 0
NOT_FIT: Final = 1
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
    with _without_log_lines():
        return asyncio.run(_test(config, flags, write, note))


async def _test(config: Config, flags: Namespace, write: Write, note: Write) -> int:
    clock, crashes = SystemClock(), _Crashes()
    bench = open_bench(config, choice_of(flags), clock=clock, on_crash=crashes)
    try:
        skipped = [(subject.id, why) for subject in bench.subjects if (why := untestable(subject)) is not None]
        trials = plan_trials(bench.subjects, repeat=flags.repeat)
        if not trials:
            raise ConfigurationError("\n".join(f"judge {name!r}: {why}" for name, why in skipped))
        for warning in bench.judges.warnings:
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


def choice_of(flags: Namespace) -> Choice:
    """Which judges the flags name."""
    return Choice(
        names=tuple(flags.judge or ()),
        url=flags.url,
        model=flags.model,
        key_env=flags.key_env,
        rubrics=tuple(flags.rubric or ()),
    )


class _Crashes:
    """Keeps errors of our own in tasks until they can be raised."""

    def __init__(self) -> None:
        self._first: BaseException | None = None

    def __call__(self, _task: str, error: BaseException) -> None:
        self._first = self._first or error

    def raise_first(self) -> None:
        """Raise the first, if there is one."""
        if self._first is not None:
            raise self._first


@contextmanager
def _without_log_lines() -> Generator[None]:
    """Keep the clients' log lines off the terminal: the report says all of it once, and better."""
    logger, quiet = logging.getLogger("otel_evals"), logging.NullHandler()
    before, logger.propagate = logger.propagate, False
    logger.addHandler(quiet)
    try:
        yield
    finally:
        logger.removeHandler(quiet)
        logger.propagate = before


@contextmanager
def progress_line() -> Generator[Tell]:
    """A line on the terminal that says how far it has come; nothing where standard error is no terminal."""
    stream = sys.stderr
    if not stream.isatty():
        yield lambda _: None
        return

    def tell(progress: Progress) -> None:
        failed = f", {progress.failed} failed" if progress.failed else ""
        stream.write(f"\r\x1b[K{progress.done} of {progress.planned} calls{failed}")
        stream.flush()

    try:
        yield tell
    finally:
        stream.write("\r\x1b[K")
        stream.flush()
