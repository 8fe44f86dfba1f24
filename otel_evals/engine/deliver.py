"""The way out of the engine."""

from collections.abc import Awaitable, Callable

from otel_evals.records.intake import Accepted
from otel_evals.records.signal import Signal

Deliver = Callable[[Signal, bytes, int], Awaitable[Accepted]]
"""Hands a body with so many items to the destinations. Raises Unavailable or Refused."""
