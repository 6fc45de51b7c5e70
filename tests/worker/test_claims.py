"""The protocol's promises one by one, each in the smallest schedule that can break it."""

from __future__ import annotations

import pytest

from orchestrator.errors import StoreError
from orchestrator.ledger import paths
from orchestrator.ledger.causes import Cause, Flag
from orchestrator.ledger.fold import Stored, fold, read_objects
from orchestrator.ledger.records import Left, to_json
from orchestrator.ledger.scan import IDLE
from orchestrator.planning.suite import TaskKey, Unit
from orchestrator.store import Store
from orchestrator.worker.claims import Identity, LedgerClient
from tests.fakes.virtual_world import SESSION, Line, World, open_world
from tests.worker.desk import HEARTBEAT_S, LEASE_S, Desk, pass_time, plan_of, sit

A, B = Unit(TaskKey("d", "a"), 0), Unit(TaskKey("d", "b"), 0)


@pytest.fixture
def world() -> World:
    return open_world(plan_of(A, B))


def test_only_one_of_two_workers_gets_an_attempt(world: World) -> None:
    desk, two = sit(world, "w1"), sit(world, "w2")
    assert desk.ledger_client.claim(A, 1)
    assert not two.ledger_client.claim(A, 1)


def test_a_create_whose_reply_was_lost_is_mine(world: World) -> None:
    desk = sit(world, "w1")
    desk.line.lose_reply = True
    assert desk.ledger_client.claim(A, 1)


def test_a_create_repeated_by_the_client_library_is_mine(world: World) -> None:
    """The library's own retry meets the object its first try made."""
    desk = sit(world, "w1")
    assert desk.ledger_client.claim(A, 1)
    assert desk.ledger_client.claim(A, 1)


def test_my_claim_whose_answer_never_came_is_offered_to_me_again(world: World) -> None:
    desk, two = sit(world, "w1"), sit(world, "w2")
    for unit in (A, B):
        desk.ledger_client.claim(unit, 1)
    assert sorted(desk.free()) == [(A, 1), (B, 1)]
    assert two.free() == []


def test_a_silent_workers_task_is_free_after_its_lease_and_not_before(world: World) -> None:
    dead, judge = sit(world, "w1"), sit(world, "w2")
    dead.works_on(A)
    judge.works_on(B)
    pass_time(world, LEASE_S - HEARTBEAT_S, judge)
    assert (A, 2) not in judge.free()
    pass_time(world, 2 * HEARTBEAT_S, judge)
    assert (A, 2) in judge.free()


def test_a_speaking_workers_task_is_never_free(world: World) -> None:
    desk, judge = sit(world, "w1"), sit(world, "w2")
    desk.works_on(A)
    judge.works_on(B)
    pass_time(world, 5 * LEASE_S, desk, judge)
    assert (A, 2) not in judge.free()


def test_proof_of_a_death_frees_its_task_at_once(world: World) -> None:
    dead, judge = sit(world, "w1"), sit(world, "w2")
    dead.works_on(A)
    judge.works_on(B)
    proof = Left(dead.name, SESSION, "killed", "parent", -9, world.now)
    world.objects[paths.left(dead.name)] = (to_json(proof), world.now)
    assert (A, 2) in judge.free()


def test_after_a_late_heartbeat_nothing_is_taken_over_for_one_lease(world: World) -> None:
    dead, judge = sit(world, "w1"), sit(world, "w2")
    dead.works_on(A)
    judge.works_on(B)
    pass_time(world, 2 * LEASE_S)
    assert (A, 2) not in judge.free()
    pass_time(world, LEASE_S + HEARTBEAT_S, judge)
    assert (A, 2) in judge.free()


def test_a_late_worker_may_not_judge_a_task_that_was_taken_over(world: World) -> None:
    late, other = sit(world, "w1"), sit(world, "w2")
    late.works_on(A)
    since = world.now
    pass_time(world, 2 * LEASE_S, other)
    assert other.ledger_client.claim(A, 2)
    written = late.ledger_client.record(late.outcome(A, 1, Cause.TIMEOUT), since)
    assert written.cause is Cause.LOST


def test_a_late_worker_may_still_write_a_readable_score(world: World) -> None:
    late, other = sit(world, "w1"), sit(world, "w2")
    late.works_on(A)
    since = world.now
    pass_time(world, 2 * LEASE_S, other)
    assert other.ledger_client.claim(A, 2)
    assert late.ledger_client.record(late.outcome(A, 1), since).score == 1.0
    other.ledger_client.record(other.outcome(A, 2), world.now)
    folded = fold(world.plan.units, read_objects(stored(world)))
    counted = next(result for result in folded.results if result.unit == A)
    assert counted.counted is not None
    assert (counted.counted.attempt, len(counted.attempts)) == (1, 2)


def test_a_late_worker_whose_task_nobody_took_may_say_timeout(world: World) -> None:
    late = sit(world, "w1")
    late.works_on(A)
    since = world.now
    pass_time(world, 2 * LEASE_S)
    assert (
        late.ledger_client.record(late.outcome(A, 1, Cause.TIMEOUT), since).cause is Cause.TIMEOUT
    )


def test_another_worker_learns_of_a_failure_without_opening_outcomes(world: World) -> None:
    desk, two = sit(world, "w1"), sit(world, "w2")
    for unit, cause in ((A, Cause.ARENA), (B, None)):
        desk.works_on(unit)
        desk.ledger_client.record(desk.outcome(unit, 1, cause), world.now)
    assert two.free(deep=False) == [(A, 2)]
    assert two.line.reads == []


