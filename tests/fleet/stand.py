"""Both fakes on one clock that moves with the requests, for commands that are real processes.

A command's own clock is the machine's. The fakes' moves by a step at each listing of the cloud, so
that what a command meets depends on how many requests it sent, not on how fast this machine is.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.compute.azure_vm.adapter import AzureCloud
from orchestrator.compute.azure_vm.credentials import Federated
from orchestrator.compute.azure_vm.settings import AzureSettings, Endpoints, Site
from orchestrator.fleet.bootstrap import FirstBoots, template
from orchestrator.fleet.capacity import CapacityPool, MachineRequirements, SpotMode
from orchestrator.fleet.event_log import EventLog
from orchestrator.fleet.identity import EXPIRES_TAG, MACHINE_TAG, Fleet, WorkflowAttempt
from orchestrator.fleet.launch import Build, Launcher
from orchestrator.fleet.provision import launch_wave
from orchestrator.github import open_github
from orchestrator.ledger import paths
from orchestrator.ledger.records import Outcome, Session, to_json
from orchestrator.ledger.session import open_session
from orchestrator.planning.plan import PlanInputs, make_plan
from orchestrator.planning.sources import load_suite
from orchestrator.planning.suite import Selection, select
from orchestrator.secret import Secret
from orchestrator.store import Store, StoreCredentials, open_store
from tests.compute.requests import IMAGE, machine
from tests.fakes.arm.catalogue import GROUP, REGIONS, SUBSCRIPTION, image_id, subnet_id
from tests.fakes.arm.identity import CLIENT, TENANT
from tests.fakes.arm.server import FakeArm, serving
from tests.fakes.clock import VirtualClock
from tests.fakes.github import FakeGitHub
from tests.fakes.github.scheduler import cancel, settle
from tests.fakes.inside import Insides

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from orchestrator.github import GitHub
    from orchestrator.planning.plan import Plan
    from tests.fakes.github import JobEntry

REPOSITORY = "octo/bench"
MINE, OTHER = Fleet(REPOSITORY, 500), Fleet(REPOSITORY, 501)
ATTEMPT = WorkflowAttempt(MINE, 1, "run-1")
TASKS = 8
PUBLIC_KEY = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC7 nobody"
TEMPLATE = Path(__file__).resolve().parents[2] / "runner-image" / "cloud-init.yaml"


@dataclass
class Stand:
    """Two sides, a ledger, another run's fleet, and the command line that reaches them.

    ``step_s`` is how far the fakes' clock moves at each listing of the cloud.
    """

    arm: FakeArm
    fake: FakeGitHub
    cloud: AzureCloud
    github: GitHub
    clock: VirtualClock
    directory: Path
    ca_file: Path
    plan: Plan
    store: Store
    insides: Insides
    token: str
    step_s: float = 60.0
    jobs_after_s: float = 0.0
    spot: bool = False
    kept: frozenset[str] = frozenset()
    numbers: Iterator[int] = field(default_factory=itertools.count)

    @property
    def environment(self) -> dict[str, str]:
        """A job's environment, as GitHub and the workflow give it."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.directory),
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            "AZURE_SUBSCRIPTION_ID": SUBSCRIPTION,
            "AZURE_TENANT_ID": TENANT,
            "AZURE_CLIENT_ID": CLIENT,
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.arm.url}/assertion",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": self.arm.identity.request_token,
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_RUN_ID": str(MINE.github_run),
            "GITHUB_RUN_ATTEMPT": str(ATTEMPT.number),
            "GITHUB_API_URL": self.fake.url,
            "GITHUB_OUTPUT": str(self.directory / "github-output"),
            "WAA_MATRIX_GITHUB_TOKEN": self.token,
        }

    @property
    def ends(self) -> list[str]:
        """The arguments that every fleet command needs to reach the fakes."""
        return [
            *("--resource-group", GROUP, "--arm-endpoint", self.arm.url),
            *("--authority", self.arm.url, "--cloud-ca", str(self.ca_file)),
        ]

    @property
    def ledger(self) -> list[str]:
        """The arguments of a command that uses the run's ledger."""
        return ["--store", str(self.directory / "store"), "--run", ATTEMPT.run]

    @property
    def launching(self) -> list[str]:
        """The arguments of a command that launches machines."""
        return [
            *self.ledger,
            *("--shared-path", "--offline", "--machine-image", image_id(), "--every", "0.02"),
            *("--size", "Standard_D8s_v5", "--size", "Standard_D8s_v3", "--public-ip"),
            *(
                word
                for region in REGIONS
                for word in ("--region", region, "--subnet", f"{region}={subnet_id(region)}")
            ),
            *self.ends,
        ]

    def launched(self, count: int) -> None:
        """Bring up machines as ``provision`` does, with its plan and session in the ledger."""
        session = Session(ATTEMPT.session, time.time(), "provision", count)
        open_session(self.store, self.plan, session)
        journal = EventLog("provision", self.clock, self.store)
        launcher = Launcher(
            attempt=ATTEMPT,
            build=Build(image=IMAGE, ttl_s=6 * 3600.0, public_ip=True),
            bootstraps=FirstBoots(
                template(TEMPLATE.read_text(), str(TEMPLATE)),
                self.github.runners,
                journal,
                ATTEMPT.fleet.label,
            ),
            cloud=self.cloud,
            journal=journal,
            clock=self.clock,
            closing=lambda: False,
            store_key=lambda _expires: Secret(""),
            token=lambda: f"{next(self.numbers):04x}",
        )
        markets = {region: self.cloud.offers(region) for region in REGIONS}
        spot = SpotMode.ONLY if self.spot else SpotMode.NEVER
        capacity = CapacityPool(
            MachineRequirements(("Standard_D8s_v5",), REGIONS, spot), markets, self.clock
        )
        wave = launch_wave(launcher, capacity, count)
        assert len(wave.launched) == count, wave

    def queue(self, count: int) -> None:
        """Queue the matrix, and have each job score its home tasks when its time is up."""
        self.insides.work = lambda job, facts: self._score(job, facts, count)
        for number in range(count):
            self.fake.add_job(MINE.github_run, f"benchmark ({number})", [MINE.label])

    def queue_when_due(self, count: int) -> None:
        """Queue the matrix now, or once ``jobs_after_s`` has passed (a slow GitHub)."""
        if not self.jobs_after_s:
            self.queue(count)
            return
        self.insides.work = lambda job, facts: self._score(job, facts, count)
        self.arm.world.later(self.jobs_after_s, lambda: self._queue_late(count))

    def _queue_late(self, count: int) -> None:
        self.fake.faults.idle_limit_s = None
        self.queue(count)

    def move(self, seconds: float) -> None:
        """Let time pass in small steps, and everything happen that is due."""
        for _ in range(max(1, int(seconds / 5))):
            self.clock.advance(min(5.0, seconds))
            self.settle()

    def settle(self) -> None:
        """Let everything happen that is due."""
        self.arm.run_due()
        with self.fake.world.lock:
            settle(self.fake.world, self.fake.faults.idle_limit_s)

    def end_run(self) -> None:
        """End the workflow run, as GitHub does when its orchestrating job was killed."""
        with self.fake.world.lock:
            cancel(self.fake.world, MINE.github_run, force=True)
        self.settle()

    @property
    def everything(self) -> frozenset[str]:
        """All that exists on both sides, whatever a listing shows."""
        with self.fake.world.lock:
            runners = [f"runner {runner.name}" for runner in self.fake.world.runners.values()]
        return frozenset((*self.arm.everything(), *runners))

    def left(self) -> list[str]:
        """What exists beyond what was there before."""
        return sorted(self.everything - self.kept)

    def lost(self) -> list[str]:
        """What is gone of what is not this run's."""
        return sorted(self.kept - self.everything)

    def _score(self, job: JobEntry, facts: dict[str, str], shards: int) -> str:
        name = facts["WAA_MATRIX_WORKER_MACHINE"]
        if facts["WAA_ROLE"] == "arena":
            shard = int(job.name.split("(")[1].rstrip(")"))
            for unit in self.plan.home(shard, shards):
                made = Outcome(
                    unit, 1, f"w-{name}", ATTEMPT.session, name, score=1.0, cause=None, seconds=60.0
                )
                self.store.create(paths.outcome(unit, 1, f"w-{name}"), to_json(made))
        return "success"


