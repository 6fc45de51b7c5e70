"""Stages outside pytest and of any size: several runs on one cloud, each with a GitHub of its own.

The benches and the tests of what a fleet asks of either side share them.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.compute.azure_vm.adapter import AzureCloud
from orchestrator.compute.azure_vm.credentials import Federated
from orchestrator.compute.azure_vm.settings import AzureSettings, Endpoints, Site
from orchestrator.fleet.event_log import EventLog
from orchestrator.fleet.identity import Fleet, WorkflowAttempt
from orchestrator.github import open_github
from orchestrator.ledger.records import Session
from orchestrator.ledger.session import open_session
from orchestrator.planning.plan import PlanInputs, make_plan
from orchestrator.planning.suite import Selection, demo_suite, select
from orchestrator.store import StoreCredentials, open_store
from tests.compute.conftest import PUBLIC_KEY
from tests.fakes.arm.catalogue import GROUP, REGIONS, SUBSCRIPTION, subnet_id
from tests.fakes.arm.identity import CLIENT, TENANT
from tests.fakes.arm.server import FakeArm, serving
from tests.fakes.github import FakeGitHub
from tests.fakes.inside import Insides
from tests.fleet.conftest import REPOSITORY, Scene, Stage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.fakes.clock import Clock

QUOTA = 10_000_000
"""Cores of every kind: the quotas of the subscription are not what these stages look at."""


@dataclass(frozen=True, slots=True)
class Sky:
    """One subscription, served, and how to reach it."""

    arm: FakeArm
    settings: AzureSettings
    login: Federated


@contextmanager
def sky(directory: Path, clock: Clock, *, limits: bool = False) -> Iterator[Sky]:
    """Serve a subscription; ``limits`` turns Azure's token buckets on."""
    arm = FakeArm(clock, limits=limits)
    for region in REGIONS:
        arm.catalogue.cores[region] = arm.catalogue.spot_cores[region] = QUOTA
    with serving(arm, directory) as ca_file:
        bundle = str(ca_file)
        endpoints = Endpoints(
            arm=arm.url, authority=arm.url, known_authority=True, ca_file=bundle, read_s=60.0
        )
        sites = {region: Site(subnet_id(region)) for region in REGIONS}
        settings = AzureSettings(SUBSCRIPTION, GROUP, sites, endpoints, ssh_public_key=PUBLIC_KEY)
        token = arm.identity.request_token
        yield Sky(
            arm, settings, Federated(TENANT, CLIENT, f"{arm.url}/assertion", token, ca_file=bundle)
        )
    assert arm.violations == []


@contextmanager
def staged(
    over: Sky, directory: Path, clock: Clock, *, run: int = 500, tasks: int | None = None
) -> Iterator[Stage]:
    """Open one run of the demo's 154 tasks, with a client of the cloud and a GitHub of its own.

    ``tasks`` takes a sample of so many.
    """
    fleet = Fleet(REPOSITORY, run)
    cloud = AzureCloud(over.settings, over.login, clock=clock)
    with (
        FakeGitHub(clock=clock, repository=REPOSITORY) as fake,
        open_github(fake.app_connection(), clock=clock) as github,
    ):
        fake.add_run(run)
        scene = Scene(over.arm, fake, cloud, github, clock, [])  # type: ignore[arg-type]  # any clock
        store = open_store(
            str(directory / "store"), f"run-{run}", StoreCredentials(), timeout_s=30.0, create=True
        )
        suite = demo_suite() if tasks is None else select(demo_suite(), Selection(sample=tasks))
        plan = make_plan(PlanInputs(suite))
        attempt = WorkflowAttempt(fleet, 1, f"run-{run}")
        open_session(store, plan, Session(attempt.session, clock.now(), "provision", 8))
        journal = EventLog(f"stage-{run}", clock, store)
        insides = Insides(over.arm, fake, ledger=store, session=attempt.session)
        yield Stage(scene, insides, plan, store, attempt, journal)
    cloud.close()
