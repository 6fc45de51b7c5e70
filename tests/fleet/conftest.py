"""One clock, one fake cloud and one fake GitHub: the two sides that a fleet stands between."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.fleet.bootstrap import FirstBoots, template
from orchestrator.fleet.capacity import CapacityPool, MachineRequirements
from orchestrator.fleet.cleanup import Cleaner
from orchestrator.fleet.cost import Spending
from orchestrator.fleet.decide import Rules
from orchestrator.fleet.event_log import EventLog
from orchestrator.fleet.identity import EXPIRES_TAG, MACHINE_TAG, Fleet, WorkflowAttempt
from orchestrator.fleet.launch import Build, Launcher
from orchestrator.fleet.run_state import RunLedger, is_closing
from orchestrator.fleet.supervise import Supervisor, SupervisorSettings
from orchestrator.github import GitHub, open_github
from orchestrator.ledger import paths
from orchestrator.ledger.reader import LedgerReader
from orchestrator.ledger.records import Outcome, Session, to_json
from orchestrator.ledger.session import open_session
from orchestrator.planning.plan import PlanInputs, make_plan
from orchestrator.planning.sources import load_suite
from orchestrator.planning.suite import Selection, select
from orchestrator.secret import Secret
from orchestrator.store import StoreCredentials, open_store
from tests.compute.conftest import (  # noqa: F401  # fixtures are found by name
    arm,
    ca_file,
    clock,
    cloud,
    endpoints,
    login,
    no_waits,
    settings,
)
from tests.compute.requests import IMAGE, machine
from tests.fakes.arm.catalogue import REGIONS
from tests.fakes.arm.world import MACHINE
from tests.fakes.github import FakeGitHub
from tests.fakes.github.scheduler import settle
from tests.fakes.inside import Insides
from tests.fleet.blob_stand import BlobStand, blob_standing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.compute.azure_vm.adapter import AzureCloud
    from orchestrator.compute.offers import RegionOffers
    from orchestrator.planning.plan import Plan
    from orchestrator.planning.suite import Unit
    from orchestrator.store import Store
    from tests.fakes.arm.server import FakeArm
    from tests.fakes.clock import VirtualClock
    from tests.fakes.github import JobEntry

REPOSITORY = "octo/bench"
MINE, OTHER = Fleet(REPOSITORY, 500), Fleet(REPOSITORY, 501)


@dataclass
class Scene:
    """Both sides, and the fleets on them."""

    arm: FakeArm
    fake: FakeGitHub
    cloud: AzureCloud
    github: GitHub
    clock: VirtualClock
    said: list[str]

    @property
    def cleaner(self) -> Cleaner:
        return Cleaner(self.cloud, self.github.runners, self.clock, self.said.append)

    def launch(self, fleet: Fleet, number: int, *, hours: float = 6.0) -> Secret:
        """Bring up a machine and its runner as provisioning does; return the runner's secret."""
        name = f"{fleet.label}-{number}"
        until = str(int(self.clock.now() + hours * 3600))
        tags = {**fleet.tags, MACHINE_TAG: name, EXPIRES_TAG: until}
        minted = self.github.runners.mint(name, [fleet.label])
        self.cloud.create(machine(name, tags=tags))
        return minted.config

    def wait(self, seconds: float) -> None:
        """Let time pass in small steps, and everything happen that is due."""
        for _ in range(int(seconds / 5)):
            self.clock.advance(5)
            self.arm.run_due()
            with self.fake.world.lock:
                settle(self.fake.world, self.fake.faults.idle_limit_s)

    @property
    def machines(self) -> list[str]:
        return self.arm.names(MACHINE)

    @property
    def runners(self) -> list[str]:
        return sorted(runner.name for runner in self.github.runners.all())


TEMPLATE = Path(__file__).resolve().parents[2] / "runner-image" / "cloud-init.yaml"


