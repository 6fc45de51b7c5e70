"""Folds a fleet's events into what its machines did and cost. Pure; nothing is counted by it.

Events are foreign text: a machine's own are believed of that machine alone, times that cannot be
are left out, and what is shown is bounded.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orchestrator.costs import Bill, final_cost, spent
from orchestrator.ledger.events import MACHINE_ACTOR
from orchestrator.report.fleet_entry import (
    CostEntry,
    EventEntry,
    FleetEntry,
    MachineEntry,
    MinutesEntry,
    PhaseEntry,
    ProofEntry,
)
from orchestrator.report.text import NAME_LIMIT, clean, plausible_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from orchestrator.ledger.events import Event
    from orchestrator.report.results import TaskEntry, WorkerEntry

EVENTS_SHOWN = 1000
MACHINES_SHOWN = 1000
_LEFT_SHOWN = 100

PHASES = (
    ("create", "launched", "created"),
    ("boot", "created", "booted"),
    ("online", "booted", "online"),
    ("job", "online", "job"),
    ("first task", "job", "first_task"),
)
"""Each phase with the moments that it lies between."""


@dataclass(frozen=True, slots=True)
class FleetEvents:
    """A run's events, oldest first, and when they were read (Unix seconds)."""

    events: tuple[Event, ...]
    now: float
    damage: tuple[str, ...] = ()


@dataclass(slots=True)
class _Life:
    """What is known of one machine while its events are read."""

    name: str
    real: bool = False
    facts: dict[str, Event] = field(default_factory=dict)
    moments: dict[str, float] = field(default_factory=dict)
    why: str = ""

    def at(self, moment: str, when: float | None) -> bool:
        """Keep the earliest sighting of a moment; say whether this is it."""
        if when is None or not plausible_time(when):
            return False
        if when < self.moments.get(moment, math.inf):
            self.moments[moment] = when
            return True
        return False

    def number(self, fact: str) -> float | None:
        return next((found for one in self._told if (found := one.number(fact)) is not None), None)

    def text(self, fact: str) -> str:
        return next((found for one in self._told if (found := one.text(fact))), "")

    @property
    def spot(self) -> bool | None:
        return next((one.yes("spot") for one in self._told if "spot" in one.facts), None)

    @property
    def _told(self) -> Iterable[Event]:
        return self.facts.values()

    def in_order(self) -> None:
        """Let no moment be later than one that follows it: it had come by then."""
        latest = math.inf
        for moment in ("first_task", "job", "online", "booted", "created", "launched"):
            if moment in self.moments:
                latest = self.moments[moment] = min(latest, self.moments[moment])

    def bill(self, now: float) -> Bill | None:
        """Return its bill, None when it has no price or no beginning. It ends at its own expiry."""
        began = self.moments.get("created", self.moments.get("launched"))
        rate = self.number("usd_hour")
        if began is None or rate is None or not 0 <= rate < math.inf:
            return None
        ended, expires = self.moments.get("deleted"), self.number("expires")
        if ended is None and expires is not None and expires <= now:
            ended = expires
        return Bill(self.name, rate, began, ended)


def _lives(events: Sequence[Event]) -> list[_Life]:
    """Return the machines that somebody accepted, saw or deleted, oldest first."""
    lives: dict[str, _Life] = {}
    for event in events:
        if event.machine:
            _live(lives.setdefault(event.machine, _Life(event.machine)), event)
    real = [life for life in lives.values() if life.real]
    proofs = [event.at for event in _proofs(events) if event.yes("proved")]
    for life in real:
        life.in_order()
        _bury(life, proofs)
    return sorted(real, key=lambda life: (min(life.moments.values(), default=0.0), life.name))


def _bury(life: _Life, proofs: Iterable[float]) -> None:
    """Let a machine that nobody saw go end with the first proof after it: it was gone by then."""
    began = max(life.moments.values(), default=0.0)
    if "deleted" not in life.moments and life.at(
        "deleted", next((at for at in proofs if at >= began), None)
    ):
        life.why = "nobody saw it go; it was gone when nothing was left"


_SEEN = ("booted", "online", "job")
_REAL = (("create", "done"), ("machine", "seen"), ("delete", "done"))
_ENDS = (("delete", "done"), ("gone", "seen"))


def _live(life: _Life, event: Event) -> None:
    """Take one event into a machine's life."""
    if event.actor.startswith(MACHINE_ACTOR):
        if event.actor == MACHINE_ACTOR + life.name:
            life.at("booted", event.at)
        return
    what = (event.kind, event.stage)
    when = event.number("since") or event.at
    life.real |= what in _REAL
    if what in (("create", "done"), ("machine", "seen")):
        life.facts.setdefault(event.kind, event)
        life.at("created", event.number("created") or event.at)
    elif what == ("create", "intent"):
        life.at("launched", event.at)
    elif event.kind in _SEEN and event.stage == "seen":
        life.at(event.kind, when)
    elif what in _ENDS and life.at("deleted", when):
        life.why = event.detail


