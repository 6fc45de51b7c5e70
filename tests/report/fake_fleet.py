"""The events of the fleet that worked a played run: one machine a worker, each gone when it left.

What a report says of machines, times and money is then the product's own fold of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orchestrator.compute.azure_vm.price_table import built_in
from orchestrator.ledger.events import Event
from orchestrator.planning.costs import MachineKind, hourly
from orchestrator.report.model.fleet import FleetEvents
from tests.report.fake_run import START, machine_of

if TYPE_CHECKING:
    from orchestrator.ledger.events import Fact
    from orchestrator.ledger.records import Heartbeat, Left
    from tests.report.fake_run import FakeRun

SIZE = "Standard_D8s_v5"
HOURLY = hourly(built_in(SIZE, "westeurope"), MachineKind(spot=True, disks=2))
GONE = "no listing shows it any more"
PREDICTED_S = 16_900.0
REPLACED_S = 40.0
_MOMENTS = (("create", 0.08), ("booted", 0.55), ("online", 0.65), ("job", 0.75))
"""How far a machine has come when this share of the time before its first task is over."""


def fake_fleet(run: FakeRun, *, left: tuple[str, ...] = ()) -> FleetEvents:
    """Return the events of a run's fleet, whose teardown found ``left`` in the end."""
    teller = _Teller()
    folded = run.fold()
    first: dict[str, float] = {}
    for outcome in (outcome for result in folded.results for outcome in result.attempts):
        if outcome.started:  # an attempt that was lost tells no times
            first[outcome.worker] = min(outcome.started, first.get(outcome.worker, outcome.started))
    predicted = run.workers * HOURLY * PREDICTED_S / 3600
    teller.tell(START, "provision", "prediction", facts={"usd": predicted})
    evicted = {
        heartbeat.shard: folded.left[worker].at for worker, heartbeat in _evicted(run).items()
    }
    for worker, beat in folded.heartbeats.items():
        replaces = worker not in _evicted(run) and evicted.get(beat.shard)
        launched = replaces + REPLACED_S if replaces else START + 4.0 * beat.shard
        teller.life(beat, launched, first[worker], folded.left[worker])
    over = max(left.at for left in folded.left.values()) + 190
    facts: dict[str, Fact] = {"proved": not left, "looks": 3, "left": left}
    said = "nothing is left" if not left else f"{len(left)} left"
    teller.tell(over, "teardown", "proof", detail=said, facts=facts)
    return FleetEvents(tuple(sorted(teller.events, key=lambda event: event.at)), over + 5)


def _evicted(run: FakeRun) -> dict[str, Heartbeat]:
    """Return the workers whose end somebody else had to prove."""
    folded = run.fold()
    return {
        worker: beat
        for worker, beat in folded.heartbeats.items()
        if folded.left[worker].by != worker
    }


@dataclass
class _Teller:
    """Writes events as the fleet's commands do."""

    events: list[Event] = field(default_factory=list)

    def tell(
        self,
        at: float,
        actor: str,
        kind: str,
        stage: str = "seen",
        machine: str = "",
        detail: str = "",
        facts: dict[str, Fact] | None = None,
    ) -> None:
        number = len(self.events) + 1
        self.events.append(Event(actor, number, at, kind, stage, machine, detail, facts or {}))

    def life(self, beat: Heartbeat, launched: float, first_task: float, left: Left) -> None:
        """Tell a machine's life, from its create to its end."""
        name = machine_of(beat.worker)
        born: dict[str, Fact] = {
            "size": SIZE,
            "region": beat.fingerprint["region"],
            "spot": True,
            "role": "arena",
            "usd_hour": HOURLY,
        }
        actor = "provision" if launched < START + 60 else "supervise"
        self.tell(launched, actor, "create", "intent", name, f"for shard {beat.shard}", born)
        for kind, share in _MOMENTS:
            at = launched + share * (first_task - launched)
            stage, reported = ("done", born) if kind == "create" else ("seen", None)
            self.tell(
                at, actor if kind == "create" else "supervise", kind, stage, name, facts=reported
            )
        if left.by != beat.worker:
            self.tell(left.at, "supervise", "gone", "seen", name, GONE)
            return
        for after, stage in ((8, "intent"), (9, "done")):
            self.tell(left.at + after, "supervise", "delete", stage, name, "its job is over")
        self.tell(left.at + 50, "supervise", "gone", "seen", name, GONE)