@contextlib.contextmanager
def standing(directory: Path) -> Iterator[Stand]:
    """Both sides with another run's fleet, another repository's machine and a foreign runner."""
    clock = VirtualClock(time.time())
    arm = FakeArm(clock)
    with contextlib.ExitStack() as stack:
        ca_file = stack.enter_context(serving(arm, directory))
        fake = stack.enter_context(FakeGitHub(clock=clock, repository=REPOSITORY))
        endpoints = Endpoints(
            arm=arm.url, authority=arm.url, known_authority=True, ca_file=str(ca_file)
        )
        login = Federated(
            TENANT,
            CLIENT,
            f"{arm.url}/assertion",
            arm.identity.request_token,
            ca_file=str(ca_file),
        )
        sites = {region: Site(subnet_id(region)) for region in REGIONS}
        settings = AzureSettings(SUBSCRIPTION, GROUP, sites, endpoints, ssh_public_key=PUBLIC_KEY)
        cloud = AzureCloud(settings, login)
        stack.callback(cloud.close)
        connection = fake.connection()
        github = stack.enter_context(open_github(connection, clock=clock))
        token: str = connection.access.token.reveal()  # type: ignore[union-attr]  # the fake gives a token
        kept = directory / "store"
        kept.mkdir()
        stand = Stand(
            arm,
            fake,
            cloud,
            github,
            clock,
            directory,
            ca_file,
            _plan(directory),
            open_store(
                str(directory / "store"),
                ATTEMPT.run,
                StoreCredentials(),
                timeout_s=5.0,
                create=True,
            ),
            Insides(arm, fake, boot_s=60.0, job_s=90.0),
            token,
        )
        stand.insides.ledger, stand.insides.session = stand.store, ATTEMPT.session
        _others(stand)
        yield stand
        assert arm.violations == []


