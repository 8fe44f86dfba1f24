"""What somebody hostile tries, one test each; its name says what must not come of it."""

import hmac
import re

import httpx2
import pytest
from fastapi import APIRouter
from fastapi.dependencies.utils import get_dependant
from fastapi.routing import iter_route_contexts

from otel_evals.records.units import Secret
from otel_evals_backend.access.passwords import Passwords
from otel_evals_backend.access.people import ROLE_CHECKS, AtLeast
from otel_evals_backend.people.sign_in import inside
from otel_evals_backend.records import Role
from otel_evals_backend.review.work import one_round
from otel_evals_backend.settings import IngestSettings
from otel_evals_backend.storage.tables import METADATA, audit, sessions, tokens, users

PASSWORD = "a sentence of some length"
CSP = "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"


def routes(app):
    """Path, method and the check of a role (or None) of each route."""

    def check(dependant):
        for needed in dependant.dependencies:
            if isinstance(needed.call, ROLE_CHECKS):
                return needed.call
            if found := check(needed):
                return found
        return None

    for route in iter_route_contexts(app.routes):
        endpoint = getattr(route, "endpoint", None)
        found = check(get_dependant(path=route.path, call=endpoint)) if endpoint else None
        for method in sorted(getattr(route, "methods", None) or []):
            yield re.sub(r"\{[^}]*\}", "1", route.path), method, found


# A page of a stranger, open in the browser of somebody who is logged in (or sits at the machine)


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8000", "evil@127.0.0.1", "", "[::1", "0"]
)
async def test_a_name_that_was_made_to_lead_here_is_refused(backend, host):
    answer = await backend.client.get("/api/v1/people/me", headers={"host": host})
    assert answer.status_code == 400
    assert "admin" not in answer.text


async def test_two_hosts_are_refused(backend):
    answer = await backend.client.get("/settings", headers=[("host", "127.0.0.1:8000"), ("host", "evil.example")])
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:9000", "https://127.0.0.1.evil.example:8000"]
)
async def test_a_page_of_another_origin_changes_nothing_even_with_a_right_token(team, origin):
    admin = await team.person("admin")
    before = await team.tables([tokens, audit])
    answer = await admin.send("/settings/tokens", {"name": "x", "scopes": "read"}, origin=origin)
    assert answer.status_code == 403
    assert await team.tables([tokens, audit]) == before


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-mode": "no-cors"},
        {"referer": "https://evil.example/"},
        {"cookie": "a=b"},
    ],
)
async def test_a_page_of_a_stranger_changes_nothing_on_a_machine_without_log_in(backend, headers):
    for body in ({"data": {"role": "admin"}}, {"files": {"role": (None, "admin")}}):
        answer = await backend.client.post("/settings/people/invite", headers=headers, **body)
        assert answer.status_code == 403
    answer = await backend.client.post("/api/v1/people/invitations", headers=headers, json={"role": "admin"})
    assert answer.status_code == 403
    plain = headers | {"content-type": "text/plain"}
    answer = await backend.client.post("/api/v1/people/invitations", headers=plain, content='{"role": "admin"}')
    assert answer.status_code == 403


async def test_a_page_of_a_stranger_sends_no_telemetry(backend):
    for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
        answer = await backend.client.post("/v1/traces", json={}, headers=headers)
        assert answer.status_code == 401
    assert (await backend.client.post("/v1/traces", json={})).status_code == 200


async def test_a_cookie_alone_sends_no_telemetry(team):
    admin = await team.person("admin")
    answer = await admin.client.post("/v1/traces", json={}, headers={"origin": admin.base})
    assert answer.status_code == 401


