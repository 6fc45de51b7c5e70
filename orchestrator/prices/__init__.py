"""Rates from Azure's Retail Prices API, from a cache of it, or from a dated table built in."""

from orchestrator.prices.rates import PriceSource, rates_for
from orchestrator.prices.retail import API_URL, API_VERSION, DISK_METER, IP_METER
from orchestrator.prices.table import PriceError, built_in

__all__ = [
    "API_URL",
    "API_VERSION",
    "DISK_METER",
    "IP_METER",
    "PriceError",
    "PriceSource",
    "built_in",
    "rates_for",
]
