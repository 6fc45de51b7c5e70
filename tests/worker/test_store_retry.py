"""How long a worker asks its store, in virtual time: outages pass, refusals and orders end it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from orchestrator.errors import EXIT_COMPLETE, EXIT_INCOMPLETE, EXIT_INFRASTRUCTURE
from orchestrator.ledger import paths
from orchestrator.ledger.causes import Cause
from orchestrator.planning.plan import PlanInputs, make_plan
from orchestrator.planning.suite import suite_of
from orchestrator.store import Store
from orchestrator.store.patience import ROLES_S
from orchestrator.worker.attempt import without_room
from orchestrator.worker.heartbeat import HeartbeatThread, Watch, WorkerSignals
from orchestrator.worker.log import WorkerLog
from tests.fakes.virtual import Actor
from tests.fakes.virtual_world import Line, open_world
from tests.worker.desk import HEARTBEAT_S, LEASE_S, sit
from tests.worker.test_leaving import rounds_until
from tests.worker.test_loop import SCORED, TASKS, folded, run_out, step

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.planning.suite import Unit
    from orchestrator.worker.attempt import Seen
    from tests.fakes.virtual_world import World

INPUTS = PlanInputs(suite_of(TASKS), heartbeat_s=HEARTBEAT_S, lease_s=LEASE_S)


@pytest.fixture
def world() -> World:
    return open_world(make_plan(INPUTS))


def scoring(world: World, scratch: Path) -> Actor:
    return Actor(world, "w0", (0, 1), scratch, lambda _unit, _attempt: SCORED)


def work_until(world: World, actor: Actor, outcomes: int) -> None:
    while sum(path.startswith(paths.OUTCOMES) for path in world.objects) < outcomes:
        step(world, actor)


def test_a_refusal_after_a_success_ends_the_worker_within_minutes(
    world: World, tmp_path: Path
) -> None:
    actor = scoring(world, tmp_path)
    work_until(world, actor, 2)
    since = world.now
    actor.line.refuses = True
    run_out(world, actor)

    assert actor.exit_code == EXIT_INFRASTRUCTURE
    assert LEASE_S < world.now - since < 3 * LEASE_S
    assert "403 AuthorizationFailure" in actor.orders.reason
    assert "refuses" in actor.orders.reason


def test_an_outage_that_is_as_long_is_waited_out(world: World, tmp_path: Path) -> None:
    actor = scoring(world, tmp_path)
    work_until(world, actor, 2)
    actor.line.down = True
    back_at = world.now + 20 * LEASE_S
    while world.now < back_at:
        step(world, actor)
    assert not actor.ended
    actor.line.down = False
    run_out(world, actor)
    assert actor.exit_code == EXIT_COMPLETE
    assert folded(world).complete


def test_a_refusal_that_passes_costs_nothing(world: World, tmp_path: Path) -> None:
    actor = scoring(world, tmp_path)
    for number in range(1, 4):
        work_until(world, actor, number)
        actor.line.refuses = True
        until = world.now + LEASE_S / 2
        while world.now < until:
            step(world, actor)
        actor.line.refuses = False
    run_out(world, actor)
    assert actor.exit_code == EXIT_COMPLETE
    assert folded(world).complete


@pytest.mark.parametrize("replicated", [True, False])
def test_roles_that_replicate_late_are_waited_for(
    world: World, tmp_path: Path, *, replicated: bool
) -> None:
    actor = scoring(world, tmp_path)
    since = world.now
    actor.line.refuses = True
    while world.now < since + ROLES_S - 60.0:
        step(world, actor)
    assert not actor.ended
    actor.line.refuses = not replicated
    run_out(world, actor)
    assert actor.exit_code == (EXIT_COMPLETE if replicated else EXIT_INFRASTRUCTURE)
    assert world.now < since + ROLES_S + 120.0 or replicated


def test_a_drain_ends_a_worker_that_retries_a_write_and_says_where_its_outcome_is(
    world: World, tmp_path: Path
) -> None:
    said = io.StringIO()

    def fate(_unit: Unit, _attempt: int) -> Seen:
        actor.line.down = True
        return SCORED

    actor = Actor(world, "w0", (0, 1), tmp_path, fate)
    actor._worker._tools.worker_log.stream = said
    while not actor.line.down:
        step(world, actor)
    asked = world.now
    for _ in range(200):
        step(world, actor)
    assert not actor.ended, "without an order an outage is waited out"
    actor.orders.drain.set()
    ordered = world.now
    run_out(world, actor)

    assert asked < ordered
    assert world.now - ordered < 2 * LEASE_S
    assert actor.exit_code == EXIT_INCOMPLETE
    assert "(score 1), is not in the shared ledger" in said.getvalue()
    assert str(tmp_path / "w0" / "ledger") in said.getvalue()


def test_no_room_for_an_attempt_ends_this_worker_and_costs_its_task_nothing(
    world: World, tmp_path: Path
) -> None:
    full = without_room(OSError(28, "No space left on device"))
    actors = [
        Actor(world, "w0", (0, 2), tmp_path, lambda _unit, _attempt: full),
        Actor(world, "w1", (1, 2), tmp_path, lambda _unit, _attempt: SCORED),
    ]
    run_out(world, *actors)

    result = folded(world)
    assert [actor.exit_code for actor in actors] == [EXIT_INFRASTRUCTURE, EXIT_COMPLETE]
    assert result.complete
    assert "no room for an attempt" in result.left["w0"].reason
    given_back = [
        outcome
        for task_result in result.results
        for outcome in task_result.attempts
        if outcome.cause
    ]
    assert [outcome.cause for outcome in given_back] == [Cause.RELEASED]


def test_a_scratch_that_takes_no_directory_is_no_room(world: World, tmp_path: Path) -> None:
    (tmp_path / "w0").write_text("no directory")
    actor = scoring(world, tmp_path)
    run_out(world, actor)
    assert actor.exit_code == EXIT_INFRASTRUCTURE
    assert "no room for an attempt" in folded(world).left["w0"].reason


def test_the_pulse_hears_a_refusal_while_a_task_runs(world: World) -> None:
    orders, line = WorkerSignals(), Line(world, "w1", lambda: None)
    ledger_client = sit(world, "w1", line=line).ledger_client

    def later() -> float:
        world.now += 1.0
        return world.now

    watch = Watch(later, later, lambda: False, lambda _reason: None, lease_s=LEASE_S)
    pulse = HeartbeatThread(ledger_client, Store(line, "x://"), orders, watch, 0.0001)
    pulse._round()
    line.refuses = True
    rounds_until(orders.stop.is_set, pulse, orders)
    assert orders.code == EXIT_INFRASTRUCTURE
    assert "403 AuthorizationFailure" in orders.reason


class Full(io.StringIO):
    """A stream on a full disk."""

    def write(self, _text: str) -> int:
        raise OSError(28, "No space left on device")


def test_words_that_cannot_be_written_are_dropped_once_and_for_all() -> None:
    dropped: list[object] = []
    full = Full()
    worker_log = WorkerLog(full, discard=dropped.append)
    worker_log.say("one")
    worker_log.warn("two")
    assert dropped == [full]


def test_an_own_copy_that_cannot_be_written_is_warned_of_once(world: World) -> None:
    line, said = Line(world, "w1", lambda: None, down=True), list[str]()
    own = Store(line, "x://").optional(said.append)
    assert not own.create("outcomes/a.json", b"1")
    assert not own.create("outcomes/b.json", b"1")
    (warning,) = said
    assert "own copy of its records is incomplete" in warning
