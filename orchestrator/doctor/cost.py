"""Checks of the plan, of prices and of what the run is expected to cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.compute.findings import CheckStatus, Finding, problem_finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from orchestrator.errors import Problem
    from orchestrator.fleet.capacity import MachineRequirements
    from orchestrator.planning.costs import Rates

PLAN, PRICES, COST, CEILING = "plan", "prices", "cost", "cost ceiling"

_FIX = (
    "Without a price --max-cost cannot be held: give a size with one, or let prices be asked for."
)


def price_findings(
    wish: MachineRequirements, rates: Mapping[tuple[str, str], Rates]
) -> Iterator[Finding]:
    """Yield the price of each wished size in each region, by the hour, and where it is from."""
    for region in wish.regions:
        for size in wish.sizes:
            rate = rates.get((size, region))
            if rate is None:
                yield Finding(PRICES, CheckStatus.WARN, f"{size} in {region}: none is known", _FIX)
                continue
            spot = "" if rate.spot_hour is None else f", spot {rate.spot_hour:.3f}"
            what = f"{size} in {region}: {rate.regular_hour:.3f} USD an hour{spot} ({rate.source})"
            yield Finding(PRICES, CheckStatus.OK, what)


def ceiling_finding(max_cost: float | None, without: tuple[str, str]) -> Finding:
    """Judge that a run that goes wrong ends by its cost, and not by its machines' time alone.

    ``without`` says what it is to have none, and what to do about it.
    """
    if max_cost is None:
        return Finding(CEILING, CheckStatus.WARN, *without)
    return Finding(CEILING, CheckStatus.OK, f"{max_cost:g} USD, of all attempts of a run together")


def cost_findings(forecast: str, problems: Sequence[Problem]) -> Iterator[Finding]:
    """Yield the forecast, or each reason why the run would be refused."""
    if not problems:
        yield Finding(COST, CheckStatus.OK, forecast)
    for problem in problems:
        yield problem_finding(COST, problem)