@pytest.mark.parametrize("how", ["none", "empty", "wrong", "short", "not ascii"])
async def test_a_form_without_its_token_changes_nothing(team, how):
    admin = await team.person("admin")
    data = {"role": "admin"} | {
        "none": {},
        "empty": {"csrf": ""},
        "wrong": {"csrf": "0" * 128},
        "short": {"csrf": "0" * 64},
        "not ascii": {"csrf": "é"},
    }[how]
    origin = {"origin": admin.base}
    for body in ({"data": data}, {"files": {name: (None, value) for name, value in data.items()}}):
        answer = await admin.client.post("/settings/people/invite", headers=origin, **body)
        assert answer.status_code == 403
    answer = await admin.client.post("/api/v1/people/invitations", headers=origin, json={"role": "admin"})
    assert answer.status_code == 403


async def test_a_form_with_files_brings_its_token_too(team):
    admin = await team.person("admin")
    files = {"csrf": (None, await admin.token()), "role": (None, "viewer")}
    answer = await admin.client.post("/settings/people/invite", headers={"origin": admin.base}, files=files)
    assert answer.status_code == 200


async def test_a_broken_form_with_files_is_refused(team):
    admin = await team.person("admin")
    for kind in ("multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=x", "x" * 200):
        headers = {"origin": admin.base, "content-type": kind}
        answer = await admin.client.post(
            "/settings/people/invite", headers=headers, content=b"--x\r\nodd\r\n\r\n" * 9000
        )
        assert answer.status_code == 403


async def test_the_token_of_another_session_is_refused(team):
    admin, viewer = await team.person("admin"), await team.person("viewer")
    foreign = await viewer.token()
    answer = await admin.send("/settings/people/invite", {"role": "admin"}, token=foreign)
    assert answer.status_code == 403
    own = await admin.token()
    await admin.log_in("admin@example.com", token=own)
    assert (await admin.send("/settings/people/invite", {"role": "admin"}, token=own)).status_code == 403


async def test_nobody_is_logged_in_by_a_page_of_a_stranger(team):
    """Else what the victim enters afterwards would be the attacker's to read."""
    await team.add("viewer", "attacker@example.com")
    attacker, victim = await team.browser(), await team.browser()
    token = await attacker.token("/login")
    await victim.get("/login")
    answer = await victim.log_in("attacker@example.com", token=token)
    assert answer.status_code == 403
    bare = await (await team.browser()).log_in("attacker@example.com", token=token)
    assert bare.status_code == 403


# Sessions


async def test_a_session_that_was_set_in_advance_is_not_taken_over(team):
    await team.add("viewer", "v@example.com")
    victim = await team.browser()
    victim.cookies.set("session", "chosen-by-the-attacker", domain="127.0.0.1", path="/")
    await victim.log_in("v@example.com")
    spy = await team.browser()
    spy.cookies.set("session", "chosen-by-the-attacker", domain="127.0.0.1", path="/")
    assert (await spy.get("/api/v1/people/me")).status_code == 401


async def test_the_session_before_a_log_in_ends_with_it(team):
    person = await team.person("viewer")
    old = person.cookies["session"]
    assert (
        await person.send("/login", {"email": "viewer@example.com", "password": PASSWORD}, page="/settings")
    ).status_code == 303
    assert person.cookies["session"] != old
    spy = await team.browser()
    spy.cookies.set("session", old, domain="127.0.0.1", path="/")
    assert (await spy.get("/api/v1/people/me")).status_code == 401


async def test_a_stolen_cookie_is_worth_nothing_after_log_out(team):
    person = await team.person("viewer")
    stolen = person.cookies["session"]
    assert (await person.send("/logout", page="/settings")).status_code == 303
    assert "session" not in person.cookies
    thief = await team.browser()
    thief.cookies.set("session", stolen, domain="127.0.0.1", path="/")
    assert (await thief.get("/api/v1/people/me")).status_code == 401


async def test_what_is_kept_of_a_session_opens_nothing(team):
    person = await team.person("viewer")
    kept = repr(await team.tables([sessions]))
    assert person.cookies["session"] not in kept


