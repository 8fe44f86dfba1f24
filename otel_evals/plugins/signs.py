"""What a dialect may declare so that the engine need not ask it about every span.

A dialect with a class attribute `signs: ClassVar[Signs]` is only shown the spans that bear one of them. `detect` keeps
the last word; a dialect without signs is asked every time. Read by `engine.recognition`.
"""

import msgspec


class Signs(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """At least one of these stands on every span that the dialect detects."""

    keys: frozenset[str] = frozenset()
    """Whole attribute keys."""
    scopes: tuple[str, ...] = ()
    """Beginnings of scope names."""
    events: frozenset[str] = frozenset()
    """Whole names of span events."""
