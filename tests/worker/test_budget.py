"""A task's budget is spent exactly, whoever looks: poison tasks, and an end in mid-look."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orchestrator.fleet.run_state import settled
from orchestrator.ledger import paths
from orchestrator.ledger.causes import RULES, Cause, Status
from orchestrator.ledger.fold import Stored, fold, read_objects
from orchestrator.planning.plan import PlanInputs, make_plan
from orchestrator.planning.suite import TaskKey, Unit, suite_of
from orchestrator.results.verdict import AttemptVerdict
from orchestrator.worker.attempt import Seen
from tests.fakes.virtual import Actor
from tests.fakes.virtual_world import SESSION, Line, World, open_world
from tests.worker.desk import HEARTBEAT_S, LEASE_S, plan_of, sit

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from orchestrator.ledger.fold import Folded
    from orchestrator.store import Listed

POISON = Unit(TaskKey("d", "t00"), 0)


class Poisoned:
    """Workers of which each dies in the middle of the poison task."""

    def __init__(self, workers: int, scratch: Path, *, proven: bool) -> None:
        keys = tuple(TaskKey("d", f"t{number:02}") for number in range(2 * workers))
        inputs = PlanInputs(suite_of(keys), heartbeat_s=HEARTBEAT_S, lease_s=LEASE_S)
        self.world: World = open_world(make_plan(inputs))
        self.proven = proven
        self.doomed: set[str] = set()
        self.shards, self.scratch = workers, scratch
        self.actors: list[Actor] = []
        for _ in range(workers):
            self.spawn()

    def spawn(self) -> None:
        number = len(self.actors)
        shard = (number % self.shards, self.shards)
        self.actors.append(Actor(self.world, f"w{number:03d}", shard, self.scratch, self.fate))

    def fate(self, unit: Unit, attempt: int) -> Seen:
        if unit == POISON:
            claim = self.world.objects[paths.claim(unit, attempt)][0]
            self.doomed |= {actor.name for actor in self.actors if actor.name.encode() in claim}
        return Seen(AttemptVerdict(1.0, None, (), ""), 3, 20.0, {}, None)

    def run(self) -> Folded:
        for _ in range(1000):
            self.world.now += 1.0
            for actor in self.actors:
                actor.pulse()
                for _ in range(20):
                    if actor.ready:
                        actor.resume()
                if actor.name in self.doomed and not actor.ended:
                    actor.kill(proven=self.proven)
            if all(actor.ended for actor in self.actors):
                for actor in self.actors:
                    actor.kill(proven=actor.dead)
                snapshot = read_objects(self.stored())
                if settled(self.world.plan, snapshot, SESSION):
                    return fold(self.world.plan.units, snapshot)
                # The last that stayed has died: who starts workers starts another.
                self.spawn()
        raise AssertionError("the run does not end")

    def stored(self) -> list[Stored]:
        return [Stored(path, at, data) for path, (data, at) in self.world.objects.items()]


@pytest.mark.parametrize("proven", [True, False], ids=["proven", "silent"])
@pytest.mark.parametrize("workers", [4, 10, 20, 40])
def test_a_task_that_kills_its_workers_costs_its_budget_exactly(
    workers: int, tmp_path: Path, proven: bool
) -> None:
    run = Poisoned(workers, tmp_path, proven=proven)
    results = {result.unit: result for result in run.run().results}
    budget = (RULES[Cause.LOST].retries or 0) + 1
    poison = results.pop(POISON)
    assert len(run.doomed) == budget
    assert [(outcome.attempt, outcome.cause) for outcome in poison.attempts] == [
        (number, Cause.LOST) for number in range(1, budget + 1)
    ]
    assert {result.status for result in results.values()} == {Status.SCORED}


class Interrupted(Line):
    """A connection over which something happens once, right after outcomes were listed."""

    between: Callable[[], None] | None = None

    def list(self, prefix: str) -> list[Listed]:
        listed = Line.list(self, prefix)
        if prefix == paths.OUTCOMES and self.between is not None:
            self.between()
            self.between = None
        return listed


def test_a_worker_that_ends_while_another_looks_is_not_taken_for_dead() -> None:
    """Its outcome came after the listing of outcomes, and the proof of its end before its own."""
    world = open_world(plan_of(POISON))
    line = Interrupted(world, "w2", lambda: None)
    ending, looking = sit(world, "w1"), sit(world, "w2", line=line)
    ending.works_on(POISON)

    def end() -> None:
        ending.ledger_client.record(ending.outcome(POISON, 1, Cause.EVALUATOR), world.now)
        ending.ledger_client.leave("done", 0, world.now)

    line.between = end
    look = looking.ledger_client.look(deep=True)
    assert [
        (candidate.unit, candidate.attempt, candidate.after_lost) for candidate in look.free
    ] == [(POISON, 2, True)]
    assert not looking.ledger_client.claim(POISON, 2, after_lost=True)


def test_what_a_worker_recorded_it_does_not_do_again_though_no_listing_shows_it() -> None:
    world = open_world(plan_of(POISON))
    desk = sit(world, "w1")
    desk.works_on(POISON)
    desk.ledger_client.record(desk.outcome(POISON, 1), world.now)
    del world.objects[paths.outcome(POISON, 1, "w1")]
    assert desk.free() == []
