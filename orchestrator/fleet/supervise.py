"""Watches a fleet until its jobs are over: looks, decides, acts, and starts again.

Each round lists everything anew and closes the difference between what is and what should be. A
round that cannot see acts on nothing: what was missed is still there at the next.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from orchestrator.cloud.failures import CloudError
from orchestrator.errors import EXIT_COMPLETE, EXIT_INCOMPLETE, EXIT_INFRASTRUCTURE, StoreError
from orchestrator.fleet.blindness import Blindness
from orchestrator.fleet.decide import Actions, Orders, Rules, decide
from orchestrator.fleet.identity import Role
from orchestrator.fleet.last_resort import last_resort
from orchestrator.fleet.launch import Launched
from orchestrator.fleet.memory import Memory
from orchestrator.fleet.removal import Remover
from orchestrator.fleet.view import FleetView, Phase, join
from orchestrator.fleet.witness import Witness
from orchestrator.github import GitHubError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from orchestrator.cloud.port import Market
    from orchestrator.fleet.clear import RunnerStore
    from orchestrator.fleet.launch import Launcher
    from orchestrator.fleet.orders import RunLedger
    from orchestrator.fleet.spending import Spending
    from orchestrator.fleet.supply import Supply
    from orchestrator.github import Job

_THREADS = 16
_CENT = 0.01
_CAME_UP = (Phase.IDLE, Phase.BUSY, Phase.OVER)


class JobStore(Protocol):
    """What is needed of GitHub's runs here."""

    def jobs(self, run_id: int, attempt: int) -> list[Job]:
        """Return the jobs of one attempt."""
        ...

    def cancel(self, run_id: int) -> bool:
        """Ask a run to end."""
        ...


@dataclass(frozen=True, slots=True)
class Settings:
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
    orders: Orders
    actions: Actions
    usd: float
    troubles: tuple[str, ...]
    halted: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """How it ended: an exit code and the reason."""

    exit_code: int
    reason: str


