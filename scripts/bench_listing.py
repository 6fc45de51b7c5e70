#!/usr/bin/env python3
"""Counts listed objects a task: 154 tasks on 40 workers, 1,500 on 256, 5,000 on 256.

A model: the product's own workers in virtual time over one ledger, their store calls taking turns.
Durations are drawn around what is expected, and a share of the attempts fails. Counted is every
object in every reply to a listing, also of heartbeats, orders and the way out. Then 1,500 on 256
are worked once more over Azurite, and counted in the server's replies. Exit status 1 when a bound
does not hold.
"""

from __future__ import annotations

import math
import random
import sys
import tempfile
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import click

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from orchestrator.ledger import paths
from orchestrator.ledger.causes import Cause, Status
from orchestrator.ledger.fold import Stored, fold, read_objects
from orchestrator.ledger.records import Session, to_json
from orchestrator.planning.plan import Plan, PlanInputs, make_plan
from orchestrator.planning.schedule import Expectations
from orchestrator.planning.simulate import DurationLaw, draw
from orchestrator.planning.suite import TaskKey, suite_of
from orchestrator.results.verdict import AttemptVerdict
from orchestrator.worker.attempt import Seen
from tests.fakes.virtual import Actor
from tests.fakes.virtual_world import EPOCH, SESSION, Line, World

if TYPE_CHECKING:
    from orchestrator.arena.port import Arena, Assignment
    from orchestrator.planning.suite import Unit
    from orchestrator.store import Listed, Primitives
    from orchestrator.worker.attempt import Guard

MOST = 40.0
SIZES = ((154, 40), (1500, 256), (5000, 256))
BOUND = 5000
CONFIRMED = SIZES[1]
CLOSE = 0.05


class Objects(dict[str, tuple[bytes, float]]):
    """Objects that are found by each prefix of theirs without a look at all others."""

    def __init__(self) -> None:
        super().__init__()
        self._below: defaultdict[str, dict[str, None]] = defaultdict(dict)

    def __setitem__(self, path: str, value: tuple[bytes, float]) -> None:
        if path not in self:
            end = path.find("/")
            while end >= 0:
                self._below[path[: end + 1]][path] = None
                end = path.find("/", end + 1)
        super().__setitem__(path, value)

    def below(self, prefix: str) -> list[str]:
        """Return the paths below a prefix, which ends in ``/``."""
        return list(self._below.get(prefix, ()))


@dataclass(slots=True)
class Counted(World):
    """A world that counts what listings say, by their first segment."""

    listed: Counter[str] = field(default_factory=Counter)

    def count(self, prefix: str, result: int) -> None:
        """Count the objects of one listing."""
        self.listed[prefix.split("/", 1)[0]] += result

    def below(self, prefix: str) -> list[tuple[str, tuple[bytes, float]]]:
        """Return the objects below a prefix, and count them."""
        assert isinstance(self.objects, Objects)
        texts = self.objects.below(prefix)
        self.count(prefix, len(texts))
        return [(path, self.objects[path]) for path in texts]


class Sleeper(Actor):
    """A worker whose attempts pass in one wait."""

    def _attempt(self, _arena: Arena, assignment: Assignment, _plan: Plan, guard: Guard) -> Seen:
        seen = self.fate(assignment.unit, assignment.attempt)
        guard.stop.wait(seen.seconds)
        return seen


@dataclass
class Run:
    """One run of the model. ``failing`` is the share of attempts that fail."""

    tasks: int
    workers: int
    failing: float
    seed: int
    scratch: Path

    def __post_init__(self) -> None:
        keys = tuple(TaskKey(f"domain{n % 10}", f"task-{n:05d}") for n in range(self.tasks))
        # Reproducible draws, no secret.
        drawn = draw(random.Random(self.seed), keys, DurationLaw())  # noqa: S311
        self._seconds = dict(zip(keys, drawn.durations, strict=True))
        known = Expectations(by_task=drawn.history)
        self.world = Counted(make_plan(PlanInputs(suite_of(keys), known)))
        self.world.objects = Objects()
        self.world.objects[paths.PLAN] = (b"", EPOCH)
        session = to_json(Session(SESSION, EPOCH, "bench", self.workers))
        self.world.objects[paths.session(SESSION)] = (session, EPOCH)

    def play(self, actor_type: type[Actor]) -> None:
        """Let a second pass after the other; workers that could run take turns at the store."""
        crew = [
            actor_type(
                self.world, f"w{number:03d}", (number, self.workers), self.scratch, self._fate
            )
            for number in range(self.workers)
        ]
        while not all(actor.ended for actor in crew):
            self.world.now += 1.0
            for actor in crew:
                actor.pulse()
            while ready := [actor for actor in crew if actor.ready]:
                for actor in ready:
                    actor.resume()

    def _fate(self, unit: Unit, attempt: int) -> Seen:
        luck = random.Random(f"{self.seed}/{unit}/{attempt}").random()  # noqa: S311 - as above
        cause = Cause.ARENA if luck < self.failing else None
        verdict = AttemptVerdict(None if cause else 1.0, cause, (), "")
        return Seen(verdict, 3, self._seconds[unit.task], {}, None)

    @property
    def scored(self) -> int:
        """How many tasks have a score."""
        objects = self.world.objects.items()
        stored = [Stored(path, at, data) for path, (data, at) in objects if path != paths.PLAN]
        return fold(self.world.plan.units, read_objects(stored)).count(Status.SCORED)


