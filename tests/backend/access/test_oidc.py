import asyncio
import base64
import hashlib
import socket
import time
from contextlib import nullcontext
from urllib.parse import parse_qsl

import httpx2
import pytest
import uvicorn
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from starlette.applications import Starlette
from starlette.responses import JSONResponse, RedirectResponse
from starlette.routing import Route

from otel_evals.records.errors import ConfigurationError
from otel_evals.records.units import Secret
from otel_evals_backend.access.oidc import Oidc
from otel_evals_backend.settings import OidcSettings
from otel_evals_backend.storage.tables import users

CLIENT = "evals"
SECRET = "of-the-client"


class Provider:
    """A small OpenID provider: it knows one person, checks what a provider checks, and lies where it is told to."""

    def __init__(self):
        self.key = RSAKey.generate_key(2048, {"kid": "one"})
        self.claims = {"sub": "7", "name": "Ada", "email": "Ada@example.com", "email_verified": True}
        self.lies = {}
        self.issuer_says = None
        self.sign = self._sign
        self.codes = {}
        self.asked = []
        self.app = Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self.describe),
                Route("/authorize", self.authorize),
                Route("/token", self.token, methods=["POST"]),
                Route("/keys", self.keys),
            ]
        )

    async def describe(self, _request):
        return JSONResponse(
            {
                "issuer": self.issuer_says or self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
            }
        )

    async def authorize(self, request):
        asked = dict(request.query_params)
        self.asked.append(asked)
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        return RedirectResponse(f"{asked['redirect_uri']}?code={code}&state={asked['state']}", status_code=303)

    async def token(self, request):
        sent = dict(parse_qsl((await request.body()).decode()))
        asked = self.codes.pop(sent.get("code"), None)
        proof = base64.urlsafe_b64encode(hashlib.sha256(sent.get("code_verifier", "").encode()).digest()).decode()
        who = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        right = (
            asked is not None
            and asked["code_challenge_method"] == "S256"
            and asked["code_challenge"] == proof.rstrip("=")
            and asked["redirect_uri"] == sent["redirect_uri"]
            and request.headers.get("authorization") == f"Basic {who}"
        )
        if not right:
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 60, "nonce": asked["nonce"]}
        claims |= self.claims | self.lies
        claims = {name: value for name, value in claims.items() if value is not None}
        return JSONResponse({"access_token": "x", "token_type": "Bearer", "id_token": self.sign(claims)})

    async def keys(self, _request):
        return JSONResponse({"keys": [self.key.as_dict(private=False)]})

    def _sign(self, claims):
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.key)

    def sign_with_another_key(self, claims):
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, RSAKey.generate_key(2048, {"kid": "one"}))

    def sign_with_the_public_key_as_a_secret(self, claims):
        public = OctKey.import_key(self.key.as_pem(private=False))
        return jwt.encode({"alg": "HS256", "kid": "one"}, claims, public, algorithms=["HS256"])

    def sign_not_at_all(self, claims):
        signed = self._sign(claims).split(".")
        header = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
        return f"{header}.{signed[1]}."


@pytest.fixture
async def provider():
    made = Provider()
    server = uvicorn.Server(uvicorn.Config(made.app, log_config=None, lifespan="off", ws="none"))
    server.capture_signals = nullcontext
    listening = socket.create_server(("127.0.0.1", 0))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    made.issuer = f"http://127.0.0.1:{listening.getsockname()[1]}"
    yield made
    server.should_exit = True
    await serving


@pytest.fixture
def settings(provider):
    return {"issuer": provider.issuer, "client_id": CLIENT, "client_secret": Secret(SECRET)}


async def through(browser, start="/login/oidc?next=/settings/kept"):
    """The way of a browser to the provider and back; the last answer of ours."""
    sent = await browser.get(start)
    assert sent.status_code == 303, sent.text
    async with httpx2.AsyncClient(trust_env=False) as outside:
        back = await outside.get(sent.headers["location"])
    return await browser.get(back.headers["location"].removeprefix(browser.base))


async def test_who_has_a_role_at_the_provider_comes_in(teams, provider, settings):
    provider.claims["groups"] = ["other", "reviewer"]
    team = await teams(access={"oidc": OidcSettings(**settings, role_claim="groups")})
    browser = await team.browser()
    answer = await through(browser)
    assert (answer.status_code, answer.headers["location"]) == (303, "/settings/kept")
    me = (await browser.get("/api/v1/people/me")).json()
    assert (me["name"], me["role"]) == ("Ada", "reviewer")
    provider.claims["groups"] = "viewer"
    again = await team.browser()
    await through(again)
    assert (await browser.get("/api/v1/people/me")).json()["role"] == "viewer"
    assert provider.asked[0]["nonce"] != provider.asked[1]["nonce"]
    assert provider.asked[0]["state"] != provider.asked[1]["state"]


async def test_who_is_not_invited_stays_outside(teams, settings):
    team = await teams(access={"oidc": OidcSettings(**settings)})
    browser = await team.browser()
    assert (await through(browser)).status_code == 403
    assert (await browser.get("/api/v1/people/me")).status_code == 401


