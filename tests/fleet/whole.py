"""A whole run on one host: both fakes on the wire, a real store, and the installed command.

The clock is the wall's, because the processes' is. What takes minutes in a cloud takes a second.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.fleet.identity import Fleet
from orchestrator.ledger.events import Event, read_events
from orchestrator.ledger.reader import LedgerReader
from orchestrator.store import StoreCredentials, open_store
from tests.compute.azurite import running_over_tls
from tests.e2e.command import PATIENCE_S
from tests.fakes.arm.catalogue import GROUP, REGIONS, SUBSCRIPTION, image_id, subnet_id
from tests.fakes.arm.identity import CLIENT, TENANT
from tests.fakes.arm.server import FakeArm, serving
from tests.fakes.azurite import ACCOUNT, KEY
from tests.fakes.clock import ScaledClock
from tests.fakes.github import FakeGitHub
from tests.fakes.github.scheduler import settle
from tests.fakes.metal import Inside, Metal, host_environment
from tests.fleet.another_run import bring_up_another

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.store import Store
    from tests.fakes.github import JobEntry

COMMAND = str(Path(sys.executable).with_name("waa-matrix"))
REPOSITORY = "octo/bench"
MINE, OTHER = Fleet(REPOSITORY, 500), Fleet(REPOSITORY, 501)
RUN = f"waa-{MINE.github_run}"

_SECOND = ("--every", "0.5")
_SHARD = re.compile(r"benchmark \(([0-9]+)\)\Z")


@dataclass(frozen=True, slots=True)
class Done:
    """A command that has ended."""

    name: str
    arguments: tuple[str, ...]
    exit_code: int
    output: str


@dataclass
class WholeRun:
    """Both sides, the store, the machines, and every command that was called.

    ``name`` is the run's in the store, ``mine`` its workflow run.
    """

    arm: FakeArm
    github: FakeGitHub
    metal: Metal
    root: Path
    ca_file: Path
    store_url: str
    mine: Fleet = MINE
    name: str = RUN
    evidence: str = "traj"
    shards: int = 0
    attempt: int = 1
    done: list[Done] = field(default_factory=list)
    _reader: LedgerReader | None = None

    # -- the commands -----------------------------------------------------------------------

    @property
    def environment(self) -> dict[str, str]:
        """What a job of the workflow has; secrets come in by it alone."""
        app = self.github.tokens.app
        return {
            **host_environment(self.root),
            "XDG_CACHE_HOME": str(self.root / "cache"),
            "AZURE_SUBSCRIPTION_ID": SUBSCRIPTION,
            "AZURE_TENANT_ID": TENANT,
            "AZURE_CLIENT_ID": CLIENT,
            "AZURE_AUTHORITY_HOST": self.arm.url,
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.arm.url}/assertion",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": self.arm.identity.request_token,
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_API_URL": self.github.url,
            "GITHUB_RUN_ID": str(self.mine.github_run),
            "GITHUB_RUN_ATTEMPT": str(self.attempt),
            "GITHUB_OUTPUT": str(self.root / "output"),
            "WAA_MATRIX_APP_ID": app.app_id,
            "WAA_MATRIX_APP_PRIVATE_KEY": app.private_key,
        }

    @property
    def cloud(self) -> tuple[str, ...]:
        """The options of every command that reaches the cloud."""
        return (
            *("--resource-group", GROUP, "--arm-endpoint", self.arm.url),
            *("--authority", self.arm.url, "--cloud-ca", str(self.ca_file)),
        )

    @property
    def ledger(self) -> tuple[str, ...]:
        """The options that name the shared ledger."""
        return ("--store", self.store_url, "--store-ca", str(self.ca_file))

    @property
    def fleet(self) -> tuple[str, ...]:
        """The options of both commands that launch machines."""
        subnets = [f"{region}={subnet_id(region)}" for region in REGIONS]
        return (
            *self.cloud,
            *self.ledger,
            *(part for region in REGIONS for part in ("--region", region)),
            *(part for subnet in subnets for part in ("--subnet", subnet)),
            *("--size", "Standard_D8s_v5", "--size", "Standard_D8s_v3"),
            *("--machine-image", image_id(), "--managed-os-disk", "--offline"),
            *("--events", str(self.root / "events"), *_SECOND),
        )

    def call(self, name: str, *arguments: str) -> Done:
        """Run a command to its end."""
        return self.end(name, self.start(name, *arguments), arguments)

    def start(self, name: str, *arguments: str) -> subprocess.Popen[str]:
        """Start a command in the background."""
        return subprocess.Popen(
            [COMMAND, name, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self.environment,
            cwd=self.root,
        )

    def end(self, name: str, process: subprocess.Popen[str], arguments: tuple[str, ...]) -> Done:
        """Wait for a command's end and keep what it said."""
        output, _ = process.communicate(timeout=PATIENCE_S)
        done = Done(name, (*arguments,), process.returncode, output)
        self.done.append(done)
        return done

    # -- the run ----------------------------------------------------------------------------

    def provision(self, workers: int, *more: str) -> Done:
        """Provision, and queue the matrix as GitHub does once its outputs are there."""
        done = self.call("provision", *self.fleet, "--workers", str(workers), *more)
        if done.exit_code == 0:
            lines = (self.root / "output").read_text().splitlines()
            outputs = dict(line.split("=", 1) for line in lines)
            self.shards = int(outputs["shards"])
            for shard in json.loads(outputs["matrix"]):
                self.github.add_job(
                    self.mine.github_run, f"benchmark ({shard})", [outputs["label"]], hosted=False
                )
        return done

    @contextlib.contextmanager
    def supervised(self, *more: str) -> Iterator[None]:
        """Supervise beside the block, and wait for the supervisor's end after it."""
        arguments = (*self.fleet, "--shards", str(self.shards), *more)
        process = self.start("supervise", *arguments)
        try:
            yield
            self.end("supervise", process, arguments)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()

    def until(self, condition: Any, what: str) -> Any:
        """Wait until ``condition`` gives something true, and return that."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            if result := condition():
                return result
            assert self.arm.violations == [], self.arm.violations
            time.sleep(0.1)
        raise AssertionError(f"never came true: {what}")

    def evict(self, name: str) -> None:
        """Take a spot machine away: its processes die, GitHub hears nothing."""
        with self.arm.lock:
            self.arm.machines.evict(name)

    def inside(self, number: int) -> Inside:
        """Return the machine of this number in this attempt, once it has booted."""
        prefix = f"{self.mine.label}-{self.attempt}-{number:03d}-"
        booted = self.metal.inside
        result: Inside = self.until(
            lambda: next(
                (inside for name, inside in booted.items() if name.startswith(prefix)), None
            ),
            f"machine {number} boots",
        )
        return result

    def settled_jobs(self) -> list[JobEntry]:
        """The jobs, once GitHub has given up those whose runner is silent."""
        with self.github.world.lock:
            settle(self.github.world)
        return self.jobs()

    # -- what is left -----------------------------------------------------------------------

    @property
    def store(self) -> Store:
        """The run's objects, by the account's key, which no process of the run has."""
        credentials = StoreCredentials(key=KEY, root_certificate=str(self.ca_file))
        return open_store(self.store_url, self.name, credentials, timeout_s=20.0)

    @property
    def reader(self) -> LedgerReader:
        if self._reader is None:
            self._reader = LedgerReader(self.store)
        return self._reader

    @property
    def events(self) -> tuple[Event, ...]:
        """The run's events; every one has to be readable."""
        events, damage = read_events(self.reader.events())
        assert damage == ()
        return events

    def events_of(self, kind: str, stage: str = "done", number: int | None = None) -> list[Event]:
        """The events of a kind, those of one machine number or of all."""
        part = "" if number is None else f"-{number:03d}-"
        return [
            event
            for event in self.events
            if (event.kind, event.stage) == (kind, stage) and part in event.machine
        ]

    def held(self, machine_name: str) -> str | None:
        """The task that a machine's worker has claimed and not ended."""
        snapshot = self.reader.snapshot()
        beats = snapshot.heartbeats.values()
        workers = {beat.worker for beat in beats if beat.machine == machine_name}
        ended = {(key.unit, key.attempt) for key in snapshot.outcomes}
        held = [
            str(key.unit)
            for key, claim in snapshot.claims.items()
            if claim and claim.worker in workers and (key.unit, key.attempt) not in ended
        ]
        return held[0] if held else None

    def frozen(self, inside: Inside) -> str | None:
        """Freeze a machine's worker where it is; its task, or None (and no frost) between two."""
        if inside.pid is None:
            return None
        os.kill(inside.pid, signal.SIGSTOP)
        held = self.held(inside.name)
        if held != self.held(inside.name):  # what it had sent arrived meanwhile
            held = None
        if held is None:
            os.kill(inside.pid, signal.SIGCONT)
        return held

    def jobs(self, attempt: int | None = None) -> list[JobEntry]:
        return self.github.world.jobs_of(self.mine.github_run, attempt or self.attempt)

    def results(self, out: str) -> dict[str, Any]:
        result: dict[str, Any] = json.loads((self.root / out / "results.json").read_text())
        return result

    def left(self) -> list[str]:
        """Everything of either side that still exists, another run's machine included."""
        runners = [runner.name for runner in self.github.world.runners.values()]
        return sorted([*self.arm.everything(), *runners])


