"""A run through an outage: of GitHub, of Azure, of the store, or of both clouds at once.

Whole runs in virtual time, with what a workflow does around them: provision's launches and its
giving up, the supervisor, the report job's teardown once every other job is over, and the sweeper
at its schedule. What a row says is counted by the fake cloud, not by the fleet.
"""

from __future__ import annotations

import itertools
import tempfile
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import stamina

from orchestrator.compute.retry import silence_retry_logs
from orchestrator.fleet.cleanup import PollPolicy
from orchestrator.fleet.provision import launch_wave
from orchestrator.fleet.reap import Reaper
from orchestrator.fleet.teardown import tear_down
from orchestrator.store import Store
from orchestrator.store.objects import UnclearError
from tests.fakes.arm.world import MACHINE
from tests.fakes.clock import VirtualClock
from tests.fakes.github.scheduler import settle
from tests.fleet.conftest import MINE, REPOSITORY
from tests.fleet.staging import sky, staged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from orchestrator.fleet.capacity import CapacityPool
    from orchestrator.fleet.cleanup import Cleared
    from orchestrator.store.objects import Listed, Primitives
    from tests.fakes.github import JobEntry
    from tests.fleet.conftest import Stage

MACHINES = 3
BOOT_S, JOB_S = 240.0, 2400.0
REAPER_S = 1800.0
END_S = 8 * 3600.0
USD_HOUR = 0.46
"""Of a Standard_D8s_v5 in westeurope, at list prices."""


class Side(StrEnum):
    """Who does not answer."""

    GITHUB = "GitHub"
    AZURE = "Azure"
    STORE = "the store"
    BOTH = "GitHub and Azure"


class Phase(StrEnum):
    """When the outage begins."""

    PROVISION = "provision"
    BOOT = "boot"
    WORK = "work"
    END = "end"
    TEARDOWN = "teardown"


LENGTHS_MIN = (2, 16, 45, 120)
_BEGINS_S = {Phase.BOOT: 60.0, Phase.WORK: BOOT_S + 900.0, Phase.END: BOOT_S + JOB_S}


@dataclass(frozen=True, slots=True)
class Row:
    """One outage."""

    side: Side
    minutes: int
    phase: Phase


ROWS = tuple(Row(*values) for values in itertools.product(Side, LENGTHS_MIN, Phase))


def covering() -> tuple[Row, ...]:
    """Return the two hours without GitHub, and rows in which each side, phase and length meet."""
    worst = {Row(Side.GITHUB, 120, phase) for phase in (Phase.BOOT, Phase.WORK, Phase.END)}
    pairs = {
        Row(side, LENGTHS_MIN[(at + turn) % 4], phase)
        for turn, side in enumerate(Side)
        for at, phase in enumerate(Phase)
    }
    return tuple(sorted(worst | pairs, key=ROWS.index))


@dataclass(frozen=True, slots=True)
class Found:
    """What became of a run. Minutes are of all its machines.

    ``needed_min`` is each machine's boot and work, and as long as Azure took no delete before and
    after; ``slain`` are machines that were deleted with a worker on them.
    """

    code: int
    reason: str
    machines: int
    needed_min: float
    billed_min: float
    slain: tuple[str, ...]
    left: tuple[str, ...]

    @property
    def bound_min(self) -> float:
        """The most that may be billed."""
        return 1.3 * self.needed_min + 30.0 * self.machines

    @property
    def usd(self) -> float:
        """What was billed."""
        return self.billed_min / 60.0 * USD_HOUR

    def wrongs(self) -> Iterator[str]:
        """Yield everything that must not be."""
        if self.billed_min > self.bound_min:
            yield f"{self.billed_min:.0f} minutes billed, more than {self.bound_min:.0f}"
        if self.slain:
            yield f"working machines deleted: {', '.join(self.slain)}"
        if self.left:
            yield f"left: {', '.join(self.left)}"


