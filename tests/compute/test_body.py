"""The body of a create: complete, tagged, deleted with its machine, and known to the SDK."""

from __future__ import annotations

import base64
import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.compute.azure_vm.body import machine_body
from orchestrator.compute.azure_vm.machine import DataDisk
from orchestrator.compute.azure_vm.settings import AzureSettings, Site
from tests.compute.requests import RUN, machine
from tests.fakes.arm.catalogue import GROUP, SUBSCRIPTION
from tests.fakes.arm.routes import Request
from tests.fakes.arm.schema import violations

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.compute.azure_vm.adapter import AzureCloud
    from tests.fakes.arm.server import FakeArm
    from tests.fakes.clock import VirtualClock

SITE = Site("/subnets/one", "/groups/one")
SETTINGS = AzureSettings(SUBSCRIPTION, GROUP, {"westeurope": SITE})
Json = dict[str, Any]


def body(**changes: Any) -> Json:
    return machine_body(machine(**changes), SETTINGS, SITE, "ssh-rsa AAAA x")


def nic(of: Json) -> Json:
    [result] = of["properties"]["networkProfile"]["networkInterfaceConfigurations"]
    assert isinstance(result, dict)
    return result


def address(of: Json) -> Json:
    [result] = nic(of)["properties"]["ipConfigurations"]
    properties = result["properties"]
    assert isinstance(properties, dict)
    return properties


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"spot": True},
        {"ephemeral": "CacheDisk", "os_disk_gb": 64},
        {"public_ip": False, "zone": None, "data_disks": ()},
        {"nvme": True, "data_disks": (DataDisk(0), DataDisk(1, 256, from_image=False))},
    ],
)
def test_the_sdk_knows_every_key_and_misses_none(changes: Json) -> None:
    assert violations("VirtualMachine", body(**changes)) == []


def test_the_check_itself_finds_unknown_and_missing_keys() -> None:
    wrong = body()
    wrong["properties"]["storageProfile"]["osDisk"].pop("createOption")
    wrong["properties"]["osProfile"]["customdata"] = "x"
    wrong["properties"]["priority"] = 5
    result = " ".join(violations("VirtualMachine", wrong))
    assert all(word in result for word in ("createOption", "customdata", "priority"))


def test_every_part_is_deleted_with_the_machine() -> None:
    made = body()
    storage = made["properties"]["storageProfile"]
    public = address(made)["publicIPAddressConfiguration"]
    options = [
        storage["osDisk"]["deleteOption"],
        *(disk["deleteOption"] for disk in storage["dataDisks"]),
        nic(made)["properties"]["deleteOption"],
        public["properties"]["deleteOption"],
    ]
    assert options == ["Delete"] * 4


def test_every_part_that_takes_tags_carries_them() -> None:
    made = body()
    public = address(made)["publicIPAddressConfiguration"]
    assert [made["tags"], nic(made)["tags"], public["tags"]] == [RUN] * 3


def test_there_is_no_identity_no_user_data_and_no_public_address_unasked() -> None:
    made = body(public_ip=False)
    assert "publicIPAddressConfiguration" not in address(made)
    assert "identity" not in made
    assert "userData" not in made["properties"]


def test_security_network_version_and_login_are_explicit() -> None:
    properties = body()["properties"]
    assert properties["securityProfile"] == {"securityType": "Standard"}
    assert properties["networkProfile"]["networkApiVersion"] == "2022-11-01"
    assert properties["osProfile"]["linuxConfiguration"]["disablePasswordAuthentication"] is True
    assert "adminPassword" not in properties["osProfile"]
    assert base64.b64decode(properties["osProfile"]["customData"]) == b"#cloud-config"
    assert nic(body())["properties"]["networkSecurityGroup"] == {"id": "/groups/one"}


def test_spot_is_evicted_by_deletion_and_never_for_its_price() -> None:
    assert body()["properties"]["priority"] == "Regular"
    properties = body(spot=True)["properties"]
    assert properties["priority"] == "Spot"
    assert properties["evictionPolicy"] == "Delete"
    assert properties["billingProfile"] == {"maxPrice": -1}


