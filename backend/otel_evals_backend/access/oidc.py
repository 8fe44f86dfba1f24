"""Log-in by an OpenID provider, through Authlib: code flow with PKCE, state and nonce.

What must survive the way to the provider and back (state, nonce, verifier, where to go then, an invitation) travels in
a cookie of ten minutes that is signed with the server's key, so that any replica can take the answer.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from typing import Any, Final, cast

import msgspec
from starlette.requests import Request

from otel_evals.records.errors import ConfigurationError
from otel_evals_backend.access.names import is_loopback
from otel_evals_backend.records import Role
from otel_evals_backend.settings import OidcSettings

COOKIE: Final = "oidc"
MAX_AGE: Final = 600
"""Seconds that somebody may take at the provider."""
_ALGORITHMS: Final = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
)
_TIMEOUT: Final = 10.0


class OidcRefused(Exception):  # noqa: N818 - named for the condition
    """The provider's answer does not prove who comes, or the provider did not answer; the text is for the log."""


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Who the provider says it is."""

    subject: str
    """Issuer and subject: what never changes."""
    name: str
    email: str | None
    """Only when the provider has verified it."""
    role: Role | None
    """Of the configured claim."""


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """What survives the way to the provider and back."""

    session: dict[str, Any]
    """Authlib's: state, nonce, verifier, address."""
    next: str
    invitation: str
    started_ns: int


class Oidc:
    """The provider of the configuration."""

    def __init__(self, settings: OidcSettings) -> None:
        scheme, _, rest = settings.issuer.partition("://")
        if scheme != "https" and not (scheme == "http" and is_loopback(rest.split("/")[0].rsplit(":", 1)[0])):
            raise ConfigurationError("backend.access.oidc.issuer: write an https:// address")
        self._settings = settings
        self._issuer = settings.issuer.rstrip("/")
        secret = settings.client_secret.reveal() if settings.client_secret else None
        # Half a second of imports, which nobody pays who has no provider.
        from authlib.common.errors import AuthlibBaseError  # noqa: PLC0415
        from authlib.integrations.starlette_client import OAuth  # noqa: PLC0415
        from httpx2 import HTTPError  # noqa: PLC0415
        from joserfc.errors import JoseError  # noqa: PLC0415

        self._refusals = (AuthlibBaseError, JoseError, HTTPError, ValueError, RuntimeError)
        self._client: Any = cast("Any", OAuth()).register(
            name="oidc",
            client_id=settings.client_id,
            client_secret=secret,
            server_metadata_url=f"{self._issuer}/.well-known/openid-configuration",
            client_kwargs={
                "scope": settings.scopes,
                "code_challenge_method": "S256",
                "token_endpoint_auth_method": "client_secret_basic" if secret else "none",
                "timeout": _TIMEOUT,
                "trust_env": False,
            },
        )

    async def start(self, redirect_uri: str) -> tuple[str, dict[str, Any]]:
        """The provider's address to send the browser to, and what to keep meanwhile.

        Raises:
            OidcRefused: the provider's description of itself cannot be had, or is of somebody else.
        """
        try:
            await self._metadata()
            made: dict[str, Any] = await self._client.create_authorization_url(redirect_uri)
        except self._refusals as error:
            raise OidcRefused(f"no answer of the provider: {type(error).__name__}") from error
        address = made.pop("url")
        return address, {**made, "redirect_uri": redirect_uri}

    async def finish(self, request: Request, flow: dict[str, Any]) -> Identity:
        """Who came back with a code.

        Raises:
            OidcRefused: see there.
        """
        shown = request.query_params.get("state", "")
        if not flow or not hmac.compare_digest(str(flow.get("state")).encode(), shown.encode()):
            raise OidcRefused("the state is not the one that was sent")
        request.scope["session"] = {f"_state_oidc_{shown}": {"data": flow}}
        try:
            await self._metadata()
            options = {
                "iss": {"essential": True, "values": [self._metadata_issuer()]},
                "aud": {"essential": True, "values": [self._settings.client_id]},
                "nonce": {"essential": True, "value": flow["nonce"]},
                "sub": {"essential": True},
            }
            token = await self._client.authorize_access_token(request, claims_options=options)
            return self._identity(dict(token["userinfo"]))
        except (*self._refusals, KeyError, TypeError) as error:
            raise OidcRefused(f"the answer proves nothing: {type(error).__name__}: {error}") from error

    async def _metadata(self) -> None:
        metadata = await self._client.load_server_metadata()
        if str(metadata.get("issuer", "")).rstrip("/") != self._issuer:
            self._client.server_metadata.clear()
            raise OidcRefused("the provider calls itself by another name than backend.access.oidc.issuer")
        offered = set(metadata.get("id_token_signing_alg_values_supported") or ["RS256"])
        metadata["id_token_signing_alg_values_supported"] = sorted(offered & _ALGORITHMS)

    def _metadata_issuer(self) -> str:
        return cast("str", self._client.server_metadata["issuer"])

    def _identity(self, claims: dict[str, Any]) -> Identity:
        subject = claims["sub"]
        if not isinstance(subject, str) or not subject:
            raise OidcRefused("there is no subject")
        email = claims.get("email") if claims.get("email_verified") is True else None
        name = str(claims.get("name") or claims.get("preferred_username") or claims.get("email") or "Somebody")
        return Identity(
            subject=f"{self._issuer} {subject}",
            name=name[:100],
            email=email.strip().lower() if isinstance(email, str) else None,
            role=self._role(claims),
        )

    def _role(self, claims: dict[str, Any]) -> Role | None:
        if self._settings.role_claim is None:
            return None
        value = claims.get(self._settings.role_claim)
        given = {str(one) for one in cast("list[Any]", value if isinstance(value, list) else [value])}
        return next((role for role in reversed(Role) if role.value in given), None)


def seal(key: bytes, flow: Flow) -> str:
    """The cookie's value."""
    body = urlsafe_b64encode(msgspec.json.encode(flow)).decode()
    return f"{body}.{_signature(key, body)}"


def unseal(key: bytes, value: str, now_ns: int) -> Flow | None:
    """What a cookie holds; None when it is not ours, or too old."""
    body, _, signature = value.rpartition(".")
    if not hmac.compare_digest(_signature(key, body).encode(), signature.encode("utf-8", "surrogatepass")):
        return None
    flow = msgspec.json.decode(urlsafe_b64decode(body), type=Flow)
    return flow if now_ns - flow.started_ns < MAX_AGE * 1_000_000_000 else None


def _signature(key: bytes, body: str) -> str:
    return hmac.new(key, b"oidc\x00" + body.encode("utf-8", "surrogatepass"), sha256).hexdigest()
