"""Looks again for the spans of users' signals, as long as the backend runs.

Two transactions that keep a signal and its span at the same moment do not see each other on PostgreSQL.
"""

import asyncio
import logging
from typing import Final

from otel_evals.records.errors import Unavailable
from otel_evals_backend.context import Context
from otel_evals_backend.keeping.feedback import join_lone
from otel_evals_backend.keeping.kept import Kept
from otel_evals_backend.review.select import consider

_LOG: Final = logging.getLogger(__name__)
_EVERY: Final = 60.0
_LATELY: Final = 600
"""Seconds; what has waited for longer was looked at before, and waits for its span."""


async def run(context: Context) -> None:
    """Look again every minute."""
    while True:
        await asyncio.sleep(_EVERY)
        try:
            await look_again(context)
        except Unavailable as error:
            _LOG.info("lone feedback waits: %s", error)


async def look_again(context: Context) -> int:
    """Join what can be joined; how many signals were."""
    async with context.database.write() as connection:
        since_ns = context.clock.time_ns() - _LATELY * 1_000_000_000
        told = await join_lone(context.database, connection, since_ns)
        await consider(context.database, connection, context, Kept(feedback=told))
        return len(told)
