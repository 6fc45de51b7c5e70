"""The runner's side: connect with a configuration, take a job, finish it, or vanish."""

from __future__ import annotations

import signal
import subprocess
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from tests.fakes.github.scheduler import finish, settle

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.github.faults import Faults
    from tests.fakes.github.state import JobEntry, RunnerEntry, World


_GRACE_S = 10.0


class RunnerGoneError(Exception):
    """GitHub does not know this runner any more, or its configuration was used before."""


class UnreachableError(Exception):
    """GitHub does not answer; a runner tries again."""


class DeprecatedRunnerError(Exception):
    """The runner's version is refused; it exits at once."""


class RunnerSession:
    """A connected runner."""

    def __init__(self, world: World, faults: Faults, runner_id: int) -> None:
        self._world = world
        self._faults = faults
        self.runner_id = runner_id

    def take(self, timeout_s: float = 10.0) -> JobEntry | None:
        """Wait for a job, at most ``timeout_s`` of real time; None when none came."""
        with self._world.changed:
            settle(self._world, self._faults.idle_limit_s)
            self._world.changed.wait_for(
                lambda: self._job() is not None or self._entry() is None, timeout_s
            )
            if self._world.down:
                return None
            if self._entry() is None:
                raise RunnerGoneError(f"runner {self.runner_id} was removed")
            return self._job()

    def finish(self, conclusion: str = "success") -> None:
        """End the job; the runner's entry goes with it."""
        with self._world.lock:
            job = self._job()
            if job is not None:
                finish(self._world, job, conclusion)
            settle(self._world)

    def vanish(self) -> None:
        """Lose the machine: offline at once, its job fails after some minutes, the entry stays."""
        with self._world.lock:
            entry = self._entry()
            if entry is not None:
                now = self._world.clock.now()
                self._world.set_runner(entry, status="offline", offline_since=now)

    @property
    def online(self) -> bool:
        entry = self._entry()
        return entry is not None and entry.status == "online"

    @property
    def busy(self) -> bool:
        """Whether its job runs, as GitHub sees it."""
        with self._world.lock:
            return self._job() is not None

    def _entry(self) -> RunnerEntry | None:
        return self._world.runners.get(self.runner_id)

    def _job(self) -> JobEntry | None:
        results = (job for job in self._world.jobs.values() if job.runner == self.runner_id)
        return next((job for job in results if not job.over), None)


class LocalRunner:
    """A machine's runner as a thread: takes one job, runs a real process for it, reports.

    ``command`` starts the job's process. ``kill`` is an eviction: the process dies, GitHub hears
    nothing.
    """

    def __init__(
        self,
        connect: Callable[[], RunnerSession],
        command: Callable[[JobEntry], subprocess.Popen[bytes]],
    ) -> None:
        self._connect = connect
        self._command = command
        self._stop = threading.Event()
        self._working = threading.Event()
        self._session: RunnerSession | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self.exit_code: int | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> LocalRunner:
        self._thread.start()
        return self

    def join(self, timeout_s: float = 60.0) -> None:
        self._thread.join(timeout_s)

    def wait_until_working(self, timeout_s: float = 30.0) -> None:
        """Return once the job's process runs."""
        assert self._working.wait(timeout_s), "no job was taken"

    @property
    def pid(self) -> int | None:
        """The job's process, once there is one."""
        return None if self._process is None else self._process.pid

    def kill(self) -> None:
        """Take the machine away."""
        self._stop.set()
        if self._session is not None:
            self._session.vanish()
        if self._process is not None:
            self._process.kill()

    def _run(self) -> None:
        try:
            self._session = self._connect()
            job = self._wait_for_job(self._session)
        except (RunnerGoneError, DeprecatedRunnerError):
            return
        if job is None:
            return
        self._process = self._command(job)
        self._working.set()
        if self._stop.is_set():
            self._process.kill()
        self.exit_code = self._wait_for_exit(self._session, self._process)
        if not self._stop.is_set():
            self._session.finish("success" if self.exit_code == 0 else "failure")

    def _wait_for_exit(self, session: RunnerSession, process: subprocess.Popen[bytes]) -> int:
        """Wait; a job that was cancelled meanwhile is interrupted, then killed."""
        while process.poll() is None and session.busy:
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.05)
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            return process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def _wait_for_job(self, session: RunnerSession) -> JobEntry | None:
        while not self._stop.is_set():
            job = session.take(0.2)
            if job is not None:
                return job
        return None
