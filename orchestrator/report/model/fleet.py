"""Folds a fleet's events into what its machines did and cost. Pure; nothing is counted by it.

Events are foreign text: what is shown of them is bounded.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.ledger.lives import billed, lives_of, proofs_of
from orchestrator.ledger.records import plausible_time
from orchestrator.planning.costs import final_cost, spent
from orchestrator.report.schemas.fleet_entry import (
    CostEntry,
    EventEntry,
    FleetEntry,
    MachineEntry,
    MinutesEntry,
    Phase,
    PhaseEntry,
    ProofEntry,
)
from orchestrator.text import NAME_LIMIT, clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from orchestrator.ledger.events import Event
    from orchestrator.ledger.lives import Life
    from orchestrator.report.model.entries import TaskEntry, WorkerEntry

EVENTS_SHOWN = 1000
MACHINES_SHOWN = 1000
_LEFT_SHOWN = 100

PHASES: tuple[tuple[Phase, str, str], ...] = (
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


def fleet_of(
    events: FleetEvents, tasks: Sequence[TaskEntry], workers: Sequence[WorkerEntry]
) -> FleetEntry | None:
    """Return the fleet that these events tell of; None when there are none.

    Args:
        events: The events.
        tasks: The run's tasks: when the first began on a machine, how many were scored.
        workers: The run's workers: which shard a machine served.
    """
    if not events.events:
        return None
    lives = lives_of(events.events)
    first = _first_tasks(tasks)
    shards = {worker.machine: worker.shard for worker in workers}
    for life in lives:
        life.at("first_task", first.get(clean(life.name, NAME_LIMIT)))
        life.in_order()
    machines = [_machine(life, shards, events.now) for life in lives]
    cost, minutes = _money(events, lives, tasks)
    return FleetEntry(
        cost=cost,
        minutes=minutes,
        phases=_phases(machines),
        machines=tuple(machines[-MACHINES_SHOWN:]),
        machines_left_out=max(0, len(machines) - MACHINES_SHOWN),
        events=tuple(_event(event) for event in events.events[-EVENTS_SHOWN:]),
        events_left_out=max(0, len(events.events) - EVENTS_SHOWN),
        proof=_proof(events.events),
    )


def spent_so_far(events: FleetEvents) -> float | None:
    """Return US dollars that the machines of these events cost until now; None with no price."""
    bills = billed(events.events, events.now).bills
    return spent(bills, events.now) if bills else None


def _first_tasks(tasks: Iterable[TaskEntry]) -> dict[str, float]:
    """Return when the first attempt began on each machine."""
    first: dict[str, float] = {}
    for attempt_entry in (attempt for task in tasks for attempt in task.attempts):
        if attempt_entry.machine and plausible_time(attempt_entry.started):
            first[attempt_entry.machine] = min(
                attempt_entry.started, first.get(attempt_entry.machine, math.inf)
            )
    return first


def _machine(life: Life, shards: Mapping[str, int | None], now: float) -> MachineEntry:
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
    events: FleetEvents, lives: Sequence[Life], tasks: Sequence[TaskEntry]
) -> tuple[CostEntry, MinutesEntry]:
    bills = [life.bill(events.now) for life in lives]
    known = [bill for bill in bills if bill is not None]
    scores = [task.score for task in tasks if task.score is not None]
    reckoned = final_cost(
        known,
        events.now,
        task_s=_task_seconds(tasks),
        scored=len(scores),
        successes=sum(score >= 1.0 for score in scores),
    )
    cost = CostEntry(
        predicted_usd=_predicted(events.events),
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
        max(0.0, attempt.ended - attempt.started)
        for attempt in attempts
        if plausible_time(attempt.started) and plausible_time(attempt.ended)
    )


def _predicted(events: Iterable[Event]) -> float | None:
    """Return what the run was first expected to cost: a later start has less left to do."""
    results = (event.number("usd") for event in events if event.kind == "prediction")
    return next((usd for usd in results if usd is not None), None)


def _phases(machines: Sequence[MachineEntry]) -> tuple[PhaseEntry, ...]:
    result = []
    for phase, begins, ends in PHASES:
        took = sorted(
            end - begin
            for machine in machines
            if (begin := getattr(machine, begins)) is not None
            and (end := getattr(machine, ends)) is not None
        )
        if took:
            result.append(
                PhaseEntry(phase, _rank(took, 0.5), _rank(took, 0.9), took[-1], len(took))
            )
    return tuple(result)


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


def _proof(events: Iterable[Event]) -> ProofEntry | None:
    """Return the newest proof."""
    results = proofs_of(events)
    if not results:
        return None
    last = results[-1]
    looks = last.number("looks") or 0.0
    left = tuple(clean(name) for name in last.texts("left")[:_LEFT_SHOWN])
    return ProofEntry(last.yes("proved"), max(0, int(looks)), last.at, left)
