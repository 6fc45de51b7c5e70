"""The fleet of the run that ``fake_run`` plays: five machines, one of them evicted."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from orchestrator.report.fleet_entry import (
    CostEntry,
    EventEntry,
    FleetEntry,
    MachineEntry,
    MinutesEntry,
    PhaseEntry,
    ProofEntry,
)
from orchestrator.report.phases import phase_of
from tests.report.fake_run import START

if TYPE_CHECKING:
    from collections.abc import Sequence

END = START + 18_400
EVICTED = START + 4_330
GONE = "no listing shows it any more"
_PHASES = ("create", "boot", "online", "job", "first task")


def fake_fleet(extra: int = 8, *, proved: bool = True, text: str = "") -> FleetEntry:
    """Return a fleet of ``5 + extra`` machines; ``text`` stands wherever foreign text may."""
    draws = random.Random(11)
    machines = [_machine(draws, n, f"waa-w{n}", n, START, END + 60 + 9 * n) for n in range(4)]
    machines[2] = _machine(draws, 2, "waa-w2", 2, START, EVICTED + 30, why=GONE)
    machines.append(_machine(draws, 4, "waa-w2b", 2, EVICTED + 40, END + 70))
    machines += [
        _machine(draws, n, f"waa-w{n}", n, START + 4 * n, END - 900 * (n % 5) + 40)
        for n in range(5, 5 + extra)
    ]
    if text:
        machines.append(_machine(draws, 99, text, 99, START, END, why=text, region=text))
    return FleetEntry(
        cost=CostEntry(27.1, 29.35, 0.2, 0.45, 0 if proved else 1, 0),
        minutes=MinutesEntry(4011.0, 3540.0, 1.13),
        phases=_phases(machines),
        machines=tuple(machines),
        machines_left_out=0,
        events=_events(machines, text),
        events_left_out=3,
        proof=ProofEntry(proved, 3, END + 190, () if proved else ("disk/waa-w3-os", text)),
    )


def _machine(
    draws: random.Random,
    number: int,
    name: str,
    shard: int,
    launched: float,
    deleted: float,
    *,
    why: str = "its job is over",
    region: str = "westeurope",
) -> MachineEntry:
    created = launched + draws.uniform(8, 40)
    booted = created + draws.uniform(70, 190)
    online = booted + draws.uniform(10, 40)
    job = online + draws.uniform(5, 60)
    return MachineEntry(
        name=name,
        role="arena",
        size="Standard_D8s_v5",
        region="northeurope" if number == 4 else region,
        spot=True,
        launched=launched,
        created=created,
        booted=booted,
        online=online,
        job=job,
        first_task=job + draws.uniform(60, 150),
        deleted=deleted,
        usd=round(0.41 * (deleted - launched) / 3600, 2),
        why=why,
        shard=shard,
    )


def _phases(machines: Sequence[MachineEntry]) -> tuple[PhaseEntry, ...]:
    lives = [(m.launched, m.created, m.booted, m.online, m.job, m.first_task) for m in machines]
    found = []
    for number, name in enumerate(_PHASES):
        spans = [float(life[number + 1] or 0) - float(life[number] or 0) for life in lives]
        one = phase_of(name, spans)
        found.append(PhaseEntry(name, one.p50_s, one.p90_s, one.max_s, one.count))
    return tuple(found)


def _events(machines: Sequence[MachineEntry], text: str) -> tuple[EventEntry, ...]:
    events = [
        EventEntry(m.launched or 0.0, "provision", "create", "done", m.name, m.size)
        for m in machines
    ]
    events += [
        EventEntry(EVICTED, "supervise", "gone", "seen", "waa-w2", GONE),
        EventEntry(EVICTED + 40, "supervise", "create", "intent", "waa-w2b", "for shard 2"),
        EventEntry(END + 190, "report", "proof", "seen", "", "two looks found nothing"),
    ]
    if text:
        events.append(EventEntry(END, text, text, text, text, text))
    return tuple(sorted(events, key=lambda event: event.at))
