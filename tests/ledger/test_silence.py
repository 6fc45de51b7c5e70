"""What a parent takes for a worker's silence, and what not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orchestrator.ledger import paths
from orchestrator.ledger.silence import Silence
from orchestrator.planning.plan import PlanInputs, make_plan
from orchestrator.planning.suite import TaskKey, suite_of
from orchestrator.store import Store
from tests.fakes.virtual_world import Line, open_world

if TYPE_CHECKING:
    from tests.fakes.virtual_world import World


@pytest.fixture
def world() -> World:
    return open_world(make_plan(PlanInputs(suite_of((TaskKey("d", "a"),)))))


def watch(world: World) -> tuple[Line, Silence]:
    line = Line(world, "parent", lambda: None)
    return line, Silence(Store(line, "x://"), lambda: world.now)


def beat(world: World, worker: str) -> None:
    world.objects[paths.worker(worker)] = (b"{}", world.now)


def test_a_worker_is_silent_since_its_heartbeat_was_last_seen_to_change(world: World) -> None:
    _, silence = watch(world)
    beat(world, "w1")
    assert silence.of(["w1", "w2"]) == {"w1": 0.0, "w2": 0.0}
    world.now += 40.0
    beat(world, "w1")
    assert silence.of(["w1", "w2"]) == {"w1": 0.0, "w2": 40.0}
    world.now += 10.0
    assert silence.of(["w1", "w2"]) == {"w1": 10.0, "w2": 50.0}


def test_an_outage_is_nobodys_silence(world: World) -> None:
    line, silence = watch(world)
    silence.of(["w1"])
    line.down = True
    world.now += 500.0
    assert silence.of(["w1"]) == {"w1": 0.0}
    line.down = False
    world.now += 5.0
    assert silence.of(["w1"]) == {"w1": 0.0}
    world.now += 7.0
    assert silence.of(["w1"]) == {"w1": 7.0}
