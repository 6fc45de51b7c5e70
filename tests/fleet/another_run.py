"""Another run's machine and runner, which are there before a whole run and must be there after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.compute.azure_vm.adapter import AzureCloud
from orchestrator.compute.azure_vm.credentials import Federated
from orchestrator.compute.azure_vm.settings import AzureSettings, Endpoints, Site
from orchestrator.fleet.identity import EXPIRES_TAG, MACHINE_TAG
from orchestrator.github import open_github
from tests.compute.requests import machine
from tests.fakes.arm.catalogue import GROUP, REGIONS, SUBSCRIPTION, subnet_id
from tests.fakes.arm.identity import CLIENT, TENANT
from tests.fakes.github import RunnerFate

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.fleet.identity import Fleet
    from tests.fakes.arm.server import FakeArm
    from tests.fakes.github import FakeGitHub


def bring_up_another(arm: FakeArm, github: FakeGitHub, ca_file: Path, other: Fleet) -> None:
    """Launch a machine, its parts and a runner of a run that nobody may touch."""
    name = f"{other.label}-1-000-abcd"
    tags = {**other.tags, MACHINE_TAG: name, EXPIRES_TAG: "99999999999"}
    endpoints = Endpoints(
        arm=arm.url, authority=arm.url, known_authority=True, ca_file=str(ca_file)
    )
    sites = {region: Site(subnet_id(region)) for region in REGIONS}
    token = arm.identity.request_token
    login = Federated(TENANT, CLIENT, f"{arm.url}/assertion", token, ca_file=str(ca_file))
    cloud = AzureCloud(AzureSettings(SUBSCRIPTION, GROUP, sites, endpoints), login)
    cloud.create(machine(name, tags=tags))
    cloud.close()
    github.faults.runners(RunnerFate(f"{other.label}-*", never_online=True))
    with open_github(github.connection()) as adapter:
        adapter.runners.mint(name, [other.label])
