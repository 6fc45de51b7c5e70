"""What a run's fleet was and cost, as frozen values; part of ``Results``. All texts are clean."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CostEntry:
    """US dollars, list prices. None where it is not known.

    ``open_machines`` were not known to be deleted when this was reckoned: what they cost is counted
    until then, and ``final_usd`` is final only once it is 0. ``unpriced_machines`` have no known
    price and are in no figure.
    """

    predicted_usd: float | None
    final_usd: float | None
    per_task_usd: float | None
    per_success_usd: float | None
    open_machines: int
    unpriced_machines: int


@dataclass(frozen=True, slots=True)
class MinutesEntry:
    """Minutes that machines were billed, that tasks ran, and the first over the second."""

    billed: float
    tasks: float
    ratio: float | None


@dataclass(frozen=True, slots=True)
class PhaseEntry:
    """How long machines took from the phase before to this one, over those that show both ends."""

    phase: str
    p50_s: float
    p90_s: float
    max_s: float
    machines: int


@dataclass(frozen=True, slots=True)
class MachineEntry:
    """One machine's life; moments are Unix seconds, None where nobody saw it.

    ``launched`` is when its create was sent, ``created`` when that was accepted, ``booted`` when
    the machine spoke first or was listed as ready, ``online`` and ``job`` what its runner did,
    ``first_task`` when an attempt began on it, ``deleted`` when its delete was accepted or it was
    gone, with ``why``. ``shard`` is that of its worker.
    """

    name: str
    role: str
    size: str
    region: str
    spot: bool | None
    launched: float | None
    created: float | None
    booted: float | None
    online: float | None
    job: float | None
    first_task: float | None
    deleted: float | None
    usd: float | None
    why: str
    shard: int | None


@dataclass(frozen=True, slots=True)
class EventEntry:
    """One event as it is shown."""

    at: float
    actor: str
    kind: str
    stage: str
    machine: str
    detail: str


@dataclass(frozen=True, slots=True)
class ProofEntry:
    """Whether nothing was left after teardown: what was ``left``, in how many ``looks``, when."""

    proved: bool
    looks: int
    at: float
    left: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FleetEntry:
    """A run's machines, from its events. ``events`` are the newest; the rest is left out."""

    cost: CostEntry
    minutes: MinutesEntry
    phases: tuple[PhaseEntry, ...]
    machines: tuple[MachineEntry, ...]
    machines_left_out: int
    events: tuple[EventEntry, ...]
    events_left_out: int
    proof: ProofEntry | None
