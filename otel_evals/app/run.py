"""The two ways to run the hop: alone, or with a view of what happens (`up`)."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from otel_evals.app.beside import BackendWish, beside
from otel_evals.app.host import Host
from otel_evals.config.schema import Config

if TYPE_CHECKING:
    from otel_evals.app.demo_judges import Arranged

Reload = Callable[[], Config]


def run_processor(config: Config, *, reload: Reload) -> int:
    """Run the hop until SIGTERM or SIGINT; the exit code. Raises ConfigurationError."""
    return asyncio.run(_processor(config, reload))


def run_up(config: Config, *, reload: Reload, backend: BackendWish) -> int:
    """Run the product with a view until SIGTERM or SIGINT; the exit code.

    Raises:
        ConfigurationError: it cannot start as configured; the text says what to do.
    """
    return asyncio.run(_up(config, None, reload, backend))


def run_demo(
    config: Config,
    *,
    reload: Reload,
    backend: BackendWish,
    no_judge: bool = False,
    judge_url: str | None = None,
    judge_model: str | None = None,
    judge_key_env: str | None = None,
) -> int:
    """The same with made-up traffic and judges of its own: scripted ones, unless a real endpoint is named.

    Raises:
        ConfigurationError: it cannot start as configured; the text says what to do.
    """
    from otel_evals.app.demo_judges import JudgeWish, arranged_judges  # noqa: PLC0415 - the demo's alone

    wish = JudgeWish(none=no_judge, url=judge_url, model=judge_model, key_env=judge_key_env)
    with arranged_judges(config, wish) as arranged:
        return asyncio.run(_up(config, arranged, reload, backend))


async def _processor(config: Config, reload: Reload) -> int:
    return await Host(config, reload).run()


async def _up(config: Config, demo: "Arranged | None", reload: Reload, backend: BackendWish) -> int:
    demo_data = demo.apply(config).data if demo is not None else None
    async with beside(config, backend, demo_data=demo_data) as companion:
        from otel_evals.app.up import Up  # noqa: PLC0415 - the view and the demo are not for a processor alone

        return await Up(config, demo=demo, reload=reload, beside=companion).run()
