"""What machines cost: predicted, so far, and in the end. Pure over rates; US dollars, list prices.

Machines are billed by the second from their creation to their deletion, booting and idling
included. What a run cannot see is not in here: a NAT gateway, egress, the store, the model's
tokens.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

HOUR_S = 3600.0
MINUTE_S = 60.0


@dataclass(frozen=True, slots=True)
class Rates:
    """Prices in USD an hour for one machine of ``size`` in ``region``.

    ``spot_hour`` is None where no spot price is known. ``disk_hour`` is of one managed disk and
    ``ip_hour`` of one public address. ``source`` says where the figures come from, and of when.
    """

    size: str
    region: str
    regular_hour: float
    spot_hour: float | None = None
    disk_hour: float = 0.0
    ip_hour: float = 0.0
    source: str = ""

    @property
    def spot_unknown(self) -> bool:
        """Whether a spot machine is reckoned at the regular price, its upper bound."""
        return self.spot_hour is None


@dataclass(frozen=True, slots=True)
class MachineKind:
    """What one machine of the fleet is made of; an ephemeral OS disk costs nothing."""

    spot: bool = False
    disks: int = 1
    public_ips: int = 0


def hourly(rates: Rates, kind: MachineKind) -> float:
    """Return USD an hour for one machine with its disks and addresses.

    With no spot price known a spot machine costs the regular price: spot with a maximum price of -1
    is never charged more (Azure's documentation of ``billingProfile.maxPrice``).
    """
    machine = rates.regular_hour
    if kind.spot and rates.spot_hour is not None:
        machine = rates.spot_hour
    return machine + kind.disks * rates.disk_hour + kind.public_ips * rates.ip_hour


def predicted(rates: Rates, kind: MachineKind, machine_s: float) -> float:
    """Return USD for this many machine seconds."""
    return hourly(rates, kind) * machine_s / HOUR_S


@dataclass(frozen=True, slots=True)
class Bill:
    """One machine's life: Unix seconds of creation and deletion (None while it exists)."""

    machine: str
    usd_hour: float
    created: float
    deleted: float | None = None

    def seconds(self, now: float) -> float:
        """Return the seconds billed until ``now``, never below 0."""
        end = now if self.deleted is None else min(self.deleted, now)
        return max(0.0, end - self.created)


def spent(bills: Iterable[Bill], now: float) -> float:
    """Return USD spent until ``now`` (Unix seconds)."""
    return sum(bill.usd_hour * bill.seconds(now) / HOUR_S for bill in bills)


def committed(bills: Iterable[Bill], now: float, drain_s: float) -> float:
    """Return USD once every machine alive has been given ``drain_s`` more seconds to end."""
    every = list(bills)
    alive = sum(bill.usd_hour for bill in every if bill.deleted is None)
    return spent(every, now) + alive * drain_s / HOUR_S


def ceiling_reached(bills: Iterable[Bill], now: float, drain_s: float, max_usd: float) -> bool:
    """Return whether a run must stop launching and drain to stay within ``max_usd``."""
    return committed(bills, now, drain_s) >= max_usd


def affordable(
    bills: Iterable[Bill], now: float, drain_s: float, max_usd: float, usd_hour: float
) -> int:
    """Return how many more machines at ``usd_hour``, each alive ``drain_s``, the ceiling allows.

    Raises:
        ValueError: When such a machine costs nothing, so that no number is the answer.
    """
    each = usd_hour * drain_s / HOUR_S
    if each <= 0:
        raise ValueError("a machine that costs nothing has no affordable number")
    return max(0, int((max_usd - committed(bills, now, drain_s)) / each))


@dataclass(frozen=True, slots=True)
class FinalCost:
    """A finished run's cost. A ratio whose divisor is 0 is None.

    ``overhead`` is billed minutes over minutes that tasks ran. ``open_machines`` were not known to
    be deleted at the time of reckoning; they are billed until then.
    """

    usd: float
    machines: int
    open_machines: int
    billed_minutes: float
    task_minutes: float
    usd_per_task: float | None
    usd_per_success: float | None
    overhead: float | None


def final_cost(
    bills: Iterable[Bill], now: float, *, task_s: float, scored: int, successes: int
) -> FinalCost:
    """Reckon a run.

    Args:
        bills: Every machine of the run, of all its sessions, drain machines too.
        now: Unix seconds of the reckoning.
        task_s: Seconds that tasks ran, every attempt counted.
        scored: How many trials of tasks were scored.
        successes: How many of these were full successes.
    """
    every = list(bills)
    usd = spent(every, now)
    billed_s = sum(bill.seconds(now) for bill in every)
    return FinalCost(
        usd=usd,
        machines=len(every),
        open_machines=sum(bill.deleted is None for bill in every),
        billed_minutes=billed_s / MINUTE_S,
        task_minutes=task_s / MINUTE_S,
        usd_per_task=_per(usd, scored),
        usd_per_success=_per(usd, successes),
        overhead=_per(billed_s, task_s),
    )


def _per(amount: float, count: float) -> float | None:
    return amount / count if count > 0 else None
