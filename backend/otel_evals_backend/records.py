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


class Wording(msgspec.Struct, frozen=True, kw_only=True):
    """How people are asked about a metric, where the configuration says it."""

    ask: str
    """The question; yes is a pass."""
    guide: str = ""
    """What counts."""
    passes: tuple[str, ...] = ()
    """When it passes, one sentence each."""
    fails: tuple[str, ...] = ()


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