async def test_cookies_are_out_of_reach_of_scripts_and_strangers(team):
    await team.add("viewer", "v@example.com")
    browser = await team.browser()
    visit = await browser.get("/login")
    enter = await browser.log_in("v@example.com")
    for answer, name in ((visit, "visitor"), (enter, "session")):
        (cookie,) = [
            one
            for one in answer.headers.get_list("set-cookie")
            if one.startswith(f"{name}=") and "Max-Age=0" not in one
        ]
        assert {"HttpOnly", "Path=/", "SameSite=lax"} <= set(cookie.split("; "))
        assert "Secure" not in cookie


async def test_under_tls_cookies_are_secure_and_bound_to_the_host(teams):
    team = await teams(access={"public_url": "https://evals.example.com"})
    await team.add("viewer", "v@example.com")
    browser = await team.browser(base="https://evals.example.com")
    enter = await browser.log_in("v@example.com")
    (cookie,) = [one for one in enter.headers.get_list("set-cookie") if one.startswith("__Host-session=")]
    assert {"HttpOnly", "Path=/", "SameSite=lax", "Secure"} <= set(cookie.split("; "))
    assert "domain" not in cookie.lower()
    assert enter.headers["strict-transport-security"].startswith("max-age=")
    assert (await browser.get("/api/v1/people/me")).status_code == 200


# Roles


async def test_nobody_gets_anywhere_without_log_in(team):
    stranger = await team.browser(headers={"accept": "application/json"})
    token = await stranger.token("/login")
    tried = 0
    for path, method, check in routes(team.app):
        if check is None:
            continue
        answer = await stranger.send(path, json={}, token=token, method=method)
        assert answer.status_code == 401, (method, path)
        tried += 1
    assert tried > 30


@pytest.mark.parametrize("role", ["viewer", "reviewer"])
async def test_no_route_lets_a_smaller_role_do_what_a_greater_may(team, role):
    person = await team.person(role)
    token, before = await person.token(), await team.tables([users, tokens, audit])
    tried = 0
    for path, method, check in routes(team.app):
        if not isinstance(check, AtLeast) or Role(role).covers(check.role):
            continue
        answer = await person.send(path, json={}, token=token, method=method)
        assert answer.status_code == 403, (method, path)
        tried += 1
    assert tried > 5
    assert await team.tables([users, tokens, audit]) == before


async def test_a_token_that_reads_changes_nothing(team):
    admin = await team.person("admin")
    made = (await admin.send("/api/v1/people/tokens", json={"name": "x", "scopes": ["read"]}, page="/settings")).json()
    program = (await team.browser()).client
    for path, method, check in routes(team.app):
        if check is None or method in ("GET", "HEAD"):
            continue
        answer = await program.request(method, path, json={}, headers={"authorization": f"Bearer {made['secret']}"})
        # what a viewer may change of their own is theirs to change in the pages, not a token's
        assert answer.status_code in (403, 404, 422), (method, path, answer.status_code)


async def test_nobody_makes_themselves_administrator(team):
    await team.person("admin")
    person = await team.person("reviewer")
    me = (await person.get("/api/v1/people/me")).json()["id"]
    await person.send(f"/api/v1/people/{me}", json={"role": "admin"}, page="/settings", method="PATCH")
    await person.send(f"/settings/people/{me}", {"act": "role", "role": "admin"}, page="/settings")
    await person.send("/settings/preferences", {"role": "admin", "theme": "dark"}, page="/settings")
    await person.send("/api/v1/people/me/preferences", json={"role": "admin"}, page="/settings", method="PUT")
    assert (await person.get("/api/v1/people/me")).json()["role"] == "reviewer"


# Log-in


@pytest.mark.parametrize(
    "target",
    ["https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example",
     "javascript:alert(1)", " //evil.example", "/a\r\nset-cookie: a=b", "evil.example", ""],
)  # fmt: skip
async def test_nobody_is_led_elsewhere_after_log_in(team, target):
    await team.add("viewer", "v@example.com")
    browser = await team.browser()
    answer = await browser.log_in("v@example.com", next=target)
    assert answer.headers["location"] == "/"
    assert "set-cookie: a=b" not in str(answer.headers)
    assert inside(target) == "/"


