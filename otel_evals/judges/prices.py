"""What a judge's answer costs: a dated table in the box (`prices.yaml`), over which the configuration's prices go.

A model that is not in it costs an unknown amount, which is None and never 0.
"""

from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from typing import Annotated

import msgspec
from msgspec import Meta

from otel_evals.judges.snapshots import bare, is_snapshot_of
from otel_evals.records.exchange import Usage

_MILLION = 1_000_000


class Price(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """USD for a million tokens of one model."""

    input: Annotated[float, Meta(ge=0, description="Input tokens.")]
    output: Annotated[float, Meta(ge=0, description="Output tokens, those of reasoning included.")]
    cached: Annotated[
        Annotated[float, Meta(ge=0)] | None,
        Meta(description="Input tokens read from the provider's cache; none: as other input."),
    ] = None

    def of(self, usage: Usage) -> float | None:
        """USD of one call; None when the endpoint did not say how many tokens it took."""
        if usage.input_tokens is None or usage.output_tokens is None:
            return None
        cached = min(usage.cache_read_tokens or 0, usage.input_tokens)
        cached_price = self.input if self.cached is None else self.cached
        fresh = usage.input_tokens - cached
        return (fresh * self.input + cached * cached_price + usage.output_tokens * self.output) / _MILLION


class PriceTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Prices by model; a snapshot has the price of its alias unless it has its own."""

    date: str
    """The day on which the prices were compiled, ISO 8601."""
    models: dict[str, Price]

    def price(self, model: str) -> Price | None:
        """The price of `model`, None when the table does not know it."""
        name = bare(model)
        if (exact := self.models.get(name)) is not None:
            return exact
        aliases = [alias for alias in self.models if is_snapshot_of(name, alias)]
        return self.models[max(aliases, key=len)] if aliases else None

    def cost(self, model: str, usage: Usage) -> float | None:
        """USD of a call of `model`; None when the price or the usage is unknown."""
        price = self.price(model)
        return None if price is None else price.of(usage)

    def overridden(self, models: Mapping[str, Price]) -> "PriceTable":
        """This table with other or further prices."""
        return PriceTable(
            date=self.date, models={**self.models, **{bare(name): price for name, price in models.items()}}
        )


@lru_cache(maxsize=1)
def shipped_prices() -> PriceTable:
    """The table in the box."""
    text = resources.files("otel_evals.judges").joinpath("prices.yaml").read_bytes()
    return msgspec.yaml.decode(text, type=PriceTable)
