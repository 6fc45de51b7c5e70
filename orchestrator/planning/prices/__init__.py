"""Rates from an engine's price list, from what is kept of it, or from the engine's own estimate."""

from orchestrator.planning.prices.free import NoCharge
from orchestrator.planning.prices.rates import (
    Meters,
    PriceError,
    PriceList,
    PriceSource,
    UnusableAnswerError,
    rates_for,
)

__all__ = [
    "Meters",
    "NoCharge",
    "PriceError",
    "PriceList",
    "PriceSource",
    "UnusableAnswerError",
    "rates_for",
]
