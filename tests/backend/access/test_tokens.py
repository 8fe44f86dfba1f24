import asyncio

from sqlalchemy import select

from otel_evals.records.units import Secret
from otel_evals_backend.access.app_keys import app_key_of
from otel_evals_backend.settings import IngestSettings
from otel_evals_backend.storage.tables import tokens


async def _token(browser, *scopes, **more):
    order = {"name": "a program", "scopes": list(scopes), **more}
    answer = await browser.send("/api/v1/people/tokens", json=order, page="/settings")
    assert answer.status_code == 201, answer.text
    return answer.json()


def _bearer(secret):
    return {"authorization": f"Bearer {secret}"}


async def test_a_token_stands_for_its_scopes(team):
    admin, program = await team.person("admin"), await team.browser()
    made = await _token(admin, "review")
    me = (await program.get("/api/v1/people/me", headers=_bearer(made["secret"]))).json()
    assert (me["id"], me["role"], me["scopes"]) == (f"token:{made['id']}", "reviewer", ["review"])


async def test_a_token_is_kept_as_a_hash_alone(team):
    admin = await team.person("admin")
    made = await _token(admin, "read")
    async with team.context.database.read() as connection:
        rows = (await connection.execute(select(tokens))).all()
    assert made["secret"] not in repr(rows)
    assert made["secret"] not in (await admin.get("/settings/tokens")).text


async def test_a_token_that_only_sends_reads_nothing(team):
    made = await _token(await team.person("admin"), "send")
    answer = await (await team.browser()).get("/api/v1/people/kept", headers=_bearer(made["secret"]))
    assert answer.status_code == 403


async def test_a_revoked_token_opens_nothing(team):
    admin, program = await team.person("admin"), await team.browser()
    made = await _token(admin, "read")
    gone = await admin.send(f"/api/v1/people/tokens/{made['id']}", json={}, page="/settings", method="DELETE")
    assert gone.status_code == 200
    assert (await program.get("/api/v1/people/me", headers=_bearer(made["secret"]))).status_code == 401


async def test_a_token_ends_on_its_day(team):
    made = await _token(await team.person("admin"), "read", days=2)
    program = await team.browser()
    team.clock.advance(2 * 86400 - 1)
    assert (await program.get("/api/v1/people/me", headers=_bearer(made["secret"]))).status_code == 200
    team.clock.advance(1)
    assert (await program.get("/api/v1/people/me", headers=_bearer(made["secret"]))).status_code == 401


async def test_the_last_use_is_noted_to_the_minute(team):
    admin, program = await team.person("admin"), await team.browser()
    made = await _token(admin, "read")
    for _ in range(2):
        await program.get("/api/v1/people/me", headers=_bearer(made["secret"]))
        for task in [task for task in asyncio.all_tasks() if task.get_name().startswith("note the use")]:
            await task
        team.clock.advance(1)
    (row,) = (await admin.get("/api/v1/people/tokens")).json()
    assert row["last_used"] == "2026-09-21T14:13:20Z"


async def test_nobody_gives_a_token_more_than_they_may(team):
    viewer = await team.person("viewer")
    for scopes in (["review"], ["admin"], ["send"], ["read", "admin"]):
        order = {"name": "x", "scopes": scopes}
        answer = await viewer.send("/api/v1/people/tokens", json=order, page="/settings")
        assert answer.status_code == 403


async def test_a_token_shrinks_with_its_maker(team):
    await team.person("admin", "other@example.com")
    admin = await team.person("admin")
    program = await team.browser()
    made = await _token(admin, "read", "admin")
    me = (await admin.get("/api/v1/people/me")).json()["id"]
    await admin.send(f"/api/v1/people/{me}", json={"role": "viewer"}, page="/settings", method="PATCH")
    shown = (await program.get("/api/v1/people/me", headers=_bearer(made["secret"]))).json()
    assert (shown["role"], shown["scopes"]) == ("viewer", ["read"])


async def test_a_token_makes_no_tokens(team):
    made = await _token(await team.person("admin"), "admin")
    answer = await (await team.browser()).client.post(
        "/api/v1/people/tokens", json={"name": "x", "scopes": ["read"]}, headers=_bearer(made["secret"])
    )
    assert answer.status_code == 403


async def test_people_see_and_revoke_their_own_tokens_only(team):
    viewer, other = await team.person("viewer"), await team.person("viewer", "other@example.com")
    made = await _token(viewer, "read")
    assert (await other.get("/api/v1/people/tokens")).json() == []
    gone = await other.send(f"/api/v1/people/tokens/{made['id']}", json={}, page="/settings", method="DELETE")
    assert gone.status_code == 404


async def test_a_configured_sender_may_send_and_nothing_else(teams):
    team = await teams(ingest=IngestSettings(bearer_tokens=(Secret("one"), Secret("two"))))
    program = await team.browser()
    sent = await program.client.post(
        "/v1/traces", content=b"", headers=_bearer("two") | {"content-type": "application/x-protobuf"}
    )
    assert sent.status_code not in (401, 403)
    assert (await program.get("/api/v1/people/me", headers=_bearer("two"))).status_code == 403
    refused = await program.client.post("/v1/traces", content=b"", headers=_bearer("three"))
    assert refused.status_code == 401


async def test_a_publishable_key_is_made_listed_and_revoked(team):
    admin = await team.person("admin")
    order = {"app": "shop", "origins": ["https://Shop.example.com/"], "per_minute": 5}
    key = (await admin.send("/api/v1/people/app-keys", json=order, page="/settings")).json()["id"]
    (row,) = (await admin.get("/api/v1/people/app-keys")).json()
    assert (row["id"], row["origins"], row["per_minute"]) == (key, ["https://shop.example.com"], 5)
    async with team.context.database.read() as connection:
        assert (await app_key_of(connection, key)).app == "shop"
        assert await app_key_of(connection, "oepk_other") is None
    await admin.send(f"/api/v1/people/app-keys/{key}", json={}, page="/settings", method="DELETE")
    async with team.context.database.read() as connection:
        assert await app_key_of(connection, key) is None


async def test_a_publishable_key_opens_no_page(team):
    answer = await (await team.browser()).get("/api/v1/people/me", headers=_bearer("oepk_anything"))
    assert answer.status_code == 401


async def test_an_origin_is_an_origin(team):
    admin = await team.person("admin")
    for wrong in ("shop.example.com", "https://a/path", "*", "null", "https://u:p@a.example"):
        order = {"app": "shop", "origins": [wrong]}
        assert (await admin.send("/api/v1/people/app-keys", json=order, page="/settings")).status_code == 400
