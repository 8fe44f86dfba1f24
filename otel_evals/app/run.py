"""The two ways to run the hop: alone, or with the live view (`up`)."""

import asyncio
from collections.abc import Callable

from otel_evals.app.host import Host
from otel_evals.config.allocator import restart_with_large_block_allocator
from otel_evals.config.schema import Config
from otel_evals.telemetry.logs import configure

Reload = Callable[[], Config]


def run_processor(config: Config, *, reload: Reload) -> int:
    """Run the hop until SIGTERM or SIGINT; the exit code. Raises ConfigurationError."""
    restart_with_large_block_allocator()
    configure(config.log)
    return asyncio.run(_processor(config, reload))


async def _processor(config: Config, reload: Reload) -> int:
    return await Host(config, reload).run()
