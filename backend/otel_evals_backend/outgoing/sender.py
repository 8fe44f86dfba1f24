"""Sends the outbox to `backend.send_to`, as long as the backend runs.

The connection is the processor's own (`otel_evals.forward.http`, on aiohttp): it speaks OTLP/HTTP in protobuf as the
specification wants it, with its verdicts, `Retry-After` and partial successes tested there.
"""

import asyncio
import logging
from typing import Final

from otel_evals.forward.endpoint import parse_endpoint
from otel_evals.forward.settings import DestinationSettings
from otel_evals.records.errors import ConfigurationError, OtelEvalsError, Unavailable
from otel_evals_backend.context import Context
from otel_evals_backend.outgoing import outbox
from otel_evals_backend.outgoing.mailing import Mailing, Turn

_LOG: Final = logging.getLogger(__name__)
_EVERY: Final = 1.0
"""Seconds between looks into an outbox that was empty: a label is on its way within about that."""
_TROUBLED: Final = 60.0
_SOON: Final = 60.0
_TIDY: Final = 3600.0
_KEPT_NS: Final = 14 * 86_400_000_000_000
"""How long rows wait for a destination, or lie set aside."""


async def run(context: Context) -> None:
    """Send, again and again; without a destination only keep what waits within its time."""
    try:
        destination = destination_of(context.settings.send_to)
    except ConfigurationError as error:
        _LOG.error("backend.send_to: %s; labels and signals stay here", error)
        destination = None
    tidying = context.tasks.spawn(_tidy(context, waits=destination is None), "outbox")
    if destination is None:
        await tidying
        return
    from otel_evals.forward.http import HttpTransport  # noqa: PLC0415 - half a second, for those alone who send

    transport = HttpTransport(destination, context.clock)
    mailing = Mailing(context, transport)
    try:
        while True:  # noqa: ASYNC110 - replicas share the rows: no event of this process tells of all
            await asyncio.sleep(await _turn(mailing))
    finally:
        await transport.close()


def destination_of(address: str | None) -> DestinationSettings | None:
    """Where rows go; None when nowhere.

    Raises:
        ConfigurationError: the address cannot be read.
    """
    if address is None:
        return None
    scheme, mark, rest = address.partition("://")
    if mark and scheme in ("http", "https"):  # OTLP/HTTP whatever the path: that is what the setting promises
        address = f"{scheme}+proto://{rest}"
    settings = DestinationSettings(url=address, name="send_to", concurrency=1)
    parse_endpoint(settings.url)
    return settings


async def _turn(mailing: Mailing) -> float:
    """Do one turn; seconds until the next."""
    try:
        turn = await mailing.turn()
    except Unavailable as error:
        return error.retry_after or _EVERY
    except Exception:  # noqa: BLE001 - stage boundary: without it nothing is sent until the next start
        _LOG.exception("a turn of sending failed")
        return _TROUBLED
    if turn is Turn.MOVED:
        return 0.0
    return max(mailing.wait, _EVERY)


async def _tidy(context: Context, *, waits: bool) -> None:
    """Remove what is too old; say once that something waits for a destination that is not there."""
    said = False
    await asyncio.sleep(_SOON)
    while True:
        try:
            gone, left = await tidy(context)
        except OtelEvalsError as error:
            _LOG.info("the outbox is not tidied now: %s", error)
        else:
            if gone:
                _LOG.warning("%d labels and signals were not sent within 14 days, and are removed here", gone)
            if waits and left.waiting and not said:
                said = True
                _LOG.warning("%d labels and signals wait to be sent: set backend.send_to", left.waiting)
        await asyncio.sleep(_TIDY)


async def tidy(context: Context) -> tuple[int, outbox.Standing]:
    """Remove what is too old: how much that was, and what is left."""
    async with context.database.write() as connection:
        gone = await outbox.expire(connection, context.clock.time_ns() - _KEPT_NS)
        return gone, await outbox.standing(connection)
