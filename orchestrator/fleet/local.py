"""``run``: workers of an engine, watched, replaced when they die, and outlived.

A wait is a proof of death, whether they are this process's children or an engine's that says so:
the parent then writes their ``left`` and their tasks are taken over at once.
"""

from __future__ import annotations

import shutil
import signal
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orchestrator.compute.job import Job, MachineNeeds, WorkerBootstrap
from orchestrator.compute.local.engine import LEAVE_S, NO_ROOM, LocalEngine
from orchestrator.errors import (
    EXIT_COMPLETE,
    EXIT_INCOMPLETE,
    EXIT_INFRASTRUCTURE,
    EXIT_INTERRUPTED,
    BadInputError,
    StoreError,
    StoreRefusedError,
    bad_input,
)
from orchestrator.ledger import paths
from orchestrator.ledger.fold import fold
from orchestrator.ledger.progress import at_work
from orchestrator.ledger.records import Left, to_json
from orchestrator.ledger.silence import Silence
from orchestrator.worker.recorder import ATTEMPTS

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from orchestrator.compute.failures import Failure
    from orchestrator.compute.polled import WorkerEngine
    from orchestrator.ledger.reader import LedgerReader

SESSION_LABEL = "waa-session"
"""The label that all workers of a session carry, whatever engine starts them."""

LAUNCHES_A_SHARD = 3
"""How often a shard's worker is started in all. A machine that kills three has another problem."""

SILENT_LEASES, SILENT_AT_LEAST_S = 3, 60.0
"""A worker that has not beaten for so long is frozen: it is killed, for nobody else can.

Where everything is scored one lease is enough: nothing is waited for but its end.
"""

_OWN_EXITS = {EXIT_COMPLETE, EXIT_INCOMPLETE, EXIT_INFRASTRUCTURE, EXIT_INTERRUPTED}
_SHARD_LABEL = "waa-shard"
_POLL_S = 0.1
_LOOKS_A_LEASE = 5


@dataclass(frozen=True, slots=True)
class LocalSettings:
    """How workers are started.

    ``command`` returns the argument list for (worker id, shard, scratch directory). ``environment``
    is the workers' whole environment; secrets travel in it and never in the arguments.
    """

    workers: int
    session: str
    scratch: Path
    command: Callable[[str, int, Path], Sequence[str]]
    environment: Mapping[str, str] = field(repr=False)
    new_id: Callable[[int], str]
    wall: Callable[[], float]
    monotonic: Callable[[], float] = time.monotonic


@dataclass(slots=True)
class _Worker:
    """A worker's process. ``condemned`` says why this parent killed it."""

    name: str
    shard: int
    condemned: str = ""


