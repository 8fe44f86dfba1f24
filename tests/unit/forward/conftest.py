"""Forwarders that are stopped at the end of a test."""

import random

import pytest

from otel_evals.forward.forwarder import Forwarder
from otel_evals.forward.settings import DestinationSettings
from otel_evals.records.clock import SystemClock
from otel_evals.testing.ledger import RecordingLedger


@pytest.fixture
def book():
    return RecordingLedger()


@pytest.fixture
async def forwarding(tmp_path, book):
    """Starts forwarders; a crashed task fails the test."""
    made = []
    crashes = []

    async def start(*destinations: DestinationSettings, folder=None, markers=()) -> Forwarder:
        forwarder = Forwarder(
            destinations,
            spool_folder=folder or tmp_path / "spool",
            clock=SystemClock(),
            rng=random.Random(1),  # noqa: S311 - pauses, not secrets
            ledger=book,
            on_crash=lambda name, error: crashes.append((name, error)),
            markers=markers,
        )
        await forwarder.start()
        made.append(forwarder)
        return forwarder

    yield start
    for forwarder in made:
        await forwarder.stop(0)
    assert crashes == []