async def test_who_is_invited_comes_in_by_the_provider(teams, settings):
    team = await teams(access={"oidc": OidcSettings(**settings)})
    secret = team.invitation.rpartition("/")[2]
    browser = await team.browser()
    assert f"/login/oidc?invite={secret}" in (await browser.get(f"/invite/{secret}")).text
    await through(browser, f"/login/oidc?invite={secret}")
    assert (await browser.get("/api/v1/people/me")).json()["role"] == "admin"
    assert (await browser.get(f"/invite/{secret}")).status_code == 404
    again = await team.browser()
    await through(again)
    assert (await again.get("/api/v1/people/me")).json()["role"] == "admin"


async def test_a_verified_address_is_the_person_who_has_it_here(teams, settings):
    team = await teams(access={"oidc": OidcSettings(**settings)})
    known = await team.add("reviewer", "ada@example.com")
    browser = await team.browser()
    await through(browser)
    assert (await browser.get("/api/v1/people/me")).json()["id"] == known


async def test_an_address_that_is_not_verified_is_nobodys(teams, provider, settings):
    provider.claims["email_verified"] = False
    team = await teams(access={"oidc": OidcSettings(**settings)})
    await team.add("admin", "ada@example.com")
    assert (await through(await team.browser())).status_code == 403


async def test_who_is_disabled_here_stays_outside(teams, settings):
    team = await teams(access={"oidc": OidcSettings(**settings, default_role="viewer")})
    await team.add("viewer", "ada@example.com", subject=f"{settings['issuer']} 7")
    async with team.context.database.write() as connection:
        await connection.execute(users.update().values(disabled=True))
    assert (await through(await team.browser())).status_code == 403


@pytest.mark.parametrize(
    "lie", [{"nonce": "another"}, {"nonce": None}, {"aud": "another"}, {"aud": None}, {"iss": "https://evil.example"},
            {"exp": 1}, {"sub": None}, {"sub": ""}],
)  # fmt: skip
async def test_an_answer_that_is_not_for_us_proves_nothing(teams, provider, settings, lie):
    provider.lies = lie
    team = await teams(access={"oidc": OidcSettings(**settings, default_role="admin")})
    browser = await team.browser()
    assert (await through(browser)).status_code == 400
    assert (await browser.get("/api/v1/people/me")).status_code == 401


@pytest.mark.parametrize("how", ["sign_with_another_key", "sign_with_the_public_key_as_a_secret", "sign_not_at_all"])
async def test_an_answer_that_the_provider_did_not_sign_proves_nothing(teams, provider, settings, how):
    provider.sign = getattr(provider, how)
    team = await teams(access={"oidc": OidcSettings(**settings, default_role="admin")})
    assert (await through(await team.browser())).status_code == 400


async def test_an_answer_in_another_browser_is_refused(teams, settings):
    team = await teams(access={"oidc": OidcSettings(**settings, default_role="admin")})
    attacker, victim = await team.browser(), await team.browser()
    sent = await attacker.get("/login/oidc")
    async with httpx2.AsyncClient(trust_env=False) as outside:
        back = await outside.get(sent.headers["location"])
    path = back.headers["location"].removeprefix(attacker.base)
    assert (await victim.get(path)).status_code == 400
    await victim.get("/login/oidc")
    assert (await victim.get(path)).status_code == 400
    assert (await attacker.get(path)).status_code == 303
    assert (await attacker.get(path)).status_code == 400


async def test_a_cookie_that_was_changed_or_is_old_is_refused(teams, settings):
    team = await teams(access={"oidc": OidcSettings(**settings, default_role="admin")})
    browser = await team.browser()
    sent = await browser.get("/login/oidc")
    async with httpx2.AsyncClient(trust_env=False) as outside:
        back = await outside.get(sent.headers["location"])
    path = back.headers["location"].removeprefix(browser.base)
    team.clock.advance(601)
    assert (await browser.get(path)).status_code == 400
    await browser.get("/login/oidc")
    value = browser.cookies["oidc"]
    browser.cookies.set("oidc", "x" + value, domain="127.0.0.1", path="/")
    assert (await browser.get(path)).status_code == 400


async def test_a_provider_of_another_name_is_refused(teams, provider, settings):
    provider.issuer_says = "https://other.example"
    team = await teams(access={"oidc": OidcSettings(**settings)})
    assert (await (await team.browser()).get("/login/oidc")).status_code == 502


async def test_a_provider_that_does_not_answer_is_said_so(teams):
    gone = OidcSettings(issuer="http://127.0.0.1:9", client_id=CLIENT)
    team = await teams(access={"oidc": gone})
    answer = await (await team.browser()).get("/login/oidc")
    assert answer.status_code == 502
    assert "does not answer" in answer.text


def test_a_provider_is_asked_by_tls_unless_it_is_this_machine():
    with pytest.raises(ConfigurationError, match="https"):
        Oidc(OidcSettings(issuer="http://login.example.com", client_id=CLIENT))