def test_disks_are_local_or_managed_and_the_golden_image_comes_as_a_data_disk() -> None:
    local = body(ephemeral="NvmeDisk")["properties"]["storageProfile"]
    assert local["osDisk"]["diffDiskSettings"] == {"option": "Local", "placement": "NvmeDisk"}
    assert local["osDisk"]["caching"] == "ReadOnly"
    assert local["osDisk"]["managedDisk"] == {"storageAccountType": "Premium_LRS"}
    disks = (DataDisk(0), DataDisk(1, 256, from_image=False))
    managed = body(data_disks=disks)["properties"]["storageProfile"]
    assert managed["osDisk"]["managedDisk"] == {"storageAccountType": "Premium_LRS"}
    assert [(disk["lun"], disk["createOption"]) for disk in managed["dataDisks"]] == [
        (0, "FromImage"),
        (1, "Empty"),
    ]
    assert managed["dataDisks"][1]["diskSizeGB"] == 256


@pytest.mark.parametrize(("image_gb", "made_gb"), [(None, 128), (64, 128), (200, 200)])
def test_a_data_disk_is_never_of_a_slower_tier_than_p10(image_gb: int | None, made_gb: int) -> None:
    [disk] = body(data_disks=(DataDisk(0, image_gb),))["properties"]["storageProfile"]["dataDisks"]
    assert disk["diskSizeGB"] == made_gb
    assert disk["managedDisk"] == {"storageAccountType": "Premium_LRS"}


def test_the_body_is_a_pure_function() -> None:
    request = machine()
    first = machine_body(request, SETTINGS, SITE, "k")
    first["tags"]["changed"] = "yes"
    assert machine_body(request, SETTINGS, SITE, "k") == machine_body(
        dataclasses.replace(request), SETTINGS, SITE, "k"
    )
    assert "changed" not in request.tags


def without_delete(path: Callable[[Json], Json]) -> Callable[[Json], None]:
    return lambda made: path(made).__delitem__("deleteOption")


@pytest.mark.parametrize(
    ("forget", "orphans"),
    [
        (without_delete(lambda made: made["properties"]["storageProfile"]["osDisk"]), ["m-os"]),
        (
            without_delete(lambda made: made["properties"]["storageProfile"]["dataDisks"][0]),
            ["m-data0"],
        ),
        (without_delete(lambda made: nic(made)["properties"]), ["m-nic", "m-ip"]),
        (
            without_delete(
                lambda made: address(made)["publicIPAddressConfiguration"]["properties"]
            ),
            ["m-ip"],
        ),
    ],
)
def test_each_delete_option_that_is_left_out_leaves_an_orphan(
    cloud: AzureCloud,
    settings: AzureSettings,
    arm: FakeArm,
    clock: VirtualClock,
    forget: Callable[[Json], None],
    orphans: list[str],
) -> None:
    cloud.status({})  # signs in
    made = machine_body(machine("m"), settings, settings.sites["westeurope"], "ssh-rsa AAAA x")
    forget(made)
    path = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers"
    url = f"{path}/Microsoft.Compute/virtualMachines/m?api-version=2026-04-01"
    accepted = arm.routes.answer(Request("PUT", url, {}, json.dumps(made).encode()))
    assert accepted.status == 201
    clock.advance(60)
    [instance] = [item for item in cloud.status(RUN) if item.name == "m"]
    cloud.terminate(instance)
    clock.advance(60)
    assert arm.everything() == orphans


def test_tags_left_out_of_the_nic_hide_it_from_the_run(
    cloud: AzureCloud, settings: AzureSettings, arm: FakeArm, clock: VirtualClock
) -> None:
    made = machine_body(machine("m"), settings, settings.sites["westeurope"], "ssh-rsa AAAA x")
    del nic(made)["tags"]
    arm.machines.create("m", made, only_new=True)
    clock.advance(60)
    arm.run_due()
    names = {item.name for item in cloud.status(RUN)}
    assert names == {"m", "m-ip", "m-os", "m-data0"}
