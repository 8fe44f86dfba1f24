import pytest

from otel_evals.records.errors import ConfigurationError
from otel_evals_backend.access.door import check
from otel_evals_backend.access.forwarded import resolve
from otel_evals_backend.access.names import Names, networks
from otel_evals_backend.settings import AccessSettings, BackendSettings


async def test_every_answer_carries_the_headers(backend):
    answer = await backend.client.get("/nowhere")
    assert answer.status_code == 404
    assert answer.headers["content-security-policy"].startswith("default-src 'self'")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "strict-transport-security" not in answer.headers


def _names(listen, **access):
    return Names(BackendSettings(listen=listen, access=AccessSettings(**access)))


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "LOCALHOST", "[::1]:8000", "localhost.:1"])
def test_on_loopback_its_names_are_ours(host):
    assert _names("127.0.0.1:8000").ours(host)


@pytest.mark.parametrize("host", ["evil.example", "10.0.0.1", "127.0.0.1:x", "a@localhost", "localhost/x", "", "::1"])
def test_on_loopback_nothing_else_is_ours(host):
    assert not _names("127.0.0.1:8000").ours(host)


def test_on_every_address_bare_addresses_and_named_hosts_are_ours():
    names = _names("0.0.0.0:8000", login=True, hosts=("backend", "Evals.example.com:443"))
    for host in ("10.0.0.7:8000", "[fe80::1]:8000", "backend:8000", "evals.example.com", "localhost"):
        assert names.ours(host), host
    assert not names.ours("other.example.com")


def test_links_lead_somewhere_when_every_address_is_listened_on():
    assert _names("0.0.0.0:8000", login=True).base == "http://localhost:8000"


def test_the_public_address_is_ours():
    names = _names("0.0.0.0:8000", login=True, public_url="https://evals.example.com/")
    assert names.ours("evals.example.com")
    assert names.base == "https://evals.example.com"
    assert names.same_origin("https://evals.example.com", "backend:8000", secure=True)
    assert not names.same_origin("http://evals.example.com", "evals.example.com", secure=True)


def _scope(peer, **headers):
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http", "scheme": "http", "client": (peer, 1), "headers": [(b"host", b"inner"), *pairs]}


def test_a_proxy_that_is_trusted_is_believed():
    scope = _scope(
        "10.0.0.1",
        x_forwarded_for="1.1.1.1, 203.0.113.9, 10.0.0.2",
        x_forwarded_proto="https",
        x_forwarded_host="outer",
    )
    seen = resolve(scope, networks(("10.0.0.0/8",)))
    assert seen["client"][0] == "203.0.113.9"
    assert seen["scheme"] == "https"
    assert seen["headers"] == [(b"host", b"outer")]


@pytest.mark.parametrize("peer", ["192.0.2.1", "", "unix"])
def test_anybody_else_is_not_and_what_they_say_is_taken_off(peer):
    scope = _scope(peer, x_forwarded_for="127.0.0.1", x_forwarded_proto="https", forwarded="for=127.0.0.1")
    seen = resolve(scope, networks(("10.0.0.0/8",)))
    assert (seen["client"][0], seen["scheme"]) == (peer, "http")
    assert seen["headers"] == [(b"host", b"inner")]


def test_an_address_that_is_none_is_not_taken_from_a_proxy():
    scope = _scope("10.0.0.1", x_forwarded_for="<script>", x_forwarded_proto="gopher")
    seen = resolve(scope, networks(("10.0.0.0/8",)))
    assert (seen["client"][0], seen["scheme"]) == ("10.0.0.1", "http")


def test_a_trusted_proxy_that_is_no_address_is_refused_at_start():
    settings = BackendSettings(access=AccessSettings(trusted_proxies=("nginx",)))
    with pytest.raises(ConfigurationError, match=r"backend\.access\.trusted_proxies"):
        check(settings)


async def test_behind_a_trusted_proxy_with_tls_cookies_are_secure(teams):
    team = await teams(access={"trusted_proxies": ("127.0.0.1",), "hosts": ("evals.example.com",)})
    headers = {"x-forwarded-proto": "https", "x-forwarded-host": "evals.example.com", "x-forwarded-for": "192.0.2.7"}
    answer = await (await team.browser(headers=headers)).get("/login")
    assert "__Host-visitor=" in answer.headers["set-cookie"]
    assert "strict-transport-security" in answer.headers


async def test_all_replicas_know_each_others_forms(open_backend):
    async with open_backend() as one:
        page = (await one.client.get("/settings")).text
    token = page.partition('name="csrf" value="')[2][:128]
    async with open_backend() as two:
        answer = await two.client.post(
            "/settings/preferences", data={"csrf": token}, headers={"origin": "http://127.0.0.1:8000"}
        )
    assert answer.status_code == 303


async def test_no_two_answers_show_the_same_token_of_a_form(backend):
    shown = {(await backend.client.get("/settings")).text.partition('name="csrf" value="')[2][:128] for _ in range(3)}
    assert len(shown) == 3


@pytest.mark.parametrize("told", [True, False])
async def test_a_body_that_is_too_large_is_refused_whether_it_says_so_or_not(backend, told):
    async def parts():
        for _ in range(40):
            yield b" " * (1 << 15)

    body = b" " * (40 << 15) if told else parts()
    answer = await backend.client.post(
        "/api/v1/people/invitations", content=body, headers={"content-type": "application/json"}
    )
    assert answer.status_code == 413
