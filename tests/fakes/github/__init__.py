"""A GitHub on loopback, stateful, for the real PyGithub.

It holds one repository's runners, runs, jobs, artifacts, comments and checks, hands queued jobs to
online runners, judges every message by GitHub's official description and breaks as scripted.
``close`` fails when a message broke the contract.
"""

from __future__ import annotations

import base64
import io
import json
import threading
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from orchestrator.github import AppAccess, Connection, Secret, TokenAccess
from tests.fakes.clock import VirtualClock
from tests.fakes.github.faults import Fault, Faults, RunnerFate, Wound
from tests.fakes.github.limits import Limits
from tests.fakes.github.scheduler import finish, settle
from tests.fakes.github.server import Handler, Seen, Server, Service
from tests.fakes.github.session import (
    DeprecatedRunnerError,
    LocalRunner,
    RunnerGoneError,
    RunnerSession,
    UnreachableError,
)
from tests.fakes.github.state import (
    ArtifactEntry,
    CommentEntry,
    JobEntry,
    RunEntry,
    RunnerEntry,
    World,
)
from tests.fakes.github.tokens import Tokens

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Self

    from orchestrator.github import Clock

__all__ = [
    "ArtifactEntry",
    "CommentEntry",
    "DeprecatedRunnerError",
    "FakeGitHub",
    "Fault",
    "JobEntry",
    "LocalRunner",
    "RunEntry",
    "RunnerEntry",
    "RunnerFate",
    "RunnerGoneError",
    "RunnerSession",
    "Seen",
    "UnreachableError",
    "VirtualClock",
    "Wound",
    "zipped",
]


class FakeGitHub:
    """The server and the test's own hands on its state.

    ``prefix`` is an Enterprise Server's (``/api/v3``). With a clock that is real, waiting is real.
    """

    def __init__(
        self,
        clock: Clock | None = None,
        *,
        repository: str = "acme/bench",
        prefix: str = "",
        hourly: int = 5000,
        points: int = 900,
    ) -> None:
        self.clock: Clock = clock or VirtualClock()
        self.repository = repository
        self.world = World(self.clock)
        self.tokens = Tokens(self.clock)
        self.faults = Faults()
        self.limits = Limits(self.clock, hourly, points)
        self._service = Service(
            self.world, self.tokens, self.faults, self.limits, repository, prefix
        )
        handler = type("BoundHandler", (Handler,), {"service": self._service})
        self._server = Server(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}{prefix}"
        self._service.origin = self.url
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop, and fail if a message was not what GitHub describes."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        assert not self._service.violations, "\n".join(self._service.violations)

    @property
    def seen(self) -> list[Seen]:
        """Every request so far."""
        return list(self._service.seen)

    @property
    def violations(self) -> list[str]:
        """What broke the contract so far; clear it when a test breaks it on purpose."""
        return self._service.violations

    def count(self, verb: str, path: str) -> int:
        """How many requests there were for exactly this path (below the repository)."""
        return sum((request.verb, request.path) == (verb, path) for request in self.seen)

    def connection(self, token: str | None = None) -> Connection:
        """Return what the adapter needs to call with a token (a personal one by default)."""
        access = TokenAccess(Secret(token or self.tokens.personal()))
        return Connection(self.repository, access, self.url)

    def app_connection(self) -> Connection:
        """Return what the adapter needs to call as the App."""
        app = self.tokens.app
        access = AppAccess(app.app_id, Secret(app.private_key))
        return Connection(self.repository, access, self.url)

    def add_run(self, run_id: int = 500, *, head_sha: str = "a" * 40, **of: Any) -> RunEntry:
        """Start a workflow run without jobs; ``of`` says of what (``RunEntry``)."""
        entry = RunEntry(run_id, self.clock.now(), head_sha=head_sha, **of)
        with self.world.lock:
            self.world.runs[run_id] = entry
        return entry

    def add_job(
        self,
        run_id: int,
        name: str,
        labels: Sequence[str],
        *,
        hosted: bool = False,
        always: bool = False,
    ) -> JobEntry:
        """Queue a job of the run's newest attempt; a hosted one starts at once."""
        with self.world.lock:
            run = self.world.runs[run_id]
            entry = JobEntry(
                id=self.world.new_id(),
                run=run_id,
                attempt=run.attempt,
                name=name,
                labels=tuple(label.lower() for label in labels),
                created_at=self.clock.now(),
                status="in_progress" if hosted else "queued",
                always=always,
            )
            self.world.add_job(entry)
            settle(self.world)
            return self.world.jobs[entry.id]

    def finish_job(self, job_id: int, conclusion: str = "success") -> None:
        """End a job without a session (hosted ones)."""
        with self.world.lock:
            finish(self.world, self.world.jobs[job_id], conclusion)
            settle(self.world)

    def rerun_failed(self, run_id: int) -> RunEntry:
        """Press "Re-run failed jobs": a new attempt holds them again, queued."""
        with self.world.lock:
            run = self.world.runs[run_id]
            again = replace(
                run, attempt=run.attempt + 1, cancelled=False, started_at=self.clock.now()
            )
            self.world.runs[run_id] = again
            for job in self.world.jobs_of(run_id, run.attempt):
                self._repeat(job, again.attempt)
            settle(self.world)
            return again

    def connect(self, blob: str) -> RunnerSession:
        """Act as a runner that starts with this configuration.

        Raises:
            RunnerGoneError: the entry was removed, or the configuration was used before.
            DeprecatedRunnerError: as scripted.
            UnreachableError: GitHub is down; the runner tries again.
        """
        with self.world.lock:
            entry = self.world.runners.get(_runner_id(blob))
            if self.world.down:
                raise UnreachableError(entry.name if entry else "a runner")
            if entry is None or entry.used or entry.blob != blob:
                raise RunnerGoneError("this configuration is of no use any more")
            fate = self.faults.fate(entry.name)
            if fate.deprecated:
                raise DeprecatedRunnerError(entry.name)
            if not fate.never_online:
                now = self.clock.now()
                self.world.set_runner(entry, status="online", used=True, idle_since=now)
            settle(self.world, self.faults.idle_limit_s)
        return RunnerSession(self.world, self.faults, entry.id)

    def add_artifact(self, run_id: int, name: str, data: bytes) -> ArtifactEntry:
        """Upload ``data`` (a zip, or what should be one)."""
        with self.world.lock:
            entry = ArtifactEntry(self.world.new_id(), run_id, name, data, self.clock.now())
            self.world.artifacts[entry.id] = entry
            return entry

    def add_comment(self, number: int, body: str, login: str = "somebody") -> CommentEntry:
        """Write a comment as another account."""
        with self.world.lock:
            now = self.clock.now()
            entry = CommentEntry(self.world.new_id(), number, body, login, now, now)
            self.world.comments[entry.id] = entry
            return entry

    def _repeat(self, job: JobEntry, attempt: int) -> None:
        number = self.world.new_id()
        kept = job.conclusion == "success"
        fresh = JobEntry(number, job.run, attempt, job.name, job.labels, self.clock.now())
        again = replace(job, id=number, attempt=attempt) if kept else fresh
        self.world.add_job(again)


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Return a zip of these files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data in files.items():
            target.writestr(name, data)
    return buffer.getvalue()


def _runner_id(blob: str) -> int:
    files = json.loads(base64.b64decode(blob))
    return int(json.loads(base64.b64decode(files[".runner"]))["AgentId"])
