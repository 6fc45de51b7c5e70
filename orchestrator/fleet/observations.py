"""What a supervisor's looks show of each machine for the first time, told once each. Pure.

For the report's timeline and for the cost: nothing else is decided by it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orchestrator.compute.base import InstanceState
from orchestrator.fleet.identity import SIZE_TAG, SPOT_TAG, expiry
from orchestrator.fleet.supervisor_state import LOOKS
from orchestrator.fleet.view import MachinePhase

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping

    from orchestrator.fleet.cost import Spending
    from orchestrator.fleet.view import FleetView, Member
    from orchestrator.ledger.events import Fact


@dataclass(frozen=True, slots=True)
class Observation:
    """Something seen of a machine for the first time."""

    kind: str
    machine: str
    detail: str = ""
    facts: Mapping[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ObservedEvents:
    """What was told already. ``missing`` are machines that looks no longer show: looks, since."""

    reported: frozenset[tuple[str, str]] = frozenset()
    missing: Mapping[str, tuple[int, float]] = field(default_factory=dict)

    def after_look(
        self, view: FleetView, spending: Spending, now: float, proved: Container[str]
    ) -> tuple[ObservedEvents, tuple[Observation, ...]]:
        """Return what this look (at ``now``, Unix seconds) shows first, and what to remember.

        ``proved`` are the machines whose absence is no lag: the cloud said that they do not exist,
        or this supervisor deleted them.
        """
        there = {member.name for member in view.members}
        known = {name for kind, name in self.reported if kind == "machine"}
        # A machine can be gone before the first look; its job still names it.
        known |= {job.runner_name for job in view.orphaned if job.runner_name}
        missing = {
            name: (self.missing.get(name, (0, now))[0] + 1, self.missing.get(name, (0, now))[1])
            for name in known - there
        }
        every = (
            *(sighting for member in view.members for sighting in _shown(member, spending)),
            *(
                Observation("gone", name, "no listing shows it any more", {"since": since})
                for name, (looks, since) in sorted(missing.items())
                if looks >= LOOKS and name in proved
            ),
        )
        fresh = tuple(
            sighting for sighting in every if (sighting.kind, sighting.machine) not in self.reported
        )
        reported = self.reported | {(sighting.kind, sighting.machine) for sighting in fresh}
        return ObservedEvents(reported, missing), fresh


def _shown(member: Member, spending: Spending) -> Iterator[Observation]:
    """Yield everything that a look says of one machine."""
    machine, runner, job = member.machine, member.runner, member.job
    yield Observation(
        "machine",
        member.name,
        facts={
            "size": machine.labels.get(SIZE_TAG, ""),
            "region": machine.region,
            "spot": machine.labels.get(SPOT_TAG) == "true",
            "role": str(member.role),
            "created": machine.created,
            "expires": expiry(machine.labels),
            "usd_hour": spending.usd_hour(machine),
        },
    )
    if machine.state is InstanceState.RUNNING:
        yield Observation("booted", member.name)
    if runner is not None and runner.online:
        yield Observation("online", member.name)
    if job is not None and member.phase in (MachinePhase.BUSY, MachinePhase.OVER):
        yield Observation("job", member.name, job.name, {"since": job.started_at})
