"""The inside of the fake cloud's machines, in virtual time: a runner that takes a job and works.

A machine that boots reads its custom data as cloud-init would, connects to the fake GitHub with the
configuration it finds there, waits for a job, works for a while, and is over. What it works on is
the test's: ``work`` is called when a job ends.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import yaml

from orchestrator.ledger import paths
from orchestrator.ledger.records import Heartbeat, Left, to_json
from tests.fakes.github import DeprecatedRunnerError, RunnerGoneError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.store import Store
    from tests.fakes.arm.machines import Booted
    from tests.fakes.arm.server import FakeArm
    from tests.fakes.github import FakeGitHub, JobEntry, RunnerSession

JIT_FILE, SAS_FILE, ENV_FILE = (
    f"/run/waa-matrix/{name}" for name in ("jit-config", "store-sas", "machine.env")
)


def files_of(custom_data: str) -> dict[str, str]:
    """Return the files that cloud-init would write, by path."""
    document = yaml.safe_load(custom_data) or {}
    return {
        entry["path"]: base64.b64decode(entry["content"]).decode()
        if entry.get("encoding") == "b64"
        else entry["content"]
        for entry in document.get("write_files", ())
    }


def facts_of(custom_data: str) -> dict[str, str]:
    """Return what a machine is told about itself."""
    lines = files_of(custom_data)[ENV_FILE].splitlines()
    return dict(line.split("=", 1) for line in lines)


@dataclass
class Insides:
    """Plays every machine that boots. Durations are virtual seconds.

    ``boots`` and ``lasts`` give each machine's boot and each job's length a time of its own. With a
    ``ledger`` each job's worker says in it that it is there, and that it has left. GitHub may be
    down: a runner connects later, and a job ends when its end can be told. ``held`` says whether a
    worker has still to wait when its work is done.
    """

    arm: FakeArm
    github: FakeGitHub
    boot_s: float = 120.0
    job_s: float = 600.0
    poll_s: float = 5.0
    boots: Callable[[str], float] | None = None
    lasts: Callable[[JobEntry], float] | None = None
    work: Callable[[JobEntry, dict[str, str]], str] = lambda _job, _facts: "success"
    ledger: Store | None = None
    session: str = ""
    held: Callable[[], bool] = lambda: False
    begins: dict[str, float] = field(default_factory=dict)  # machine -> when it took its job
    ends: dict[str, float] = field(default_factory=dict)  # machine -> when its worker left
    booted: list[str] = field(default_factory=list)
    jobs: dict[str, str] = field(default_factory=dict)  # machine -> the job it took
    secrets: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.arm.machines.on_boot = self._boot

    def _boot(self, machine: Booted) -> Callable[[], None] | None:
        files = files_of(machine.custom_data)
        if JIT_FILE not in files:
            return None  # a machine that a test launched by itself
        inside = _Inside(self, machine)
        self.booted.append(machine.name)
        self.secrets += [text for path in (JIT_FILE, SAS_FILE) if (text := files[path])]
        boot_s = self.boots(machine.name) if self.boots else self.boot_s
        self.arm.world.later(boot_s, inside.connect)
        return inside.vanish


class _Inside:
    def __init__(self, insides: Insides, machine: Booted) -> None:
        self._all, self._machine = insides, machine
        self._files = files_of(machine.custom_data)
        self._session: RunnerSession | None = None
        self._gone = False

    def connect(self) -> None:
        if self._gone:
            return
        try:
            self._session = self._all.github.connect(self._files[JIT_FILE])
        except UnreachableError:
            self._all.arm.world.later(self._all.poll_s, self.connect)
            return
        except (RunnerGoneError, DeprecatedRunnerError):
            return  # the runner exits at once; the machine stays, and is billed
        self._wait()

    def _wait(self) -> None:
        if self._gone or self._session is None:
            return
        try:
            job = self._session.take(0.0)
        except RunnerGoneError:
            return
        if job is None:
            self._all.arm.world.later(self._all.poll_s, self._wait)
            return
        self._all.jobs[self._machine.name] = job.name
        self._all.begins[self._machine.name] = self._all.arm.clock.now()
        self._speak()
        job_s = self._all.lasts(job) if self._all.lasts else self._all.job_s
        self._all.arm.world.later(job_s, lambda: self._end(job))

    def _end(self, job: JobEntry) -> None:
        if self._gone or self._session is None or not self._session.busy:
            return
        if self._all.held():
            self._all.arm.world.later(self._all.poll_s, lambda: self._end(job))
            return
        verdict = self._all.work(job, facts_of(self._machine.custom_data))
        self._leave()
        self._tell(verdict)

    def _tell(self, verdict: str) -> None:
        if self._gone or self._session is None:
            return
        if self._all.github.world.down:
            self._all.arm.world.later(self._all.poll_s, lambda: self._tell(verdict))
            return
        self._session.finish(verdict)

    @property
    def _worker(self) -> str:
        return f"w-{self._machine.name}"

    def _speak(self) -> None:
        store = self._all.ledger
        if self._gone or store is None:
            return
        if self._all.held():
            self._all.arm.world.later(self._all.poll_s, self._speak)
        else:
            name, session = self._machine.name, self._all.session
            beat = Heartbeat(self._worker, session, name, 0, "running", 1)
            store.put(paths.worker(self._worker), to_json(beat))

    def _leave(self) -> None:
        now, store = self._all.arm.clock.now(), self._all.ledger
        self._all.ends[self._machine.name] = now
        if store is not None:
            left = Left(self._worker, self._all.session, "nothing is left to take", "self", 0, now)
            store.create(paths.left(self._worker), to_json(left))

    def vanish(self) -> None:
        self._gone = True
        if self._session is not None:
            self._session.vanish()
