"""The workers that one session starts: on which engine, watched, and told to stop."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.cli.inputs.run_checks import clear_leftovers
from orchestrator.cli.inputs.run_store import readable
from orchestrator.cli.options.store import LEDGER
from orchestrator.cli.outputs.terminal import console, say_in_handler
from orchestrator.compute import registry
from orchestrator.errors import BadInputError, bad_input

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.cli.inputs.run_checks import RunOptions
    from orchestrator.cli.options.plan import Planned
    from orchestrator.cli.outputs.display import Display
    from orchestrator.compute.polled import WorkerEngine
    from orchestrator.fleet.local import LocalFleet
    from orchestrator.ledger.reader import LedgerReader
    from orchestrator.planning.plan import Plan
    from orchestrator.store import Store

WORKERS = "workers"
FULL_DISK = "a disk that is almost full"

_SHORTEST_TIMEOUT_S = 5.0
_READ_S = 20.0
_MIB = 1024 * 1024
_DISK_CHECK_S = 2.0


@dataclass(frozen=True, slots=True)
class Where:
    """The ledger of a run."""

    url: str
    name: str
    store_ca: str
    local: bool

    def open(self, plan: Plan) -> Store:
        """Open the run's objects, made if they are not there."""
        timeout_s = max(plan.heartbeat_s, _SHORTEST_TIMEOUT_S)
        return readable(self.url, self.name, self.store_ca, timeout_s, create=True)

    def existing(self, out: Path) -> Store:
        """Open the objects of a run that has been started.

        Raises:
            BadInputError: There is none.
        """
        if self.local and not (out / LEDGER / self.name).is_dir():
            raise bad_input(f"--out {out}", "holds no run to resume", "Leave --resume out.")
        return readable(self.url, self.name, self.store_ca, _READ_S)


class LocalSession:
    """This machine's part of a session of a run.

    ``stopped_by`` is a signal's name, or a full disk, once something has told it to stop.
    """

    def __init__(
        self, settings: RunOptions, planned_run: Planned, where: Where, session: str
    ) -> None:
        self.name = session
        self.stop = threading.Event()
        self.stopped_by = ""
        self._settings, self._planned, self._where = settings, planned_run, where
        self._at_work = 0
        self._next_disk_check = 0.0

    def work(self, reader: LedgerReader) -> list[int]:
        """Let the workers work until the last has left; return their exit codes."""
        from orchestrator.cli.outputs.display import Display
        from orchestrator.worker.scratch import sweep_attempts

        sweep_attempts(self._settings.out / WORKERS)
        shown_on = console(no_color=self._settings.no_color)
        with self._engine() as engine, Display(shown_on, reader, time.time) as display:
            fleet = self._fleet(reader, engine)
            fleet.run(self.stop, lambda: self._look(display))
            fleet.await_others(self.stop, lambda: self._look(display))
            display.refresh(final=True)
        if not self._planned.plan.simulated:
            # A worker that had to be killed could not take its container with it.
            clear_leftovers(
                Path(self._settings.storage).absolute() if self._settings.storage else None
            )
        return fleet.exits

    def _look(self, display: Display) -> None:
        if (current := display.refresh()) is not None:
            self._at_work = current.running
        self._check_disk()

    def obey_signals(self) -> None:
        """Let Ctrl-C and SIGTERM tell the workers to give their tasks back and leave."""

        def stop(number: int, _frame: object) -> None:
            self._stop_for(signal.Signals(number).name)

        signal.signal(signal.SIGINT, stop)
        signal.signal(signal.SIGTERM, stop)

    def _stop_for(self, reason: str) -> None:
        """Let the workers leave, and say so at once: they have seconds to give their tasks back."""
        if self.stop.is_set():
            return
        self.stopped_by = reason
        self.stop.set()
        tasks = "a task" if self._at_work == 1 else f"{self._at_work} tasks"
        say_in_handler(f"Stopping: giving {tasks} back \N{HORIZONTAL ELLIPSIS}")

    @contextmanager
    def _engine(self) -> Iterator[WorkerEngine | None]:
        """Open the engine that was asked for, by what the environment says of it; None: local.

        Raises:
            BadInputError: It is not installed, lacks something, or starts no plain workers.
        """
        from orchestrator.cli.options.compute import account_here
        from orchestrator.clock import SystemClock
        from orchestrator.compute.polled import PolledEngine
        from orchestrator.fleet.local import SESSION_LABEL

        name = self._settings.engine
        if name == registry.LOCAL:
            yield None
            return
        kit = registry.load(name)
        if missing := kit.missing():
            raise BadInputError(missing)
        with account_here(kit, self._where.store_ca or None).open({}) as engine:
            if not engine.capabilities.plain_worker:
                fix = "Name another engine: these machines are launched by provision."
                raise bad_input(f"--engine {name}", "starts no plain workers", fix)
            yield PolledEngine(engine, {SESSION_LABEL: self.name}, SystemClock())

    def _fleet(self, reader: LedgerReader, engine: WorkerEngine | None) -> LocalFleet:
        from orchestrator.cli.worker import new_worker_id
        from orchestrator.fleet.local import LocalFleet, LocalSettings

        scratch = self._settings.out / WORKERS
        scratch.mkdir(parents=True, exist_ok=True)
        settings = LocalSettings(
            workers=self._settings.workers,
            session=self.name,
            scratch=scratch,
            command=self._worker_command,
            environment=self._worker_environment(),
            new_id=new_worker_id,
            wall=time.time,
        )
        return LocalFleet(settings, reader, engine)

    def _worker_environment(self) -> dict[str, str]:
        """Return this process's environment without what would be taken for a worker's options."""
        prefix = "WAA_MATRIX_WORKER_"
        return {name: value for name, value in os.environ.items() if not name.startswith(prefix)}

    def _worker_command(self, worker: str, shard: int, scratch: Path) -> list[str]:
        settings = self._settings
        command = [sys.executable, "-m", "orchestrator", "worker"]
        command += ["--store", self._where.url, "--run", self._where.name]
        command += ["--session", self.name, "--parent", str(os.getpid())]
        command += ["--shard", str(shard), "--shards", str(settings.workers)]
        command += ["--worker-id", worker, "--scratch", str(scratch)]
        command += ["--evidence", settings.evidence]
        optional = {
            "--store-ca": self._where.store_ca,
            "--client": str(self._planned.client.absolute()) if self._planned.client else "",
            "--storage": settings.storage or "",
            "--requirements": settings.requirements,
        }
        for flag, value in optional.items():
            command += [flag, value] if value else []
        for name in settings.forwarded:
            command += ["--env", name]
        return command

    def _check_disk(self) -> None:
        """Stop before a full disk does: workers release their tasks and nothing is lost."""
        now = time.monotonic()
        if now < self._next_disk_check:
            return
        self._next_disk_check = now + _DISK_CHECK_S
        if shutil.disk_usage(self._settings.out).free < self._settings.min_free * _MIB:
            self._stop_for(FULL_DISK)
