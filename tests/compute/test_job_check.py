"""What a check of a job tells before anything is created in Azure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.compute.azure_vm.machine import AzureImage, AzureOffer
from orchestrator.compute.job import Job, MachineNeeds, RunnerBootstrap, WorkerBootstrap
from orchestrator.compute.offers import Placement
from tests.compute.requests import IMAGE, RUN
from tests.fakes.arm.catalogue import image_id

if TYPE_CHECKING:
    from orchestrator.compute.azure_vm.adapter import AzureCloud
    from tests.fakes.arm.server import FakeArm


def job(cloud: AzureCloud, *names: str, size: str = "Standard_D8s_v5", **changes: Any) -> Job:
    offer = cloud.offers("westeurope").offers[size]
    values: dict[str, Any] = {
        "names": names or ("waa-42-0",),
        "bootstrap": lambda _name: RunnerBootstrap("#cloud-config"),
        "labels": RUN,
        "image": IMAGE,
        "placement": Placement(offer, "1", spot=False),
    }
    return Job(**{**values, **changes})


def said(cloud: AzureCloud, of: Job) -> list[str]:
    findings = cloud.check(of)
    assert all(finding.fix for finding in findings)
    return [finding.what for finding in findings]


def test_a_fit_job_has_no_findings_and_its_bootstraps_are_not_made(
    cloud: AzureCloud, arm: FakeArm
) -> None:
    def never(name: str) -> RunnerBootstrap:
        raise AssertionError(name)

    assert said(cloud, job(cloud, bootstrap=never)) == []
    assert arm.everything() == []


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"image": None}, "a machine needs an image and a size to be made of"),
        ({"labels": {}}, "tags: a machine without tags is never found again"),
        ({"image": replace(IMAGE, id=image_id("9.9.9"))}, "does not exist"),
        ({"image": replace(IMAGE, regions=frozenset({"northeurope"}))}, "has no replica there"),
        (
            {"size": "Standard_D8ds_v6"},
            "Standard_D8ds_v6 in westeurope: not open to this subscription (Not",
        ),
    ],
)
def test_what_a_job_lacks_is_said(cloud: AzureCloud, changes: dict[str, Any], what: str) -> None:
    [finding] = said(cloud, job(cloud, **changes))
    assert what in finding


def test_more_machines_than_the_quotas_allow_are_said(cloud: AzureCloud, arm: FakeArm) -> None:
    arm.catalogue.cores["westeurope"] = 16
    wanted = job(cloud, "a", "b", "c")
    assert said(cloud, wanted) == [
        "Standard_D8s_v5 in westeurope: quotas have room for 2 of 3 machines"
    ]


def test_a_plain_worker_is_refused_as_a_wrong_request(cloud: AzureCloud, arm: FakeArm) -> None:
    plain = job(cloud, bootstrap=lambda _name: WorkerBootstrap(("waa-matrix", "worker")))
    assert cloud.launch(plain).refused["waa-42-0"].code == "NotARunner"
    assert arm.calls("PUT") == []


def test_a_machine_has_its_images_disks_and_the_local_disk_that_fits(cloud: AzureCloud) -> None:
    needs = MachineNeeds(os_disk_gb=128, local_os_disk=True)
    wanted = job(cloud, size="Standard_D8ds_v5", needs=needs)
    assert wanted.local_os_disk == "CacheDisk"
    assert replace(wanted, needs=replace(needs, os_disk_gb=256)).local_os_disk == "ResourceDisk"
    assert replace(wanted, needs=replace(needs, local_os_disk=False)).local_os_disk is None
    assert isinstance(wanted.image, AzureImage)
    assert wanted.image.disks == 1
    assert isinstance(wanted.placement and wanted.placement.offer, AzureOffer)
