"""How often somebody may try to log in: by account and address together, by account, by address.

Counted in this process, from the first attempt on, whether it succeeds or not, and whether the account exists or not.
"""

from ipaddress import IPv6Address, ip_network
from typing import Final

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from otel_evals_backend.access.names import address_of

WINDOW: Final = 300
"""Seconds after which somebody who was stopped can surely try again."""
_BOTH: Final = RateLimitItemPerMinute(8, 5)
_ACCOUNT: Final = RateLimitItemPerMinute(40, 5)
_ADDRESS: Final = RateLimitItemPerMinute(60, 5)


class LoginRates:
    """One for the process."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def allow(self, account: str, address: str) -> bool:
        """Count an attempt; whether it may go on. A neighbourhood of IPv6 addresses counts as one."""
        place = neighbourhood(address)
        allowed = [
            self._limiter.hit(_BOTH, "both", account, place),
            self._limiter.hit(_ACCOUNT, "account", account),
            self._limiter.hit(_ADDRESS, "address", place),
        ]
        return all(allowed)


def neighbourhood(address: str) -> str:
    """What counts as one address: of IPv6 the network of 64 bits, which one household has."""
    found = address_of(address)
    if isinstance(found, IPv6Address):
        return str(ip_network((found, 64), strict=False))
    return address
