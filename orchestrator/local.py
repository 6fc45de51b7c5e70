"""``run``: worker processes on this machine, watched, replaced when they die, and outlived.

The workers are direct children, executed and never forked, so that a wait is a proof of death: the
parent then writes their ``left`` and their tasks are taken over at once.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orchestrator.errors import (
    EXIT_COMPLETE,
    EXIT_INCOMPLETE,
    EXIT_INFRASTRUCTURE,
    EXIT_INTERRUPTED,
    StoreError,
    bad_input,
)
from orchestrator.ledger import paths
from orchestrator.ledger.records import Left, to_json
from orchestrator.worker.recorder import ATTEMPTS

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from orchestrator.reader import LedgerReader

LAUNCHES_A_SHARD = 3
"""How often a shard's worker is started in all. A machine that kills three has another problem."""

LEAVE_S = 6.0
"""A worker leaves within 5 s of SIGTERM; one that has not by then is killed."""

_OWN_EXITS = {EXIT_COMPLETE, EXIT_INCOMPLETE, EXIT_INFRASTRUCTURE, EXIT_INTERRUPTED}
_POLL_S = 0.1


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


@dataclass(slots=True)
class _Child:
    worker: str
    shard: int
    process: subprocess.Popen[bytes]


class LocalFleet:
    """The worker processes of one session on this machine."""

    def __init__(self, settings: LocalSettings, reader: LedgerReader) -> None:
        self._settings, self._reader = settings, reader
        self._children: list[_Child] = []
        self._launches = [0] * settings.workers
        self.exits: list[int] = []

    def run(self, stop: threading.Event, look: Callable[[], None]) -> None:
        """Start the workers and wait until the last has ended.

        Args:
            stop: When set, the workers are told to leave, and killed if they do not.
            look: Called a few times a second, for a display.
        """
        for shard in range(self._settings.workers):
            self._launch(shard)
        try:
            while self._children and not stop.wait(_POLL_S):
                self._reap()
                look()
        finally:
            self._end()

    def _launch(self, shard: int) -> None:
        settings = self._settings
        worker = settings.new_id(shard)
        scratch = settings.scratch / worker
        scratch.mkdir(parents=True)
        self._launches[shard] += 1
        with (scratch / "worker.log").open("wb") as log:
            try:
                process = subprocess.Popen(
                    list(settings.command(worker, shard, scratch)),
                    env=dict(settings.environment),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    # Ctrl-C reaches the parent alone, which then asks each worker to leave once.
                    start_new_session=True,
                )
            except OSError as error:
                raise bad_input(
                    "waa-matrix worker", f"cannot be started ({error})", "Check the installation."
                ) from error
        self._children.append(_Child(worker, shard, process))

    def _reap(self) -> None:
        for child in [one for one in self._children if one.process.poll() is not None]:
            self._children.remove(child)
            code = child.process.returncode
            self.exits.append(code)
            died = self._died(child, code)
            if died:
                self._bury(child, code)
            if (died or code == EXIT_INFRASTRUCTURE) and self._worth_replacing(child):
                self._launch(child.shard)

    def _died(self, child: _Child, code: int) -> bool:
        """Whether a worker ended without meaning to: an exception ends Python with status 1 too."""
        if code not in _OWN_EXITS:
            return True
        try:
            said = self._reader.store.get(paths.left(child.worker))
        except StoreError:
            return False  # it may have said so, and the store does not tell: the lease will
        return code == EXIT_INCOMPLETE and said is None

    def _bury(self, child: _Child, code: int) -> None:
        """Write that a worker is dead: its parent has waited for it."""
        reason = f"killed by {signal_name(-code)}" if code < 0 else f"ended with status {code}"
        settings = self._settings
        # Its task is another's now; its own ledger and its log stay.
        shutil.rmtree(settings.scratch / child.worker / ATTEMPTS, ignore_errors=True)
        record = Left(child.worker, settings.session, reason, "parent", code, settings.wall())
        try:
            self._reader.store.create(paths.left(child.worker), to_json(record))
        except StoreError:
            # The lease tells the others a little later; the run goes on without this record.
            return

    def _worth_replacing(self, child: _Child) -> bool:
        """Whether a new worker may help: not a shard's fourth, nor where nothing is to be taken."""
        if self._launches[child.shard] >= LAUNCHES_A_SHARD:
            return False
        drain = paths.control(self._settings.session, "drain")
        try:
            if self._reader.store.get(drain) is not None:
                return False
            return not self._reader.fold(running=True).complete
        except StoreError:
            return True

    def _end(self) -> None:
        for child in self._children:
            child.process.terminate()
        grace_s = LEAVE_S
        for child in self._children:
            try:
                child.process.wait(grace_s)
            except subprocess.TimeoutExpired:
                grace_s = _POLL_S  # the others have had the same time by now
                child.process.kill()
                child.process.wait()
                self._bury(child, -signal.SIGKILL)
            self.exits.append(child.process.returncode)
        self._children.clear()


def signal_name(number: int) -> str:
    """Return a signal's name, or its number when it has none."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
