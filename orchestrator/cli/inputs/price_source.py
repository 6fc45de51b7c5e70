"""Where the command line looks for prices: the engine's list, and what is kept of it here."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from orchestrator.cli.inputs.cache import cache_directory

if TYPE_CHECKING:
    from orchestrator.planning.prices import PriceSource


def price_source(*, online: bool) -> PriceSource:
    """Return where a machine's prices are looked for; ``online`` False asks nobody."""
    from orchestrator.cli.options.compute import engine_kit
    from orchestrator.planning.prices import PriceSource

    today = dt.datetime.now(dt.UTC).date()
    return PriceSource(engine_kit().prices, today, cache_directory() / "prices", online=online)
