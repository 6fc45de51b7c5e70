"""What a worker does next, in virtual time: resets, leaving, draining, and its exit code."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from orchestrator.errors import EXIT_COMPLETE, EXIT_INCOMPLETE, EXIT_INFRASTRUCTURE
from orchestrator.ledger import paths
from orchestrator.ledger.causes import Cause, Flag
from orchestrator.ledger.fold import Stored, fold, read_objects
from orchestrator.ledger.records import Claim, Left, to_json
from orchestrator.planning.plan import ArenaSettings, Limits, PlanInputs, make_plan
from orchestrator.planning.suite import TaskKey, suite_of
from orchestrator.results.verdict import AttemptVerdict
from orchestrator.worker.attempt import Seen
from tests.fakes.virtual import Actor
from tests.fakes.virtual_world import SESSION, World, open_world

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from orchestrator.ledger.fold import Folded
    from orchestrator.planning.suite import Unit

TASKS = tuple(TaskKey("d", f"t{number}") for number in range(6))
INPUTS = PlanInputs(suite_of(TASKS), heartbeat_s=10, lease_s=60)
SCORED = Seen(AttemptVerdict(1.0, None, (), ""), 3, 20.0, {}, None)


def ended(cause: Cause) -> Seen:
    return Seen(AttemptVerdict(None, cause, (), f"seen as {cause}"), 3, 20.0, {}, None)


@pytest.fixture
def world() -> World:
    return open_world(make_plan(INPUTS))


def work(world: World, scratch: Path, fate: Callable[[Unit, int], Seen], shards: int = 1) -> Actor:
    """Let one worker work until it leaves."""
    actor = Actor(world, "w0", (0, shards), scratch, fate)
    run_out(world, actor)
    return actor


def step(world: World, *actors: Actor) -> None:
    if not any(actor.ready for actor in actors):
        world.now += 1.0
    for actor in actors:
        actor.pulse()
        if actor.ready:
            actor.resume()


def run_out(world: World, *actors: Actor) -> None:
    for _ in range(20_000):
        if all(actor.ended for actor in actors):
            return
        step(world, *actors)
    raise AssertionError("the worker does not leave")


def folded(world: World) -> Folded:
    objects = [Stored(path, at, data) for path, (data, at) in world.objects.items()]
    return fold(world.plan.units, read_objects(objects))


def test_a_worker_beats_before_it_claims(world: World, tmp_path: Path) -> None:
    class Order(dict[str, tuple[bytes, float]]):
        def __setitem__(self, path: str, value: tuple[bytes, float]) -> None:
            if path.startswith(paths.CLAIMS):
                assert paths.worker("w0") in self, "claimed before its first heartbeat"
            super().__setitem__(path, value)

    world.objects = Order(world.objects)
    assert work(world, tmp_path, lambda _unit, _attempt: SCORED).exit_code == EXIT_COMPLETE
    assert folded(world).complete


def test_two_infrastructure_outcomes_in_a_row_reset_the_arena(world: World, tmp_path: Path) -> None:
    fates = iter([ended(Cause.ARENA), ended(Cause.SETUP)])
    actor = work(world, tmp_path, lambda _unit, _attempt: next(fates, SCORED))
    assert actor.arena.resets == 1
    assert actor.exit_code == EXIT_COMPLETE
    assert folded(world).complete


def test_a_score_between_them_starts_the_count_anew(world: World, tmp_path: Path) -> None:
    fates = iter([ended(Cause.ARENA), SCORED, ended(Cause.ARENA), SCORED])
    actor = work(world, tmp_path, lambda _unit, _attempt: next(fates, SCORED))
    assert actor.arena.resets == 0
    assert folded(world).complete


def test_a_third_in_a_row_makes_the_worker_leave(world: World, tmp_path: Path) -> None:
    actor = work(world, tmp_path, lambda _unit, _attempt: ended(Cause.ARENA))
    assert actor.exit_code == EXIT_INFRASTRUCTURE
    assert actor.arena.resets == 1
    attempts = [outcome for result in folded(world).results for outcome in result.attempts]
    assert len(attempts) == 3
    left = read_objects([Stored(p, at, data) for p, (data, at) in world.objects.items()]).left["w0"]
    assert left is not None
    assert "3 infrastructure outcomes in a row" in left.reason


def test_an_arena_that_is_sick_after_a_fault_is_reset_before_the_next_claim(
    world: World, tmp_path: Path
) -> None:
    def fate(_unit: Unit, _attempt: int) -> Seen:
        if actor.arena.resets == 0:
            actor.arena.sick = True
            return ended(Cause.ARENA)
        return SCORED

    actor = Actor(world, "w0", (0, 1), tmp_path, fate)
    run_out(world, actor)
    assert actor.arena.resets == 1
    assert sum(len(result.attempts) for result in folded(world).results) == len(TASKS) + 1


def test_a_probe_that_fails_before_anything_is_launched_is_the_workers_fault(
    world: World, tmp_path: Path
) -> None:
    verdict = AttemptVerdict(
        None, Cause.RELEASED, (), "the arena was not healthy before the task: no"
    )
    sick = Seen(verdict, 0, 0.0, {}, None, launched=False)
    actors = [
        Actor(world, "w0", (0, 2), tmp_path, lambda _unit, _attempt: sick),
        Actor(world, "w1", (1, 2), tmp_path, lambda _unit, _attempt: SCORED),
    ]
    run_out(world, *actors)

    result = folded(world)
    assert [actor.exit_code for actor in actors] == [EXIT_INFRASTRUCTURE, EXIT_COMPLETE]
    assert actors[0].arena.resets == 1
    assert "not healthy" in result.left["w0"].reason
    assert result.complete, "its tasks lost nothing by it"


def test_another_client_refuses_the_run_before_its_second_task(
    world: World, tmp_path: Path
) -> None:
    verdict = AttemptVerdict(None, Cause.RELEASED, (), "another")
    misled = Seen(verdict, 0, 20.0, {}, None, misled="model was asked as 'a', the client has 'b'")
    actor = work(world, tmp_path, lambda _unit, _attempt: misled)

    match = folded(world)
    assert actor.exit_code == EXIT_INFRASTRUCTURE
    assert sum(len(result.attempts) for result in match.results) == 1
    assert paths.control(SESSION, "drain") in world.objects
    assert "model was asked as 'a'" in match.left["w0"].reason


def test_a_worker_that_comes_after_the_order_to_drain_starts_nothing(
    world: World, tmp_path: Path
) -> None:
    world.objects[paths.control(SESSION, "drain")] = (b"{}", world.now)
    actor = work(world, tmp_path, lambda _unit, _attempt: SCORED)

    assert actor.exit_code == EXIT_INCOMPLETE
    assert actor.arena.starts == 0
    assert not any(path.startswith(paths.CLAIMS) for path in world.objects)
    assert folded(world).left["w0"].reason == "told to take nothing more"


def test_reset_task_resets_after_every_task(tmp_path: Path) -> None:
    world = open_world(make_plan(replace(INPUTS, arena=ArenaSettings(reset="task"))))
    actor = work(world, tmp_path, lambda _unit, _attempt: SCORED)
    assert actor.arena.resets >= len(TASKS) - 1


def test_a_refusing_provider_drains_the_whole_session(world: World, tmp_path: Path) -> None:
    refused = set(world.plan.home(0, 2))

    def fate(unit: Unit, _attempt: int) -> Seen:
        return ended(Cause.MODEL) if unit in refused else SCORED

    actors = [Actor(world, f"w{shard}", (shard, 2), tmp_path, fate) for shard in range(2)]
    run_out(world, *actors)
    assert paths.control(SESSION, "drain") in world.objects
    match = folded(world)
    attempts = [outcome for result in match.results for outcome in result.attempts]
    assert sum(outcome.cause is Cause.MODEL for outcome in attempts) == 1
    assert not match.complete


def controls(world: World) -> set[str]:
    return {path.split("/")[-1] for path in world.objects if path.startswith(paths.CONTROL)}


def test_an_outage_holds_the_run_until_an_answer_comes(world: World, tmp_path: Path) -> None:
    back_at = world.now + 1500.0
    tried: list[float] = []

    def fate(_unit: Unit, _attempt: int) -> Seen:
        tried.append(world.now)
        return SCORED if world.now >= back_at else ended(Cause.PROVIDER)

    actors = [Actor(world, f"w{shard}", (shard, 3), tmp_path, fate) for shard in range(3)]
    run_out(world, *actors)

    result = folded(world)
    outcomes = [outcome for task_result in result.results for outcome in task_result.attempts]
    assert result.complete
    assert {actor.exit_code for actor in actors} == {EXIT_COMPLETE}
    assert {"hold-1.json", "resume-1.json"} <= controls(world)
    assert "hold-2.json" not in controls(world)
    assert "drain.json" not in controls(world)
    failed = [outcome for outcome in outcomes if outcome.cause is Cause.PROVIDER]
    assert 3 <= len(failed) <= 5, "three tell, and what ran already may end"
    probes = [outcome for outcome in outcomes if Flag.PROBE in outcome.flags]
    assert {outcome.cause for outcome in probes} == {Cause.RELEASED}
    assert 2 <= len(probes) <= 8, "one at a time, ever more seldom"
    assert all(actor.arena.resets == 0 for actor in actors), "no arena is at fault"


def test_probes_are_one_at_a_time_and_survive_their_prober(world: World, tmp_path: Path) -> None:
    back_at = world.now + 2000.0

    def fate(_unit: Unit, _attempt: int) -> Seen:
        return SCORED if world.now >= back_at else ended(Cause.PROVIDER)

    actors = [Actor(world, f"w{shard}", (shard, 3), tmp_path, fate) for shard in range(3)]
    while "probe-1-1.json" not in controls(world):
        step(world, *actors)
    data = world.objects[paths.control(SESSION, "probe-1-1")][0]
    prober = next(actor for actor in actors if actor.name in data.decode())
    prober.kill(proven=False)
    run_out(world, *(actor for actor in actors if actor is not prober))

    assert folded(world).complete
    assert "probe-1-2.json" in controls(world)


def test_an_outage_past_its_patience_drains_the_run(tmp_path: Path) -> None:
    limits = Limits(provider_patience_s=600.0)
    world = open_world(make_plan(replace(INPUTS, limits=limits)))
    begun = world.now

    actors = [
        Actor(world, f"w{shard}", (shard, 2), tmp_path, lambda _u, _a: ended(Cause.PROVIDER))
        for shard in range(2)
    ]
    run_out(world, *actors)

    drain, at = world.objects[paths.control(SESSION, "drain")]
    assert b"provider" in drain
    assert 600 < at - begun < 900
    assert {actor.exit_code for actor in actors} == {EXIT_INCOMPLETE}
    failed = {
        outcome.unit.task
        for result in folded(world).results
        for outcome in result.attempts
        if outcome.cause is Cause.PROVIDER
    }
    assert 3 <= len(failed) <= 4


def test_two_tasks_without_an_answer_hold_nothing(world: World, tmp_path: Path) -> None:
    fates = iter([ended(Cause.PROVIDER), ended(Cause.PROVIDER), SCORED, ended(Cause.PROVIDER)])
    work(world, tmp_path, lambda _unit, _attempt: next(fates, SCORED))

    assert controls(world) == set()
    assert folded(world).complete


def bad_request(number: int) -> Seen:
    flags = (Flag.BAD_REQUEST,)
    return Seen(AttemptVerdict(None, Cause.AGENT, flags, f"400 of {number}"), 0, 20.0, {}, None)


def test_one_tasks_bad_request_is_its_own(world: World, tmp_path: Path) -> None:
    fates = iter([bad_request(1), SCORED, bad_request(2), bad_request(3), SCORED])
    actor = work(world, tmp_path, lambda _unit, _attempt: next(fates, SCORED))

    assert actor.exit_code == EXIT_COMPLETE
    assert controls(world) == set()
    assert sorted(result.score or 0.0 for result in folded(world).results) == [0.0] * 3 + [1.0] * 3


def test_a_bad_request_that_three_tasks_meet_is_the_models(world: World, tmp_path: Path) -> None:
    fates = iter([SCORED, bad_request(1), bad_request(2), bad_request(3)])
    actor = work(world, tmp_path, lambda _unit, _attempt: next(fates, SCORED))

    match = folded(world)
    causes = [result.cause for result in match.results]
    assert actor.exit_code == EXIT_INCOMPLETE
    assert causes.count(Cause.MODEL) == 3
    assert controls(world) == {"drain.json"}

    world.objects[paths.session("s2")] = world.objects.pop(paths.control(SESSION, "drain"))
    later = Actor(world, "x0", (0, 1), tmp_path, lambda _u, _a: SCORED, session="s2")
    run_out(world, later)
    assert folded(world).complete, "a resume tries again what was the model's"


def test_a_home_task_without_a_score_is_exit_1(world: World, tmp_path: Path) -> None:
    def fate(unit: Unit, _attempt: int) -> Seen:
        return ended(Cause.EVALUATOR) if unit.task.name == "t0" else SCORED

    assert work(world, tmp_path, fate).exit_code == EXIT_INCOMPLETE


def test_somebody_elses_task_without_a_score_is_not_my_exit_code(
    world: World, tmp_path: Path
) -> None:
    foreign = world.plan.home(1, 2)[0]

    def fate(unit: Unit, _attempt: int) -> Seen:
        return ended(Cause.EVALUATOR) if unit == foreign else SCORED

    actor = Actor(world, "w0", (0, 2), tmp_path, fate)
    run_out(world, actor)
    assert actor.exit_code == EXIT_COMPLETE


def test_the_shards_deadline_ends_the_work_and_not_the_task(tmp_path: Path) -> None:
    limits = Limits(shard_s=30.0)
    world = open_world(make_plan(replace(INPUTS, limits=limits)))
    work(world, tmp_path, lambda _unit, _attempt: SCORED)
    attempts = [outcome for result in folded(world).results for outcome in result.attempts]
    assert [outcome.score for outcome in attempts] == [1.0, 1.0]
    reasons = [left.reason for left in folded(world).left.values()]
    assert reasons == ["the shard's deadline has passed"]


def test_a_worker_steals_when_its_home_is_done(world: World, tmp_path: Path) -> None:
    work(world, tmp_path, lambda _unit, _attempt: SCORED, shards=3)
    assert folded(world).complete


def test_a_resumed_run_takes_only_what_is_not_scored(world: World, tmp_path: Path) -> None:
    work(world, tmp_path, lambda _unit, _attempt: SCORED)
    again = Actor(world, "x0", (0, 1), tmp_path, lambda _unit, _attempt: ended(Cause.ARENA))
    run_out(world, again)
    assert again.exit_code == EXIT_COMPLETE
    assert all(len(result.attempts) == 1 for result in folded(world).results)


def test_what_a_dead_worker_left_is_taken_over_at_once(world: World, tmp_path: Path) -> None:
    unit = world.plan.units[0]
    claim = Claim("dead", SESSION, "n")
    proof = Left("dead", SESSION, "killed", "parent", -9, world.now)
    world.objects[paths.claim(unit, 1)] = (to_json(claim), world.now)
    world.objects[paths.left("dead")] = (to_json(proof), world.now)
    work(world, tmp_path, lambda _unit, _attempt: SCORED)
    result = next(result for result in folded(world).results if result.unit == unit)
    assert [(outcome.worker, outcome.attempt) for outcome in result.attempts] == [
        ("dead", 1),
        ("w0", 2),
    ]
    assert world.takeovers[0].silent_s < world.plan.lease_s * 5


def test_a_store_that_comes_back_loses_nothing(world: World, tmp_path: Path) -> None:
    actor = Actor(world, "w0", (0, 1), tmp_path, lambda _unit, _attempt: SCORED)
    for turn in range(400):
        actor.line.down = turn % 40 > 25
        world.now += 1.0
        actor.pulse()
        if actor.ready:
            actor.resume()
    actor.line.down = False
    run_out(world, actor)
    assert folded(world).complete
    assert all(len(result.attempts) == 1 for result in folded(world).results)
