"""The engine ``local``: each instance is a process with a directory of its own on this machine.

A process is executed and never forked. Whoever started it waits for it, which is a proof of its
death; any other process of this machine tells by what its directory holds.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import threading
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from orchestrator.compute.base import Capabilities, Instance, InstanceState, Kind, Launched
from orchestrator.compute.failures import CloudError, Failure, FailureKind, Scope
from orchestrator.compute.job import WorkerBootstrap
from orchestrator.compute.local import record as records
from orchestrator.compute.local.checks import job_findings
from orchestrator.compute.local.commands import copy_from, run_in
from orchestrator.compute.local.process import identify, is_alive, send, session_leader_writing
from orchestrator.compute.local.record import LOG, ProcessRecord
from orchestrator.compute.offers import RegionOffers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path, PurePosixPath

    from orchestrator.compute.base import Completed, RemoteCommand
    from orchestrator.compute.findings import Finding
    from orchestrator.compute.job import Job

REGION = "local"
LEAVE_S = 6.0
"""A worker leaves within 5 s of SIGTERM; one that has not by then is killed when asked again."""

NAME_TAKEN, NO_ROOM, NOT_STARTED = "NameTaken", "NoRoom", "NotStarted"
"""Why a process was refused: codes of its failure."""

_CHUNK = 1 << 16


class LocalEngine:
    """Processes below ``directory``, one directory each. ``wall`` is Unix seconds."""

    name = "local"
    capabilities = Capabilities(exec=True, logs=True, plain_worker=True)

    def __init__(self, directory: Path, wall: Callable[[], float]) -> None:
        self._directory, self._wall = directory, wall
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._lock = threading.RLock()

    def check(self, job: Job) -> Sequence[Finding]:
        """As ``Engine.check``: this machine's room, cores and KVM."""
        return list(job_findings(job, self._directory))

    def offers(self, region: str) -> RegionOffers:
        """As ``Engine.offers``: there is nothing to choose."""
        return RegionOffers(region)

    def launch(self, job: Job) -> Launched:
        """As ``Engine.launch``. A directory that is there already is never started in."""
        accepted: list[str] = []
        refused: dict[str, Failure] = {}
        for name in job.names:
            try:
                self._launch(name, job)
            except CloudError as error:
                refused[name] = error.failure
                continue
            accepted.append(name)
        return Launched(tuple(accepted), refused)

    def status(self, labels: Mapping[str, str]) -> Sequence[Instance]:
        """As ``Engine.status``: by what the directories hold, which never lags."""
        read = map(self.get, records.names(self._directory))
        there = [instance for instance in read if instance is not None]
        return [instance for instance in there if labels.items() <= instance.labels.items()]

    def get(self, name: str) -> Instance | None:
        """As ``Engine.get``. One that has ended as it was asked to is gone."""
        record = self._current(name)
        if record is None:
            return None
        state = self._state(record)
        if state is InstanceState.ENDED and record.ending_since is not None:
            records.forget(self._directory / name)
            return None
        return Instance(
            kind=Kind.PROCESS,
            id=str(self._directory / name),
            name=name,
            region=REGION,
            state=state,
            labels=record.labels,
            created=record.created,
            failure=_failure(record) if state is InstanceState.ENDED else None,
            exit_code=record.exit_code,
        )

    def logs(self, instance: Instance, since_s: float | None = None) -> Iterator[bytes]:
        """As ``Engine.logs``: its whole output, unless all of that is older than ``since_s``."""
        path = self._directory / instance.name / LOG
        try:
            if since_s is not None and self._wall() - path.stat().st_mtime > since_s:
                return
            with path.open("rb") as file:
                while part := file.read(_CHUNK):
                    yield part
        except FileNotFoundError:
            return

    def terminate(self, instance: Instance) -> None:
        """As ``Engine.terminate``: SIGTERM, and SIGKILL when asked again after ``LEAVE_S``."""
        now = self._wall()
        with self._lock:
            record = self._current(instance.name)
            if record is None:
                return
            asked = record.ending_since
            if asked is None:
                self._keep(replace(record, ending_since=now))
        late = asked is not None and now - asked >= LEAVE_S
        self._send(instance.name, signal.SIGKILL if late else signal.SIGTERM)
        self.get(instance.name)  # nothing is kept of one that had ended

    def run(self, instance: Instance, command: RemoteCommand) -> Completed:
        """As ``CommandEngine.run``."""
        return run_in(self._directory_of(instance), command)

    def download(self, instance: Instance, path: PurePosixPath, to: Path) -> None:
        """As ``CommandEngine.download``."""
        copy_from(self._directory_of(instance), path, to)

    def end(self, name: str) -> None:
        """As ``WorkerEngine.end``."""
        instance = self.get(name)
        if instance is not None:
            self.terminate(instance)

    def kill(self, name: str) -> None:
        """As ``WorkerEngine.kill``: SIGKILL ends a process that is stopped, too."""
        self._send(name, signal.SIGKILL)

    def wait(self, name: str, timeout_s: float = 0.0) -> int | None:
        """As ``WorkerEngine.wait``, of a process that this engine started: its parent's wait.

        A signal's number comes negative.
        """
        child = self._children[name]
        try:
            return child.wait(timeout_s) if timeout_s > 0 else child.poll()
        except subprocess.TimeoutExpired:
            return None

    def close(self) -> None:
        """Wait for what has ended. What still runs is another process's to see and end."""
        with self._lock:
            running = {n: child for n, child in self._children.items() if child.poll() is None}
            self._children = running

    # -- starting ---------------------------------------------------------------------------

    def _launch(self, name: str, job: Job) -> None:
        directory = self._directory / name
        bootstrap = job.bootstrap(name)
        if not isinstance(bootstrap, WorkerBootstrap):
            raise _refusal(name, "NotAWorker", "a process here begins as a plain worker alone")
        record = ProcessRecord(name, {**job.labels, **bootstrap.labels}, self._wall())
        try:
            claimed = records.claim(directory, record)
        except OSError as error:
            raise _refusal(name, NO_ROOM, f"cannot be made ({error.strerror})") from error
        if not claimed:
            self._own(name, job.labels)
            return
        try:
            self._start(record, bootstrap)
        except OSError as error:
            shutil.rmtree(directory, ignore_errors=True)
            raise _refusal(name, NOT_STARTED, f"cannot be started ({error})") from error

    def _own(self, name: str, labels: Mapping[str, str]) -> None:
        """Accept a directory that is there, if an earlier launch of the same made it."""
        record = records.read(self._directory / name)
        if record is None or not labels.items() <= record.labels.items():
            raise _refusal(name, NAME_TAKEN, "a directory of this name exists already")

    def _start(self, record: ProcessRecord, bootstrap: WorkerBootstrap) -> None:
        with (self._directory / record.name / LOG).open("wb") as log, self._lock:
            child = subprocess.Popen(
                list(bootstrap.command),
                env=dict(bootstrap.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C reaches the parent alone, which then asks each worker to leave once.
                start_new_session=True,
            )
            self._children[record.name] = child
            self._keep(replace(record, process=identify(child.pid)))

    def _directory_of(self, instance: Instance) -> Path:
        if self.get(instance.name) is None:
            failure = Failure(FailureKind.CONFIGURATION, "NotThere", f"{instance.name} is gone")
            raise CloudError(failure)
        return self._directory / instance.name

    # -- looking ----------------------------------------------------------------------------

    def _current(self, name: str) -> ProcessRecord | None:
        """Return an instance's record, with its exit code once that is known here."""
        with self._lock:
            record = records.read(self._directory / name)
            if record is None:
                return None
            if record.process is None:
                record = self._adopted(record)
            child = self._children.get(name)
            if child is not None and record.exit_code is None:
                code = child.poll()
                if code is not None:
                    record = replace(record, exit_code=code)
                    self._keep(record)
            return record

    def _adopted(self, record: ProcessRecord) -> ProcessRecord:
        """Find the process of a record whose writer was killed before it could say which it is."""
        pid = session_leader_writing((self._directory / record.name / LOG).resolve())
        if pid is None:
            return record
        record = replace(record, process=identify(pid))
        self._keep(record)
        return record

    def _state(self, record: ProcessRecord) -> InstanceState:
        if record.exit_code is not None or not self._is_alive(record):
            return InstanceState.ENDED
        return InstanceState.ENDING if record.ending_since is not None else InstanceState.RUNNING

    def _is_alive(self, record: ProcessRecord) -> bool:
        if record.name in self._children:
            return True  # not waited for yet
        return record.process is not None and is_alive(record.process)

    def _send(self, name: str, number: signal.Signals) -> None:
        with self._lock:
            child, record = self._children.get(name), records.read(self._directory / name)
            if child is not None:
                child.send_signal(number)
            elif record is not None and record.process is not None:
                send(record.process, number)

    def _keep(self, record: ProcessRecord) -> None:
        """Keep what is known of a process, where the disk takes it.

        One that is full keeps no process from being ended: its parent knows all of this too.
        """
        with suppress(OSError):
            records.write(self._directory / record.name, record)


def _refusal(name: str, code: str, why: str) -> CloudError:
    failure = Failure(FailureKind.CONFIGURATION, code, why, scope=Scope.RUN)
    return CloudError(failure, during=f"start {name[:80]}")


def _failure(record: ProcessRecord) -> Failure | None:
    """Return why a process that was not asked to end has; None when it meant to."""
    if record.exit_code == 0:
        return None
    code = record.exit_code
    if code is None:
        why = "it is not there any more, and its end was not waited for"
    else:
        why = f"killed by signal {-code}" if code < 0 else f"ended with status {code}"
    return Failure(FailureKind.BROKEN, "Ended", why)
