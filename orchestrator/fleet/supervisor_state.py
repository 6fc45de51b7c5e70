"""What a supervisor carries from one look to the next, and nothing it could look up. Pure.

What could be a listing's lag is marked when it is seen, and acted on once it was seen often and
long enough, and proved (``doubts``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from orchestrator.fleet.view import MachinePhase

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from orchestrator.fleet.view import FleetView

_MARKED = (MachinePhase.RUNNERLESS, MachinePhase.IDLE, MachinePhase.BOOTING, MachinePhase.FAILED)

LOOKS = 2
"""Looks that must agree before what may be a listing's lag is asked about."""

LAG_S = 120.0
"""How long a machine that was accepted may be missing from listings before it is asked for."""

AGAIN_S = 300.0
"""After a delete was accepted: a machine that is there even then is looked at, and judged anew."""


@dataclass(frozen=True, slots=True)
class Streak:
    """Something seen in each of the last ``looks`` looks, first at ``since`` (Unix seconds)."""

    looks: int
    since: float


@dataclass(frozen=True, slots=True)
class SupervisorState:
    """What is remembered; times are Unix seconds.

    ``started`` is when this supervisor began, ``pending`` the machines whose create was accepted
    (since when it is waited for them) and that no look has shown yet. ``seen`` are machines that
    were ever there, ``gone`` those that the cloud said are not, ``removed`` those whose delete it
    accepted from this supervisor (when), ``forgot`` those whose runner this supervisor removed.
    ``runner_ids`` are the entries of machines that GitHub ever showed. ``came_up`` are those whose
    runner was ever online, ``took_job`` those that ever had a job, ``served`` when the newest of
    those was created, ``bad_boots`` how many boots in a row neither came up nor took a job.
    ``launched`` and ``drains`` count this supervisor's own launches, with an arena and without.
    ``halted`` is why nothing with an arena is launched any more. ``sighted`` is when an outage
    ended: what could not happen during it has its time anew. ``waiting`` are jobs that were read by
    id and were queued (when).
    """

    started: float
    marks: Mapping[str, Streak] = field(default_factory=dict)
    pending: Mapping[str, float] = field(default_factory=dict)
    seen: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()
    removed: Mapping[str, float] = field(default_factory=dict)
    forgot: frozenset[str] = frozenset()
    runner_ids: Mapping[str, int] = field(default_factory=dict)
    came_up: frozenset[str] = frozenset()
    took_job: frozenset[str] = frozenset()
    served: float = -math.inf
    counted: frozenset[str] = frozenset()
    bad_boots: int = 0
    launched: int = 0
    drains: int = 0
    halted: str = ""
    sighted: float = -math.inf
    waiting: Mapping[int, float] = field(default_factory=dict)

    def sure(self, mark: str, now: float, for_s: float = 0.0) -> bool:
        """Whether something was seen in enough looks, and for at least ``for_s`` seconds."""
        result = self.marks.get(mark)
        return result is not None and result.looks >= LOOKS and now - result.since >= for_s

    def missing(self, view: FleetView) -> frozenset[str]:
        """Return the machines that should be there, that this look lacks and nobody took away."""
        there = {member.name for member in view.members}
        return (self.seen | self.pending.keys()) - there - self.accounted

    @property
    def accounted(self) -> frozenset[str]:
        """The machines whose absence needs no proof: proved already, or our own doing."""
        return self.gone | self.removed.keys()

    def going(self, name: str, now: float) -> bool:
        """Whether a delete that was accepted may still be under way."""
        return name in self.removed and now - self.removed[name] < AGAIN_S

    def after_launches(self, names: Iterable[str], now: float, *, drains: bool) -> SupervisorState:
        """Return the memory once these machines were accepted."""
        fresh = tuple(names)
        pending = {**self.pending, **dict.fromkeys(fresh, now)}
        if drains:
            return replace(self, pending=pending, drains=self.drains + len(fresh))
        return replace(self, pending=pending, launched=self.launched + len(fresh))

    def after_removal(
        self, machines: Iterable[str], runners: Iterable[str], now: float
    ) -> SupervisorState:
        """Return the memory once these machines' deletes were accepted, and runners are gone."""
        removed = {**self.removed, **dict.fromkeys(machines, now)}
        return replace(self, removed=removed, forgot=self.forgot | frozenset(runners))

    def after_proofs(self, gone: Iterable[str]) -> SupervisorState:
        """Return the memory once the cloud said that these machines do not exist."""
        return replace(self, gone=self.gone | frozenset(gone))

    def with_boots_of(self, before: SupervisorState) -> SupervisorState:
        """Return the memory with only those boots counted that were counted before."""
        return replace(
            self, bad_boots=before.bad_boots, counted=before.counted, halted=before.halted
        )

    def after_asking(self, queued: Iterable[int], now: float) -> SupervisorState:
        """Return the memory once these jobs were read by id, and were queued."""
        known = {job: at for job, at in self.waiting.items() if now - at < AGAIN_S}
        return replace(self, waiting={**known, **dict.fromkeys(queued, now)})

    def after_outage(self, now: float) -> SupervisorState:
        """Return the memory once everything is seen again: no mark outlives an outage."""
        return replace(self, marks={}, sighted=now)

    def after_look(self, view: FleetView, now: float) -> SupervisorState:
        """Return the memory once ``view`` was seen."""
        names = {member.name for member in view.members}
        online = {member.name for member in view.members if member.runner and member.runner.online}
        at_work = [
            member
            for member in view.members
            if member.phase in (MachinePhase.BUSY, MachinePhase.OVER)
        ]
        working = {member.name for member in at_work}
        marks = (*_marks_of(view), *(f"missing {name}" for name in self.missing(view)))
        return replace(
            self,
            marks={mark: self._marked(mark, now) for mark in marks},
            pending={
                name: at
                for name, at in self.pending.items()
                if name not in names and name not in self.gone
            },
            seen=self.seen | names,
            runner_ids={**self.runner_ids, **_entries(view)},
            came_up=self.came_up | online,
            took_job=self.took_job | working,
            served=max(
                [self.served, *(member.machine.created or self.served for member in at_work)]
            ),
            bad_boots=0 if working - self.took_job else self.bad_boots,
        )

    def _marked(self, mark: str, now: float) -> Streak:
        known = self.marks.get(mark)
        return Streak(known.looks + 1, known.since) if known else Streak(1, now)


def _entries(view: FleetView) -> dict[str, int]:
    """Return the id of each runner that is listed, by its machine's name."""
    ghosts = {runner.name: runner.id for runner in view.ghosts}
    return ghosts | {member.name: member.runner.id for member in view.members if member.runner}


def _marks_of(view: FleetView) -> Iterator[str]:
    """Yield a name for everything in a look that has to be seen again to be believed."""
    for member in view.members:
        if member.phase in _MARKED:
            yield f"{member.phase} {member.name}"
    for runner in view.ghosts:
        if not (runner.busy or runner.online):
            yield f"ghost {runner.id}"
    for job in view.orphaned:
        yield f"orphaned {job.id}"
    for part in view.orphans:
        yield f"part {part.id}"
    if view.count(MachinePhase.BOOTING, MachinePhase.IDLE) > len(view.queued):
        yield "surplus"
    if view.queued and not view.members:
        yield "unserved"
    if not view.unfinished:
        yield "quiet"
