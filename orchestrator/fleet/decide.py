"""What a supervisor does next: desired against observed, each round anew. Pure.

A job that was lost while it ran is never queued again (its tasks are stolen), so that what is
wanted follows from the queued jobs alone. What is decided here goes by one look; ``doubts`` names
what of it has to be proved first, and then it is decided again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.fleet.boots import count_boots
from orchestrator.fleet.deletion import Deletion, doom, everything, in_words
from orchestrator.fleet.identity import MACHINE_TAG
from orchestrator.fleet.supervisor_state import LAG_S
from orchestrator.fleet.view import MachinePhase

if TYPE_CHECKING:
    from orchestrator.compute.base import Instance
    from orchestrator.fleet.supervisor_state import SupervisorState
    from orchestrator.fleet.view import FleetView, Member
    from orchestrator.github import Runner

LAUNCHES_A_JOB = 2
_WAITING = (MachinePhase.BOOTING, MachinePhase.IDLE)


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
class RunState:
    """What the ledger says of this attempt.

    ``settled``: nothing is left that needs an arena; ``draining``: workers were told to take
    nothing more; ``closing``: the fleet is being torn down. ``spoke`` are the machines of which a
    worker ever said a word, ``left`` those of them whose workers have all ended.
    """

    settled: bool = False
    draining: bool = False
    closing: bool = False
    spoke: frozenset[str] = frozenset()
    left: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Actions:
    """What to do now.

    ``dead`` are machines known to be gone, and their workers with them; ``cancel`` is why the
    workflow run has to be cancelled, or nothing.
    """

    delete: tuple[Deletion, ...] = ()
    forget: tuple[Runner, ...] = ()
    sweep: tuple[Instance, ...] = ()
    launch: int = 0
    drains: int = 0
    dead: tuple[str, ...] = ()
    cancel: str = ""
    finished: bool = False


def decide(
    view: FleetView, orders: RunState, rules: Rules, memory: SupervisorState, now: float
) -> tuple[Actions, SupervisorState]:
    """Return what to do after this look, and what to remember of it. ``now`` is Unix seconds."""
    memory = memory.after_look(view, now)
    finished = _finished(view, rules, memory, now)
    doomed = everything(view) if finished else doom(view, orders, rules, memory, now)
    memory = count_boots(doomed, orders, memory)
    going = {deletion.member.name for deletion in doomed}
    kept = [
        member
        for member in view.members
        if member.name not in going and not memory.going(member.name, now)
    ]
    coming = _coming(view, kept, rules, memory, now)
    launch, drains = _wanted(len(view.queued) - coming, orders, rules, memory)
    surplus = _surplus(view, kept, rules, memory, now)
    actions = Actions(
        delete=(*doomed, *surplus),
        forget=tuple(
            runner
            for runner in view.ghosts
            if runner.name in memory.accounted and memory.sure(f"ghost {runner.id}", now, LAG_S)
        ),
        sweep=tuple(
            instance
            for instance in view.orphans
            if instance.labels.get(MACHINE_TAG, "") in memory.accounted
            and memory.sure(f"part {instance.id}", now)
        ),
        launch=launch,
        drains=drains,
        dead=tuple(
            job.runner_name
            for job in view.orphaned
            if job.runner_name in memory.accounted and memory.sure(f"orphaned {job.id}", now)
        ),
        cancel=_cancel(view, orders, rules, memory, now, coming + launch + drains),
        finished=finished,
    )
    return actions, memory


def _coming(
    view: FleetView, kept: list[Member], rules: Rules, memory: SupervisorState, now: float
) -> int:
    """Return how many machines are on their way to a job, those that listings hide included.

    Of machines that were launched before and are known by number alone, none is given up before
    its time to boot is over. One that is known to be gone is not among them.
    """
    listed = sum(member.phase in (*_WAITING, MachinePhase.RUNNERLESS) for member in kept)
    known = memory.seen | memory.pending.keys() | memory.accounted
    hidden = 0
    if now - memory.started < rules.boot_s:
        hidden = max(0, rules.launched - len(known))
    return listed + hidden + len(memory.missing(view) - memory.took_job)


def _wanted(
    waiting: int, orders: RunState, rules: Rules, memory: SupervisorState
) -> tuple[int, int]:
    """Return how many machines to launch with an arena, and how many without."""
    if waiting <= 0 or orders.closing or memory.halted:
        return 0, 0
    if orders.settled or orders.draining:
        return 0, max(0, min(waiting, rules.shards - memory.drains))
    return max(0, min(waiting, rules.launches_limit - rules.launched - memory.launched)), 0


def _surplus(
    view: FleetView, kept: list[Member], rules: Rules, memory: SupervisorState, now: float
) -> tuple[Deletion, ...]:
    """Return machines that wait while no job does: all jobs are known, and it was seen twice."""
    waiting = [member for member in kept if member.phase in _WAITING]
    spare = len(waiting) - len(view.queued)
    if spare <= 0 or len(view.jobs) < rules.shards or not memory.sure("surplus", now):
        return ()
    waiting.sort(key=lambda member: (member.phase is MachinePhase.IDLE, member.name))
    why = "no job is queued for it"
    return tuple(Deletion(member, why, may_take_job=True) for member in waiting[:spare])


def _cancel(  # every part of what makes a run hopeless
    view: FleetView,
    orders: RunState,
    rules: Rules,
    memory: SupervisorState,
    now: float,
    coming: int,
) -> str:
    """Return why the workflow run has to be cancelled, the last resort, or nothing."""
    if not view.queued or view.count(MachinePhase.BUSY) or orders.closing:
        return ""
    if memory.missing(view) or any(memory.going(member.name, now) for member in view.members):
        return ""  # nobody has said yet that they are gone
    if memory.halted and not view.count(*_WAITING):
        return memory.halted
    if not coming and memory.sure("unserved", now):
        return "each job's launches are spent, and no machine is left to serve the queued ones"
    if memory.sure("unserved", now, rules.starved_s):
        return f"no machine could be had for {in_words(rules.starved_s)}"
    return ""


def _finished(view: FleetView, rules: Rules, memory: SupervisorState, now: float) -> bool:
    """Whether no job is unfinished; a re-run may list fewer than all, if only for long enough.

    A list that has none at all, or lacks the job that a runner is busy with, is one that lags.
    """
    if view.unfinished:
        return False
    if len(view.jobs) >= rules.shards:
        return True
    if view.count(MachinePhase.BUSY):
        return False
    quiet_s = rules.quiet_s if view.jobs else max(rules.quiet_s, rules.boot_s)
    return memory.sure("quiet", now, quiet_s)
