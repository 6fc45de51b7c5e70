"""Machine requests and listings, as the tests of the cloud write them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestrator.compute.azure_vm.machine import AzureImage, DataDisk, MachineRequest
from tests.fakes.arm.catalogue import REGIONS, image_id

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orchestrator.compute.base import Instance, Kind

RUN = {"waa-run": "run-1", "waa-github-run": "42"}
IMAGE = AzureImage(image_id(), frozenset(REGIONS), data_disks=(DataDisk(0),))
OTHER_RUN = {"waa-run": "run-2", "waa-github-run": "43"}


def machine(name: str = "waa-42-0", **changes: Any) -> MachineRequest:
    values: dict[str, Any] = {
        "name": name,
        "region": "westeurope",
        "size": "Standard_D8s_v5",
        "image": image_id(),
        "custom_data": "#cloud-config",
        "tags": RUN,
        "zone": "1",
        "data_disks": (DataDisk(0),),
        "public_ip": True,
    }
    return MachineRequest(**{**values, **changes})


def kinds(resources: Iterable[Instance]) -> list[tuple[Kind, str]]:
    return sorted((resource.kind, resource.name) for resource in resources)
