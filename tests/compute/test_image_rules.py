"""A body and the image it is made from: what Azure refuses, and what is said before it is asked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.compute.azure_vm.machine import DataDisk
from orchestrator.compute.failures import CloudError
from tests.compute.requests import RUN, machine
from tests.fakes.arm.catalogue import definition_id, image_id
from tests.fakes.arm.gallery import Version

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.compute.azure_vm.adapter import AzureCloud
    from tests.fakes.arm.server import FakeArm
    from tests.fakes.clock import VirtualClock

V6 = "Standard_D8ds_v6"


@dataclass(frozen=True)
class Case:
    """What is wrong, what Azure says, and what we say before; empty where no listing tells it."""

    code: str
    said: str
    before: str = ""
    request: Any = None
    spoil: Callable[[FakeArm], None] = lambda _arm: None

    def __str__(self) -> str:
        return self.said.replace(" ", "-")[:40]


def size(**changes: Any) -> Callable[[FakeArm], None]:
    def change(arm: FakeArm) -> None:
        sizes = arm.catalogue.sizes
        sizes["Standard_D8s_v5"] = replace(sizes["Standard_D8s_v5"], **changes)

    return change


def gallery(**changes: Any) -> Callable[[FakeArm], None]:
    def change(arm: FakeArm) -> None:
        arm.catalogue.sizes[V6] = replace(arm.catalogue.sizes[V6], barred=False)
        for name, value in changes.items():
            setattr(arm.catalogue.gallery, name, value)

    return change


def version(**changes: Any) -> Callable[[FakeArm], None]:
    def change(arm: FakeArm) -> None:
        known = arm.catalogue.gallery.versions["1.0.0"]
        arm.catalogue.gallery.versions["1.0.0"] = replace(known, **changes)

    return change


BOTH = (DataDisk(0), DataDisk(1))
CASES = [
    Case("InvalidParameter", "dataDisks.lun does not have required", "", {"data_disks": ()}),
    Case(
        "InvalidParameter",
        "dataDisks.lun does not have required",
        request={"data_disks": (DataDisk(0, from_image=False),)},
    ),
    Case(
        "InvalidParameter",
        "dataDisks.lun does not have required",
        spoil=version(luns=(0, 3)),
    ),
    Case("InvalidParameter", "no data disk at LUN", request={"data_disks": BOTH}),
    Case(
        "OperationNotAllowed",
        "disk size 128 GB is smaller than the size of the corresponding",
        spoil=version(data_gb=256),
    ),
    Case(
        "OperationNotAllowed",
        "disk size 64 GB is smaller than the size of the corresponding",
        request={"os_disk_gb": 64},
        spoil=version(os_gb=128),
    ),
    Case(
        "GalleryImageNotFound",
        "not available in westeurope",
        "no replica there",
        spoil=version(replicas={"northeurope": 1}),
    ),
    Case(
        "GalleryImageNotFound",
        "not available in westeurope",
        "no replica there",
        spoil=version(failed=("westeurope",)),
    ),
    Case(
        "BadRequest",
        "cannot boot Hypervisor Generation '2'",
        "generation V2",
        spoil=size(generations="V1"),
    ),
    Case(
        "BadRequest",
        "only supports a CPU Architecture of 'Arm64'",
        "processor is Arm64",
        spoil=size(architecture="Arm64"),
    ),
    Case(
        "InvalidParameter",
        "cannot boot with OS image or disk",
        "attaches disks by NVMe",
        request={"size": V6, "nvme": True},
        spoil=gallery(controllers="SCSI"),
    ),
    Case(
        "InvalidParameter",
        "cannot boot with DiskControllerType 'NVMe'",
        request={"nvme": True},
    ),
    Case(
        "BadRequest",
        "only supports creation of VMs and VM Scale Sets with 'TrustedLaunch'",
        spoil=gallery(security_type="TrustedLaunch"),
    ),
    Case(
        "NotSupported",
        "greater than 200 GB is not allowed",
        request={"size": "Standard_D8s_v3", "ephemeral": "CacheDisk", "os_disk_gb": 256},
    ),
    Case(
        "NotSupported",
        "Diff Disk Placement of type 'NvmeDisk' is not supported",
        request={"ephemeral": "NvmeDisk"},
    ),
    Case(
        "OperationNotAllowed",
        "maximum number of data disks",
        "takes 0 data disks",
        spoil=size(disks=0),
    ),
    Case(
        "InvalidParameter",
        "does not support the storage account type Premium_LRS",
        "no premium disks",
        spoil=size(premium=False),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_does_not_go_together_is_refused_and_said_before_where_it_can_be(
    cloud: AzureCloud, arm: FakeArm, case: Case
) -> None:
    case.spoil(arm)
    request = machine(**(case.request or {}))
    with pytest.raises(CloudError, match=case.said) as caught:
        cloud.create(request)
    assert caught.value.failure.code == case.code
    assert arm.everything() == []
    image = cloud.image(request.image)
    assert image is not None
    why = cloud.offers("westeurope").offers[request.size].why_not_bootable(image)
    assert case.before in why
    assert bool(why) is bool(case.before)


def test_an_image_tells_every_disk_of_its_version(cloud: AzureCloud, arm: FakeArm) -> None:
    arm.catalogue.gallery.versions["2.0.0"] = Version({"westeurope": 1}, luns=(0, 3))
    image = cloud.image(definition_id())
    assert image is not None
    assert image.id == image_id("2.0.0")
    assert image.data_disks == (DataDisk(0, 128), DataDisk(3, 128))
    assert (image.os_disk_gb, image.generation, image.architecture) == (64, "V2", "x64")
    assert image.controllers == {"SCSI", "NVMe"}
    assert cloud.disk_label(image) == "Premium_LRS-128+Premium_LRS-128"


def test_a_machine_with_all_of_its_images_disks_leaves_none_of_them(
    cloud: AzureCloud, arm: FakeArm, clock: VirtualClock
) -> None:
    arm.catalogue.gallery.versions["2.0.0"] = Version({"westeurope": 1}, luns=(0, 3))
    image = cloud.image(definition_id())
    assert image is not None
    cloud.create(machine("m", image=image.id, data_disks=image.data_disks))
    clock.advance(60)
    parts = {item.name: item for item in cloud.status(RUN)}
    assert {"m-data0", "m-data3"} <= parts.keys()
    cloud.terminate(parts["m"])
    clock.advance(60)
    assert arm.everything() == []


def test_two_disks_at_one_lun_are_named_before_anything_is_asked(
    cloud: AzureCloud, arm: FakeArm
) -> None:
    with pytest.raises(CloudError, match="two have one LUN"):
        cloud.create(machine(data_disks=(DataDisk(0), DataDisk(0))))
    assert arm.everything() == []


def test_an_image_that_does_not_exist_is_none(cloud: AzureCloud) -> None:
    assert cloud.image(image_id("9.9.9")) is None
