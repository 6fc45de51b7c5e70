"""A world in virtual time: real workers, in threads of which one runs at a time.

Every blocking point of a worker (a store call, a wait) hands the baton back to the schedule, which
decides who runs next, when time passes, who dies, who stands still and whose store is gone. The
workers, their claimants and the fold are the product's own.
"""

from __future__ import annotations

import io
import threading
from typing import TYPE_CHECKING

from orchestrator.arena.port import Health
from orchestrator.errors import StoreError
from orchestrator.ledger import paths
from orchestrator.ledger.causes import Cause
from orchestrator.ledger.records import Left, to_json
from orchestrator.results.verdict import AttemptVerdict
from orchestrator.store import Store
from orchestrator.worker.attempt import Guard, Seen
from orchestrator.worker.claims import Identity, LedgerClient
from orchestrator.worker.heartbeat import HeartbeatThread, Watch, WorkerSignals
from orchestrator.worker.log import WorkerLog
from orchestrator.worker.loop import Worker
from orchestrator.worker.tools import Tools, WorkerClock, WorkerSettings
from tests.fakes.virtual_world import SESSION, Line

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from orchestrator.arena.port import Arena, Assignment
    from orchestrator.planning.plan import Plan
    from orchestrator.planning.suite import Unit
    from tests.fakes.virtual_world import World


class DeadError(BaseException):
    """Unwinds the thread of a worker that was killed."""


class VirtualArena:
    """An arena without a process: always ready, unless it is told otherwise."""

    def __init__(self) -> None:
        self.starts = self.resets = 0
        self.sick = False

    def start(self, deadline_s: float, stop: threading.Event) -> None:
        assert deadline_s > 0
        assert not stop.is_set()
        self.starts += 1

    def health(self) -> Health:
        return Health(ok=not self.sick, detail="")

    def launch(self, assignment: Assignment) -> object:
        raise NotImplementedError(assignment)

    def reset(self, deadline_s: float, stop: threading.Event) -> None:
        assert deadline_s > 0
        assert not stop.is_set()
        self.resets += 1
        self.sick = False

    def stop(self) -> None: ...

    def fingerprint(self) -> dict[str, str]:
        return {"arena": "virtual"}


class _Pulse(HeartbeatThread):
    """The schedule beats for the worker; it needs no thread of its own."""

    def start(self) -> None: ...


class _Wait(threading.Event):
    """An event whose wait passes in the world's time."""

    def __init__(self, actor: Actor) -> None:
        super().__init__()
        self._actor = actor

    def wait(self, timeout: float | None = None) -> bool:
        self._actor.sleep(timeout or 0.0)
        return self.is_set()


class Actor:
    """One worker process: a thread that runs only while it holds the baton."""

    connect: type[Line] = Line

    def __init__(
        self,
        world: World,
        name: str,
        shard: tuple[int, int],
        scratch: Path,
        fate: Callable[[Unit, int], Seen],
        session: str = SESSION,
    ) -> None:
        self.world, self.fate, self.name, self.session = world, fate, name, session
        self.line = self.connect(world, self.name, self.turn)
        self.wake_at = world.now
        self.dead = self.standing = self.ended = False
        self.died_at: float | None = None
        self.exit_code: int | None = None
        self._mine, self._theirs = threading.Semaphore(0), threading.Semaphore(0)
        self.arena = VirtualArena()
        self._worker = self._make(*shard, scratch)
        self._thread = threading.Thread(target=self._main, daemon=True)
        self._next_beat = world.now
        self._thread.start()

    def _make(self, shard: int, shards: int, scratch: Path) -> Worker:
        plan = self.world.plan
        store = Store(self.line, "virtual://")
        identity = Identity(self.name, self.session, f"machine-{shard}", shard)
        self.ledger_client = LedgerClient(store, plan, identity, lambda: self.world.now)
        self.orders = WorkerSignals(stop=_Wait(self), drain=threading.Event())
        clock = WorkerClock(lambda: self.world.now, lambda: self.world.now)
        watch = Watch(clock.monotonic, clock.wall, lambda: False, lambda _reason: None)
        tools = Tools(
            plan=plan,
            store=store,
            ledger_client=self.ledger_client,
            arena=self.arena,  # type: ignore[arg-type]  # launches nothing: the fate decides
            pulse=_Pulse(self.ledger_client, store, self.orders, watch, plan.heartbeat_s),
            orders=self.orders,
            clock=clock,
            worker_log=WorkerLog(io.StringIO()),
            settings=WorkerSettings(shard, shards, scratch / self.name, "none"),
            run_attempt=self._attempt,
        )
        return Worker(tools)

    def _attempt(self, _arena: Arena, assignment: Assignment, _plan: Plan, guard: Guard) -> Seen:
        """Work for the time that fate gives, looking up now and then as a real attempt does."""
        seen = self.fate(assignment.unit, assignment.attempt)
        until = self.world.now + seen.seconds
        while self.world.now < until:
            if guard.stop.wait(min(5.0, until - self.world.now)):
                return released(seen)
            if guard.abandoned():
                return released(seen)
        return seen

    def _main(self) -> None:
        self._mine.acquire()
        try:
            if not self.dead:
                self.exit_code = self._worker.run()
        except DeadError:
            pass
        finally:
            self.ended = True
            self._theirs.release()

    def turn(self) -> None:
        """Hand the baton back and wait for it. Called in the worker's thread."""
        if threading.current_thread() is not self._thread:
            return
        self._theirs.release()
        self._mine.acquire()
        if self.dead:
            raise DeadError

    def sleep(self, seconds: float) -> None:
        """Wait in the world's time."""
        self.wake_at = self.world.now + seconds
        while True:
            self.turn()
            if self.world.now >= self.wake_at:
                return

    @property
    def ready(self) -> bool:
        """Whether it could run now."""
        return not (self.ended or self.dead or self.standing) and self.world.now >= self.wake_at

    def alive_since(self, instant: float) -> bool:
        """Whether it was running at some time after ``instant``."""
        return not self.ended or (self.died_at is not None and self.died_at >= instant)

    def resume(self) -> None:
        """Let it run to its next blocking point. Called by the schedule."""
        self._mine.release()
        self._theirs.acquire()

    def pulse(self) -> None:
        """Beat and hear, as the heartbeat thread would, when due and no other is on its way."""
        if self.ended or self.dead or self.standing or self.world.now < self._next_beat:
            return
        lock = self.ledger_client._beating
        # A beat of the worker's own thread that is on its way makes this one late, as in earnest.
        if self.ledger_client.shown.phase == "new" or not lock.acquire(blocking=False):
            return
        try:
            self.ledger_client.beat()
            self._next_beat = self.world.now + self.world.plan.heartbeat_s
            if paths.control(self.session, "drain") in self.world.objects:
                self.orders.drain.set()
        except StoreError:
            self._next_beat = self.world.now + self.world.plan.heartbeat_s
        finally:
            lock.release()

    def kill(self, *, proven: bool) -> None:
        """End it like SIGKILL; with ``proven``, its parent writes that it is dead."""
        if not self.ended:
            self.dead, self.died_at = True, self.world.now
            self._mine.release()
            self._theirs.acquire()
        if proven:
            record = Left(self.name, SESSION, "killed", "parent", -9, self.world.now)
            self.world.objects.setdefault(paths.left(self.name), (to_json(record), self.world.now))


def released(seen: Seen) -> Seen:
    """Return the attempt as one that was given back."""
    verdict = AttemptVerdict(None, Cause.RELEASED, (), "given back")
    return Seen(verdict, seen.steps, seen.seconds, {}, None)
