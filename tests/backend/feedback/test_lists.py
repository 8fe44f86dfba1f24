"""Signals as lists and counts."""

from tests.backend.traffic import HOUR, NOON, Call, send, traces

SHOP = Call(number=1, service="shop", model="gpt-4.1", start=NOON - 2 * HOUR)
DESK = Call(number=2, service="desk", model="gpt-4o-mini", start=NOON - 30 * HOUR)


def about(call, signal, **more):
    return {"trace_id": call.trace_id.hex(), "span_id": call.span_id.hex(), "signal": signal, **more}


async def fill(backend):
    await send(backend, traces(SHOP, DESK))
    for body in (
        about(SHOP, "thumbs_down", comment="=cmd|'/c calc'!A1"),
        about(SHOP, "rating", value=0.5, id="a"),
        about(SHOP, "rating", value=1, id="b"),
        about(DESK, "copy"),
        {"response_id": "nobody-knows", "signal": "copy"},
    ):
        backend.clock.advance(1)
        assert (await backend.client.post("/v1/feedback", json=body)).status_code == 202


async def get(backend, path, **query):
    answer = await backend.client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_signals_are_listed_newest_first_page_by_page(backend):
    await fill(backend)
    first = await get(backend, "/api/v1/feedback", limit=3)
    second = await get(backend, "/api/v1/feedback", limit=3, cursor=first["next"])
    every = first["feedback"] + second["feedback"]
    assert second["next"] is None
    assert [one["signal"] for one in every] == ["copy", "copy", "rating", "rating", "thumbs_down"]
    assert (every[0]["joined"], every[0]["service"], every[0]["response_id"]) == (False, None, "nobody-knows")
    assert (every[1]["service"], every[1]["model"], every[1]["polarity"]) == ("desk", "gpt-4o-mini", 1)
    assert (every[4]["span_id"], every[4]["polarity"]) == (SHOP.span_id.hex(), -1)


async def test_lists_are_filtered(backend):
    await fill(backend)
    for query, n in (
        ({"signal": "rating"}, 2), ({"service": "desk"}, 1), ({"joined": "false"}, 1), ({"model": "gpt-4.1"}, 3),
        ({"from": "2026-01-01", "to": "2026-02-01"}, 0),
    ):  # fmt: skip
        assert len((await get(backend, "/api/v1/feedback", **query))["feedback"]) == n, query
    for query in ({"signal": "like"}, {"cursor": "x"}, {"limit": 0}):
        assert (await backend.client.get("/api/v1/feedback", params=query)).status_code == 422


async def test_signals_are_counted_by_kind_slice_and_time(backend):
    await fill(backend)
    plain = await get(backend, "/api/v1/feedback/counts")
    assert {(one["signal"], one["n"], one["mean"]) for one in plain["counts"]} == {
        ("copy", 1, None), ("rating", 2, 0.75), ("thumbs_down", 1, None),
    }  # fmt: skip
    assert plain["waiting"] == 1
    cut = await get(backend, "/api/v1/feedback/counts", by=["service", "model"], over_time=True)
    copied = next(one for one in cut["counts"] if one["signal"] == "copy")
    assert copied["slice"] == {"service": "desk", "model": "gpt-4o-mini"}
    assert copied["start"] == "2026-09-20T00:00:00.000Z"
    today = await get(backend, "/api/v1/feedback/counts", range="24h", signal="copy")
    assert (today["counts"], today["waiting"]) == ([], 1)


async def test_files_hold_no_formulas(backend):
    await fill(backend)
    listed = await backend.client.get("/api/v1/feedback.csv")
    assert "'=cmd" in listed.text
    assert listed.headers["content-disposition"].startswith("attachment")
    counts = await backend.client.get("/api/v1/feedback/counts.csv", params={"by": "service"})
    assert counts.text.splitlines()[:2] == ["signal,service,n,mean", "copy,desk,1,"]