@dataclass(slots=True)
class Supervisor:
    """One attempt's supervisor. ``told`` gets every round."""

    settings: Settings
    launcher: Launcher
    supply: Supply
    drain_supply: Supply
    runners: RunnerStore
    runs: JobStore
    ledger: RunLedger
    spending: Spending
    told: Callable[[Round], None] = lambda _round: None
    _memory: Memory | None = None
    _witness: Witness = field(default_factory=Witness)
    _fatal: str = ""
    _submitted: dict[str, float] = field(default_factory=dict)
    _troubles: list[str] = field(default_factory=list)
    _blindness: Blindness = field(default_factory=Blindness)
    _asked_to_drain: bool = False

    def run(self) -> Ended:
        """Supervise until no job is unfinished, or nothing more can be done."""
        clock = self.launcher.clock
        started = clock.now()
        self._memory = Memory(started)
        while True:
            done = self._round(started)
            if done is not None:
                return done
            clock.sleep(self.settings.every_s)

    # -- one round --------------------------------------------------------------------------

    def _round(self, started: float) -> Ended | None:
        now = self.launcher.clock.now()
        self._troubles.clear()
        view = self._look(now)
        if self._fatal:
            return Ended(EXIT_INFRASTRUCTURE, self._fatal)
        orders = self._orders()
        if view is None:
            reason = self._blindness.too_long(now)
            return Ended(EXIT_INFRASTRUCTURE, reason) if reason else None
        assert self._memory is not None
        self.spending = self.spending.after_look(view, now)
        self._tell_sightings(view, now)
        self._tell_hope(view)
        if self._must_drain(view, now, started):
            orders = replace(orders, draining=True)
        actions, self._memory = decide(view, orders, self.settings.rules, self._memory, now)
        actions = self._affordable(actions, now)
        self._act(actions, view)
        usd = self.spending.usd(now)
        halted = self._memory.halted
        self.told(Round(now, view, orders, actions, usd, tuple(self._troubles), halted))
        return self._over(actions, view, orders, now, started)

    def _look(self, now: float) -> FleetView | None:
        """List everything; None when a side could not be seen."""
        attempt = self.launcher.attempt
        try:
            resources = self.launcher.cloud.resources(attempt.fleet.tags)
            runners = self.runners.all()
            jobs = self.runs.jobs(attempt.fleet.github_run, attempt.number)
        except (CloudError, GitHubError) as error:
            self._troubles.append(str(error))
            self.launcher.journal.note("look", "failed", detail=str(error))
            self._blindness = self._blindness.after(error, now)
            self._fatal = self._blindness.fatal
            return None
        self._blindness = Blindness()
        return join(attempt.fleet, resources, runners, jobs)

    def _tell_sightings(self, view: FleetView, now: float) -> None:
        """Note what this look shows of each machine for the first time."""
        self._witness, fresh = self._witness.after_look(view, self.spending, now)
        for one in fresh:
            self.launcher.journal.note(one.kind, "seen", one.machine, one.detail, one.facts)

    def _tell_hope(self, view: FleetView) -> None:
        """Say of each role whether a machine of it came up, or may yet."""
        for role, refusals in self.launcher.refusals.items():
            phases = [one.phase for one in view.members if one.role is role]
            came_up = any(phase in _CAME_UP for phase in phases)
            refusals.looked(came_up=came_up, booting=Phase.BOOTING in phases)

    def _orders(self) -> Orders:
        try:
            return self.ledger.read()
        except StoreError as error:
            self._troubles.append(str(error))
            return self.ledger.last

    def _must_drain(self, view: FleetView, now: float, started: float) -> bool:
        """Whether nothing more may be begun, for money or for time; the workers are told once."""
        limit = self.settings.max_usd
        stuck = view.queued and not view.members
        reason = ""
        if self.spending.at_ceiling(limit, now):
            reason = f"{self._ceiling()} is reached"
        elif stuck and not self.spending.room(limit, now, 1, self.supply.wish):
            reason = f"{self._ceiling()} leaves no room for another machine"
        elif now - started >= self.settings.deadline_s:
            reason = "the supervisor's own deadline is reached"
        if reason and not self._asked_to_drain:
            self._drain(reason)
        return bool(reason)

    def _ceiling(self) -> str:
        """Name the ceiling, and what of it was spent before this supervisor began."""
        before = self.spending.before_usd
        spent = f" ({before:.2f} of it were spent before)" if before >= _CENT else ""
        return f"the cost ceiling of {self.settings.max_usd:.2f} USD{spent}"

    def _drain(self, reason: str) -> None:
        try:
            with self.launcher.journal.step("drain", detail=reason):
                self.ledger.drain(reason)
            self._asked_to_drain = True
        except StoreError as error:
            self._troubles.append(str(error))

    def _affordable(self, actions: Actions, now: float) -> Actions:
        """Launch no more machines with an arena than the ceiling has room for."""
        limit = self.settings.max_usd
        room = self.spending.room(limit, now, actions.launch, self.supply.wish)
        if room >= actions.launch:
            return actions
        self._troubles.append(
            f"{actions.launch} machines are wanted, and the cost ceiling has room for {room}"
        )
        return replace(actions, launch=room)

    # -- acting -----------------------------------------------------------------------------

    def _act(self, actions: Actions, view: FleetView) -> None:
        """Do what was decided: deletes first; what fails is tried again at the next look."""
        supplies = {Role.ARENA: self.supply, Role.DRAIN: self.drain_supply}
        trouble = self._troubles.append
        remover = Remover(self.launcher, self.runners, supplies, self._submitted, trouble)
        remover.remove(actions)
        remover.again(view.members)
        self._bury(actions.dead)
        self._launch(actions.launch, self.supply, Role.ARENA)
        self._launch(actions.drains, self.drain_supply, Role.DRAIN)
        if actions.cancel:
            self._cancel(actions.cancel)

    def _bury(self, machines: Iterable[str]) -> None:
        try:
            for worker in self.ledger.bury(machines):
                self.launcher.journal.note("worker lost", "seen", detail=worker)
        except StoreError as error:
            self._troubles.append(str(error))

    def _launch(self, count: int, supply: Supply, role: Role) -> None:
        if count <= 0 or self.launcher.refusals[role].halt.stopped:
            return
        assert self._memory is not None
        try:
            supply.restock(self._markets(supply))
        except CloudError as error:
            self._troubles.append(str(error))
            return
        first = self._memory.launched + self._memory.drains + self.settings.rules.launched
        with ThreadPoolExecutor(_THREADS) as pool:
            numbers = range(first, first + count)
            results = list(pool.map(lambda at: self.launcher.launch(at, supply, role), numbers))
        launched = [one.name for one in results if isinstance(one, Launched)]
        unclear = [one.unclear for one in results if not isinstance(one, Launched) and one.unclear]
        self._troubles += [
            reason for one in results if not isinstance(one, Launched) for reason in one.reasons
        ]
        now = self.launcher.clock.now()
        drains = role is Role.DRAIN
        # A create whose reply was lost for good counts as a launch: it may have taken effect.
        self._memory = self._memory.after_launches([*launched, *unclear], now, drains=drains)

    def _markets(self, supply: Supply) -> Mapping[str, Market]:
        return {region: self.launcher.cloud.market(region) for region in supply.wish.regions}

    def _cancel(self, reason: str) -> None:
        try:
            with self.launcher.journal.step("cancel run", detail=reason):
                self.runs.cancel(self.launcher.attempt.fleet.github_run)
        except GitHubError as error:
            self._troubles.append(str(error))
        self._fatal = reason

    # -- the end ----------------------------------------------------------------------------

    def _over(
        self, actions: Actions, view: FleetView, orders: Orders, now: float, started: float
    ) -> Ended | None:
        assert self._memory is not None
        if not self._fatal and (reason := last_resort(view, orders, self.launcher, self._memory)):
            self._cancel(reason)
        if self._fatal:
            return self._given_up(self._fatal, view)
        if actions.finished:
            return self._verdict("every job is over", view)
        if now - started >= self.settings.deadline_s + self.settings.rules.idle_s:
            return self._verdict("the supervisor's own deadline has passed", view)
        return None

    def _given_up(self, reason: str, view: FleetView) -> Ended:
        """Return how it ended once the run was cancelled: what is scored stays scored."""
        ended = self._verdict(reason, view)
        scored = ended.exit_code == EXIT_COMPLETE
        return ended if scored else Ended(EXIT_INFRASTRUCTURE, reason)

    def _verdict(self, reason: str, view: FleetView) -> Ended:
        try:
            complete = self.ledger.complete()
        except StoreError as error:
            return Ended(EXIT_INFRASTRUCTURE, f"{reason}, but the ledger cannot be read: {error}")
        failed = sum(job.failed for job in view.jobs) if self.settings.fail_with_jobs else 0
        if complete and failed:
            return Ended(EXIT_INCOMPLETE, f"{reason}, every task is scored, {failed} jobs failed")
        if complete:
            return Ended(EXIT_COMPLETE, f"{reason} and every task is scored")
        return Ended(EXIT_INCOMPLETE, f"{reason}, but not every task is scored")
