"""The nouns that several rooms share: who acts, and what of it is allowed."""

from enum import StrEnum

import msgspec


class Role(StrEnum):
    """What a person may do; each may do what the one before may."""

    VIEWER = "viewer"
    REVIEWER = "reviewer"
    ADMIN = "admin"

    def covers(self, other: "Role") -> bool:
        """Whether this role may do what `other` may."""
        order = list(Role)
        return order.index(self) >= order.index(other)


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks: a user, a token's holder, or whoever sits at this machine when no log-in is configured."""

    id: str
    """Opaque; `local` without log-in, `token:<id>` for a token."""
    name: str
    role: Role
    scopes: frozenset[str] = frozenset()
    """Of a token: read, review, send, admin. Empty for people: their role says it."""
    single_keys: bool = True
    """Whether keys without a modifier act."""
    theme: str = ""
    """`light`, `dark`, or "" for what the system says."""


LOCAL = Person(id="local", name="You", role=Role.ADMIN)
"""Whoever sits at this machine, when the backend listens on loopback and no log-in is configured."""