class LocalFleet:
    """The workers that one session starts: on this machine, unless another engine is given."""

    def __init__(
        self, settings: LocalSettings, reader: LedgerReader, engine: WorkerEngine | None = None
    ) -> None:
        self._settings, self._reader = settings, reader
        self._engine: WorkerEngine = engine or LocalEngine(settings.scratch, settings.wall)
        self._workers: list[_Worker] = []
        self._launches = [0] * settings.workers
        self._own: set[str] = set()
        self.exits: list[int] = []
        self._silence = Silence(reader.store, settings.monotonic)
        self._next_silence = settings.monotonic()

    def run(self, stop: threading.Event, look: Callable[[], None]) -> None:
        """Start the workers and wait until the last has ended.

        Args:
            stop: When set, the workers are told to leave, and killed if they do not.
            look: Called a few times a second, for a display.
        """
        try:
            for shard in range(self._settings.workers):
                self._launch(shard)
            while self._workers and not stop.wait(_POLL_S):
                self._reap()
                self._kill_frozen()
                look()
        finally:
            self._end()

    def await_others(self, stop: threading.Event, look: Callable[[], None]) -> None:
        """Wait while workers of other machines, in the same session, are at a task.

        A worker that has been silent for too long is not waited for; nor is anybody once all is
        scored, or after ``stop``.
        """
        while not stop.is_set():
            at_task = self._others_at_a_task()
            if not at_task:
                return
            silences = self._silence.of(at_task)
            if all(silent_s > self._patience_s for silent_s in silences.values()):
                return
            look()
            stop.wait(self._reader.plan.heartbeat_s / _LOOKS_A_LEASE)

    def _others_at_a_task(self) -> list[str]:
        """Return the others of this session that hold something not settled yet."""
        try:
            snapshot = self._reader.snapshot()
        except StoreError:
            return []  # the report waits for the store, and tells what it then sees
        folded = fold(self._reader.plan.units, snapshot, at_work(snapshot))
        if folded.complete:
            return []
        return [
            worker
            for worker in at_work(snapshot) - self._own
            if (beat := snapshot.heartbeats[worker]).session == self._settings.session
            and beat.unit is not None
        ]

    @property
    def _patience_s(self) -> float:
        return max(SILENT_LEASES * self._reader.plan.lease_s, SILENT_AT_LEAST_S)

    def _launch(self, shard: int) -> None:
        settings = self._settings
        worker = settings.new_id(shard)
        scratch = settings.scratch / worker
        self._launches[shard] += 1
        self._own.add(worker)

        def bootstrap(name: str) -> WorkerBootstrap:
            command = tuple(settings.command(name, shard, scratch))
            return WorkerBootstrap(command, settings.environment)

        labels = {SESSION_LABEL: settings.session, _SHARD_LABEL: str(shard)}
        job = Job((worker,), bootstrap, labels, MachineNeeds(kvm=False))
        refused = self._engine.launch(job).refused
        if worker in refused:
            raise _not_started(scratch, refused[worker])
        self._workers.append(_Worker(worker, shard))

    def _reap(self) -> None:
        ended = [(worker, self._engine.wait(worker.name)) for worker in self._workers]
        for worker, code in ended:
            if code is None:
                continue
            self._workers.remove(worker)
            self._engine.end(worker.name)  # it has ended: its entry goes
            self.exits.append(code)
            died = self._died(worker, code)
            if died:
                self._mark_dead(worker, code)
            if (died or code == EXIT_INFRASTRUCTURE) and self._worth_replacing(worker):
                self._replace(worker.shard)

    def _replace(self, shard: int) -> None:
        try:
            self._launch(shard)
        except BadInputError:
            return  # no room for another worker here; the others go on

    def _kill_frozen(self) -> None:
        """Kill workers that do not beat though the store answers; burying them is ``_reap``'s."""
        settings, lease_s = self._settings, self._reader.plan.lease_s
        if settings.monotonic() < self._next_silence:
            return
        self._next_silence = settings.monotonic() + lease_s / _LOOKS_A_LEASE
        silences = self._silence.of([worker.name for worker in self._workers])
        silent = [worker for worker in self._workers if silences[worker.name] > lease_s]
        if not silent:
            return
        over = self._is_complete()
        for worker in silent:
            silent_s = silences[worker.name]
            if over or silent_s > self._patience_s:
                worker.condemned = f"silent for {silent_s:.0f} s, then killed"
                self._engine.kill(worker.name)

    def _is_complete(self) -> bool:
        try:
            return self._reader.fold(running=True).complete
        except StoreError:
            return False

    def _died(self, worker: _Worker, code: int) -> bool:
        """Whether a worker ended without meaning to: an exception ends Python with status 1 too."""
        if code not in _OWN_EXITS:
            return True
        try:
            said = self._reader.store.get(paths.left(worker.name))
        except StoreError:
            return False  # it may have said so, and the store does not tell: the lease will
        return code == EXIT_INCOMPLETE and said is None

    def _mark_dead(self, worker: _Worker, code: int) -> None:
        """Write that a worker is dead: its parent has waited for it."""
        ended = f"killed by {signal_name(-code)}" if code < 0 else f"ended with status {code}"
        reason = worker.condemned or ended
        settings = self._settings
        # Its task is another's now; its own ledger and its log stay.
        shutil.rmtree(settings.scratch / worker.name / ATTEMPTS, ignore_errors=True)
        record = Left(worker.name, settings.session, reason, "parent", code, settings.wall())
        try:
            self._reader.store.create(paths.left(worker.name), to_json(record))
        except StoreError:
            # The lease tells the others a little later; the run goes on without this record.
            return

    def _worth_replacing(self, worker: _Worker) -> bool:
        """Whether a new worker may help: not a shard's fourth, nor where nothing is to be taken."""
        if self._launches[worker.shard] >= LAUNCHES_A_SHARD:
            return False
        drain = paths.control(self._settings.session, "drain")
        try:
            if self._reader.store.get(drain) is not None:
                return False
            return not self._reader.fold(running=True).complete
        except StoreRefusedError:
            return False  # another would be refused as well
        except StoreError:
            return True

    def _end(self) -> None:
        for worker in self._workers:
            self._engine.end(worker.name)
        grace_s = LEAVE_S
        for worker in self._workers:
            code = self._engine.wait(worker.name, grace_s)
            if code is None:
                grace_s = _POLL_S  # the others have had the same time by now
                code = self._kill(worker)
            self.exits.append(-signal.SIGKILL if code is None else code)
            self._engine.end(worker.name)  # it has ended: its entry goes
        self._workers.clear()

    def _kill(self, worker: _Worker) -> int | None:
        """Kill a worker and return how it ended; None: it has not."""
        self._engine.kill(worker.name)
        code = self._engine.wait(worker.name, LEAVE_S)
        if code is not None:
            # Otherwise the kernel holds it in a call (a disk that hangs): nothing proves it dead.
            self._mark_dead(worker, -signal.SIGKILL)
        return code


def _not_started(scratch: Path, failure: Failure) -> BadInputError:
    if failure.code == NO_ROOM:
        return bad_input(str(scratch), failure.message, "Make room, or choose another --out.")
    return bad_input("waa-matrix worker", failure.message, "Check the installation.")


def signal_name(number: int) -> str:
    """Return a signal's name, or its number when it has none."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