def played(row: Row) -> Found:
    """Play a row."""
    clock = VirtualClock()
    silence_retry_logs()
    with (
        tempfile.TemporaryDirectory() as scratch,
        stamina.set_testing(testing=True, attempts=4, cap=True),
        sky(Path(scratch), clock) as over,
        staged(over, Path(scratch), clock, tasks=2 * MACHINES) as stage,
    ):
        return _Run(row, stage, clock).play()


class _Away:
    """A store's primitives, which do not answer until ``until``."""

    def __init__(self, inner: Primitives, clock: VirtualClock) -> None:
        self._inner, self._clock = inner, clock
        self.until = 0.0

    @property
    def down(self) -> bool:
        return self._clock.now() < self.until

    def put_new(self, path: str, data: bytes) -> None:
        self._check()
        self._inner.put_new(path, data)

    def put(self, path: str, data: bytes) -> None:
        self._check()
        self._inner.put(path, data)

    def list(self, prefix: str) -> list[Listed]:
        self._check()
        return self._inner.list(prefix)

    def get(self, path: str) -> bytes | None:
        self._check()
        return self._inner.get(path)

    def _check(self) -> None:
        if self.down:
            raise UnclearError("the store does not answer")


class _Schedule:
    """The fleet's clock: whoever sleeps lets the sweeper run when it is due."""

    def __init__(self, run: _Run, clock: VirtualClock) -> None:
        self._run, self._clock = run, clock
        self._due = clock.now() + REAPER_S
        self._sweeping = False

    def now(self) -> float:
        return self._clock.now()

    def sleep(self, seconds: float) -> None:
        self._clock.sleep(seconds)
        if self._clock.now() >= self._due and not self._sweeping:
            self._due += REAPER_S
            self._sweeping = True
            self._run.sweep()
            self._sweeping = False