async def test_a_name_with_line_breaks_makes_no_header(team):
    admin = await team.person("admin")
    for name in ("a\r\nx-odd: 1", "a\nb", "a\x00b"):
        answer = await admin.send("/api/v1/people/tokens", json={"name": name, "scopes": ["read"]}, page="/settings")
        assert answer.status_code == 422
        assert "x-odd" not in answer.headers
    answer = await admin.get("/login", params={"next": "/\r\nx-odd: 1"})
    assert "x-odd" not in answer.headers


async def test_the_answer_does_not_tell_who_has_an_account(team, monkeypatch):
    await team.add("viewer", "here@example.com")
    await team.add("viewer", "disabled@example.com", subject="x")
    async with team.context.database.write() as connection:
        await connection.execute(users.update().where(users.c.email == "disabled@example.com").values(disabled=True))
    verified = []
    real = Passwords._verify
    monkeypatch.setattr(
        Passwords, "_verify", lambda self, kept, given: verified.append(kept) or real(self, kept, given)
    )
    told = set()
    for email in ("here@example.com", "nobody@example.com", "disabled@example.com", "no address"):
        browser = await team.browser()
        answer = await browser.log_in(email, "wrong, wrong, wrong")
        told.add((answer.status_code, re.sub("[0-9a-f]{128}", "", answer.text.replace(email, ""))))
    assert len(told) == 1
    assert len(verified) == 4


async def test_trying_passwords_is_stopped_before_the_right_one(team):
    await team.add("viewer", "v@example.com")
    browser = await team.browser(address="192.0.2.1")
    for _ in range(8):
        assert (await browser.log_in("v@example.com", "wrong, wrong, wrong")).status_code == 401
    stopped = await browser.log_in("v@example.com")
    assert stopped.status_code == 429
    assert stopped.headers["retry-after"] == "300"
    assert (await (await team.browser(address="192.0.2.2")).log_in("V@example.com ")).status_code == 303


async def test_trying_many_accounts_from_one_place_is_stopped(team):
    told = []
    for number in range(61):
        browser = await team.browser(address=f"2001:db8::{number:x}")
        told.append((await browser.log_in(f"p{number}@example.com", "wrong, wrong, wrong")).status_code)
    assert told[:60] == [401] * 60
    assert told[60] == 429


async def test_trying_one_account_from_many_places_is_stopped(team):
    await team.add("viewer", "v@example.com")
    told = []
    for number in range(41):
        browser = await team.browser(address=f"192.0.2.{number}")
        told.append((await browser.log_in("v@example.com", "wrong, wrong, wrong")).status_code)
    assert told == [401] * 40 + [429]


async def test_who_writes_addresses_into_headers_is_still_counted_at_their_own(team):
    told = []
    for number in range(9):
        browser = await team.browser(address="192.0.2.1", headers={"x-forwarded-for": f"198.51.100.{number}"})
        told.append((await browser.log_in("v@example.com", "wrong, wrong, wrong")).status_code)
    assert told[-1] == 429


async def test_an_oversized_password_costs_no_hash(team, monkeypatch):
    await team.add("viewer", "v@example.com")
    monkeypatch.setattr(Passwords, "_verify", lambda *_: pytest.fail("hashed"))
    browser = await team.browser()
    assert (await browser.log_in("v@example.com", "x" * 257)).status_code == 401
    assert (await browser.log_in("v@example.com", "x" * (1 << 20))).status_code == 413


# Addresses, files, answers


