"""Every instrument, as data: name, kind, unit, meaning, keys. The README's table and the scrape are made from it."""

from enum import StrEnum

import msgspec


class Kind(StrEnum):
    """What an instrument is."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Instrument(msgspec.Struct, frozen=True, kw_only=True):
    """One instrument. `keys` are the attribute keys of its points, in the order in which values are handed in."""

    name: str
    kind: Kind
    unit: str
    description: str
    keys: tuple[str, ...] = ()
    boundaries: tuple[float, ...] = ()
    """Explicit bucket boundaries, histograms only."""
