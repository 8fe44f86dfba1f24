"""When each prompt version first appeared with each model, so that what is new is sampled more.

Shared by all workers through the judge store, and kept over restarts. Replicas on other machines agree when the release
times are configured (`judge.releases`).
"""

import logging
from collections.abc import Sequence
from typing import Annotated, Final

import msgspec

from otel_evals.lifecycle.tasks import Tasks
from otel_evals.records.clock import Clock
from otel_evals.records.errors import Unavailable
from otel_evals.spool.judge_store import JudgeStore

_LOG: Final = logging.getLogger(__name__)
_NS: Final = 1_000_000_000
_CAP: Final = 20_000
"""Combinations that are remembered; beyond, a new one is not tracked: a service whose versions never repeat."""

Key = tuple[str, str, str]
"""Service, prompt version, model."""


class Release(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A release whose time is known."""

    version: Annotated[str, msgspec.Meta(min_length=1, description="Prompt version as metrics name it.")]
    at: Annotated[str, msgspec.Meta(min_length=10, description="When it was released, RFC 3339.")]
    service: Annotated[str | None, msgspec.Meta(description="Service that it is of. Default: every one.")] = None
    model: Annotated[str | None, msgspec.Meta(description="Model that it runs on. Default: every one.")] = None


class ReleaseTime(msgspec.Struct, frozen=True):
    """A release, its time in seconds since the epoch."""

    release: Release
    at: float

    def is_of(self, key: Key) -> bool:
        """Whether `key` is of this release."""
        service, version, model = key
        release = self.release
        return release.version == version and release.service in (None, service) and release.model in (None, model)


class Sightings:
    """First appearances."""

    def __init__(self, store: JudgeStore, releases: Sequence[ReleaseTime], tasks: Tasks, clock: Clock) -> None:
        self._store = store
        self._releases = tuple(releases)
        self._tasks = tasks
        self._clock = clock
        self._first: dict[Key, float] = {}

    async def refresh(self) -> None:
        """Learn what all workers have seen. Raises Unavailable."""
        for key, first in (await self._store.sightings()).items():
            self._first[key] = min(first, self._first.get(key, first))

    def age(self, service: str, version: str, model: str) -> float | None:
        """Seconds since the first appearance; a first one is noted. None when there are too many to tell."""
        key, now = (service, version, model), self._clock.time_ns() / _NS
        first = self._released(key) if self._releases else None
        if first is None:
            first = self._first.get(key)
        if first is None:
            if len(self._first) >= _CAP:
                return None
            first = self._first[key] = now
            self._tasks.spawn(self._note(key, first), "note a first appearance")
        return max(0.0, now - first)

    def _released(self, key: Key) -> float | None:
        """The configured time, whatever was seen here before: replicas agree on nothing else."""
        return next((release.at for release in self._releases if release.is_of(key)), None)

    async def _note(self, key: Key, first: float) -> None:
        try:
            self._first[key] = await self._store.sight(*key, first)
        except Unavailable as error:
            _LOG.warning("a first appearance is known to this process only: %s", error)