class ServerLine(Line):
    """A connection to a real server, whose replies are what counts."""

    server: Primitives

    def put_new(self, path: str, data: bytes) -> None:
        """Create an object there."""
        self._call()
        self.server.put_new(path, data)
        self.world.objects[path] = (data, self.world.now)

    def put(self, path: str, data: bytes) -> None:
        """Write an object there."""
        self._call()
        self.server.put(path, data)
        self.world.objects[path] = (data, self.world.now)

    def list(self, prefix: str) -> list[Listed]:
        """List what the server has, and count it."""
        self._call()
        entries = self.server.list(prefix)
        assert isinstance(self.world, Counted)
        self.world.count(prefix, len(entries))
        return entries

    def get(self, path: str) -> bytes | None:
        """Read an object there."""
        self._call()
        return self.server.get(path)


def served(server: Primitives) -> type[Actor]:
    """Return workers whose store is this server."""

    class Line(ServerLine):
        pass

    class Served(Sleeper):
        connect = Line

    Line.server = server
    return Served


def measure(
    tasks: int, workers: int, failing: float, seed: int, actor: type[Actor] = Sleeper
) -> Counted:
    """Work one run to its end; return its world."""
    with tempfile.TemporaryDirectory() as scratch:
        run = Run(tasks, workers, failing, seed, Path(scratch))
        run.play(actor)
    if run.scored != tasks:
        raise click.ClickException(f"{run.scored} of {tasks} tasks were scored")
    return run.world


def line(name: str, world: Counted) -> float:
    """Print a line of the table; return the objects a task."""
    tasks = len(world.plan.units)
    kinds = ("touched", "claims", "outcomes", "unscored", "workers", "control")
    other = world.listed.total() - sum(world.listed[kind] for kind in kinds)
    cells = "".join(f"{world.listed[kind]:>10}" for kind in kinds)
    rate = world.listed.total() / tasks
    click.echo(f"{name:<22}{cells}{other:>8}{rate:>9.1f}")
    return rate


@click.command(help=__doc__)
@click.option("--failing", default=0.02, show_default=True, help="Share of attempts that fail.")
@click.option("--seed", default=0, show_default=True, help="Of the draws.")
@click.option("--sizes", default=len(SIZES), show_default=True, help="So many of the sizes.")
@click.option("--azurite/--no-azurite", default=True, help="Count 1,500 on a real Azurite too.")
def main(failing: float, seed: int, sizes: int, *, azurite: bool) -> None:
    """Print the table and the bounds."""
    click.echo(f"Listed objects, {failing:.0%} of the attempts fail, seed {seed}")
    click.echo(
        f"{'tasks x workers':<22}   touched    claims  outcomes  unscored   workers   control"
        "   other   a task"
    )
    rates = {}
    for tasks, workers in SIZES[:sizes]:
        rates[tasks] = line(f"{tasks} x {workers}", measure(tasks, workers, failing, seed))
    checks = []
    if BOUND in rates:
        rate = rates[BOUND]
        checks.append((rate <= MOST, f"{rate:.1f} <= {MOST:g} objects a task, {BOUND} tasks"))
    for (few, before), (many, after) in pairwise(rates.items()):
        most = max(1.0, math.log(many) / math.log(few))
        checks.append(
            (after / before <= most, f"{after / before:.2f} <= {most:.2f}, log({many})/log({few})")
        )
    if azurite:
        counted = on_azurite(*CONFIRMED, failing, seed)
        off = abs(counted / rates.get(CONFIRMED[0], counted) - 1.0)
        checks.append((off <= CLOSE, f"{off:.3f} <= {CLOSE:g} between the model and Azurite"))
    for holds, what in checks:
        click.echo(f"{'ok  ' if holds else 'FAIL'} {what}")
    sys.exit(0 if all(holds for holds, _ in checks) else 1)


def on_azurite(tasks: int, workers: int, failing: float, seed: int) -> float:
    """Work the same run over a real server; return the objects a task in its replies."""
    from tests.fakes.azurite import running

    with tempfile.TemporaryDirectory() as directory, running(Path(directory)) as server:
        primitives = server.open("listing", timeout_s=30)._primitives  # noqa: SLF001 - to count them
        world = measure(tasks, workers, failing, seed, served(primitives))
    return line(f"{tasks} x {workers}, Azurite", world)


if __name__ == "__main__":
    main()
