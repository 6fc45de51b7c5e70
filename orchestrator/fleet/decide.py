"""What a supervisor does next: desired against observed, each round anew. Pure.

A job that was lost while it ran is never queued again (its tasks are stolen), so that what is
wanted follows from the queued jobs alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from orchestrator.fleet.memory import LAG_S
from orchestrator.fleet.view import Phase

if TYPE_CHECKING:
    from orchestrator.cloud.failures import Failure
    from orchestrator.cloud.port import Resource
    from orchestrator.fleet.memory import Memory
    from orchestrator.fleet.view import FleetView, Member
    from orchestrator.github import Runner

LAUNCHES_A_JOB = 2
BAD_BOOTS_LIMIT = 3
"""Boots in a row that took no job: the image, the network or the runner is broken.

A runner that was online and was then removed by GitHub while it waited is none of them, and neither
is a machine no newer than one that took a job: of a large wave some never come up.
"""

_WAITING = (Phase.BOOTING, Phase.IDLE)


@dataclass(frozen=True, slots=True)
class Rules:
    """What a supervisor goes by; durations are seconds.

    ``shards`` is how many jobs the matrix has; ``launched`` how many machines were launched for
    them before this supervisor started; ``boot_s`` how long a machine may take from its create to
    its runner being online, ``idle_s`` how long it may then wait for a job, and ``starved_s`` how
    long jobs may wait while no machine at all can be had.
    """

    shards: int
    launched: int = 0
    boot_s: float = 1200.0
    idle_s: float = 600.0
    starved_s: float = 1800.0
    quiet_s: float = 600.0

    @property
    def launches_limit(self) -> int:
        """How many machines with an arena may be launched for the matrix in all."""
        return LAUNCHES_A_JOB * self.shards


@dataclass(frozen=True, slots=True)
class Orders:
    """What the ledger says of this attempt.

    ``settled``: nothing is left that needs an arena; ``draining``: workers were told to take
    nothing more; ``closing``: the fleet is being torn down.
    """

    settled: bool = False
    draining: bool = False
    closing: bool = False


@dataclass(frozen=True, slots=True)
class Doomed:
    """A machine to delete, and why. ``failure`` is the cloud's, when it could not make it.

    Where it ``may_take_job`` its runner's entry goes first: GitHub refuses that while it has one.
    """

    member: Member
    why: str
    failure: Failure | None = None
    may_take_job: bool = False


@dataclass(frozen=True, slots=True)
class Actions:
    """What to do now.

    ``dead`` are machines known to be gone, and their workers with them; ``cancel`` is why the
    workflow run has to be cancelled, or nothing.
    """

    delete: tuple[Doomed, ...] = ()
    forget: tuple[Runner, ...] = ()
    sweep: tuple[Resource, ...] = ()
    launch: int = 0
    drains: int = 0
    dead: tuple[str, ...] = ()
    cancel: str = ""
    finished: bool = False


def decide(
    view: FleetView, orders: Orders, rules: Rules, memory: Memory, now: float
) -> tuple[Actions, Memory]:
    """Return what to do after this look, and what to remember of it. ``now`` is Unix seconds."""
    memory = memory.after_look(view, now)
    finished = _finished(view, rules, memory, now)
    doomed = _all(view) if finished else _doomed(view, rules, memory, now)
    memory = _count_boots(doomed, memory)
    going = {one.member.name for one in doomed}
    kept = [one for one in view.members if one.name not in going]
    coming = _coming(kept, rules, memory, now)
    launch, drains = _wanted(len(view.queued) - coming, orders, rules, memory)
    surplus = _surplus(view, kept, rules, memory, now)
    actions = Actions(
        delete=(*doomed, *surplus),
        forget=tuple(
            one
            for one in view.ghosts
            if one.name not in memory.pending and memory.sure(f"ghost {one.id}", now, LAG_S)
        ),
        sweep=tuple(one for one in view.orphans if memory.sure(f"part {one.id}", now)),
        launch=launch,
        drains=drains,
        dead=tuple(
            job.runner_name or "" for job in view.orphaned if memory.sure(f"orphaned {job.id}", now)
        ),
        cancel=_cancel(view, orders, rules, memory, now, coming + launch + drains),
        finished=finished,
    )
    return actions, memory


def _coming(kept: list[Member], rules: Rules, memory: Memory, now: float) -> int:
    """Return how many machines are on their way to a job, those that listings hide included."""
    listed = sum(one.phase in (*_WAITING, Phase.RUNNERLESS) for one in kept)
    hidden = 0
    if now - memory.started < LAG_S:
        hidden = max(0, rules.launched - len(memory.seen))
    return listed + hidden + len(memory.pending)


def _wanted(waiting: int, orders: Orders, rules: Rules, memory: Memory) -> tuple[int, int]:
    """Return how many machines to launch with an arena, and how many without."""
    if waiting <= 0 or orders.closing or memory.halted:
        return 0, 0
    if orders.settled or orders.draining:
        return 0, max(0, min(waiting, rules.shards - memory.drains))
    return max(0, min(waiting, rules.launches_limit - rules.launched - memory.launched)), 0


def _all(view: FleetView) -> tuple[Doomed, ...]:
    there = (one for one in view.members if one.phase is not Phase.DELETING)
    return tuple(Doomed(one, "every job is over") for one in there)


def _doomed(view: FleetView, rules: Rules, memory: Memory, now: float) -> tuple[Doomed, ...]:
    found = (_doom(member, rules, memory, now) for member in view.members)
    return tuple(one for one in found if one is not None)


def _doom(member: Member, rules: Rules, memory: Memory, now: float) -> Doomed | None:
    """Return why a machine has to go, or None."""
    created = now if member.machine.created is None else member.machine.created
    match member.phase:
        case Phase.DELETING:
            return None
        case _ if member.expired(now):
            return Doomed(member, "it is past its expires-at")
        case Phase.OVER:
            return Doomed(member, "its job is over")
        case Phase.FAILED:
            failure = member.machine.failure
            return Doomed(member, f"the cloud could not make it ({failure})", failure)
        case Phase.RUNNERLESS if memory.sure(f"runnerless {member.name}", now):
            return Doomed(member, "its runner is gone and took no job")
        case Phase.BOOTING if now - created > rules.boot_s:
            why = f"its runner was not online within {_time(rules.boot_s)}"
            return Doomed(member, why, may_take_job=True)
        case Phase.IDLE if memory.sure(f"idle {member.name}", now, rules.idle_s):
            why = f"its runner got no job within {_time(rules.idle_s)}"
            return Doomed(member, why, may_take_job=True)
    return None


def _time(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 120 else f"{seconds:.0f} s"


def _count_boots(doomed: tuple[Doomed, ...], memory: Memory) -> Memory:
    """Count the boots that took no job; too many in a row halt the run."""
    bad = {
        one.member.name
        for one in doomed
        if one.member.phase in (Phase.BOOTING, Phase.RUNNERLESS)
        and one.member.name not in memory.came_up | memory.took_job | memory.counted
        and (one.member.machine.created or math.inf) > memory.served
    }
    count = memory.bad_boots + len(bad)
    halted = memory.halted
    if count >= BAD_BOOTS_LIMIT and not halted:
        halted = (
            f"{count} boots in a row took no job: the image, its network or the age of its runner"
        )
    return replace(memory, bad_boots=count, counted=memory.counted | bad, halted=halted)


def _surplus(
    view: FleetView, kept: list[Member], rules: Rules, memory: Memory, now: float
) -> tuple[Doomed, ...]:
    """Return machines that wait while no job does: all jobs are known, and it was seen twice."""
    waiting = [one for one in kept if one.phase in _WAITING]
    spare = len(waiting) - len(view.queued)
    if spare <= 0 or len(view.jobs) < rules.shards or not memory.sure("surplus", now):
        return ()
    waiting.sort(key=lambda one: (one.phase is Phase.IDLE, one.name))
    why = "no job is queued for it"
    return tuple(Doomed(one, why, may_take_job=True) for one in waiting[:spare])


def _cancel(  # every part of what makes a run hopeless
    view: FleetView, orders: Orders, rules: Rules, memory: Memory, now: float, coming: int
) -> str:
    """Return why the workflow run has to be cancelled, the last resort, or nothing."""
    if not view.queued or view.count(Phase.BUSY) or orders.closing:
        return ""
    if memory.halted and not view.count(*_WAITING):
        return memory.halted
    if not coming and memory.sure("unserved", now):
        return "each job's launches are spent, and no machine is left to serve the queued ones"
    if memory.sure("unserved", now, rules.starved_s):
        return f"no machine could be had for {_time(rules.starved_s)}"
    return ""


def _finished(view: FleetView, rules: Rules, memory: Memory, now: float) -> bool:
    """Whether no job is unfinished; a re-run may list fewer than all, if only for long enough."""
    if view.unfinished:
        return False
    return len(view.jobs) >= rules.shards or memory.sure("quiet", now, rules.quiet_s)