def _plan(directory: Path) -> Plan:
    suite = load_suite("demo", "", directory)
    return make_plan(PlanInputs(select(suite, Selection(sample=TASKS))))


def _others(stand: Stand) -> None:
    """Start both runs, and bring up what must be there at the end as it was."""
    stand.arm.world.listing_lag_s = 45.0
    stand.fake.world.listing_lag_s = 20.0
    for fleet in (MINE, OTHER):
        stand.fake.add_run(fleet.github_run)
        stand.fake.add_job(fleet.github_run, "provision", ["ubuntu-latest"], hosted=True)
    name = f"{OTHER.label}-1-000-beef"
    tags = {**OTHER.tags, MACHINE_TAG: name, EXPIRES_TAG: str(int(time.time() + 6 * 3600))}
    stand.github.runners.mint(name, [OTHER.label])
    stand.github.runners.mint("their-runner", ["self-hosted", "gpu"])
    stand.cloud.create(machine(name, tags=tags))
    theirs = {"waa-repo": "octo/other", "waa-github-run": "500", EXPIRES_TAG: "1"}
    stand.cloud.create(machine("another-repositorys", tags=theirs))
    stand.move(180.0)
    stand.kept = stand.everything


def arguments_of(stand: Stand, command: str, *more: str) -> Sequence[str]:
    """Return the whole argument list of a fleet command."""
    common = {
        "provision": ["--sample", str(TASKS), *stand.launching],
        "supervise": stand.launching,
        "teardown": [*stand.ledger, "--every", "0.02", "--patience", "60", *stand.ends],
        "reap": ["--between", "0.02", "--every", "0.02", "--patience", "60", *stand.ends],
    }
    return [command, *common[command], *more]
