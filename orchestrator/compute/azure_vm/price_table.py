"""Prices that are known without asking anybody: a dated table, to be taken for estimates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.planning.costs import Rates
from orchestrator.planning.prices import PriceError

if TYPE_CHECKING:
    from collections.abc import Mapping

MONTH_H = 730.0
"""Hours of a month where Azure prices by the month (its calculator's own figure)."""

BUILT_IN_AS_OF = "2026-11"

# East US, Linux, pay as you go, USD an hour. List prices as remembered, and for the Dsv3 and Dsv5
# sizes and the disk as many public repositories repeat them; none was verified against Azure on
# BUILT_IN_AS_OF. The Ddsv4, Ddsv5 and Dadsv5 figures have fewer witnesses, who disagree by up to
# 15%: estimates. Spot prices move, so that there are none. Sizes that are not here have no price.
_BUILT_IN_HOUR: Mapping[str, float] = {
    "Standard_D2s_v3": 0.096,
    "Standard_D4s_v3": 0.192,
    "Standard_D8s_v3": 0.384,
    "Standard_D16s_v3": 0.768,
    "Standard_D4ds_v4": 0.226,
    "Standard_D8ds_v4": 0.452,
    "Standard_D16ds_v4": 0.904,
    "Standard_D2s_v5": 0.096,
    "Standard_D4s_v5": 0.192,
    "Standard_D8s_v5": 0.384,
    "Standard_D16s_v5": 0.768,
    "Standard_D4ds_v5": 0.226,
    "Standard_D8ds_v5": 0.452,
    "Standard_D16ds_v5": 0.904,
    "Standard_D4ads_v5": 0.206,
    "Standard_D8ads_v5": 0.412,
    "Standard_D16ads_v5": 0.824,
    "Standard_B1s": 0.0104,
    "Standard_B2s": 0.0416,
}
# USD an hour of one disk and of one public address (which ones: DISK_METER and IP_METER).
DISK_HOUR = 19.71 / MONTH_H
IP_HOUR = 0.005
_BUILT_IN_REGION = "eastus"


def built_in(size: str, region: str, why: str = "not asked") -> Rates:
    """Return the built-in table's rates.

    Raises:
        PriceError: The size is not in it.
    """
    hour = _BUILT_IN_HOUR.get(size)
    if hour is None:
        raise PriceError(
            f"No price is known for {size} in {region}: Azure's price list could not be used "
            f"({why}), and the built-in table does not have that size. "
            "Check the size's name and the way out to prices.azure.com, or choose another size."
        )
    place = "" if region == _BUILT_IN_REGION else f", East US taken for {region}"
    return Rates(
        size,
        region,
        hour,
        None,
        DISK_HOUR,
        IP_HOUR,
        f"built-in estimate of {BUILT_IN_AS_OF}{place} (Azure's list: {why}); verify",
    )
