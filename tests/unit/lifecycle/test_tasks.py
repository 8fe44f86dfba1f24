"""Tasks have an owner and an end, and none dies in silence."""

import asyncio

from otel_evals.lifecycle.tasks import Tasks


async def test_a_task_that_dies_is_reported_by_name() -> None:
    died: list[tuple[str, str]] = []
    tasks = Tasks(lambda name, error: died.append((name, repr(error))))

    async def fail() -> None:
        raise ValueError("no")

    await asyncio.wait([tasks.spawn(fail(), "the work")])
    assert died == [("the work", "ValueError('no')")]
    assert len(tasks) == 0


async def test_drain_waits_for_what_ends_by_itself_and_says_whether_it_did() -> None:
    tasks = Tasks(lambda *_: None)
    gate = asyncio.Event()

    async def wait() -> None:
        await gate.wait()

    tasks.spawn(wait(), "waits")
    assert await tasks.drain(0) is False
    gate.set()
    assert await tasks.drain() is True


async def test_close_cancels_what_still_runs_and_reports_nothing() -> None:
    died: list[str] = []
    tasks = Tasks(lambda name, _: died.append(name))
    cleaned = asyncio.Event()

    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.set()

    tasks.spawn(wait(), "waits")
    await asyncio.sleep(0)
    await tasks.close()
    assert cleaned.is_set()
    assert died == []


async def test_close_tells_a_task_again_that_forgot_that_it_was_cancelled(monkeypatch) -> None:
    monkeypatch.setattr("otel_evals.lifecycle.tasks._TELL_AGAIN", 0.01)
    tasks = Tasks(lambda *_: None)
    told = 0

    async def forget() -> None:
        nonlocal told
        while told < 3:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                told += 1

    tasks.spawn(forget(), "forgets")
    await asyncio.sleep(0)
    await tasks.close()
    assert told == 3
    assert len(tasks) == 0
