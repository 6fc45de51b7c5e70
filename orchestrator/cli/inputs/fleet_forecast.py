"""What a fleet's run is expected to take and cost, and why it could not be held to that."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.cli.options.fleet import FleetOptions
    from orchestrator.planning.costs import Rates
    from orchestrator.planning.forecast import Money, Prediction
    from orchestrator.planning.plan import Plan


@dataclass(frozen=True, slots=True)
class FleetForecast:
    """What the run is expected to take: minutes, and US dollars where a price is known.

    The high figures are those that one run in ten exceeds.
    """

    tasks: int
    workers: int
    minutes: float
    minutes_high: float
    usd: float | None
    usd_high: float | None

    def __str__(self) -> str:
        from orchestrator.planning.forecast import minutes_text

        usd = "" if self.usd is None else f", {self.usd:.2f} USD (up to {self.usd_high:.2f})"
        about, high = minutes_text(self.minutes * 60), minutes_text(self.minutes_high * 60)
        return f"{self.tasks} tasks on {self.workers} machines: about {about} (up to {high}){usd}"


def fleet_forecast(
    plan: Plan,
    settings: FleetOptions,
    workers: int,
    rates: Mapping[tuple[str, str], Rates],
    most: int,
    spent_usd: float = 0.0,
) -> tuple[FleetForecast, list[Problem]]:
    """Return the forecast, and each reason why the run would outlive its jobs, machines or money.

    ``rates`` are by (size, region); ``most`` is how many machines a matrix can have; ``spent_usd``
    is what earlier starts of the run have spent of its ceiling.
    """
    from orchestrator.planning.forecast import Forecaster, assume, hosted_problem

    money = _money(settings, rates)
    ahead = Forecaster(plan, assume(plan, fleet=True), money)
    asked = ahead.at(workers)
    hosted = hosted_problem(workers, ahead.at, most)
    problems = [] if hosted is None else [hosted]
    problems += _too_long(settings, asked)
    problems += _too_dear(settings.options["max_cost"], money, asked, spent_usd)
    forecast = FleetForecast(
        len(plan.units),
        workers,
        asked.makespan_s / 60.0,
        asked.makespan_high_s / 60.0,
        asked.usd,
        asked.usd_high,
    )
    return forecast, problems


def _too_long(settings: FleetOptions, asked: Prediction) -> list[Problem]:
    if asked.makespan_high_s <= settings.ttl_s:
        return []
    high = math.ceil(asked.makespan_high_s / 60)
    what = f"is {settings.options['ttl']:g} min, and the run may take {high}"
    return [Problem("--ttl", what, f"Give {high + 30} or more, or more workers.")]


def _too_dear(
    limit: float | None, money: Money | None, asked: Prediction, spent_usd: float
) -> list[Problem]:
    if limit is None:
        return []
    if money is None:
        what = "cannot be held: no price is known for the first size in the first region"
        return [Problem("--max-cost", what, "Choose a size with a price.")]
    if asked.usd is None or spent_usd + asked.usd <= limit:
        return []
    if spent_usd:
        what = (
            f"is {limit:.2f} USD, of which {spent_usd:.2f} are spent, "
            f"and what is left of the run is expected to cost {asked.usd:.2f}"
        )
        return [Problem("--max-cost", what, "Raise it: it bounds all attempts of a run.")]
    what = f"is {limit:.2f} USD, and the run is expected to cost {asked.usd:.2f}"
    return [Problem("--max-cost", what, "Raise it, or select fewer tasks.")]


def _money(settings: FleetOptions, rates: Mapping[tuple[str, str], Rates]) -> Money | None:
    from orchestrator.planning.costs import MachineKind
    from orchestrator.planning.forecast import Money

    options, wish = settings.options, settings.wish
    first = rates.get((wish.sizes[0], wish.regions[0]))
    if first is None:
        return None
    disks = int(options["managed_os_disk"]) + int(options["golden_disk"])
    spot = options["spot"] != "never"
    return Money(first, MachineKind(spot, disks, int(options["public_ip"])))
