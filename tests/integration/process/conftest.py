"""Starts processors for the process tests and ends them, whatever becomes of a test."""

import signal
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.integration.process.rig import Processor


@pytest.fixture
async def make_processor(tmp_path: Path) -> AsyncIterator[Callable[..., Processor]]:
    """`make_processor([destination(sink)], workers=2, …)`: further keys are sections of the configuration."""
    made: list[Processor] = []

    def make(forward: list[dict[str, Any]], **config: Any) -> Processor:
        folder = tmp_path / f"processor{len(made)}"
        folder.mkdir()
        made.append(Processor(folder, forward, **config))
        return made[-1]

    yield make
    for processor in made:
        if processor.process is not None and processor.process.returncode is None:
            with suppress(ProcessLookupError):
                processor.send_signal(signal.SIGCONT)
                await processor.kill()
