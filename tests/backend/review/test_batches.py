"""What evaluators said, by the batch: nothing before it is full, all of it on the reviewer's own page then."""

from dataclasses import replace

from otel_evals_backend.settings import RevealPolicy, ReviewSettings
from tests.backend.review.test_pages import disputed, fill, reserve
from tests.backend.traffic import send, traces

BY_BATCH = ReviewSettings(audit=1, double=0, reveal=RevealPolicy.BATCH, batch=2)


async def labelled(backend, verdict="pass"):
    item = await reserve(backend)
    answer = await backend.client.post(
        f"/api/v1/review/items/{item}/label", json={"verdict": verdict}, headers={"idempotency-key": item}
    )
    return item, answer.json()


async def own_page(backend):
    return (await backend.client.get("/review/me")).text


async def test_a_batch_is_revealed_when_it_is_full_and_the_next_is_kept_back_again(open_backend, clock):
    async with open_backend(review=BY_BATCH) as backend:
        calls = [disputed(number) for number in range(1, 5)]
        await send(backend, traces(*(replace(call, reasons=(), results=call.results[1:]) for call in calls)))
        first, said = await labelled(backend)
        assert (said["revealed"], said["after"], said["evaluators"]) == (False, 1, [])
        page = (await backend.client.get(f"/review/{first}")).text
        assert "after one more label" in page
        assert "zqjudgeid" not in page + await own_page(backend)
        clock.advance(1)
        second, said = await labelled(backend)
        assert (said["revealed"], said["after"]) == (True, 0)
        own = await own_page(backend)
        assert own.count("/review/" + first) == own.count("/review/" + second) == 1
        assert "zqjudgeid" in own
        clock.advance(1)
        third, said = await labelled(backend)
        assert (said["revealed"], said["after"]) == (False, 1)
        own = await own_page(backend)
        assert "/review/" + first in own
        assert "/review/" + third not in own


async def test_one_that_is_not_full_is_revealed_after_a_day(open_backend, clock):
    async with open_backend(review=BY_BATCH) as backend:
        await fill(backend, 2)
        item, _ = await labelled(backend)
        clock.advance(86_400 + 1)
        assert (await backend.client.get(f"/api/v1/review/items/{item}")).json()["mine"]["revealed"] is True
        assert "/review/" + item in await own_page(backend)


async def test_a_second_thought_reveals_no_more_than_the_first_did(open_backend, clock):
    async with open_backend(review=BY_BATCH) as backend:
        await fill(backend, 2)
        item, _ = await labelled(backend)
        clock.advance(1)
        again = await backend.client.post(
            f"/api/v1/review/items/{item}/label", json={"verdict": "fail", "second_thought": True},
            headers={"idempotency-key": "again"},
        )  # fmt: skip
        assert (again.json()["revealed"], again.json()["evaluators"]) == (False, [])


async def test_by_default_and_with_never_there_is_no_batch(open_backend):
    async with open_backend(review=ReviewSettings(audit=1, double=0)) as backend:
        await fill(backend, 1)
        await labelled(backend)
        assert "last batch" not in await own_page(backend)
