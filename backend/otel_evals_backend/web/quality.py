"""Pass rates of evaluators from sums: for whole ranges and over time. Overview and slices show them."""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals_backend.storage.sums import ResultSum
from otel_evals_backend.storage.tables import evaluators
from otel_evals_backend.web.figures import Rate, rate_of

TYPES: Final = {"code": "check", "llm_judge": "judge", "human": "people", "user": "users"}
"""What an evaluator's type is called here."""


class Evaluator(msgspec.Struct, frozen=True, kw_only=True):
    """One version of one evaluator."""

    id: int
    name: str
    type: str
    evaluator_id: str
    version: str
    source: str
    shadow: bool

    @property
    def counts(self) -> bool:
        """Whether its results are quality in production: neither shadow nor offline."""
        return self.source != "offline" and not self.shadow

    @property
    def line(self) -> tuple[str, str, str]:
        """What its versions have in common."""
        return (self.name, self.type, self.evaluator_id)


async def evaluators_of(connection: AsyncConnection, ids: Iterable[int]) -> dict[int, Evaluator]:
    """Those evaluators, by number."""
    statement = select(evaluators).where(evaluators.c.id.in_(sorted(set(ids))))
    return {row["id"]: Evaluator(**row) for row in (await connection.execute(statement)).mappings()}


def rate_of_sums(sums: Sequence[ResultSum]) -> Rate:
    """The pass rate of all of them together."""
    passes = sum(one.passes for one in sums)
    return rate_of(
        passes,
        passes + sum(one.fails for one in sums),
        sum(one.weight_passes for one in sums),
        sum(one.weight for one in sums),
        sum(one.weight_squared for one in sums),
    )


def drawn_rate(sums: Sequence[ResultSum]) -> Rate:
    """The pass rate by people, of what was drawn for them by chance: what was chosen by hand stands for nothing."""
    return rate_of(
        sum(one.drawn_passes for one in sums),
        sum(one.drawn for one in sums),
        sum(one.weight_passes for one in sums),
        sum(one.weight for one in sums),
        sum(one.weight_squared for one in sums),
    )


def latest(sums: Sequence[ResultSum]) -> int:
    """The evaluator (one version) that worked last, and most where two worked last."""
    return max(sums, key=lambda one: (one.bucket, one.passes + one.fails, one.evaluator)).evaluator
