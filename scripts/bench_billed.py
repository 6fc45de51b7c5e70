#!/usr/bin/env python3
"""Prints billed machine minutes over minutes that tasks ran, beside a fleet kept to the end.

Simulated, in virtual time: real workers share out 154 tasks over a ledger, and leave when nothing
is left to take; the supervisor's own rule looks every 30 s and deletes a machine once its job is
over. Drawn: the tasks (as ``waa-matrix simulate`` draws them, with an earlier run's durations
known), boots of 4 to 10 min, what a job still does after its worker (its artifact), and how long a
delete takes until the billing ends. Exit status 1 when a bound does not hold; the bounds are on
means over the default draws, fewer wander. Nothing is timed: the same seed gives the same tables.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from orchestrator.compute.base import Instance, InstanceState, Kind
from orchestrator.fleet.decide import Rules, RunState, decide
from orchestrator.fleet.identity import MACHINE_TAG, Fleet, WorkflowAttempt
from orchestrator.fleet.supervise import SupervisorSettings
from orchestrator.fleet.supervisor_state import SupervisorState
from orchestrator.fleet.view import join
from orchestrator.github import Runner, WorkflowJob
from orchestrator.ledger import paths
from orchestrator.planning.plan import PlanInputs, make_plan
from orchestrator.planning.schedule import Expectations
from orchestrator.planning.simulate import BOOTS, DrawnRun, DurationLaw, draw
from orchestrator.planning.suite import demo_suite, suite_of
from orchestrator.results.verdict import AttemptVerdict
from orchestrator.worker.attempt import Seen
from tests.fakes.virtual import Actor
from tests.fakes.virtual_world import EPOCH, World, open_world

if TYPE_CHECKING:
    from orchestrator.planning.suite import Unit

BOUNDS = {10: 1.15, 40: 1.35}
AFTER_WORKER_S = (10.0, 30.0)
"""The rest of a job: its artifact is uploaded, and GitHub says that it is over."""
DELETE_S = (20.0, 60.0)
"""From the delete to the end of billing; a forced one does not wait for a shutdown."""

FLEET = Fleet("octo/bench", 500)
EVERY_S = SupervisorSettings(Rules(1)).every_s


@dataclass
class Machine:
    """One machine of a drawn run; times are Unix seconds of the virtual world."""

    name: str
    shard: int
    boots_at: float
    after_worker_s: float
    delete_s: float
    actor: Actor | None = None
    over_at: float | None = None
    deleted_at: float | None = None

    def gone(self, now: float) -> bool:
        """Whether it exists no more."""
        return self.deleted_at is not None and now >= self.deleted_at

    def over(self, now: float) -> bool:
        """Whether GitHub says that its job is over."""
        return self.over_at is not None and now >= self.over_at

    def resource(self) -> Instance:
        """Return it as a listing shows it."""
        state = InstanceState.RUNNING if self.deleted_at is None else InstanceState.ENDING
        tags = {**FLEET.tags, MACHINE_TAG: self.name}
        return Instance(Kind.MACHINE, self.name, self.name, "westeurope", state, tags, EPOCH)

    def runner(self) -> Runner:
        """Return its runner as a listing shows it: connected once it has booted."""
        status = "offline" if self.actor is None else "online"
        labels = frozenset({FLEET.label})
        return Runner(self.shard, self.name, status, self.actor is not None, labels)

    def job(self, now: float) -> WorkflowJob:
        """Return the job it takes as soon as it is up."""
        at_work = self.actor is not None
        status = "completed" if self.over(now) else "in_progress" if at_work else "queued"
        return WorkflowJob(
            id=self.shard, name=f"benchmark ({self.shard})", attempt=1, status=status,
            conclusion=None, labels=frozenset({FLEET.label}),
            runner_id=self.shard if at_work else None, runner_name=self.name if at_work else None,
            created_at=EPOCH, started_at=None, completed_at=None,
        )  # fmt: skip


@dataclass
class Run:
    """One drawn run. ``played`` fills in what became of its machines."""

    drawn: DrawnRun
    machines: list[Machine]
    first_look: float
    scratch: Path
    world: World = field(init=False)

    def __post_init__(self) -> None:
        known = Expectations(by_task=self.drawn.history)
        self.world = open_world(make_plan(PlanInputs(suite_of(self.drawn.tasks), known)))
        self._seconds = dict(zip(self.drawn.tasks, self.drawn.durations, strict=True))

    def play(self) -> None:
        """Let a second pass after the other until every machine is gone."""
        world, next_look = self.world, self.first_look
        memory = SupervisorState(next_look)
        while not all(machine.gone(world.now) for machine in self.machines):
            world.now += 1.0
            for machine in self.machines:
                self._live(machine)
            if world.now >= next_look:
                memory, next_look = self._look(memory), next_look + EVERY_S

    def _live(self, machine: Machine) -> None:
        now = self.world.now
        if machine.actor is None:
            if now >= machine.boots_at and machine.deleted_at is None:
                shards = len(self.machines)
                name = f"w{machine.shard:03d}"
                shard = (machine.shard, shards)
                machine.actor = Actor(self.world, name, shard, self.scratch, self._fate)
            return
        machine.actor.pulse()
        while machine.actor.ready:
            machine.actor.resume()
        if machine.actor.ended and machine.over_at is None:
            machine.over_at = now + machine.after_worker_s

    def _look(self, memory: SupervisorState) -> SupervisorState:
        now = self.world.now
        there = [machine for machine in self.machines if not machine.gone(now)]
        view = join(
            FLEET,
            [machine.resource() for machine in there],
            [machine.runner() for machine in self.machines if not machine.over(now)],
            [machine.job(now) for machine in self.machines],
        )
        rules = Rules(shards=len(self.machines), launched=len(self.machines))
        settled = sum(path.startswith(paths.OUTCOMES) for path in self.world.objects)
        orders = RunState(settled=settled >= len(self.drawn.tasks))
        actions, memory = decide(view, orders, rules, memory, now)
        assert actions.launch == actions.drains == 0, "nothing fails in these draws"
        by_name = {machine.name: machine for machine in self.machines}
        for doomed in actions.delete:
            machine = by_name[doomed.member.name]
            machine.deleted_at = now + machine.delete_s
        return memory

    def _fate(self, unit: Unit, _attempt: int) -> Seen:
        return Seen(AttemptVerdict(1.0, None, (), ""), 3, self._seconds[unit.task], {}, None)

    @property
    def busy_s(self) -> float:
        """Seconds that tasks ran."""
        return sum(self.drawn.durations)

    @property
    def billed(self) -> float:
        """Machine seconds over seconds that tasks ran."""
        return sum((machine.deleted_at or 0.0) - EPOCH for machine in self.machines) / self.busy_s

    @property
    def kept(self) -> float:
        """The same, if every machine were deleted once the last job is over."""
        end = max(machine.over_at or 0.0 for machine in self.machines)
        return sum(end + machine.delete_s - EPOCH for machine in self.machines) / self.busy_s

    @property
    def idle_s(self) -> float:
        """Mean seconds from a machine's last task to the end of its billing."""
        ends = self._last_ends()
        return statistics.fmean(
            (machine.deleted_at or 0.0) - ends[machine.shard] for machine in self.machines
        )

    def _last_ends(self) -> dict[int, float]:
        ends = {machine.shard: machine.boots_at for machine in self.machines}
        for path, (_, at) in self.world.objects.items():
            key = paths.parse_outcome(path)
            if key is not None:
                shard = int(key.worker.removeprefix("w"))
                ends[shard] = max(ends[shard], at)
        return ends


