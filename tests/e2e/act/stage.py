"""What stands around a workflow that act runs: the two fakes, and what tells them of its jobs.

act knows no runners: it starts a job at once, on this machine. A stand-in of the checkout action
therefore asks here to begin; a job of the matrix then waits until the fake GitHub has handed it to
a machine of the fake cloud, and is told what that machine knows. The last upload of a job says that
it is over.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from tests.e2e.command import until
from tests.fakes.arm.server import FakeArm, serving
from tests.fakes.arm.world import MACHINE
from tests.fakes.clock import ScaledClock
from tests.fakes.github import FakeGitHub
from tests.fakes.inside import Insides, facts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.fakes.arm.machines import Booted

REPOSITORY = "octo/bench"
RUN = 500
MATRIX_JOB = "benchmark"

_SPEED = 60.0
_BOOT_S = 30.0
_NEVER_S = 1e12


@dataclass
class Stage:
    """Both fakes, served, and the jobs that act runs between them."""

    arm: FakeArm
    github: FakeGitHub
    ca_file: Path
    url: str = ""
    facts: dict[str, dict[str, str]] = field(default_factory=dict)  # by machine
    machines_at: dict[str, list[str]] = field(default_factory=dict)  # by the job that began
    before: dict[str, Callable[[], None]] = field(default_factory=dict)  # by the job that begins
    run: int = RUN
    _shards: int = 0
    _failing: set[int] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        insides = Insides(self.arm, self.github, boot_s=_BOOT_S, job_s=_NEVER_S)
        play = self.arm.machines.on_boot
        assert play is not None

        def boot(machine: Booted) -> Callable[[], None] | None:
            self.facts[machine.name] = facts_of(machine.custom_data)
            return play(machine)

        self.arm.machines.on_boot = boot
        self.insides = insides

    def begin(self, job: str) -> dict[str, str]:
        """Queue a job, wait until a runner has it, and return the environment it finds there."""
        self.before.get(job, lambda: None)()
        self.arm.run_due()
        with self.arm.lock:
            there = self.arm.world.of(MACHINE)
            # A delete that was accepted takes its time: that machine is nobody's business any more.
            self.machines_at[job] = [item.name for item in there if item.state != "Deleting"]
        if job != MATRIX_JOB:
            hosted = self.github.add_job(self.run, job, ["ubuntu-latest"], hosted=True)
            return {"ACT_JOB": str(hosted.id)}
        with self._lock:
            name = f"{job} ({self._shards})"
            self._shards += 1
        queued = self.github.add_job(self.run, name, [f"waa-{self.run}"])
        machine = until(lambda: self._machine_of(queued.id), f"a machine takes {name}")
        reported = self.facts[machine]
        facts = {
            key: value for key, value in reported.items() if key.startswith("WAA_MATRIX_WORKER_")
        }
        return {"ACT_JOB": str(queued.id), **facts}

    def fails(self, job: int) -> None:
        """Let this job end as one that failed: act tells a composite action only of itself."""
        self._failing.add(job)

    def end(self, job: int) -> None:
        """Say that a job is over; its runner goes with it."""
        self.github.finish_job(job, "failure" if job in self._failing else "success")

    def open_run(self, run: int) -> None:
        """Let the jobs that begin from now on be this run's."""
        if run not in self.github.world.runs:
            self.github.add_run(run)
        self.run, self._shards = run, 0

    def rerun_all(self) -> None:
        """Press "Re-run all jobs": a new attempt, whose jobs begin anew."""
        self.abandon()
        with self.github.world.lock:
            entry = self.github.world.runs[self.run]
            self.github.world.runs[self.run] = replace(entry, attempt=entry.attempt + 1)

    def abandon(self) -> None:
        """GitHub ends every job of a run whose jobs all went silent."""
        for job in list(self.github.world.jobs.values()):
            if not job.over:
                self.github.finish_job(job.id, "cancelled")

    def _machine_of(self, job: int) -> str | None:
        with self.github.world.lock:
            return self.github.world.jobs[job].runner_name


@contextmanager
def staged(directory: Path) -> Iterator[Stage]:
    """Serve both fakes and the stage between them."""
    clock = ScaledClock(_SPEED, start=time.time())
    arm = FakeArm(clock)
    with (
        serving(arm, directory, tick_s=0.05) as ca_file,
        FakeGitHub(clock=clock, repository=REPOSITORY) as github,
    ):
        stage = Stage(arm, github, ca_file)
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(stage))
        server.daemon_threads = True
        stage.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield stage
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
    assert arm.violations == []


def _handler(stage: Stage) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            form = {
                key: entry[0] for key, entry in parse_qs(self.rfile.read(length).decode()).items()
            }
            text = ""
            if self.path == "/begin":
                known = stage.begin(form["job"])
                text = "".join(f"{key}={value}\n" for key, value in known.items())
            else:
                stage.end(int(form["id"]))
            self.send_response(200)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
