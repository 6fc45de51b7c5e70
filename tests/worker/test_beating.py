"""Heartbeats go on whatever else a worker asks of the store: a read must not stand in their way."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from orchestrator.errors import StoreError
from orchestrator.ledger import paths
from orchestrator.planning.suite import TaskKey, Unit
from orchestrator.store import UnclearError
from tests.fakes.virtual_world import Line, open_world
from tests.worker.desk import Desk, plan_of, sit

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.store import Listed

PATIENCE_S = 20.0
UNITS = tuple(Unit(TaskKey("d", f"t{number:02}"), 0) for number in range(12))


class Slow(Line):
    """A connection over which an answer waits until a heartbeat has come that began after it."""

    waits: tuple[str, ...] = ()
    beaten: threading.Event | None = None
    asked: threading.Event | None = None
    missed: bool = False

    def _answer(self, verb: str) -> None:
        if verb in self.waits and self.asked is not None and self.beaten is not None:
            self.asked.set()
            self.missed |= not self.beaten.wait(PATIENCE_S)

    def put(self, path: str, data: bytes) -> None:
        Line.put(self, path, data)
        if self.asked is not None and self.asked.is_set() and self.beaten is not None:
            self.beaten.set()

    def put_new(self, path: str, data: bytes) -> None:
        self._answer("create")
        Line.put_new(self, path, data)

    def list(self, prefix: str) -> list[Listed]:
        self._answer("list")
        return Line.list(self, prefix)

    def get(self, path: str) -> bytes | None:
        self._answer("read")
        return Line.get(self, path)


def hold(line: Slow, *verbs: str) -> None:
    line.asked, line.beaten = threading.Event(), threading.Event()
    line.waits = verbs


def beat_meanwhile(line: Slow, beat: Callable[[], None]) -> bool:
    """Beat once, as the pulse does, as soon as an answer is waited for."""
    assert line.asked is not None
    came = line.asked.wait(PATIENCE_S)
    beat()
    return came


def settled_world() -> tuple[Slow, Desk]:
    world = open_world(plan_of(*UNITS))
    desk = sit(world, "w1")
    for unit in UNITS:
        desk.works_on(unit)
        desk.ledger_client.record(desk.outcome(unit, 1), world.now)
    line = Slow(world, "w2", lambda: None)
    return line, sit(world, "w2", line=line)


def test_a_heartbeat_goes_out_while_a_look_waits_for_a_read() -> None:
    line, desk = settled_world()
    hold(line, "read")
    with ThreadPoolExecutor(1) as pool:
        pulse = pool.submit(beat_meanwhile, line, desk.ledger_client.beat)
        look = desk.ledger_client.look(verify=True)
        assert pulse.result()
    assert not line.missed
    assert look.done == frozenset(UNITS)


def test_a_heartbeat_goes_out_while_a_look_waits_for_a_list() -> None:
    line, desk = settled_world()
    hold(line, "list")
    with ThreadPoolExecutor(1) as pool:
        pulse = pool.submit(beat_meanwhile, line, desk.ledger_client.beat)
        desk.ledger_client.look()
        assert pulse.result()
    assert not line.missed


def test_a_heartbeat_goes_out_while_an_outcome_is_recorded() -> None:
    world = open_world(plan_of(*UNITS))
    line = Slow(world, "w1", lambda: None)
    desk = sit(world, "w1", line=line)
    desk.works_on(UNITS[0])
    hold(line, "create")
    with ThreadPoolExecutor(1) as pool:
        pulse = pool.submit(beat_meanwhile, line, desk.ledger_client.beat)
        desk.ledger_client.record(desk.outcome(UNITS[0], 1), world.now)
        assert pulse.result()
    assert not line.missed


def test_a_heartbeat_goes_out_while_a_worker_asks_whether_it_may_leave() -> None:
    line, desk = settled_world()
    hold(line, "list")
    with ThreadPoolExecutor(1) as pool:
        pulse = pool.submit(beat_meanwhile, line, desk.ledger_client.beat)
        desk.ledger_client.may_leave()
        assert pulse.result()
    assert not line.missed


class Together(Line):
    """A connection that answers reads only when several wait for one."""

    gate: threading.Barrier | None = None

    def get(self, path: str) -> bytes | None:
        if self.gate is not None:
            self.gate.wait(PATIENCE_S)
        return Line.get(self, path)


def test_a_look_reads_side_by_side() -> None:
    line, _ = settled_world()
    together = Together(line.world, "w3", lambda: None)
    desk = sit(line.world, "w3", line=together)
    together.gate = threading.Barrier(4)
    assert desk.ledger_client.look(verify=True).done == frozenset(UNITS)


class Flaky(Line):
    """A connection that fails the first read of every outcome."""

    failed: frozenset[str] = frozenset()

    def get(self, path: str) -> bytes | None:
        if paths.parse_outcome(path) is not None and path not in self.failed:
            self.failed |= {path}
            raise UnclearError("the reply was lost")
        return Line.get(self, path)


def test_what_was_read_before_a_read_failed_is_not_read_again() -> None:
    line, _ = settled_world()
    flaky = Flaky(line.world, "w3", lambda: None)
    desk = sit(line.world, "w3", line=flaky)
    for _ in range(len(UNITS) + 1):
        try:
            look = desk.ledger_client.look(verify=True)
        except StoreError:
            continue
        assert look.done == frozenset(UNITS)
        return
    raise AssertionError("the look never came to its end")
