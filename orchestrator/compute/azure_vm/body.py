"""A machine request as the body of one Azure create: a pure function, nothing is called.

Everything that the machine needs is made by this one call and is deleted with the machine
(``deleteOption``); what is left out of a body is an orphan later. Tags of a machine do not reach
its NIC and IP, which are tagged here; its disks take the machine's tags when they are made
(hashicorp/terraform-provider-azurerm#8162), and a body has no field for theirs.
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any

from orchestrator.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from orchestrator.compute.azure_vm.machine import DataDisk, MachineRequest
    from orchestrator.compute.azure_vm.settings import AzureSettings, Site

Json = dict[str, Any]  # a JSON object: its values are of every kind

CUSTOM_DATA_LIMIT = 64 * 1024 - 1
"""Bytes of custom data once encoded ("Custom data and cloud-init on Azure virtual machines")."""

_NETWORK_API = "2022-11-01"
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}[A-Za-z0-9])?")
_REGION = re.compile(r"[a-z0-9]{2,32}")
_TAG_FORBIDDEN = re.compile(r"[<>%&\\?/\x00-\x1f]")
_TAG_RESERVED = ("microsoft", "azure", "windows")
_TAGS_LIMIT, _TAG_NAME_LIMIT, _TAG_VALUE_LIMIT = 50, 512, 256


def problems(request: MachineRequest, settings: AzureSettings) -> Iterator[Problem]:
    """Yield everything in a request that Azure would refuse, or that would leak machines."""
    if not _NAME.fullmatch(request.name) or request.name.isdigit():
        yield Problem(
            "machine name",
            f"{request.name[:80]!r} is not 1 to 64 letters, digits and inner hyphens, one a letter",
            "Choose another.",
        )
    if not is_region(request.region) or request.region not in settings.sites:
        known = ", ".join(sorted(settings.sites)) or "none"
        yield Problem(
            "region",
            f"no subnet is known in {request.region[:40]!r}",
            f"Known regions: {known}. Name a subnet with a way out for it.",
        )
    encoded = len(_encoded(request.custom_data))
    if encoded > CUSTOM_DATA_LIMIT:
        yield Problem(
            "custom data",
            f"{encoded} bytes once encoded, above {CUSTOM_DATA_LIMIT}",
            "Put large files into the image.",
        )
    luns = [disk.lun for disk in request.data_disks]
    if len(set(luns)) < len(luns):
        yield Problem("data disks", f"two have one LUN: {luns}", "Give each its own.")
    yield from _tag_problems(request)


def is_region(text: str) -> bool:
    """Whether this is spelt like a region (``westeurope``): it goes into paths and filters."""
    return bool(_REGION.fullmatch(text))


def _tag_problems(request: MachineRequest) -> Iterator[Problem]:
    if not request.tags:
        yield Problem("tags", "a machine without tags is never found again", "Tag it with its run.")
    if len(request.tags) > _TAGS_LIMIT:
        yield Problem("tags", f"{len(request.tags)}, above {_TAGS_LIMIT}", "Use fewer.")
    for name, value in request.tags.items():
        if _TAG_FORBIDDEN.search(name) or not 0 < len(name) <= _TAG_NAME_LIMIT:
            yield Problem(f"tag {name[:40]!r}", "not a tag name in Azure", r"Leave out <>%&\?/.")
        if name.lower().startswith(_TAG_RESERVED):
            reserved = ", ".join(_TAG_RESERVED)
            yield Problem(
                f"tag {name[:40]!r}", f"begins like Azure's own ({reserved})", "Rename it."
            )
        if len(value) > _TAG_VALUE_LIMIT:
            yield Problem(
                f"tag {name[:40]!r}", f"{len(value)} characters, above 256", "Shorten it."
            )


def machine_body(
    request: MachineRequest, settings: AzureSettings, site: Site, public_key: str
) -> Json:
    """Return the body that creates a machine with its NIC, disks and, if asked, its public IP.

    ``public_key`` is an OpenSSH public key line. The request has no ``problems``.
    """
    properties: Json = {
        "hardwareProfile": {"vmSize": request.size},
        "storageProfile": _storage(request, settings),
        "osProfile": _operating_system(request, settings, public_key),
        "networkProfile": {
            "networkApiVersion": _NETWORK_API,
            "networkInterfaceConfigurations": [_nic(request, site)],
        },
        # Trusted Launch breaks nested virtualization, and newer API versions may default to it.
        "securityProfile": {"securityType": "Standard"},
        "diagnosticsProfile": {"bootDiagnostics": {"enabled": False}},
        **_price(request),
    }
    body: Json = {
        "location": request.region,
        "tags": dict(request.tags),
        "properties": properties,
    }
    if request.zone is not None:
        body["zones"] = [request.zone]
    return body


def _price(request: MachineRequest) -> Json:
    if not request.spot:
        return {"priority": "Regular"}
    return {
        "priority": "Spot",
        "evictionPolicy": "Delete",
        "billingProfile": {"maxPrice": -1},  # up to the regular price: evicted for room alone
    }


def _storage(request: MachineRequest, settings: AzureSettings) -> Json:
    storage: Json = {
        "imageReference": {"id": request.image},
        "osDisk": _os_disk(request, settings),
        "dataDisks": [_data_disk(request, disk, settings) for disk in request.data_disks],
    }
    if request.nvme:
        storage["diskControllerType"] = "NVMe"
    return storage


def _os_disk(request: MachineRequest, settings: AzureSettings) -> Json:
    disk: Json = {
        "name": f"{request.name}-os",
        "createOption": "FromImage",
        "deleteOption": "Delete",
        # A local disk's too: what it is filled from is a disk of some kind, and may be a slow one.
        "managedDisk": {"storageAccountType": settings.disk_sku},
    }
    if request.os_disk_gb is not None:
        disk["diskSizeGB"] = request.os_disk_gb
    if request.ephemeral is None:
        return {**disk, "caching": "ReadWrite"}
    # A local disk takes read-only caching alone.
    local = {"option": "Local", "placement": request.ephemeral}
    return {**disk, "caching": "ReadOnly", "diffDiskSettings": local}


def disk_label(disks: Iterable[DataDisk], settings: AzureSettings) -> str:
    """Return what data disks can do, for a fingerprint: ``Premium_LRS-128``, one after another."""
    return "+".join(f"{settings.disk_sku}-{_disk_gb(disk, settings)}" for disk in disks)


def _disk_gb(disk: DataDisk, settings: AzureSettings) -> int:
    return max(disk.size_gb or 0, settings.least_disk_gb)


def _data_disk(request: MachineRequest, disk: DataDisk, settings: AzureSettings) -> Json:
    return {
        "lun": disk.lun,
        "name": f"{request.name}-data{disk.lun}",
        "createOption": "FromImage" if disk.from_image else "Empty",
        "caching": "ReadOnly",
        "deleteOption": "Delete",
        "managedDisk": {"storageAccountType": settings.disk_sku},
        "diskSizeGB": _disk_gb(disk, settings),
    }


def _operating_system(request: MachineRequest, settings: AzureSettings, public_key: str) -> Json:
    path = f"/home/{settings.admin_user}/.ssh/authorized_keys"
    return {
        "computerName": request.name,
        "adminUsername": settings.admin_user,
        "customData": _encoded(request.custom_data),
        "allowExtensionOperations": False,
        "linuxConfiguration": {
            "disablePasswordAuthentication": True,
            "provisionVMAgent": True,
            "ssh": {"publicKeys": [{"path": path, "keyData": public_key}]},
        },
    }


def _nic(request: MachineRequest, site: Site) -> Json:
    address: Json = {
        "primary": True,
        "subnet": {"id": site.subnet},
        "privateIPAddressVersion": "IPv4",
    }
    if request.public_ip:
        address["publicIPAddressConfiguration"] = _public_ip(request)
    properties: Json = {
        "primary": True,
        "deleteOption": "Delete",
        "ipConfigurations": [{"name": "main", "properties": address}],
    }
    if site.security_group is not None:
        properties["networkSecurityGroup"] = {"id": site.security_group}
    return {
        "name": f"{request.name}-nic",
        "tags": dict(request.tags),
        "properties": properties,
    }


def _public_ip(request: MachineRequest) -> Json:
    return {
        "name": f"{request.name}-ip",
        "tags": dict(request.tags),
        "sku": {"name": "Standard", "tier": "Regional"},
        "properties": {
            "deleteOption": "Delete",
            "publicIPAddressVersion": "IPv4",
            "publicIPAllocationMethod": "Static",
        },
    }


def _encoded(custom_data: str) -> str:
    return base64.b64encode(custom_data.encode()).decode("ascii")
