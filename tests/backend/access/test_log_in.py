import asyncio

import pytest
from argon2 import PasswordHasher

from otel_evals.records.errors import ConfigurationError
from otel_evals_backend.access import users
from otel_evals_backend.access.door import check
from otel_evals_backend.access.passwords import Passwords
from otel_evals_backend.settings import AccessSettings, BackendSettings

PASSWORD = "a sentence of some length"


@pytest.mark.parametrize("listen", ["0.0.0.0:8000", "[::]:8000", "10.1.2.3:8000", "evals.example.com:8000", ":8000"])
def test_another_address_than_loopback_needs_log_in(listen):
    with pytest.raises(ConfigurationError, match=r"backend\.access\.login"):
        check(BackendSettings(listen=listen))
    check(BackendSettings(listen=listen, access=AccessSettings(login=True)))


@pytest.mark.parametrize("listen", ["127.0.0.1:8000", "[::1]:8000", "localhost:0", "127.9.9.9:1"])
def test_loopback_needs_no_log_in(listen):
    check(BackendSettings(listen=listen))


async def test_on_loopback_whoever_sits_there_is_administrator(backend):
    answer = await backend.client.get("/api/v1/people/me")
    assert answer.json()["role"] == "admin"
    assert backend.app.state.access.invitation is None


async def test_the_first_administrator_comes_by_the_link_printed_at_start(team):
    browser = await team.browser()
    path = team.invitation.removeprefix("http://127.0.0.1:8000")
    answer = await browser.send(path, {"name": "Ada", "email": "Ada@Example.com ", "password": PASSWORD})
    assert answer.status_code == 303
    me = (await browser.get("/api/v1/people/me")).json()
    assert (me["name"], me["role"]) == ("Ada", "admin")


async def test_an_invitation_works_once(team):
    path = team.invitation.removeprefix("http://127.0.0.1:8000")
    one, two = await team.browser(), await team.browser()
    tokens = [await browser.token(path) for browser in (one, two)]
    answers = await asyncio.gather(
        one.send(path, {"name": "A", "email": "a@example.com", "password": PASSWORD}, token=tokens[0]),
        two.send(path, {"name": "B", "email": "b@example.com", "password": PASSWORD}, token=tokens[1]),
    )
    assert sorted(answer.status_code for answer in answers) == [303, 404]
    assert (await one.get(path)).status_code == 404


async def test_an_invitation_ends_after_three_days(team):
    path = team.invitation.removeprefix("http://127.0.0.1:8000")
    team.clock.advance(3 * 86400 + 1)
    assert (await (await team.browser()).get(path)).status_code == 404


async def test_an_invitation_keeps_when_the_form_is_wrong(team):
    path = team.invitation.removeprefix("http://127.0.0.1:8000")
    browser = await team.browser()
    for wrong in (
        {"name": "A", "email": "a@example.com", "password": "short"},
        {"name": "A", "email": "no address", "password": PASSWORD},
        {"name": "", "email": "a@example.com", "password": PASSWORD},
    ):
        assert (await browser.send(path, wrong)).status_code == 400
    right = {"name": "A", "email": "a@example.com", "password": PASSWORD}
    assert (await browser.send(path, right)).status_code == 303


async def test_an_administrator_invites_by_link(team):
    admin = await team.person("admin")
    made = await admin.send("/api/v1/people/invitations", json={"role": "reviewer"}, page="/settings")
    assert made.status_code == 201
    newcomer = await team.browser()
    path = made.json()["link"].removeprefix("http://127.0.0.1:8000")
    await newcomer.send(path, {"name": "Bo", "email": "bo@example.com", "password": PASSWORD})
    assert (await newcomer.get("/api/v1/people/me")).json()["role"] == "reviewer"


async def test_an_invitation_taken_back_does_nothing(team):
    admin = await team.person("admin")
    made = (await admin.send("/api/v1/people/invitations", json={"role": "viewer"}, page="/settings")).json()
    gone = await admin.send(f"/api/v1/people/invitations/{made['id']}", json={}, page="/settings", method="DELETE")
    assert gone.status_code == 200
    path = made["link"].removeprefix("http://127.0.0.1:8000")
    assert (await (await team.browser()).get(path)).status_code == 404


async def test_a_link_for_a_new_password_ends_the_sessions(team):
    admin, person = await team.person("admin"), await team.person("viewer")
    me = (await person.get("/api/v1/people/me")).json()["id"]
    made = await admin.send(f"/api/v1/people/{me}/password-link", json={}, page="/settings")
    path = made.json()["link"].removeprefix("http://127.0.0.1:8000")
    other = await team.browser()
    assert (await other.send(path, {"password": "quite another sentence"})).status_code == 303
    assert (await person.get("/api/v1/people/me")).status_code == 401
    assert (await person.log_in("viewer@example.com")).status_code == 401
    assert (await person.log_in("viewer@example.com", "quite another sentence")).status_code == 303


async def test_a_page_asked_for_without_log_in_is_shown_after_it(team):
    await team.add("viewer", "v@example.com")
    browser = await team.browser()
    sent = await browser.get("/settings/kept?a=1&b=2")
    assert (sent.status_code, sent.headers["location"]) == (303, "/login?next=/settings/kept%3Fa%3D1%26b%3D2")
    form = await browser.get(sent.headers["location"])
    assert 'value="/settings/kept?a=1&amp;b=2"' in form.text
    entered = await browser.log_in("v@example.com", next="/settings/kept?a=1&b=2")
    assert entered.headers["location"] == "/settings/kept?a=1&b=2"


