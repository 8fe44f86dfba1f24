"""Who may send: asked with the head of a request, before a byte of its body is read."""

import hmac
from collections.abc import Callable

from otel_evals.receive.settings import AuthSettings
from otel_evals.records.errors import ConfigurationError, Unauthenticated

HeaderOf = Callable[[str], str | None]
"""The value of the header with this lower-case name."""


class Authenticator:
    """Compares credentials in constant time. Without configured credentials everyone passes."""

    def __init__(self, settings: AuthSettings) -> None:
        self._accepted = [("authorization", token.reveal().encode()) for token in settings.bearer_tokens]
        self._bearers = len(self._accepted)
        self._accepted += [(name.lower(), value.reveal().encode()) for name, value in settings.headers.items()]
        if not all(accepted for _, accepted in self._accepted):
            raise ConfigurationError("receive.auth: a credential is empty, which a sender without one would match")

    @property
    def required(self) -> bool:
        """Whether a sender has to show anything."""
        return bool(self._accepted)

    def check(self, header: HeaderOf) -> None:
        """Raises Unauthenticated unless one accepted credential is among the headers."""
        if not self._accepted:
            return
        matched = False
        for index, (name, accepted) in enumerate(self._accepted):
            shown = header(name) or ""
            if index < self._bearers:
                scheme, _, shown = shown.partition(" ")
                shown = shown.strip() if scheme.lower() == "bearer" else ""
            # No early end: the time must not tell which credential came near.
            matched |= hmac.compare_digest(shown.encode("utf-8", "surrogateescape"), accepted)
        if not matched:
            raise Unauthenticated("a valid credential is required to send here")
