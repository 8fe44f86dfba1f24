"""The two ways to run the hop: alone, or with a view of what happens (`up`)."""

import asyncio
from collections.abc import Callable

from otel_evals.app.host import Host
from otel_evals.config.schema import Config

Reload = Callable[[], Config]


def run_processor(config: Config, *, reload: Reload) -> int:
    """Run the hop until SIGTERM or SIGINT; the exit code. Raises ConfigurationError."""
    return asyncio.run(_processor(config, reload))


def run_up(config: Config, *, demo: bool, reload: Reload) -> int:
    """Run the product with a view, with made-up traffic if `demo`, until SIGTERM or SIGINT; the exit code.

    Raises:
        ConfigurationError: it cannot start as configured; the text says what to do.
    """
    return asyncio.run(_up(config, demo, reload))


async def _processor(config: Config, reload: Reload) -> int:
    return await Host(config, reload).run()


async def _up(config: Config, demo: bool, reload: Reload) -> int:  # noqa: FBT001 - as `run_up` was told
    from otel_evals.app.up import Up  # noqa: PLC0415 - the view and the demo are not for a processor alone

    return await Up(config, demo=demo, reload=reload).run()