@dataclass
class Stage:
    """A scene with a plan, a ledger, and machines whose insides are played."""

    scene: Scene
    insides: Insides
    plan: Plan
    store: Store
    attempt: WorkflowAttempt
    journal: EventLog

    def launcher(self, **changes: Any) -> Launcher:
        """What launches this attempt's machines."""
        numbers = itertools.count()
        values: dict[str, Any] = {
            "attempt": self.attempt,
            "build": Build(image=IMAGE, ttl_s=6 * 3600.0),
            "bootstraps": FirstBoots(
                template(TEMPLATE.read_text(), str(TEMPLATE)),
                self.scene.github.runners,
                self.journal,
                self.attempt.fleet.label,
            ),
            "cloud": self.scene.cloud,
            "journal": self.journal,
            "clock": self.scene.clock,
            "closing": lambda: is_closing(self.store, self.attempt.session),
            "store_key": lambda _expires: Secret(SAS),
            "token": lambda: f"{next(numbers):04x}",
        }
        return Launcher(**{**values, **changes})

    def capacity(self, **changes: Any) -> CapacityPool:
        """What can be had, of two sizes in two regions."""
        wish = MachineRequirements(("Standard_D8s_v5", "Standard_D8s_v3"), REGIONS)
        wish = replace(wish, **changes)
        return CapacityPool(wish, self.markets(), self.scene.clock)

    def markets(self) -> dict[str, RegionOffers]:
        return {region: self.scene.cloud.offers(region) for region in REGIONS}

    def queue_jobs(self, count: int) -> list[JobEntry]:
        """Queue the matrix, as GitHub does once its outputs are there."""
        return [
            self.scene.fake.add_job(
                self.attempt.fleet.github_run, f"benchmark ({number})", [self.attempt.fleet.label]
            )
            for number in range(count)
        ]

    def supervisor(self, shards: int, launched: int, **changes: Any) -> Supervisor:
        """A supervisor of this attempt; ``changes`` go to its rules and settings."""
        rules = {
            key: changes.pop(key)
            for key in ("boot_s", "idle_s", "starved_s", "quiet_s")
            if key in changes
        }
        capacity = changes.pop("capacity", None) or self.capacity()
        reported = changes.pop("on_round", lambda _round: None)
        launcher = changes.pop("launcher", None) or self.launcher()
        return Supervisor(
            settings=SupervisorSettings(Rules(shards, launched, **rules), **changes),
            launcher=launcher,
            capacity=capacity,
            drain_supply=CapacityPool(
                MachineRequirements(("Standard_B2s",), REGIONS, nested=False),
                self.markets(),
                self.scene.clock,
            ),
            runners=self.scene.github.runners,
            runs=self.scene.github.runs,
            ledger=RunLedger(LedgerReader(self.store), self.attempt, self.scene.clock),
            spending=Spending({}),
            on_round=reported,
        )

    def score(self, job: JobEntry, facts: dict[str, str], shards: int) -> str:
        """Score the home tasks of a job's shard, as its worker would, and say how it went."""
        worker = f"w-{facts['WAA_MATRIX_WORKER_MACHINE']}"
        shard = int(job.name.split("(")[1].rstrip(")"))
        if facts["WAA_ROLE"] == "arena":
            for unit in self.plan.home(shard, shards):
                self.record(unit, worker, facts["WAA_MATRIX_WORKER_MACHINE"])
        return "success"

    def record(self, unit: Unit, worker: str, machine: str) -> None:
        outcome = Outcome(
            unit, 1, worker, self.attempt.session, machine, score=1.0, cause=None, seconds=60.0
        )
        self.store.create(paths.outcome(unit, 1, worker), to_json(outcome))


SAS = "sv=2025-11-05&sig=a-signature-that-must-not-show"


@pytest.fixture
def stage(scene: Scene, tmp_path: Path) -> Stage:
    suite = load_suite("demo", "", tmp_path)
    plan = make_plan(PlanInputs(select(suite, Selection(sample=16))))
    store = open_store(
        str(tmp_path / "store"), "run-1", StoreCredentials(), timeout_s=5.0, create=True
    )
    attempt = WorkflowAttempt(MINE, 1, "run-1")
    open_session(store, plan, Session(attempt.session, scene.clock.now(), "provision", 8))
    journal = EventLog("test", scene.clock, store)
    insides = Insides(scene.arm, scene.fake, ledger=store, session=attempt.session)
    return Stage(scene, insides, plan, store, attempt, journal)


@pytest.fixture
def blob_stand(tmp_path: Path) -> Iterator[BlobStand]:
    with blob_standing(tmp_path) as served:
        yield served


@pytest.fixture
def scene(
    arm: FakeArm,  # noqa: F811  # pytest's way of asking for a fixture
    cloud: AzureCloud,  # noqa: F811  # the same
    clock: VirtualClock,  # noqa: F811  # the same
) -> Iterator[Scene]:
    with FakeGitHub(clock=clock, repository=REPOSITORY) as fake:
        fake.add_run(MINE.github_run)
        fake.add_run(OTHER.github_run)
        with open_github(fake.connection(), clock=clock) as github:
            yield Scene(arm, fake, cloud, github, clock, [])
