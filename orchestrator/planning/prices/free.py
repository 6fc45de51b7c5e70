"""The price list of an engine whose machines are there anyway."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.planning.costs import Rates
from orchestrator.planning.prices.rates import UnusableAnswerError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.planning.prices.rates import Meters


@dataclass(frozen=True, slots=True)
class NoCharge:
    """A ``PriceList`` by which nothing costs anything."""

    def key(self, size: str, region: str) -> str:
        """As ``PriceList.key``."""
        return f"no charge\n{size}\n{region}"

    def ask(self, size: str, region: str) -> Mapping[str, float]:
        """As ``PriceList.ask``: there is nobody to ask."""
        raise UnusableAnswerError(f"nobody charges for {size} in {region}")

    def rates(self, meters: Meters) -> Rates:
        """As ``PriceList.rates``."""
        return self.estimate(meters.size, meters.region, "")

    def estimate(self, size: str, region: str, why: str) -> Rates:  # noqa: ARG002 - the list's contract
        """As ``PriceList.estimate``: nothing, whatever the reason."""
        return Rates(size, region, 0.0, None, 0.0, 0.0, "no charge")