async def test_a_session_ends_when_it_is_not_used(team):
    person = await team.person("viewer")
    team.clock.advance(86400 + 1)
    assert (await person.get("/api/v1/people/me")).status_code == 401


async def test_a_session_in_use_ends_for_good_after_a_week(team):
    person = await team.person("viewer")
    for _ in range(13):
        team.clock.advance(12 * 3600)
        assert (await person.get("/api/v1/people/me")).status_code == 200
        await _noted(team)
    team.clock.advance(12 * 3600 + 1)
    assert (await person.get("/api/v1/people/me")).status_code == 401


async def _noted(team):
    """Wait until the use of sessions and tokens is written down."""
    for task in [task for task in asyncio.all_tasks() if task.get_name().startswith("note the use")]:
        await task


async def test_everywhere_else_is_logged_out_at_once(team):
    one = await team.person("viewer")
    two = await team.browser()
    await two.log_in("viewer@example.com")
    await one.send("/api/v1/people/me/sessions/end", json={}, page="/settings")
    assert (await two.get("/api/v1/people/me")).status_code == 401
    assert (await one.get("/api/v1/people/me")).status_code == 200


async def test_another_password_ends_all_other_sessions(team):
    one = await team.person("viewer")
    two = await team.browser()
    await two.log_in("viewer@example.com")
    wrong = await one.send("/settings/password", {"old": "not it at all", "new": "one more sentence"}, page="/settings")
    assert wrong.status_code == 400
    right = await one.send("/settings/password", {"old": PASSWORD, "new": "one more sentence"}, page="/settings")
    assert right.status_code == 200
    assert (await two.get("/api/v1/people/me")).status_code == 401
    assert (await one.get("/api/v1/people/me")).status_code == 200


async def test_who_is_disabled_is_out_at_once_and_a_smaller_role_holds_at_once(team):
    admin, person = await team.person("admin"), await team.person("reviewer")
    me = (await person.get("/api/v1/people/me")).json()["id"]
    await admin.send(f"/api/v1/people/{me}", json={"role": "viewer"}, page="/settings", method="PATCH")
    assert (await person.get("/api/v1/people/me")).json()["role"] == "viewer"
    await admin.send(f"/api/v1/people/{me}", json={"disabled": True}, page="/settings", method="PATCH")
    assert (await person.get("/api/v1/people/me")).status_code == 401
    assert (await person.log_in("reviewer@example.com")).status_code == 401


async def test_the_last_administrator_stays(team):
    admin = await team.person("admin")
    me = (await admin.get("/api/v1/people/me")).json()["id"]
    for change in ({"role": "viewer"}, {"disabled": True}):
        answer = await admin.send(f"/api/v1/people/{me}", json=change, page="/settings", method="PATCH")
        assert answer.status_code == 409
    assert (await admin.get("/api/v1/people/me")).json()["role"] == "admin"


async def test_a_password_hashed_with_old_parameters_is_hashed_again_at_log_in(team):
    person = await team.add("viewer", "v@example.com")
    team.app.state.access.passwords = Passwords(PasswordHasher(time_cost=2, memory_cost=64, parallelism=1))
    assert (await (await team.browser()).log_in("v@example.com")).status_code == 303
    async with team.context.database.read() as connection:
        kept = (await users.one(connection, id=person)).password_hash
    assert ",t=2," in kept
    assert (await (await team.browser()).log_in("v@example.com")).status_code == 303


async def test_what_a_person_prefers_is_kept_for_them(team):
    person = await team.person("viewer")
    await person.send("/settings/preferences", {"theme": "dark"}, page="/settings")
    me = (await person.get("/api/v1/people/me")).json()
    assert (me["theme"], me["single_keys"]) == ("dark", False)
    assert 'data-single-keys="off"' in (await person.get("/settings")).text


async def test_without_log_in_preferences_are_kept_in_the_browser(backend):
    page = (await backend.client.get("/settings")).text
    token = page.partition('name="csrf" value="')[2][:128]
    await backend.client.post("/settings/preferences", data={"csrf": token, "theme": "dark"})
    shown = (await backend.client.get("/settings")).text
    assert 'data-theme="dark"' in shown
    assert 'data-single-keys="off"' in shown


async def test_each_change_stands_in_the_log_of_changes(team):
    admin = await team.person("admin")
    await admin.send("/api/v1/people/invitations", json={"role": "viewer"}, page="/settings")
    made = await admin.send("/settings/tokens", {"name": "=cmd()", "scopes": "read"})
    assert "oet_" in made.text
    await admin.send("/settings/app-keys", {"app": "shop", "origins": "https://shop.example.com"})
    rows = (await admin.get("/api/v1/people/audit")).json()["rows"]
    assert [(row["action"], row["object"].partition(":")[0]) for row in rows] == [
        ("make", "app_key"), ("make", "token"), ("invite", "invitation"), ("log in", "user"),
    ]  # fmt: skip
    assert {row["name"] for row in rows} == {"admin"}
    assert PASSWORD not in (await admin.get("/settings/audit")).text


async def test_the_log_of_changes_goes_page_by_page(team):
    admin = await team.person("admin")
    for _ in range(4):
        await admin.send("/api/v1/people/invitations", json={"role": "viewer"}, page="/settings")
    seen, before = [], None
    while True:
        more = f"&before={before}" if before else ""
        found = (await admin.get(f"/api/v1/people/audit?limit=2{more}")).json()
        seen += [row["id"] for row in found["rows"]]
        before = found["before"]
        if before is None:
            break
    assert len(seen) == 5
    assert seen == sorted(seen, reverse=True)
