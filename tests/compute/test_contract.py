"""What Azure's engine does of what every engine promises (``engine_contract``), part by part."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from orchestrator.compute.base import Instance, InstanceState, Kind
from orchestrator.compute.failures import CloudError, FailureKind
from tests.compute.requests import OTHER_RUN, RUN, kinds, machine
from tests.fakes.arm.faults import Fate, Fault, Wound

if TYPE_CHECKING:
    from orchestrator.compute.azure_vm.adapter import AzureCloud
    from tests.fakes.arm.server import FakeArm
    from tests.fakes.clock import VirtualClock

EVERY_PART = [
    (Kind.DISK, "waa-42-0-data0"),
    (Kind.DISK, "waa-42-0-os"),
    (Kind.IP, "waa-42-0-ip"),
    (Kind.MACHINE, "waa-42-0"),
    (Kind.NIC, "waa-42-0-nic"),
]


def only_machine(cloud: AzureCloud) -> Instance:
    [instance] = [item for item in cloud.status(RUN) if item.kind is Kind.MACHINE]
    return instance


def test_a_machine_and_its_parts_are_found_by_tag(cloud: AzureCloud, clock: VirtualClock) -> None:
    cloud.create(machine())
    cloud.create(machine("waa-43-0", tags=OTHER_RUN))
    clock.advance(60)
    instances = cloud.status(RUN)
    assert kinds(instances) == EVERY_PART
    assert {tuple(sorted(item.labels.items())) for item in instances} == {
        tuple(sorted(RUN.items()))
    }
    assert {item.region for item in instances} == {"westeurope"}
    assert len(cloud.status({})) == 2 * len(EVERY_PART)
    assert cloud.status({**RUN, "waa-machine": "x"}) == []


def test_a_launch_is_one_request_and_awaits_nothing(cloud: AzureCloud, arm: FakeArm) -> None:
    cloud.create(machine())
    assert [seen.call for seen in arm.calls("virtualMachines|operations")] == [
        "PUT virtualMachines/waa-42-0"
    ]
    assert only_machine(cloud).state is InstanceState.STARTING


def test_a_machine_becomes_ready_and_says_when_it_was_made(
    cloud: AzureCloud, clock: VirtualClock
) -> None:
    made = clock.now()
    cloud.create(machine())
    clock.advance(60)
    instance = only_machine(cloud)
    assert (instance.state, instance.created, instance.failure) == (
        InstanceState.RUNNING,
        made,
        None,
    )


def test_deleting_the_machine_leaves_nothing(
    cloud: AzureCloud, arm: FakeArm, clock: VirtualClock
) -> None:
    cloud.create(machine())
    clock.advance(60)
    cloud.terminate(only_machine(cloud))
    assert only_machine(cloud).state is InstanceState.ENDING
    clock.advance(60)
    assert cloud.status({}) == []
    assert arm.everything() == []


def test_deleting_what_is_gone_is_a_success_for_every_kind(
    cloud: AzureCloud, clock: VirtualClock
) -> None:
    cloud.create(machine())
    clock.advance(60)
    parts = cloud.status(RUN)
    cloud.terminate(only_machine(cloud))
    clock.advance(60)
    for part in parts:
        cloud.terminate(part)
    assert cloud.status({}) == []


@pytest.mark.parametrize("code", ["ResourceNotFound", "NotFound", "ResourceGroupNotFound"])
def test_a_delete_that_is_answered_not_found_is_a_success(
    cloud: AzureCloud, arm: FakeArm, clock: VirtualClock, code: str
) -> None:
    cloud.create(machine())
    clock.advance(60)
    arm.faults.add(Fault("DELETE", status=404, code=code, message="No such thing.", times=9))
    for part in cloud.status(RUN):
        cloud.terminate(part)
    assert len(arm.calls("DELETE")) == len(EVERY_PART)


def test_a_part_that_is_held_fails_as_transient_and_goes_with_its_machine(
    cloud: AzureCloud, arm: FakeArm, clock: VirtualClock
) -> None:
    cloud.create(machine())
    clock.advance(60)
    for part in cloud.status(RUN):
        if part.kind is not Kind.MACHINE:
            with pytest.raises(CloudError) as caught:
                cloud.terminate(part)
            assert caught.value.kind is FailureKind.TRANSIENT
    cloud.terminate(only_machine(cloud))
    clock.advance(60)
    assert arm.everything() == []


def test_what_a_refused_create_leaves_behind_is_found_and_deleted(
    cloud: AzureCloud, arm: FakeArm
) -> None:
    arm.faults.add(
        Fault("PUT", status=409, code="AllocationFailed", message="No room.", leaves_nic=True)
    )
    with pytest.raises(CloudError):
        cloud.create(machine())
    left = sorted(cloud.status(RUN), key=lambda item: item.kind is Kind.IP)
    assert kinds(left) == [(Kind.IP, "waa-42-0-ip"), (Kind.NIC, "waa-42-0-nic")]
    for part in left:
        cloud.terminate(part)
    assert arm.everything() == []


def test_a_create_that_fails_after_acceptance_shows_why(
    cloud: AzureCloud, arm: FakeArm, clock: VirtualClock
) -> None:
    arm.faults.machines(Fate(fails_with="ZonalAllocationFailed"))
    cloud.create(machine())
    clock.advance(60)
    instance = only_machine(cloud)
    assert instance.state is InstanceState.ENDED
    assert instance.failure is not None
    assert instance.failure.kind is FailureKind.CAPACITY
    assert instance.failure.code == "ZonalAllocationFailed"
    cloud.status(RUN)
    assert len(arm.calls("instanceView")) == 1
    cloud.terminate(instance)
    clock.advance(60)
    assert arm.everything() == []


@pytest.mark.parametrize("wound", [Wound.DROP_BEFORE, Wound.DROP_AFTER, Wound.REFUSE_AFTER])
def test_a_lost_reply_never_makes_a_second_machine(
    cloud: AzureCloud, arm: FakeArm, clock: VirtualClock, wound: Wound
) -> None:
    arm.faults.add(Fault("PUT", wound, status=500, code="InternalServerError"))
    cloud.create(machine())
    clock.advance(60)
    assert len(arm.world.ever) == 1
    assert kinds(cloud.status(RUN)) == EVERY_PART


def test_a_name_that_is_taken_is_refused_and_the_machine_is_untouched(
    cloud: AzureCloud, arm: FakeArm
) -> None:
    cloud.create(machine(tags=OTHER_RUN))
    with pytest.raises(CloudError) as caught:
        cloud.create(machine())
    assert caught.value.kind is FailureKind.CONFIGURATION
    assert cloud.status(RUN) == []
    assert len(arm.world.ever) == 1


@pytest.mark.parametrize("wound", [Wound.DROP_BEFORE, Wound.DROP_AFTER])
def test_listings_and_deletes_survive_a_lost_reply(
    cloud: AzureCloud, arm: FakeArm, clock: VirtualClock, wound: Wound
) -> None:
    cloud.create(machine())
    clock.advance(60)
    arm.faults.add(Fault("GET resources", wound), Fault("DELETE", wound))
    cloud.terminate(only_machine(cloud))
    clock.advance(60)
    assert arm.everything() == []


def test_many_machines_are_launched_from_threads_and_listed_in_pages(
    cloud: AzureCloud, arm: FakeArm, clock: VirtualClock
) -> None:
    arm.routes.page_size = 7
    names = [f"waa-42-{number}" for number in range(12)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda name: cloud.create(machine(name)), names))
    clock.advance(60)
    instances = cloud.status(RUN)
    assert sorted(item.name for item in instances if item.kind is Kind.MACHINE) == sorted(names)
    assert len(instances) == 5 * 12
    assert len(arm.calls("^PUT virtualMachines")) == 12
    assert arm.identity.assertions == 1  # one thread signed in for all
    assert len(arm.calls("GET resources")) == 9  # ceil(60 / 7)


def test_an_evicted_machine_is_gone_with_its_parts(
    cloud: AzureCloud, arm: FakeArm, clock: VirtualClock
) -> None:
    arm.faults.machines(Fate(evicted_after_s=300))
    cloud.create(machine(spot=True))
    clock.advance(60)
    assert only_machine(cloud).state is InstanceState.RUNNING
    clock.advance(300)
    assert cloud.status({}) == []
    assert arm.everything() == []


def test_the_market_shows_sizes_zones_places_and_quotas(cloud: AzureCloud, arm: FakeArm) -> None:
    arm.catalogue.cores["westeurope"] = 20
    arm.catalogue.spot_cores["westeurope"] = 8
    cloud.create(machine())
    market = cloud.offers("westeurope")
    assert market.offers["Standard_D8s_v3"].zones == ("1", "2")
    assert market.offers["Standard_D8ds_v5"].local_disk_for(128) == "CacheDisk"
    assert market.offers["Standard_D8ds_v5"].local_disk_for(256) == "ResourceDisk"
    assert market.offers["Standard_D8s_v5"].local_disk_for(30) is None
    assert market.offers["Standard_D8ds_v6"].restriction == "NotAvailableForSubscription"
    assert not market.offers["Standard_B2s"].nested
    assert (market.total.limit, market.total.used) == (20, 8)
    assert market.room("Standard_D8s_v5", spot=False) == 1
    assert market.room("Standard_D4s_v5", spot=False) == 3
    assert market.room("Standard_D4s_v5", spot=True) == 2
    assert market.room("Standard_D8ds_v6", spot=False) == 0
    assert market.room("Standard_None", spot=False) == 0


def test_a_family_quota_bounds_what_fits(cloud: AzureCloud, arm: FakeArm) -> None:
    arm.catalogue.family_cores["westeurope", "standarddsv5family"] = 16
    assert cloud.offers("westeurope").room("Standard_D8s_v5", spot=False) == 2


def test_a_filter_that_the_server_ignores_offers_nothing_of_another_region(
    cloud: AzureCloud, arm: FakeArm
) -> None:
    reported = cloud.offers("westeurope").offers
    arm.routes.ignores_filters = True
    assert cloud.offers("westeurope").offers == reported