@pytest.mark.parametrize(
    "path",
    ["/static/x/..%2f..%2fpages.py", "/static/../pages.py", "/static/x/../../app.py", "/static/x/%2e%2e/%2e%2e/app.py",
     "/static/x/..%5c..%5capp.py", "/static//etc/passwd", "/static/x//etc/passwd", "/static/x/%00app.css"],
)  # fmt: skip
async def test_only_files_of_the_pages_are_given_out(backend, path):
    sent = {}
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": httpx2.URL("http://h" + path).path, "raw_path": path.encode(), "query_string": b"", "root_path": "",
        "headers": [(b"host", b"127.0.0.1:8000")], "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8000),
    }  # fmt: skip

    async def receive():
        return {"type": "http.request", "body": b""}

    async def send(message):
        sent.setdefault("status", message.get("status"))
        sent["body"] = sent.get("body", b"") + message.get("body", b"")

    await backend.app(scope, receive, send)
    assert sent["status"] in (400, 404)
    assert b"import" not in sent["body"]


async def test_every_answer_carries_the_policy_of_contents(team):
    broken = APIRouter()

    @broken.get("/v1/feedback")
    async def fail():
        raise RuntimeError("secret detail")

    team.app.include_router(broken)
    admin = await team.person("admin")
    stranger = await team.browser()
    json = {"headers": {"accept": "application/json"}}
    answers = [
        await stranger.get("/login"),
        await stranger.get("/settings"),
        await stranger.get("/settings", **json),
        await stranger.get("/login", headers={"host": "evil.example"}),
        await stranger.send("/login", {}, token="0"),
        await admin.get("/nowhere"),
        await admin.client.request(
            "PUT", "/settings", headers={"x-csrf-token": await admin.token(), "origin": admin.base}
        ),
        await admin.get("/api/v1/people/audit?limit=0"),
        await stranger.get("/v1/feedback"),
        await stranger.get("/login", headers={"authorization": "Bearer odd"}),
    ]
    assert [answer.status_code for answer in answers] == [200, 303, 401, 400, 403, 404, 405, 422, 500, 401]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert (
            policy
            == "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
        )
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert "camera=()" in answer.headers["permissions-policy"]
        assert answer.headers["cache-control"] == "no-store"
        assert "secret detail" not in answer.text


async def test_no_answer_may_be_read_by_another_origin(backend):
    for headers in ({"origin": "https://evil.example"}, {"origin": "null"}):
        answer = await backend.client.get("/api/v1/people/me", headers=headers)
        assert not [name for name in answer.headers if name.startswith("access-control-")]
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"


async def test_asking_changes_nothing(team):
    admin = await team.person("admin")
    await one_round(team.app.state.context)  # what goes on by itself has been done: only asking is left
    before = await team.tables(METADATA.sorted_tables)
    tried = 0
    for path, method, _ in routes(team.app):
        if method == "GET" and not path.startswith("/login/"):
            await admin.get(path)
            tried += 1
    assert tried > 20
    after = await team.tables(METADATA.sorted_tables)
    after["audit"] = [row for row in after["audit"] if "export" not in row]  # who took data away is written down
    # Who was shown what was said of a call is written down, after the answer: a label of theirs is not blind.
    after["seen_results"] = before["seen_results"]
    assert after == before


async def test_a_token_in_an_address_is_refused(team):
    admin = await team.person("admin")
    made = (await admin.send("/api/v1/people/tokens", json={"name": "x", "scopes": ["admin"]}, page="/settings")).json()
    program = await team.browser()
    for name in ("token", "access_token", "authorization", "bearer"):
        answer = await program.get("/api/v1/people/me", params={name: made["secret"]}, headers={"accept": "*/*"})
        assert answer.status_code == 400
        answer = await admin.get("/api/v1/people/me", params={name: made["secret"]})
        assert answer.status_code == 400


async def test_secrets_are_compared_in_constant_time(teams, monkeypatch):
    team = await teams(ingest=IngestSettings(bearer_tokens=(Secret("one"), Secret("two"))))
    compared = []
    real = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda a, b: compared.append((a, b)) or real(a, b))
    browser = await team.browser()
    await browser.send("/login", {}, token="0" * 128)
    assert [shown for _, shown in compared] == [b"\0" * 32]
    compared.clear()
    await browser.get("/api/v1/people/me", headers={"authorization": "Bearer one"})
    assert [kept for _, kept in compared] == [b"one", b"two"]