def drawn_run(seed: int, workers: int, scratch: Path) -> Run:
    """Draw one run; equal seeds give the same tasks to any number of workers."""
    rng = random.Random(seed)  # noqa: S311 - reproducible draws, no secret
    drawn = draw(rng, demo_suite().tasks, DurationLaw())
    attempt = WorkflowAttempt(FLEET, 1, "bench")
    machines = [
        Machine(
            attempt.machine_name(number, "0000"), number, EPOCH + boot_s,
            rng.uniform(*AFTER_WORKER_S), rng.uniform(*DELETE_S),
        )
        for number, boot_s in enumerate(BOOTS.boots(rng, workers))
    ]  # fmt: skip
    return Run(drawn, machines, EPOCH + rng.uniform(0.0, EVERY_S), scratch)


@click.command(help=__doc__)
@click.option("--draws", default=24, show_default=True, help="Drawn runs for each figure.")
@click.option("--seed", default=0, show_default=True, help="Of the draws.")
def main(draws: int, seed: int) -> None:
    """Print the table and the bounds."""
    click.echo(f"Simulated: 154 tasks, {BOOTS.name}, {draws} draws, seed {seed}")
    click.echo(f"{'':>14}{'billed':>8}{'worst':>8}{'kept':>8}{'last task to unbilled':>24}")
    holds = True
    verdicts = []
    for workers, most in BOUNDS.items():
        runs = []
        for number in range(draws):
            with tempfile.TemporaryDirectory() as scratch:
                run = drawn_run(seed * 10_007 + number, workers, Path(scratch))
                run.play()
                runs.append(run)
        billed = statistics.fmean(run.billed for run in runs)
        kept = statistics.fmean(run.kept for run in runs)
        worst = max(run.billed for run in runs)
        idle = statistics.fmean(run.idle_s for run in runs)
        click.echo(f"{f'N={workers}':>14}{billed:>8.3f}{worst:>8.3f}{kept:>8.3f}{idle:>22.0f} s")
        holds &= billed <= most
        verdict = "ok  " if billed <= most else "FAIL"
        verdicts.append(
            f"{verdict} {billed:.3f} <= {most:.2f}  machine over task minutes, N={workers}"
        )
    click.echo("\n".join(verdicts))
    sys.exit(0 if holds else 1)


if __name__ == "__main__":
    main()
