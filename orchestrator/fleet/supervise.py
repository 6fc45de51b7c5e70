"""Watches a fleet until its jobs are over: looks, decides, acts, and starts again.

Each round lists everything anew, reads by id what the listings do not prove, and closes the
difference between what is and what should be. A round that cannot see GitHub goes by the ledger
alone, and one that cannot see the cloud acts on nothing: what was missed is still there at the
next. It waits out an outage for as long as its own job lives, and hands over before it leaves: the
workers are told to take nothing more, and what nobody works on is deleted.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from orchestrator.compute.base import Kind
from orchestrator.errors import EXIT_INFRASTRUCTURE, StoreError
from orchestrator.fleet.asking import Asker
from orchestrator.fleet.by_ledger import useless
from orchestrator.fleet.decide import Actions, Rules, RunState
from orchestrator.fleet.ending import Ended, Ending
from orchestrator.fleet.facts import Facts
from orchestrator.fleet.identity import Role
from orchestrator.fleet.judging import FleetJudge, Judged
from orchestrator.fleet.last_resort import last_resort
from orchestrator.fleet.look import Look, Outage, look_at
from orchestrator.fleet.observations import ObservedEvents
from orchestrator.fleet.removal import Remover
from orchestrator.fleet.replacements import Replacements
from orchestrator.fleet.supervisor_state import LAG_S, SupervisorState
from orchestrator.fleet.view import MachinePhase
from orchestrator.github import GitHubError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from orchestrator.fleet.capacity import CapacityPool
    from orchestrator.fleet.cleanup import RunnerStore
    from orchestrator.fleet.cost import Spending
    from orchestrator.fleet.facts import Listings
    from orchestrator.fleet.launch import Launcher
    from orchestrator.fleet.run_state import RunLedger
    from orchestrator.fleet.view import FleetView, Member
    from orchestrator.github import WorkflowJob

_CENT = 0.01
_CAME_UP = (MachinePhase.IDLE, MachinePhase.BUSY, MachinePhase.OVER)


class JobStore(Protocol):
    """What is needed of GitHub's runs here."""

    def jobs(self, run_id: int, attempt: int) -> list[WorkflowJob]:
        """Return the jobs of one attempt."""
        ...

    def job(self, job_id: int) -> WorkflowJob | None:
        """Return a job, read by its id."""
        ...

    def cancel(self, run_id: int) -> bool:
        """Ask a run to end."""
        ...


@dataclass(frozen=True, slots=True)
class SupervisorSettings:
    """How a supervisor works; durations are seconds. ``deadline_s`` is its own end.

    ``fail_with_jobs`` makes it fail where a job did, whatever was scored: GitHub re-runs failed
    jobs alone, and one without a supervisor would wait for a machine that nobody brings.
    """

    rules: Rules
    every_s: float = 30.0
    deadline_s: float = 5.8 * 3600
    max_usd: float | None = None
    fail_with_jobs: bool = False


@dataclass(frozen=True, slots=True)
class Round:
    """One round, for a status line."""

    at: float
    view: FleetView
    orders: RunState
    actions: Actions
    usd: float
    troubles: tuple[str, ...]
    halted: str = ""


