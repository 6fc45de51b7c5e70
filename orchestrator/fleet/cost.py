"""What the machines of a run cost so far: by its events, and by what listings show of them. Pure.

A machine is billed from its creation until a listing shows that it is gone. One that came and went
between two looks is not seen, and not billed here. What earlier sessions of the run launched, its
events tell: a ceiling is a run's, and no session starts from nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from orchestrator.fleet.capacity import SpotMode
from orchestrator.fleet.identity import ROLE_TAG, SIZE_TAG, SPOT_TAG, Role
from orchestrator.planning.costs import (
    Bill,
    MachineKind,
    affordable,
    ceiling_reached,
    hourly,
    spent,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from orchestrator.compute.base import Instance
    from orchestrator.compute.job import Job
    from orchestrator.fleet.capacity import MachineRequirements
    from orchestrator.fleet.view import FleetView
    from orchestrator.planning.costs import Rates

DRAIN_S = 1800.0
"""How long machines go on being billed once a run drains: a task's end, and the delete."""


@dataclass(frozen=True, slots=True)
class Spending:
    """Bills by machine. ``rates`` is keyed by (size, region); a machine without any costs 0.

    ``disks`` are an arena machine's billed ones, ``drain_disks`` those of one without an arena.
    ``before_usd`` was spent before whoever keeps these bills began.
    """

    rates: Mapping[tuple[str, str], Rates]
    disks: int = 2
    drain_disks: int = 1
    public_ips: int = 0
    bills: Mapping[str, Bill] = field(default_factory=dict)
    before_usd: float = 0.0

    def after_events(self, reported: Iterable[Bill], now: float) -> Spending:
        """Return the bills with those that a run's events tell of, read at ``now``.

        ``before_usd`` is then what had been spent by then. Of a machine without an end the next
        look says whether it is there; one that no listing of this fleet shows is gone.
        """
        bills = {**{bill.machine: bill for bill in reported}, **self.bills}
        return replace(self, bills=bills, before_usd=spent(bills.values(), now))

    def after_look(self, view: FleetView, now: float) -> Spending:
        """Return the bills once ``view`` was seen at ``now`` (Unix seconds)."""
        bills = dict(self.bills)
        there = {member.name: member.machine for member in view.members}
        for name, machine in there.items():
            if name in bills:
                bills[name] = replace(bills[name], deleted=None)
            else:
                created = now if machine.created is None else machine.created
                bills[name] = Bill(name, self.usd_hour(machine) or 0.0, created)
        for name, bill in bills.items():
            if name not in there and bill.deleted is None:
                bills[name] = replace(bill, deleted=now)
        return replace(self, bills=bills)

    def usd(self, now: float) -> float:
        """Return what was spent until ``now``."""
        return spent(self.bills.values(), now)

    def at_ceiling(self, max_usd: float | None, now: float) -> bool:
        """Whether a run must drain now to stay within ``max_usd`` (None: no ceiling)."""
        if max_usd is None:
            return False
        return ceiling_reached(self.bills.values(), now, DRAIN_S, max_usd)

    def room(
        self, max_usd: float | None, now: float, wanted: int, wish: MachineRequirements
    ) -> int:
        """Return how many of ``wanted`` machines with an arena ``max_usd`` still allows.

        Each is reckoned with the dearest size that could be had, for as long as a drain takes;
        without a ceiling or a price the number is what was wanted.
        """
        spot = wish.spot is SpotMode.ONLY
        kind = MachineKind(spot, self.disks, self.public_ips)
        known = (self.rates.get((size, region)) for size in wish.sizes for region in wish.regions)
        hour = max((hourly(rates, kind) for rates in known if rates is not None), default=0.0)
        if max_usd is None or hour <= 0:
            return wanted
        return min(wanted, affordable(self.bills.values(), now, DRAIN_S, max_usd, hour))

    def usd_hour(self, machine: Instance) -> float | None:
        """Return what a listed machine costs an hour, None when no price is known."""
        rates = self.rates.get((machine.labels.get(SIZE_TAG, ""), machine.region))
        if rates is None:
            return None
        drain = machine.labels.get(ROLE_TAG) == Role.DRAIN
        spot = machine.labels.get(SPOT_TAG) == "true"
        disks = self.drain_disks if drain else self.disks
        return hourly(rates, MachineKind(spot, disks, self.public_ips))

    def price(self, job: Job) -> float | None:
        """Return what each machine of a job will cost an hour, None when no price is known."""
        if job.placement is None:
            return None
        offer, spot = job.placement.offer, job.placement.spot
        rates = self.rates.get((offer.size, offer.region))
        if rates is None:
            return None
        disks = (job.image.disks if job.image else 0) + (job.local_os_disk is None)
        return hourly(rates, MachineKind(spot, disks, int(job.needs.public_ip)))
