import pytest

from otel_evals.app.places import JUDGE_STORE, spool_folder
from otel_evals.app.spending import SpendingReader
from otel_evals.config.judging import JudgeSection
from otel_evals.config.schema import Config
from otel_evals.engine.budget import Budget, Limits
from otel_evals.judges.settings import EndpointSettings, JudgeSettings, ModelSettings
from otel_evals.records.exchange import Usage
from otel_evals.records.judging import Estimate
from otel_evals.spool.judge_store import JudgeStore
from otel_evals.testing.clock import ManualClock

NOON = 1_800_014_400_000_000_000
"""12:00 UTC."""


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(time_ns=NOON)


def config_of(folder, **section) -> Config:
    judges = tuple(
        JudgeSettings(name=name, rubric="faithfulness", model=ModelSettings(model="m"), shadow=name == "next")
        for name in ("faithfulness", "next")
    )
    endpoints = (EndpointSettings(url="http://127.0.0.1:1/v1"),)
    return Config(data=str(folder), judge=JudgeSection(endpoints=endpoints, judges=judges, **section))


async def spend(config: Config, clock: ManualClock, usd: float) -> None:
    store = await JudgeStore.open(spool_folder(config) / JUDGE_STORE, "0")
    budget = Budget(store, config.judge.budget, config.judge.budgets, clock)
    reservation = await budget.reserve("faithfulness", Estimate(tokens=1000, cost=usd * 1.5))
    await budget.settle(reservation, Usage(input_tokens=400, output_tokens=20), usd)
    await store.close()


async def test_what_is_spent_is_read_from_the_books_of_all_workers(tmp_path, clock):
    own = {"faithfulness": Limits(tokens_per_hour=10_000, calls_per_minute=5)}
    config = config_of(tmp_path, budget=Limits(usd_per_day=0.05), budgets=own)
    reader = SpendingReader(config, "", clock)
    assert [judge.id for judge in reader.shown.judges] == ["faithfulness", "next"]
    assert reader.shown.label == "m"
    assert reader.shown.ledger == f"otel-evals judge ledger --data {tmp_path}"
    assert [spending.used for spending in (await reader.refresh()).spendings] == [0, 0], "there is no file yet"
    await spend(config, clock, 0.01)
    clock.advance(2)
    shown = await reader.refresh()
    assert [(s.judge, s.period, s.unit, s.limit) for s in shown.spendings] == [
        ("", "today", "USD", 0.05), ("faithfulness", "this hour", "tokens", 10_000),
    ]  # fmt: skip
    assert [s.used for s in shown.spendings] == [pytest.approx(0.01), 420]
    assert shown.throttle == 1.0
    await spend(config, clock, 0.025)
    clock.advance(2)
    assert (await reader.refresh()).throttle < 1.0, "more than half of the day's budget is gone at noon"


async def test_the_books_are_not_opened_without_a_budget(tmp_path, clock):
    reader = SpendingReader(config_of(tmp_path), "mine", clock)
    assert (await reader.refresh()).spendings == ()
    assert reader.shown.label == "mine"


async def test_books_that_cannot_be_read_leave_the_figures_as_they_were(tmp_path, clock, caplog):
    config = config_of(tmp_path, budget=Limits(usd_per_day=0.05))
    await spend(config, clock, 0.01)
    reader = SpendingReader(config, "", clock)
    before = await reader.refresh()
    (spool_folder(config) / JUDGE_STORE).write_bytes(b"no database, no database")
    clock.advance(2)
    assert await reader.refresh() == before
    assert "cannot read" in caplog.text