@dataclass(slots=True)
class Supervisor:
    """One attempt's supervisor. ``on_round`` gets every round."""

    settings: SupervisorSettings
    launcher: Launcher
    capacity: CapacityPool
    drain_supply: CapacityPool
    runners: RunnerStore
    runs: JobStore
    ledger: RunLedger
    spending: Spending
    on_round: Callable[[Round], None] = lambda _round: None
    _memory: SupervisorState | None = None
    _witness: ObservedEvents = field(default_factory=ObservedEvents)
    _fatal: str = ""
    _submitted: dict[str, float] = field(default_factory=dict)
    _troubles: list[str] = field(default_factory=list)
    _outage: Outage = field(default_factory=Outage)
    _asked_to_drain: bool = False

    def run(self) -> Ended:
        """Supervise until no job is unfinished, or nothing more can be done."""
        clock = self.launcher.clock
        started = clock.now()
        self._memory = SupervisorState(started, pending=dict.fromkeys(self._accepted(), started))
        while True:
            done = self._round(started)
            if done is not None:
                return done
            clock.sleep(self.settings.every_s)

    def _accepted(self) -> frozenset[str]:
        """Return the machines that were launched before; none when the events cannot be read."""
        try:
            return self.ledger.accepted()
        except StoreError as error:
            self._troubles.append(str(error))
            return frozenset()

    # -- one round --------------------------------------------------------------------------

    def _round(self, started: float) -> Ended | None:
        now = self.launcher.clock.now()
        self._troubles.clear()
        look = self._look(now)
        orders, fresh = self._orders()
        if look.listings is None:
            return self._blind(look, orders, now, started, fresh=fresh)
        assert self._memory is not None
        judged = self._judged(look.listings, orders, now, started)
        view, actions, self._memory = judged.view, judged.actions, judged.memory
        self._tell_sightings(view, now)
        self._tell_hope(view)
        actions = self._affordable(actions, now)
        self._act(actions, view)
        usd = self.spending.usd(now)
        halted = self._memory.halted
        self.on_round(Round(now, view, orders, actions, usd, tuple(self._troubles), halted))
        return self._over(actions, view, orders, now, started)

    def _look(self, now: float) -> Look:
        """List everything on both sides."""
        look = look_at(self.launcher.cloud, self.runners, self.runs, self.launcher.attempt)
        for error in look.errors:
            self._troubles.append(str(error))
            self.launcher.journal.note("look", "failed", detail=str(error))
        seen_again = self._outage.for_s(now) >= LAG_S and not look.errors
        self._outage = self._outage.after(look, now)
        if seen_again and self._memory is not None:
            self._memory = self._memory.after_outage(now)
        return look

    def _judged(self, listings: Listings, orders: RunState, now: float, started: float) -> Judged:
        """Return what to do; what may be spent, and for how long, is decided by what is proved."""
        assert self._memory is not None
        asker = Asker(self.launcher.cloud, self.runners, self.runs, self._troubles.append)
        judge = FleetJudge(self.launcher.attempt.fleet, self.settings.rules, asker)
        judged = judge.judge(listings, orders, self._memory, now, Facts())
        self.spending = self.spending.after_look(judged.view, now)
        if not self._must_drain(judged, now, started) or orders.draining:
            return judged
        drained = replace(orders, draining=True)
        return judge.judge(listings, drained, self._memory, now, judged.facts)

    def _blind(
        self, look: Look, orders: RunState, now: float, started: float, *, fresh: bool
    ) -> Ended | None:
        """Do what can be done without a whole look, and leave only when the time is up."""
        assert self._memory is not None
        outage, age = self._outage, now - started
        last = age >= self.settings.deadline_s + self.settings.rules.idle_s
        if age >= self.settings.deadline_s or outage.fatal:
            self._drain_once(outage.fatal or "the supervisor's own deadline is reached")
        elif self.spending.at_ceiling(self.settings.max_usd, now):
            self._drain_once(f"{self._ceiling()} is reached")
        left = True
        if look.resources is not None and fresh and (outage.long(now) or outage.fatal or last):
            blind_s = outage.github.for_s(now)
            gone = useless(look.resources, orders, self.settings.rules, self._memory, now, blind_s)
            self._remove(Actions(delete=gone))
            left = any(instance.kind is Kind.MACHINE for instance in look.resources)
        if outage.cloud.fatal or (outage.fatal and not left):
            return Ended(EXIT_INFRASTRUCTURE, outage.fatal)
        return Ended(EXIT_INFRASTRUCTURE, outage.describe(now)) if last else None

    def _tell_sightings(self, view: FleetView, now: float) -> None:
        """Note what this look shows of each machine for the first time."""
        assert self._memory is not None
        self._witness, fresh = self._witness.after_look(
            view, self.spending, now, self._memory.accounted
        )
        for sighting in fresh:
            self.launcher.journal.note(
                sighting.kind, "seen", sighting.machine, sighting.detail, sighting.facts
            )

    def _tell_hope(self, view: FleetView) -> None:
        """Say of each role whether a machine of it came up, or may yet."""
        for role, refusals in self.launcher.refusals.items():
            phases = [member.phase for member in view.members if member.role is role]
            came_up = any(phase in _CAME_UP for phase in phases)
            refusals.looked(came_up=came_up, booting=MachinePhase.BOOTING in phases)

    def _orders(self) -> tuple[RunState, bool]:
        """Return what the ledger says, and whether it was read just now."""
        try:
            return self.ledger.read(), True
        except StoreError as error:
            self._troubles.append(str(error))
            return self.ledger.last, False

    def _must_drain(self, judged: Judged, now: float, started: float) -> bool:
        """Whether nothing more may be begun, for money or for time; the workers are told once."""
        limit = self.settings.max_usd
        view = judged.view
        stuck = view.queued and not view.members and not judged.memory.missing(view)
        reason = ""
        if self.spending.at_ceiling(limit, now):
            reason = f"{self._ceiling()} is reached"
        elif stuck and not self.spending.room(limit, now, 1, self.capacity.wish):
            reason = f"{self._ceiling()} leaves no room for another machine"
        elif now - started >= self.settings.deadline_s:
            reason = "the supervisor's own deadline is reached"
        if reason:
            self._drain_once(reason)
        return bool(reason)

    def _ceiling(self) -> str:
        """Name the ceiling, and what of it was spent before this supervisor began."""
        before = self.spending.before_usd
        spent = f" ({before:.2f} of it were spent before)" if before >= _CENT else ""
        return f"the cost ceiling of {self.settings.max_usd:.2f} USD{spent}"

    def _drain_once(self, reason: str) -> None:
        if self._asked_to_drain:
            return
        try:
            with self.launcher.journal.step("drain", detail=reason):
                self.ledger.drain(reason)
            self._asked_to_drain = True
        except StoreError as error:
            self._troubles.append(str(error))

    def _affordable(self, actions: Actions, now: float) -> Actions:
        """Launch no more machines with an arena than the ceiling has room for."""
        limit = self.settings.max_usd
        room = self.spending.room(limit, now, actions.launch, self.capacity.wish)
        if room >= actions.launch:
            return actions
        self._troubles.append(
            f"{actions.launch} machines are wanted, and the cost ceiling has room for {room}"
        )
        return replace(actions, launch=room)

    # -- acting -----------------------------------------------------------------------------

    def _act(self, actions: Actions, view: FleetView) -> None:
        """Do what was decided: deletes first; what fails is tried again at the next look."""
        self._remove(actions, view.members)
        self._mark_dead(actions.dead)
        self._launch(actions.launch, self.capacity, Role.ARENA)
        self._launch(actions.drains, self.drain_supply, Role.DRAIN)
        if actions.cancel:
            self._cancel(self.launcher.refusals[Role.ARENA].explained(actions.cancel))

    def _remove(self, actions: Actions, members: Iterable[Member] = ()) -> None:
        """Delete what was decided, and submit the deletes of ``members`` anew that do not end."""
        assert self._memory is not None
        supplies = {Role.ARENA: self.capacity, Role.DRAIN: self.drain_supply}
        trouble = self._troubles.append
        remover = Remover(self.launcher, self.runners, supplies, self._submitted, trouble)
        remover.remove(actions)
        remover.again(members)
        now = self.launcher.clock.now()
        self._memory = self._memory.after_removal(remover.accepted, remover.forgotten, now)

    def _mark_dead(self, machines: Iterable[str]) -> None:
        try:
            for worker in self.ledger.mark_dead(machines):
                self.launcher.journal.note("worker lost", "seen", detail=worker)
        except StoreError as error:
            self._troubles.append(str(error))

    def _launch(self, count: int, capacity: CapacityPool, role: Role) -> None:
        assert self._memory is not None
        more = Replacements(self.launcher, self.settings.rules.launched, self._troubles.append)
        self._memory = more.launch(count, capacity, role, self._memory)

    def _cancel(self, reason: str) -> None:
        try:
            with self.launcher.journal.step("cancel run", detail=reason):
                self.runs.cancel(self.launcher.attempt.fleet.github_run)
        except GitHubError as error:
            self._troubles.append(str(error))
        self._fatal = reason

    # -- the end ----------------------------------------------------------------------------

    def _over(
        self, actions: Actions, view: FleetView, orders: RunState, now: float, started: float
    ) -> Ended | None:
        assert self._memory is not None
        if not self._fatal:
            reason = last_resort(view, orders, self.launcher, self._memory, now)
            if reason:
                self._cancel(reason)
        if self._fatal:
            return self._ending(view).given_up(self._fatal)
        if actions.finished:
            return self._ending(view).verdict("every job is over")
        if now - started >= self.settings.deadline_s + self.settings.rules.idle_s:
            return self._ending(view).verdict("the supervisor's own deadline has passed")
        return None

    def _ending(self, view: FleetView) -> Ending:
        failed = sum(job.failed for job in view.jobs) if self.settings.fail_with_jobs else 0
        return Ending(self.ledger, failed)
