import re

import pytest
from sqlalchemy import select

from otel_evals_backend.storage.tables import audit


async def token(backend):
    return re.search(r'name="csrf" value="([^"]*)"', (await backend.client.get("/evaluations")).text)[1]


async def save(backend, **fields):
    return await backend.client.post("/views", data={"csrf": await token(backend), "page": "/evaluations", **fields})


async def test_a_view_is_saved_followed_and_deleted(backend):
    answer = await save(backend, name="Bad refunds", query="range=7d&band=high&cursor=abc", shared="1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/evaluations?range=7d&band=high")
    page = (await backend.client.get("/evaluations")).text
    assert 'href="/evaluations?range=7d&amp;band=high"' in page
    assert "Bad refunds" in page
    [view] = (await backend.client.get("/api/v1/views")).json()["items"]
    assert (view["shared"], view["mine"], view["path"]) == (True, True, "/evaluations?range=7d&band=high")
    followed = await backend.client.get(f"/views/{view['id']}")
    assert followed.headers["location"] == "/evaluations?range=7d&band=high"
    gone = await backend.client.post(f"/views/{view['id']}/delete", data={"csrf": await token(backend)})
    assert gone.status_code == 303
    assert (await backend.client.get("/api/v1/views")).json()["items"] == []
    assert (await backend.client.get(f"/views/{view['id']}")).status_code == 404
    async with backend.context.database.read() as connection:
        assert (await connection.execute(select(audit.c.action).order_by(audit.c.id))).scalars().all() == [
            "view.save", "view.delete",
        ]  # fmt: skip


@pytest.mark.parametrize(
    "fields", [{"name": ""}, {"name": "x", "page": "//evil.example"}, {"name": "x", "page": "/settings"},
               {"name": "x" * 101}]
)  # fmt: skip
async def test_a_view_that_leads_elsewhere_or_has_no_name_is_refused(backend, fields):
    assert (await save(backend, **fields)).status_code == 422


async def test_a_query_cannot_lead_out_of_the_page(backend):
    answer = await save(backend, name="x", query="?a=1#//evil.example/\r\nSet-Cookie: a=b".replace("\r\n", "%0d%0a"))
    location = answer.headers["location"]
    assert location.startswith("/evaluations?a=1")
    assert "//evil" not in location
    assert "set-cookie" not in answer.headers


async def test_views_are_kept_by_the_api_too(backend):
    made = await backend.client.post(
        "/api/v1/views", json={"name": "v13", "query": "version=v13"}, headers={"x-csrf-token": await token(backend)}
    )
    assert made.status_code == 201, made.text
    gone = await backend.client.delete(
        f"/api/v1/views/{made.json()['id']}", headers={"x-csrf-token": await token(backend)}
    )
    assert gone.status_code == 204