class _Run:
    def __init__(self, row: Row, stage: Stage, clock: VirtualClock) -> None:
        self.row, self.stage, self.clock = row, stage, clock
        self.arm, self.fake = stage.scene.arm, stage.scene.fake
        self.away = _Away(stage.store._primitives, clock)
        stage.store = Store(self.away, stage.store.url)
        stage.journal.write_to(stage.store)
        stage.insides.ledger = stage.store
        stage.insides.held = lambda: self.away.down
        stage.scene.clock = _Schedule(self, clock)  # type: ignore[assignment]  # any clock
        stage.insides.boot_s, stage.insides.job_s = BOOT_S, JOB_S
        stage.insides.work = lambda job, facts: stage.score(job, facts, MACHINES)
        self.slain: list[str] = []
        self.outage = (0.0, 0.0)
        self.arm.faults.on_request = self._watch

    def play(self) -> Found:
        begun = self.clock.now()
        if self.row.phase is Phase.PROVISION:
            self._begin()
        elif self.row.phase in _BEGINS_S:
            self.arm.world.later(_BEGINS_S[self.row.phase], self._begin)
        code, reason = self._provision_and_supervise()
        self._pass_until(lambda: not self.fake.world.down and self._jobs_over(), begun)
        if self.row.phase is Phase.TEARDOWN:
            self._begin()
        self._report()
        self._pass_until(lambda: not self._left(), begun)
        return self._found(code, reason)

    # -- the workflow -----------------------------------------------------------------------

    def _provision_and_supervise(self) -> tuple[int, str]:
        provision = self._hosted("provision")
        wave = launch_wave(self.stage.launcher(), self._capacity(), MACHINES)
        if not wave.launched:
            self._tear_down()
            self._end(provision, "failure")
            return 4, "; ".join(wave.why_not)[:80]
        self._end(provision, "success")
        self.stage.queue_jobs(MACHINES)
        supervise = self._hosted("supervise")
        ended = self.stage.supervisor(
            MACHINES, len(wave.launched), capacity=self._capacity(), every_s=60.0
        ).run()
        self._end(supervise, "success" if ended.exit_code == 0 else "failure")
        return ended.exit_code, ended.reason

    def _report(self) -> None:
        report = self._hosted("report")
        tear_down(MINE, self.stage.scene.cleaner, wait=False)
        self._tear_down()
        self._end(report, "success")

    def _tear_down(self) -> Cleared:
        return tear_down(MINE, self.stage.scene.cleaner, PollPolicy(10.0, 900.0))

    def _capacity(self) -> CapacityPool:
        """Return what can be had; it was listed before the outage."""
        until = self.arm.world.down_until
        self.arm.world.down_until = 0.0
        try:
            return self.stage.capacity()
        finally:
            self.arm.world.down_until = until

    def sweep(self) -> None:
        """Run the sweeper, if GitHub starts its workflow."""
        if self.fake.world.down:
            return
        scene = self.stage.scene
        Reaper(REPOSITORY, scene.cleaner, scene.github.runs).reap(PollPolicy(10.0, 900.0))

    def _hosted(self, name: str) -> JobEntry:
        return self.fake.add_job(MINE.github_run, name, ["ubuntu-latest"], hosted=True)

    def _end(self, job: JobEntry, conclusion: str) -> None:
        """End a hosted job; GitHub hears of it when it is there again."""
        self.fake.finish_job(job.id, conclusion)

    def _jobs_over(self) -> bool:
        with self.fake.world.lock:
            settle(self.fake.world)
            return all(job.over for job in self.fake.world.jobs.values())

    def _pass_until(self, done: Callable[[], bool], begun: float) -> None:
        while self.clock.now() - begun < END_S:
            self.arm.run_due()
            if done():
                return
            self.stage.scene.clock.sleep(30.0)

    # -- the outage, and what is seen of the run --------------------------------------------

    def _begin(self) -> None:
        now = self.clock.now()
        until = now + self.row.minutes * 60.0
        self.outage = (now, until)
        if self.row.side in (Side.GITHUB, Side.BOTH):
            self.fake.world.down_until = until
        if self.row.side in (Side.AZURE, Side.BOTH):
            self.arm.world.down_until = until
        if self.row.side is Side.STORE:
            self.away.until = until

    def _watch(self, _number: int, call: str, when: str) -> None:
        if when != "before" or not call.startswith("DELETE virtualMachines/"):
            return
        name = call.rpartition("/")[2]
        insides = self.stage.insides
        at_work = name in insides.jobs and name not in insides.ends
        if at_work and self.arm.world.find(MACHINE, name) is not None:
            self.slain.append(name)

    def _left(self) -> tuple[str, ...]:
        with self.fake.world.lock:
            settle(self.fake.world)
            runners = [f"runner {runner.name}" for runner in self.fake.world.runners.values()]
        return (*self.arm.everything(), *runners)

    def _found(self, code: int, reason: str) -> Found:
        world, ends, now = self.arm.world, self.stage.insides.ends, self.clock.now()
        needed = billed = 0.0
        for name, created in world.begun.items():
            gone = world.ended.get(name, now)
            useful = min(ends.get(name, created), gone)
            billed += gone - created
            needed += useful - created + self._undeletable(useful, gone)
            began = self.stage.insides.begins.get(name)
            if began is not None:  # to wait for a job is no need of anybody's
                ready = min(created + BOOT_S, began)
                needed -= began - ready - self._undeletable(ready, began)
        return Found(
            code,
            reason,
            len(world.begun),
            needed / 60.0,
            billed / 60.0,
            tuple(self.slain),
            self._left(),
        )

    def _undeletable(self, since: float, until: float) -> float:
        """Return for how long in between Azure took no delete."""
        if self.row.side not in (Side.AZURE, Side.BOTH):
            return 0.0
        return max(0.0, min(until, self.outage[1]) - max(since, self.outage[0]))
