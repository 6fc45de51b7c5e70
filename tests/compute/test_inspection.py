from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orchestrator.compute.azure_vm.inspection import Inspection
from orchestrator.compute.failures import CloudError, FailureKind
from tests.fakes.arm.catalogue import definition_id, image_id, subnet_id
from tests.fakes.arm.gallery import Version
from tests.fakes.arm.surroundings import FEATURE, gateway_id, stand_up, swept

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.compute.azure_vm.credentials import Federated
    from orchestrator.compute.azure_vm.settings import AzureSettings
    from tests.fakes.arm.server import FakeArm


@pytest.fixture
def azure(arm: FakeArm, settings: AzureSettings, login: Federated) -> Iterator[Inspection]:
    stand_up(arm)
    inspection = Inspection(settings, login)
    yield inspection
    inspection.close()


def test_the_account_is_read(azure: Inspection, arm: FakeArm) -> None:
    azure.sign_in()
    subscription = azure.subscription()
    assert subscription is not None
    assert (subscription.name, subscription.state) == ("Benchmarks", "Enabled")
    assert azure.resource_group() == "westeurope"
    assert azure.feature_state("Microsoft.Compute", "UseStandardSecurityType") == "Registered"
    arm.catalogue.statics.pop(FEATURE.lower())
    assert azure.feature_state("Microsoft.Compute", "UseStandardSecurityType") == "NotRegistered"


def test_what_does_not_exist_is_none(azure: Inspection, arm: FakeArm) -> None:
    arm.catalogue.statics.clear()
    assert azure.subscription() is None
    assert azure.resource_group() is None
    assert azure.subnet(subnet_id("westeurope")) is None
    assert azure.sweeper("waa-sweeper") is None
    assert azure.image(image_id("9.9.9")) is None


def test_a_subnets_ways_out(azure: Inspection, arm: FakeArm) -> None:
    subnet = azure.subnet(subnet_id("northeurope"))
    assert subnet is not None
    assert (subnet.region, subnet.nat_addresses, subnet.default_outbound) == (
        "northeurope",
        1,
        False,
    )

    arm.catalogue.statics[gateway_id("northeurope").lower()]["properties"] = {}
    bare = azure.subnet(subnet_id("northeurope"))
    assert bare is not None
    assert bare.nat_addresses == 0

    arm.catalogue.statics[subnet_id("northeurope").lower()]["properties"] = {}
    older = azure.subnet(subnet_id("northeurope"))
    assert older is not None
    assert (older.nat_addresses, older.default_outbound) == (None, None)


def test_a_version_tells_its_replicas_tags_and_disks(azure: Inspection, arm: FakeArm) -> None:
    arm.catalogue.gallery.versions["1.0.0"] = Version(
        {"westeurope": 3},
        1_790_000_000.0,
        {"waa-runner-version": "2.330.0"},
        failed=("westeurope",),
    )
    version = azure.image(image_id())
    assert version is not None
    assert version.replicas == {"westeurope": 3}
    assert version.states == {"westeurope": "Failed"}
    assert version.published == 1_790_000_000.0
    assert version.tags == {"waa-runner-version": "2.330.0"}
    assert version.data_disks == (0,)
    assert version.security_type == "Standard"


def test_a_definition_stands_for_its_newest_version(azure: Inspection, arm: FakeArm) -> None:
    for name in ("9.0.0", "10.0.0"):
        arm.catalogue.gallery.versions[name] = Version({"westeurope": 1})
    arm.catalogue.gallery.versions["11.0.0"] = Version({"westeurope": 1}, excluded=True)
    version = azure.image(definition_id())
    assert version is not None
    assert version.id.endswith("/versions/10.0.0")


def test_a_sweepers_newest_success_counts(azure: Inspection, arm: FakeArm) -> None:
    swept(arm, 2.0)
    life = azure.sweeper("waa-sweeper")
    assert life is not None
    assert life.enabled
    assert life.last_success == pytest.approx(arm.clock.now() - 7200.0, abs=1.0)
    swept(arm, 2.0, "Failed")
    failing = azure.sweeper("waa-sweeper")
    assert failing is not None
    assert failing.last_success is None


@pytest.mark.parametrize("wrong", ["westeurope", "/subscriptions/s/resourceGroups/g", ""])
def test_an_id_of_something_else_is_named(azure: Inspection, arm: FakeArm, wrong: str) -> None:
    before = len(arm.seen)
    for read in (azure.subnet, azure.image):
        with pytest.raises(CloudError, match="no id of a") as caught:
            read(wrong)
        assert caught.value.kind is FailureKind.CONFIGURATION
    assert len(arm.seen) == before


def test_a_login_that_is_refused_is_a_matter_of_credentials(
    arm: FakeArm, settings: AzureSettings, login: Federated
) -> None:
    arm.identity.request_token = "another"
    inspection = Inspection(settings, login)
    with pytest.raises(CloudError) as caught:
        inspection.sign_in()
    inspection.close()
    assert caught.value.kind is FailureKind.CREDENTIALS
