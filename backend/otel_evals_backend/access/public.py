"""What is open without a person, one list for the door and for the test that walks all routes."""

from typing import Final

PUBLIC: Final = frozenset(
    {
        "/login",
        "/login/oidc",
        "/login/callback",
        "/logout",  # ends what the cookie shows, whosever it is
        "/invite/{secret}",
        "/static",
        "/v1/feedback",  # asks for a publishable key, or a token, itself
        "/healthz",
        "/livez",
        "/readyz",
        "/metrics",  # free of content
    }
)
"""Templates of routes and folders of files."""
CHECKED_INSIDE: Final = frozenset({"/v1/traces", "/v1/logs", "/v1/metrics"})
"""Routes that ask for the scope `send` themselves, since OTLP wants a refusal in its own form."""
PROGRAMS: Final = "/v1/"
"""Under it only programs ask: a browser's cookie means nothing there."""


def is_public(path: str) -> bool:
    """Whether nobody need have logged in to ask for `path`."""
    return path in PUBLIC or path in CHECKED_INSIDE or path.startswith(("/static/", "/invite/"))