def test_a_cheap_look_opens_nothing_and_takes_nobody_for_dead(world: World) -> None:
    dead, judge = sit(world, "w1"), sit(world, "w2")
    dead.works_on(A)
    judge.works_on(B)
    judge.ledger_client.record(judge.outcome(B, 1), world.now)
    pass_time(world, 2 * LEASE_S, judge)
    assert judge.free(deep=False) == []
    assert judge.line.reads == []
    assert judge.free(deep=True) == [(A, 2)]


def test_a_worker_leaves_its_own_failure_to_others_while_there_are_any(world: World) -> None:
    desk, two = sit(world, "w1"), sit(world, "w2")
    for unit, cause in ((A, Cause.ARENA), (B, None)):
        desk.works_on(unit)
        desk.ledger_client.record(desk.outcome(unit, 1, cause), world.now)
    assert desk.free() == []
    assert two.free() == [(A, 2)]
    pass_time(world, 2 * LEASE_S, desk)
    assert desk.free() == [(A, 2)]


def test_damage_that_the_index_hides_is_found_before_the_last_worker_leaves(world: World) -> None:
    desk, two = sit(world, "w1"), sit(world, "w2")
    for unit in (A, B):
        desk.works_on(unit)
        desk.ledger_client.record(desk.outcome(unit, 1), world.now)
    path = paths.outcome(A, 1, "w1")
    world.objects[path] = (world.objects[path][0][:20], world.now)
    assert two.free() == []
    assert [
        (candidate.unit, candidate.attempt)
        for candidate in two.ledger_client.look(verify=True).free
    ] == [(A, 2)]


def test_an_unreadable_claim_is_ownerless_and_expires_by_its_age(world: World) -> None:
    judge = sit(world, "w2")
    world.objects[paths.claim(A, 1)] = (b"{", world.now)
    judge.works_on(B)
    pass_time(world, LEASE_S - HEARTBEAT_S, judge)
    assert (A, 2) not in judge.free()
    pass_time(world, 2 * HEARTBEAT_S, judge)
    assert (A, 2) in judge.free()


def test_of_idle_workers_the_smallest_stays(world: World) -> None:
    holder, small, large = sit(world, "w1"), sit(world, "w2"), sit(world, "w3")
    holder.works_on(A)
    holder.ledger_client.claim(B, 1)
    answers = {small.name: False, large.name: False}
    for _ in range(4):
        for desk in (small, large):
            answers[desk.name] |= desk.ledger_client.may_leave()
        pass_time(world, HEARTBEAT_S, holder)
    assert answers == {"w2": False, "w3": True}


def test_a_busy_smaller_worker_is_no_reason_to_leave(world: World) -> None:
    holder, idle = sit(world, "w1"), sit(world, "w2")
    holder.works_on(A)
    for _ in range(4):
        assert not idle.ledger_client.may_leave()
        pass_time(world, HEARTBEAT_S, holder)


def test_a_smaller_idle_worker_that_fell_silent_is_no_reason_to_leave(world: World) -> None:
    gone, idle = sit(world, "w1"), sit(world, "w2")
    gone.ledger_client.show(phase=IDLE)
    gone.ledger_client.beat()
    world.now += 1.0
    for _ in range(4):
        assert not idle.ledger_client.may_leave()
        world.now += HEARTBEAT_S


def test_a_failed_heartbeat_is_an_error_and_counts_as_late(world: World) -> None:
    desk = sit(world, "w1")
    since = world.now
    desk.line.down = True
    with pytest.raises(StoreError, match="could not write"):
        desk.ledger_client.beat()
    assert desk.ledger_client.was_late(since)


def test_an_outcome_is_on_the_own_disk_before_the_shared_store_has_it(world: World) -> None:
    own_world = open_world(world.plan)
    own = Store(Line(own_world, "w1", lambda: None), "own://")
    line = Line(world, "w1", lambda: None)
    identity = Identity("w1", SESSION, "m")
    ledger_client = LedgerClient(
        Store(line, "shared://"), world.plan, identity, lambda: world.now, own
    )
    ledger_client.beat()
    ledger_client.claim(A, 1)
    line.down = True
    outcome = Desk(world, line, ledger_client).outcome(A, 1)
    with pytest.raises(StoreError):
        ledger_client.record(outcome, world.now)
    path = paths.outcome(A, 1, "w1")
    assert path in own_world.objects
    assert path not in world.objects
    line.down = False
    ledger_client.record(outcome, world.now)
    assert world.objects[path][0] == own_world.objects[path][0]


def test_two_arenas_broken_by_the_agent_settle_the_task_as_zero(world: World) -> None:
    for name, attempt in (("w1", 1), ("w2", 2)):
        desk = sit(world, name)
        desk.works_on(A, attempt)
        broken = desk.outcome(A, attempt, Cause.ARENA, flags=(Flag.AFTER_ACTION,))
        desk.ledger_client.record(broken, world.now)
    folded = fold(world.plan.units, read_objects(stored(world)))
    result = next(result for result in folded.results if result.unit == A)
    assert (result.cause, result.score) == (Cause.AGENT_BROKE_ARENA, 0.0)
    third = sit(world, "w3")
    third.works_on(B)
    third.ledger_client.record(third.outcome(B, 1), world.now)
    assert third.free() == []


def stored(world: World) -> list[Stored]:
    return [Stored(path, at, data) for path, (data, at) in world.objects.items()]
