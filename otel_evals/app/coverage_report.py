"""What became of every GenAI span, by judge: the ledger of `otel-evals judge ledger`, for people and for programs."""

from collections.abc import Sequence

import msgspec

from otel_evals.app.places import JUDGE_STORE, spool_folder
from otel_evals.config.schema import Config
from otel_evals.records.decision import CoverageOutcome
from otel_evals.records.errors import ConfigurationError
from otel_evals.spool.judge_books import JudgeCounts, read_ledger

_ORDER = [outcome.value for outcome in CoverageOutcome]


def read_coverage(config: Config) -> list[JudgeCounts]:
    """The ledger of the processor that this configuration is of.

    Raises:
        ConfigurationError: it cannot be read, or only processors on other ports have one.
    """
    path = spool_folder(config) / JUDGE_STORE
    others = sorted(other.parent.name for other in path.parent.parent.glob(f"*/{JUDGE_STORE}"))
    if not path.is_file() and others:
        raise ConfigurationError(
            f"there is no ledger at {path}; processors on the ports {', '.join(others)} have one: give their --grpc "
            "and --http, or the configuration that they run with"
        )
    return read_ledger(path)


def adds_up(judges: Sequence[JudgeCounts]) -> bool:
    """Whether every span that any judge has seen is accounted for."""
    return all(judge.adds_up for judge in judges)


def coverage_json(judges: Sequence[JudgeCounts]) -> str:
    """The ledger as JSON."""
    rows = [{**msgspec.structs.asdict(judge), "adds_up": judge.adds_up} for judge in judges]
    return msgspec.json.format(msgspec.json.encode({"judges": rows})).decode()


def coverage_table(judges: Sequence[JudgeCounts]) -> str:
    """The ledger as a table, one line a judge version and outcome."""
    if not judges:
        return "No span has come to a judge yet: the ledger is empty."
    lines: list[str] = []
    for judge in judges:
        lines.append(f"{judge.judge} (version {judge.version}): {judge.seen} spans seen")
        outcomes = {**judge.outcomes, **({"pending": judge.pending} if judge.pending else {})}
        for outcome in sorted(outcomes, key=lambda o: _ORDER.index(o) if o in _ORDER else len(_ORDER)):
            share = outcomes[outcome] / judge.seen if judge.seen else 0.0
            lines.append(f"  {outcome:<14} {outcomes[outcome]:>10}  {share:>6.1%}")
        missing = judge.seen - judge.pending - sum(judge.outcomes.values())
        lines.append("  adds up" if judge.adds_up else f"  does not add up: {missing} spans are not accounted for")
    return "\n".join(lines)