def fleet_of(
    told: FleetEvents, tasks: Sequence[TaskEntry], workers: Sequence[WorkerEntry]
) -> FleetEntry | None:
    """Return the fleet that these events tell of; None when there are none.

    Args:
        told: The events.
        tasks: The run's tasks: when the first began on a machine, how many were scored.
        workers: The run's workers: which shard a machine served.
    """
    if not told.events:
        return None
    lives = _lives(told.events)
    first = _first_tasks(tasks)
    shards = {one.machine: one.shard for one in workers}
    for life in lives:
        life.at("first_task", first.get(clean(life.name, NAME_LIMIT)))
        life.in_order()
    machines = [_machine(life, shards, told.now) for life in lives]
    cost, minutes = _money(told, lives, tasks)
    return FleetEntry(
        cost=cost,
        minutes=minutes,
        phases=_phases(machines),
        machines=tuple(machines[-MACHINES_SHOWN:]),
        machines_left_out=max(0, len(machines) - MACHINES_SHOWN),
        events=tuple(_event(one) for one in told.events[-EVENTS_SHOWN:]),
        events_left_out=max(0, len(told.events) - EVENTS_SHOWN),
        proof=_proof(told.events),
    )


def spent_so_far(told: FleetEvents) -> float | None:
    """Return US dollars that the machines of these events cost until now; None with no price."""
    bills = [bill for life in _lives(told.events) if (bill := life.bill(told.now)) is not None]
    return spent(bills, told.now) if bills else None


def _first_tasks(tasks: Iterable[TaskEntry]) -> dict[str, float]:
    """Return when the first attempt began on each machine."""
    first: dict[str, float] = {}
    for one in (attempt for task in tasks for attempt in task.attempts):
        if one.machine and plausible_time(one.started):
            first[one.machine] = min(one.started, first.get(one.machine, math.inf))
    return first


def _machine(life: _Life, shards: Mapping[str, int | None], now: float) -> MachineEntry:
    name = clean(life.name, NAME_LIMIT)
    bill = life.bill(now)
    return MachineEntry(
        name=name,
        role=clean(life.text("role"), NAME_LIMIT),
        size=clean(life.text("size"), NAME_LIMIT),
        region=clean(life.text("region"), NAME_LIMIT),
        spot=life.spot,
        launched=life.moments.get("launched"),
        created=life.moments.get("created"),
        booted=life.moments.get("booted"),
        online=life.moments.get("online"),
        job=life.moments.get("job"),
        first_task=life.moments.get("first_task"),
        deleted=life.moments.get("deleted"),
        usd=None if bill is None else spent([bill], now),
        why=clean(life.why),
        shard=shards.get(name),
    )


def _money(
    told: FleetEvents, lives: Sequence[_Life], tasks: Sequence[TaskEntry]
) -> tuple[CostEntry, MinutesEntry]:
    bills = [life.bill(told.now) for life in lives]
    known = [bill for bill in bills if bill is not None]
    scores = [task.score for task in tasks if task.score is not None]
    reckoned = final_cost(
        known,
        told.now,
        task_s=_task_seconds(tasks),
        scored=len(scores),
        successes=sum(score >= 1.0 for score in scores),
    )
    cost = CostEntry(
        predicted_usd=_predicted(told.events),
        final_usd=reckoned.usd if known else None,
        per_task_usd=reckoned.usd_per_task if known else None,
        per_success_usd=reckoned.usd_per_success if known else None,
        open_machines=sum("deleted" not in life.moments for life in lives),
        unpriced_machines=len(bills) - len(known),
    )
    return cost, MinutesEntry(reckoned.billed_minutes, reckoned.task_minutes, reckoned.overhead)


def _task_seconds(tasks: Iterable[TaskEntry]) -> float:
    """Return the wall-clock seconds of every attempt that tells when it began and ended."""
    attempts = (attempt for task in tasks for attempt in task.attempts)
    return math.fsum(
        max(0.0, one.ended - one.started)
        for one in attempts
        if plausible_time(one.started) and plausible_time(one.ended)
    )


def _predicted(events: Iterable[Event]) -> float | None:
    """Return what the run was first expected to cost: a later start has less left to do."""
    found = (one.number("usd") for one in events if one.kind == "prediction")
    return next((usd for usd in found if usd is not None), None)


def _phases(machines: Sequence[MachineEntry]) -> tuple[PhaseEntry, ...]:
    found = []
    for phase, begins, ends in PHASES:
        took = sorted(
            end - begin
            for machine in machines
            if (begin := getattr(machine, begins)) is not None
            and (end := getattr(machine, ends)) is not None
        )
        if took:
            found.append(PhaseEntry(phase, _rank(took, 0.5), _rank(took, 0.9), took[-1], len(took)))
    return tuple(found)


def _rank(ordered: Sequence[float], part: float) -> float:
    """Return the nearest-rank percentile of an ordered sample."""
    return ordered[max(0, math.ceil(part * len(ordered)) - 1)]


def _event(event: Event) -> EventEntry:
    return EventEntry(
        event.at,
        clean(event.actor, NAME_LIMIT),
        clean(event.kind, NAME_LIMIT),
        clean(event.stage, NAME_LIMIT),
        clean(event.machine, NAME_LIMIT),
        clean(event.detail),
    )


def _proofs(events: Iterable[Event]) -> list[Event]:
    """Return the proofs that a command, and no machine, wrote."""
    found = (one for one in events if one.kind == "proof" and not one.machine)
    return [one for one in found if not one.actor.startswith(MACHINE_ACTOR)]


def _proof(events: Iterable[Event]) -> ProofEntry | None:
    """Return the newest proof."""
    found = _proofs(events)
    if not found:
        return None
    last = found[-1]
    looks = last.number("looks") or 0.0
    left = tuple(clean(name) for name in last.texts("left")[:_LEFT_SHOWN])
    return ProofEntry(last.yes("proved"), max(0, int(looks)), last.at, left)
