"""What a supervisor carries from one look to the next, and nothing it could look up. Pure.

What could be a listing's lag is marked when it is seen, and acted on once it was seen often and
long enough.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from orchestrator.fleet.view import Phase

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from orchestrator.fleet.view import FleetView

LOOKS = 2
"""Looks that must agree before what may be a listing's lag is acted on."""

LAG_S = 120.0
"""How long a machine that was accepted may be missing from listings."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Something seen in each of the last ``looks`` looks, first at ``since`` (Unix seconds)."""

    looks: int
    since: float


@dataclass(frozen=True, slots=True)
class Memory:
    """What is remembered; times are Unix seconds.

    ``started`` is when this supervisor began, ``pending`` the machines it launched and no listing
    has shown yet. ``seen`` are machines that were ever listed, ``came_up`` those whose runner was
    ever online, ``took_job`` those that ever had a job, ``served`` when the newest of those was
    created, ``bad_boots`` how many boots in a row neither came up nor took a job. ``launched`` and
    ``drains`` count this supervisor's own launches, with an arena and without. ``halted`` is why
    nothing with an arena is launched any more.
    """

    started: float
    marks: Mapping[str, Mark] = field(default_factory=dict)
    pending: Mapping[str, float] = field(default_factory=dict)
    seen: frozenset[str] = frozenset()
    came_up: frozenset[str] = frozenset()
    took_job: frozenset[str] = frozenset()
    served: float = -math.inf
    counted: frozenset[str] = frozenset()
    bad_boots: int = 0
    launched: int = 0
    drains: int = 0
    halted: str = ""

    def sure(self, mark: str, now: float, for_s: float = 0.0) -> bool:
        """Whether something was seen in enough looks, and for at least ``for_s`` seconds."""
        found = self.marks.get(mark)
        return found is not None and found.looks >= LOOKS and now - found.since >= for_s

    def after_launches(self, names: Iterable[str], now: float, *, drains: bool) -> Memory:
        """Return the memory once these machines were accepted."""
        fresh = tuple(names)
        pending = {**self.pending, **dict.fromkeys(fresh, now)}
        if drains:
            return replace(self, pending=pending, drains=self.drains + len(fresh))
        return replace(self, pending=pending, launched=self.launched + len(fresh))

    def after_look(self, view: FleetView, now: float) -> Memory:
        """Return the memory once ``view`` was seen."""
        names = {one.name for one in view.members}
        online = {one.name for one in view.members if one.runner and one.runner.online}
        at_work = [one for one in view.members if one.phase in (Phase.BUSY, Phase.OVER)]
        working = {one.name for one in at_work}
        return replace(
            self,
            marks={mark: self._marked(mark, now) for mark in _marks_of(view)},
            pending={
                name: at
                for name, at in self.pending.items()
                if name not in names and now - at < LAG_S
            },
            seen=self.seen | names,
            came_up=self.came_up | online,
            took_job=self.took_job | working,
            served=max([self.served, *(one.machine.created or self.served for one in at_work)]),
            bad_boots=0 if working - self.took_job else self.bad_boots,
        )

    def _marked(self, mark: str, now: float) -> Mark:
        known = self.marks.get(mark)
        return Mark(known.looks + 1, known.since) if known else Mark(1, now)


def _marks_of(view: FleetView) -> Iterator[str]:
    """Yield a name for everything in a look that has to be seen again to be believed."""
    for member in view.members:
        if member.phase in (Phase.RUNNERLESS, Phase.IDLE):
            yield f"{member.phase} {member.name}"
    for runner in view.ghosts:
        if not (runner.busy or runner.online):
            yield f"ghost {runner.id}"
    for job in view.orphaned:
        yield f"orphaned {job.id}"
    for part in view.orphans:
        yield f"part {part.id}"
    if view.count(Phase.BOOTING, Phase.IDLE) > len(view.queued):
        yield "surplus"
    if view.queued and not view.members:
        yield "unserved"
    if not view.unfinished:
        yield "quiet"