@contextlib.contextmanager
def whole_run(directory: Path, mine: Fleet = MINE, name: str = RUN) -> Iterator[WholeRun]:
    """Bring everything up, with another run's machine and runner already there."""
    clock = ScaledClock(1.0, start=time.time())
    arm = FakeArm(clock)
    arm.machines.create_s = arm.machines.delete_s = 0.5
    root, servers = directory / "root", directory / "servers"
    root.mkdir()
    servers.mkdir()
    with (
        serving(arm, servers, tick_s=0.05) as arm_ca,
        running_over_tls(servers) as (account_url, store_ca),
        FakeGitHub(clock=clock, repository=REPOSITORY) as github,
    ):
        ca_file = servers / "both.pem"
        ca_file.write_bytes(arm_ca.read_bytes() + store_ca.read_bytes())
        for fleet in (mine, OTHER):
            github.add_run(fleet.github_run)
        github.world.lost_after_s = 4.0
        host = {
            **host_environment(root),
            "WAA_MATRIX_WORKER_STORE_CA": str(ca_file),
        }
        store = f"az://{ACCOUNT}?endpoint={account_url}"
        metal = Metal(arm, github, root / "machines", lambda job, at: step(run, job, at), host)
        run = WholeRun(arm, github, metal, root, ca_file, store, mine, name)
        bring_up_another(arm, github, ca_file, OTHER)
        yield run
    assert arm.violations == [], arm.violations


def step(run: WholeRun, job: JobEntry, scratch: Path) -> list[str]:
    """The one step of a matrix job."""
    match = _SHARD.match(job.name)
    assert match
    shard = ("--shard", match[1], "--shards", str(run.shards))
    return [COMMAND, "worker", *shard, "--scratch", str(scratch), "--evidence", run.evidence]
