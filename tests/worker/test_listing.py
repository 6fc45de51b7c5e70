"""A look lists what its question needs: few objects, and nothing lost by it."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

from orchestrator.ledger import paths
from orchestrator.ledger.causes import RULES, Cause, Status
from orchestrator.ledger.fold import Stored, fold, read_objects
from orchestrator.ledger.groups import Groups, Node
from orchestrator.ledger.records import Claim, Session, to_json
from orchestrator.planning.plan import PlanInputs, make_plan
from orchestrator.planning.suite import TaskKey, Unit, suite_of
from orchestrator.results.verdict import AttemptVerdict
from orchestrator.worker.attempt import Seen
from tests.fakes.virtual import Actor
from tests.fakes.virtual_world import EPOCH, Line, World, open_world
from tests.worker.desk import HEARTBEAT_S, plan_of, sit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from orchestrator.ledger.fold import Folded
    from orchestrator.store import Listed

MOST_A_TASK = 40
SCORED = Seen(AttemptVerdict(1.0, None, (), ""), 3, 20.0, {}, None)
BROKEN = Seen(AttemptVerdict(None, Cause.ARENA, (), ""), 3, 20.0, {}, None)


class Counting(Line):
    """A connection that counts what listings reply, for all workers together."""

    listed = 0

    def list(self, prefix: str) -> list[Listed]:
        entries = Line.list(self, prefix)
        Counting.listed += len(entries)
        return entries


class Counted(Actor):
    connect = Counting


def world_of(tasks: int) -> World:
    keys = tuple(TaskKey(f"d{n % 7}", f"t{n:04}") for n in range(tasks))
    return open_world(make_plan(PlanInputs(suite_of(keys))))


def play(world: World, crew: Sequence[Actor], seconds: int = 20_000) -> None:
    for _ in range(seconds):
        world.now += 1.0
        for actor in crew:
            actor.pulse()
        while ready := [actor for actor in crew if actor.ready]:
            for actor in ready:
                actor.resume()
        if all(actor.ended for actor in crew):
            return
    raise AssertionError("the run does not end")


def folded(world: World) -> Folded:
    stored = [Stored(path, at, data) for path, (data, at) in world.objects.items()]
    return fold(world.plan.units, read_objects(stored))


def crew_of(
    world: World,
    workers: int,
    scratch: Path,
    fate: Callable[[Unit, int], Seen],
    session: str = "s1",
    kind: type[Actor] = Actor,
) -> list[Actor]:
    return [
        kind(world, f"{session}-w{number:03}", (number, workers), scratch, fate, session)
        for number in range(workers)
    ]


def test_154_tasks_on_40_workers_list_few_objects_a_task(tmp_path: Path) -> None:
    world = world_of(154)

    def fate(unit: Unit, _attempt: int) -> Seen:
        seconds = random.Random(str(unit)).lognormvariate(5.9, 0.6)
        return Seen(AttemptVerdict(1.0, None, (), ""), 3, seconds, {}, None)

    Counting.listed = 0
    play(world, crew_of(world, 40, tmp_path, fate, kind=Counted))
    assert folded(world).count(Status.SCORED) == 154
    assert 0 < Counting.listed <= MOST_A_TASK * 154


def claimed_units(world: World) -> set[Unit]:
    keys = (paths.parse_claim(path) for path in world.objects)
    return {key.unit for key in keys if key is not None}


def units_below(groups: Groups, node: Node, child: int) -> set[Unit]:
    if node.level == 0:
        return {groups.unit(node, child)[0]}
    below = node.below(child)
    return {unit for child in groups.children(below) for unit in units_below(groups, below, child)}


def test_a_mark_says_only_what_claims_say(tmp_path: Path) -> None:
    world = world_of(70)

    def fate(unit: Unit, attempt: int) -> Seen:
        return BROKEN if attempt == 1 and unit.task.domain == "d3" else SCORED

    play(world, crew_of(world, 6, tmp_path, fate))
    groups = Groups(world.plan.units, world.plan.expected)
    marks = [key for path in world.objects if (key := paths.parse_touched(path)) is not None]
    claimed = claimed_units(world)
    assert {level for level, _, _ in marks} == {0, 1, 2}
    for level, node, child in marks:
        assert units_below(groups, Node(level, node), child) <= claimed
    retried = [claim for path in world.objects if (claim := paths.parse_again(path)) is not None]
    assert retried
    assert all(paths.claim(path.unit, path.attempt) in world.objects for path in retried)
    assert folded(world).count(Status.SCORED) == 70


def test_a_resume_tries_again_what_an_earlier_session_gave_up(tmp_path: Path) -> None:
    world = world_of(40)
    cursed = {unit for unit in world.plan.units if unit.task.domain == "d2"}
    unread = replace(BROKEN, verdict=AttemptVerdict(None, Cause.EVALUATOR, (), ""))
    play(world, crew_of(world, 4, tmp_path, lambda unit, _: unread if unit in cursed else SCORED))
    assert {
        result.unit for result in folded(world).results if result.status is not Status.SCORED
    } == cursed

    session = Session("s2", world.now, "test", 0)
    world.objects[paths.session("s2")] = (to_json(session), world.now)
    play(world, crew_of(world, 4, tmp_path, lambda _unit, _attempt: SCORED, "s2"))
    after = folded(world)
    assert after.count(Status.SCORED) == 40
    budget = (RULES[Cause.EVALUATOR].retries or 0) + 1
    for result in after.results:
        assert len(result.attempts) == (budget + 1 if result.unit in cursed else 1)


def test_a_ledger_without_marks_is_worked_as_before(tmp_path: Path) -> None:
    world = world_of(20)
    first, second = world.plan.units[0], world.plan.units[1]
    for unit in (first, second):
        text = to_json(Claim("gone", "s0", f"nonce-{unit}"))
        world.objects[paths.claim(unit, 1)] = (text, EPOCH)
    play(world, crew_of(world, 3, tmp_path, lambda _unit, _attempt: SCORED))
    after = {result.unit: result for result in folded(world).results}
    assert {result.status for result in after.values()} == {Status.SCORED}
    for unit in (first, second):
        causes = {outcome.attempt: outcome.cause for outcome in after[unit].attempts}
        assert causes == {1: Cause.LOST, 2: None}
    assert not any(path.startswith((paths.TOUCHED, paths.WATCH)) for path in world.objects)


def test_a_claim_whose_worker_died_before_its_mark_is_neither_lost_nor_taken_twice() -> None:
    units = tuple(Unit(TaskKey("d", f"t{number:02}"), 0) for number in range(20))
    world = open_world(plan_of(*units))
    desk, two = sit(world, "w1"), sit(world, "w2")
    desk.ledger_client.look()
    assert desk.ledger_client.claim(units[0], 1)
    leaf, child = Groups(units, world.plan.expected).leaf_of(units[0])
    del world.objects[paths.touched(leaf.level, leaf.number, child)]

    mine: list[Unit] = []
    while free := two.free(deep=False):
        mine += [unit for unit, attempt in free if two.ledger_client.claim(unit, attempt)]
    assert sorted(mine) == sorted(units[1:])
    assert two.free(deep=False) == []
    assert paths.touched(leaf.level, leaf.number, child) in world.objects


def test_a_worker_that_looks_as_another_begins_to_mark_marks_too() -> None:
    world = open_world(plan_of(Unit(TaskKey("d", "a"), 0), Unit(TaskKey("d", "b"), 0)))
    first = sit(world, "w1")

    class Interrupted(Line):
        def list(self, prefix: str) -> list[Listed]:
            entries = Line.list(self, prefix)
            if prefix == paths.MARKED and not entries:
                first.ledger_client.look()
                assert first.ledger_client.claim(world.plan.units[0], 1)
            return entries

    second = sit(world, "w2", line=Interrupted(world, "w2", lambda: None))
    assert second.free(deep=False) == [(world.plan.units[1], 1)]
    assert second.ledger_client.claim(world.plan.units[1], 1)
    marks = [path for path in world.objects if paths.parse_touched(path) is not None]
    assert len(marks) == 2


def test_old_readers_pass_over_marks(tmp_path: Path) -> None:
    world = world_of(20)
    play(world, crew_of(world, 3, tmp_path, lambda _unit, attempt: SCORED if attempt else BROKEN))
    stored = [Stored(path, at, data) for path, (data, at) in world.objects.items()]
    marks = (paths.TOUCHED, paths.AGAIN, paths.WATCH)
    without = [entry for entry in stored if not entry.path.startswith(marks)]
    assert len(without) < len(stored)
    assert read_objects(stored) == read_objects(without)
    assert read_objects(stored).damage == set()


def test_a_watcher_that_died_is_relieved() -> None:
    unit = Unit(TaskKey("d", "a"), 0)
    world = open_world(plan_of(unit))
    holder, watcher, third = sit(world, "w1"), sit(world, "w2"), sit(world, "w3")
    for desk in (holder, watcher, third):
        desk.ledger_client.look()
    holder.works_on(unit)
    assert not watcher.ledger_client.may_leave()
    answers = []
    for _ in range(12):
        answers.append(third.ledger_client.may_leave())
        world.now += HEARTBEAT_S
    assert not any(answers)
    watches = [key for path in world.objects if (key := paths.parse_watch(path)) is not None]
    assert max(watches) == (2, "w3")


def test_where_all_ends_at_once_one_worker_opens_it_for_all(tmp_path: Path) -> None:
    tasks, at_once = 60, replace(SCORED, seconds=0.0)
    world = world_of(tasks)
    crew = crew_of(world, 20, tmp_path, lambda _unit, _attempt: at_once)
    play(world, crew)
    reads = sum(path.startswith(paths.OUTCOMES) for actor in crew for path in actor.line.reads)
    assert tasks <= reads <= 2 * tasks
