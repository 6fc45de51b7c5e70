from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import stamina

from orchestrator.compute.azure_vm.adapter import AzureCloud
from orchestrator.compute.azure_vm.credentials import Federated
from orchestrator.compute.azure_vm.settings import AzureSettings, Endpoints, Site
from tests.fakes.arm.catalogue import GROUP, REGIONS, SUBSCRIPTION, subnet_id
from tests.fakes.arm.identity import CLIENT, TENANT
from tests.fakes.arm.server import FakeArm, serving
from tests.fakes.clock import VirtualClock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Its assertions say what they saw, as those of test modules do.
pytest.register_assert_rewrite("tests.compute.engine_contract")

PUBLIC_KEY = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC7 nobody"


@pytest.fixture(autouse=True)
def no_waits() -> Iterator[None]:
    """The retry policy tries as often as ever, and waits for nothing."""
    with stamina.set_testing(testing=True, attempts=4):
        yield


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def arm(clock: VirtualClock) -> FakeArm:
    return FakeArm(clock)


@pytest.fixture
def ca_file(arm: FakeArm, tmp_path: Path) -> Iterator[Path]:
    with serving(arm, tmp_path) as path:
        yield path
    assert arm.violations == []


@pytest.fixture
def endpoints(arm: FakeArm, ca_file: Path) -> Endpoints:
    return Endpoints(
        arm=arm.url, authority=arm.url, known_authority=True, ca_file=str(ca_file), read_s=20.0
    )


@pytest.fixture
def login(arm: FakeArm, ca_file: Path) -> Federated:
    token = arm.identity.request_token
    return Federated(TENANT, CLIENT, f"{arm.url}/assertion", token, ca_file=str(ca_file))


@pytest.fixture
def settings(endpoints: Endpoints) -> AzureSettings:
    sites = {region: Site(subnet_id(region)) for region in REGIONS}
    return AzureSettings(SUBSCRIPTION, GROUP, sites, endpoints, ssh_public_key=PUBLIC_KEY)


@pytest.fixture
def cloud(settings: AzureSettings, login: Federated, clock: VirtualClock) -> Iterator[AzureCloud]:
    cloud = AzureCloud(settings, login, clock=clock)
    yield cloud
    cloud.close()
