"""Items that reviewers flag: the reason, the list, and what is done about them."""

from sqlalchemy import select

from otel_evals_backend.review import flags
from otel_evals_backend.settings import ReviewSettings
from otel_evals_backend.storage.tables import audit, review_items
from tests.backend.review.test_pages import SECRETS, fill, reserve, token

EVERYBODY = ReviewSettings(audit=1, double=0)


async def flagged_one(backend, reason="The question is cut off."):
    await fill(backend, 1)
    item = await reserve(backend)
    body = {"json": {"reason": reason}} if reason else {}
    answer = await backend.client.post(f"/api/v1/review/items/{item}/flag", **body)
    assert answer.status_code == 200, answer.text
    return item


async def state_of(backend, item):
    async with backend.context.database.read() as connection:
        return (await connection.execute(select(review_items).where(review_items.c.id == item))).one()


async def listed(backend):
    return (await backend.client.get("/api/v1/review/flagged")).json()["items"]


async def test_the_list_says_what_is_wrong_and_nothing_of_any_evaluator(open_backend):
    async with open_backend(review=EVERYBODY) as backend:
        item = await flagged_one(backend)
        (one,) = await listed(backend)
        assert (one["id"], one["reason"], one["state"]) == (item, "The question is cut off.", "open")
        page = (await backend.client.get("/review/flagged")).text
        assert "The question is cut off." in page
        assert not [word for word in SECRETS if word in f"{page}{one}"]


async def test_a_reason_may_come_later_and_is_not_lost_by_flagging_again(open_backend):
    async with open_backend(review=EVERYBODY) as backend:
        item = await flagged_one(backend, reason="")
        assert (await listed(backend))[0]["reason"] == ""
        await backend.client.post(f"/api/v1/review/items/{item}/flag", json={"reason": "Two questions in one."})
        await backend.client.post(f"/api/v1/review/items/{item}/flag")
        assert (await listed(backend))[0]["reason"] == "Two questions in one."


async def test_what_is_dropped_is_asked_of_nobody_until_it_is_reopened(open_backend):
    async with open_backend(review=EVERYBODY) as backend:
        item = await flagged_one(backend)
        assert (await backend.client.post(f"/api/v1/review/items/{item}/drop")).status_code == 200
        assert (await state_of(backend, item)).state == "dropped"
        assert await reserve(backend) != item
        assert (await listed(backend))[0]["state"] == "dropped"
        assert (await backend.client.post(f"/api/v1/review/items/{item}/reopen")).status_code == 200
        row = await state_of(backend, item)
        assert (row.state, row.flagged, row.flag_reason) == ("open", False, "")
        assert await listed(backend) == []
        assert (await backend.client.post(f"/api/v1/review/items/{item}/reopen")).status_code == 404


async def test_who_had_a_dropped_item_keeps_their_label_and_nobody_else_is_asked(open_backend):
    async with open_backend(review=ReviewSettings(audit=1, double=1)) as backend:
        item = await flagged_one(backend)
        await backend.client.post(f"/api/v1/review/items/{item}/drop")
        said = await backend.client.post(
            f"/api/v1/review/items/{item}/label", json={"verdict": "pass"}, headers={"idempotency-key": "k"}
        )
        assert said.status_code == 200
        row = await state_of(backend, item)
        assert (row.state, row.given) == ("dropped", 1)


async def test_only_administrators_drop(open_backend):
    async with open_backend(review=EVERYBODY) as backend:
        item = await flagged_one(backend)
        made = await backend.client.post("/api/v1/people/tokens", json={"name": "r", "scopes": ["review", "read"]})
        show = {"authorization": f"Bearer {made.json()['secret']}"}
        assert (await backend.client.get("/api/v1/review/flagged", headers=show)).status_code == 200
        assert (await backend.client.post(f"/api/v1/review/items/{item}/drop", headers=show)).status_code == 403
        assert (await state_of(backend, item)).state == "open"


async def test_the_forms_do_it_and_every_change_is_written_down(open_backend):
    async with open_backend(review=EVERYBODY) as backend:
        await fill(backend, 1)
        item = await reserve(backend)
        page = (await backend.client.get(f"/review/{item}")).text
        form = {"csrf": token(page), "flag_reason": " Two\r\nlines ", "verdict": ""}
        for step in ("flag", "drop", "reopen"):
            answer = await backend.client.post(f"/review/{item}/{step}", data=form)
            assert answer.status_code == 303, answer.text
            if step == "flag":
                assert (await listed(backend))[0]["reason"] == "Two lines"
        async with backend.context.database.read() as connection:
            done = (await connection.execute(select(audit.c.action).where(audit.c.object == item))).scalars().all()
        assert {"review.flag", "review.drop", "review.reopen"} <= set(done)


async def test_the_list_is_bounded(open_backend, monkeypatch):
    monkeypatch.setattr(flags, "MOST", 1)
    async with open_backend(review=EVERYBODY) as backend:
        await fill(backend, 2)
        async with backend.context.database.write() as connection:
            await connection.execute(review_items.update().values(flagged=True))
        assert len(await listed(backend)) == 1
