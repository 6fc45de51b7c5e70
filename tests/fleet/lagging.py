"""Listings that lag, and a hosted clock that is off, with one machine that is really dead.

A cell is a whole run in virtual time: how late Azure's listing is, how late GitHub's are, how far
the hosted runner's clock is from Azure's, and when one machine dies. Reads by id are up to date:
Azure's listing is served from a regional cache and a GET of a machine is not (Azure/AKS#1964,
Azure/azure-rest-api-specs#21221); what GitHub promises of its lists is not documented.
"""

from __future__ import annotations

import itertools
import tempfile
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import stamina

from orchestrator.compute.azure_vm.adapter import AzureCloud
from orchestrator.compute.retry import silence_retry_logs
from orchestrator.fleet.provision import launch_wave
from tests.fakes.arm.faults import Fate
from tests.fakes.arm.world import MACHINE
from tests.fakes.clock import SkewedClock, VirtualClock
from tests.fleet.staging import sky, staged

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from orchestrator.fleet.ending import Ended
    from tests.fakes.github import JobEntry
    from tests.fleet.conftest import Stage
    from tests.fleet.staging import Sky

LAGS_S = (0.0, 15.0, 45.0, 90.0, 200.0)
CLOCKS_MIN = (-20, -5, 0, 5, 20)
MACHINES = 3
BOOT_S, BOOT_DEADLINE_S, JOB_S = 240.0, 600.0, 480.0


class Death(StrEnum):
    """When the dead machine dies: it never boots, or in its job, or as its job is about to end."""

    BOOT = "boot"
    WORK = "work"
    END = "end"


_DIES_AFTER_S = {Death.WORK: JOB_S / 2, Death.END: JOB_S - 20.0}


@dataclass(frozen=True, slots=True)
class Cell:
    """One run of the sweep; lags in seconds, the hosted clock in minutes ahead of Azure's."""

    azure_s: float
    github_s: float
    clock_min: int
    death: Death


@dataclass(frozen=True, slots=True)
class Found:
    """What became of it: ``slain`` are deleted machines that were neither dead nor done."""

    ended: Ended
    slain: tuple[str, ...]
    replaced: int
    cancelled: bool

    def wrongs(self, cell: Cell) -> Iterator[str]:
        """Yield everything that must not be."""
        if self.slain:
            yield f"healthy machines deleted: {', '.join(self.slain)}"
        if self.replaced > 1:
            yield f"{self.replaced} machines replaced for one that died"
        if self.cancelled:
            yield f"the run was cancelled: {self.ended.reason}"
        if cell.death is Death.BOOT and self.ended.exit_code != 0:
            yield f"exit {self.ended.exit_code}: {self.ended.reason}"


EVERY = tuple(
    Cell(*values) for values in itertools.product(LAGS_S, LAGS_S, CLOCKS_MIN, tuple(Death))
)


def covering() -> tuple[Cell, ...]:
    """Return the corners, and cells in which each value of each axis meets each of the others'."""
    ends, clocks = (LAGS_S[0], LAGS_S[-1]), (CLOCKS_MIN[0], CLOCKS_MIN[-1])
    corners = {Cell(*values, Death.WORK) for values in itertools.product(ends, ends, clocks)}
    deaths = tuple(Death)
    latin = {
        Cell(
            LAGS_S[row],
            LAGS_S[column],
            CLOCKS_MIN[(row + column) % 5],
            deaths[(row + 2 * column) % 3],
        )
        for row, column in itertools.product(range(5), range(5))
    }
    return tuple(sorted(corners | latin, key=EVERY.index))


def played(cell: Cell) -> Found:
    """Play a cell."""
    silence_retry_logs()
    clock = VirtualClock()
    with (
        tempfile.TemporaryDirectory() as scratch,
        stamina.set_testing(testing=True, attempts=4, cap=True),
        sky(Path(scratch), clock) as over,
        staged(over, Path(scratch), clock, tasks=2 * MACHINES) as stage,
    ):
        return _Run(cell, over, stage, clock).play()


class _Run:
    def __init__(self, cell: Cell, over: Sky, stage: Stage, clock: VirtualClock) -> None:
        self.cell, self.stage, self.true = cell, stage, clock
        self.slain: list[str] = []
        self.dead = ""
        hosted = SkewedClock(clock, cell.clock_min * 60.0)
        stage.scene.clock = hosted  # type: ignore[assignment]  # the fleet's commands run by it
        stage.scene.cloud.close()
        stage.scene.cloud = AzureCloud(over.settings, over.login, clock=hosted)
        stage.insides.boots = lambda name: BOOT_S + 20.0 * int(name.split("-")[3])
        stage.insides.lasts = lambda _job: JOB_S
        stage.insides.work = self._work

    def play(self) -> Found:
        scene, cell = self.stage.scene, self.cell
        arm, fake = scene.arm, scene.fake
        arm.world.listing_lag_s, fake.world.listing_lag_s = cell.azure_s, cell.github_s
        if cell.death is Death.BOOT:
            arm.faults.machines(Fate(names="waa-500-1-001-*", never_boots=True))
        arm.faults.on_request = self._watch
        wave = launch_wave(self.stage.launcher(), self.stage.capacity(), MACHINES)
        assert len(wave.launched) == MACHINES
        self.dead = wave.launched[1].name
        self.stage.queue_jobs(MACHINES)
        if cell.death is not Death.BOOT:
            arm.world.later(BOOT_S + 60.0 + _DIES_AFTER_S[cell.death], self._die)
        ended = self.stage.supervisor(MACHINES, MACHINES, boot_s=BOOT_DEADLINE_S).run()
        scene.cloud.close()
        replaced = len(arm.world.ever) - MACHINES
        return Found(ended, tuple(self.slain), replaced, fake.world.runs[500].cancelled)

    def _die(self) -> None:
        """Take the machine away, as Azure does: nobody is told."""
        world = self.stage.scene.arm.world
        item = world.find(MACHINE, self.dead)
        if item is not None:
            self.stage.scene.arm.machines._halt(item)
            world.remove(item)

    def _work(self, job: JobEntry, facts: dict[str, str]) -> str:
        return self.stage.score(job, facts, MACHINES)

    def _watch(self, _number: int, call: str, when: str) -> None:
        """See whether a machine that is deleted is well, and has something to do."""
        if when != "before" or not call.startswith("DELETE virtualMachines/"):
            return
        name = call.rpartition("/")[2]
        arm, fake = self.stage.scene.arm, self.stage.scene.fake
        if name == self.dead or arm.world.find(MACHINE, name) is None:
            return
        with fake.world.lock:
            jobs = tuple(fake.world.jobs.values())
        mine = [job for job in jobs if job.runner_name == name]
        waits = any(job.status == "queued" for job in jobs)
        if any(not job.over for job in mine) or (not mine and waits):
            self.slain.append(name)


def table(cells: Sequence[Cell]) -> Iterator[tuple[Cell, Found, tuple[str, ...]]]:
    """Play cells one after the other."""
    for cell in cells:
        outcome = played(cell)
        yield cell, outcome, tuple(outcome.wrongs(cell))
