"""A gallery image's version, read and as values: what it holds, and what it asks of machines."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from orchestrator.compute.azure_vm.machine import AzureImage, DataDisk
from orchestrator.compute.failures import CloudError, Failure, FailureKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from azure.mgmt.compute import ComputeManagementClient

    Json = Mapping[str, Any]

_IMAGE = re.compile(
    r"/subscriptions/[^/]+/resourceGroups/(?P<group>[^/]+)/providers/Microsoft\.Compute"
    r"/galleries/(?P<gallery>[^/]+)/images/(?P<image>[^/]+)(?:/versions/(?P<version>[^/]+))?",
    re.IGNORECASE,
)
_NUMBERS = re.compile(r"[0-9]+")


@dataclass(frozen=True, slots=True)
class ImageVersion:
    """One version of a gallery's image.

    ``published`` is Unix seconds. ``replicas`` counts them by region, ``states`` is each region's
    replication state. ``machine`` is what it asks of the machines made of it.
    """

    id: str
    published: float | None
    tags: Mapping[str, str]
    replicas: Mapping[str, int]
    states: Mapping[str, str]
    machine: AzureImage

    @property
    def data_disks(self) -> tuple[int, ...]:
        """The LUNs that travel with it."""
        return tuple(disk.lun for disk in self.machine.data_disks)

    @property
    def security_type(self) -> str:
        """What its definition asks of machines (``TrustedLaunch``, …), if anything."""
        return self.machine.security_type


def read_image(compute: ComputeManagementClient, image_id: str) -> ImageVersion | None:
    """Return a version of an image, the newest when ``image_id`` is its definition's; None: none.

    Raises:
        CloudError: Configuration, when the id is no gallery image's.
        AzureError: As the SDK raises: whoever calls classifies it (``calls.call``).
    """
    parts = _IMAGE.fullmatch(image_id)
    if parts is None:
        raise wrong_id("gallery image", image_id)
    where = (parts["group"], parts["gallery"], parts["image"])
    version = parts["version"] or _newest(
        item.as_dict() for item in compute.gallery_image_versions.list_by_gallery_image(*where)
    )
    if version is None:
        return None
    gallery_image_version = compute.gallery_image_versions.get(
        *where, version, expand="ReplicationStatus"
    )
    definition = compute.gallery_images.get(*where)
    return _image_version(gallery_image_version.as_dict(), definition.as_dict())


def _newest(versions: Iterable[Json]) -> str | None:
    """Return the version that a machine made from the definition gets: the highest not excluded."""
    open_ = [
        str(item["name"])
        for item in versions
        if not (own(item).get("publishingProfile") or {}).get("excludeFromLatest")
    ]
    return max(open_, key=lambda name: [int(part) for part in _NUMBERS.findall(name)], default=None)


def _image_version(result: Json, definition: Json) -> ImageVersion:
    profile = own(result).get("publishingProfile") or {}
    default = profile.get("replicaCount") or 1
    summary = (own(result).get("replicationStatus") or {}).get("summary") or []
    replicas = {
        region_name(item.get("name")): int(item.get("regionalReplicaCount") or default)
        for item in profile.get("targetRegions") or []
    }
    states = {region_name(item.get("region")): str(item.get("state", "")) for item in summary}
    return ImageVersion(
        id=str(result.get("id", "")),
        published=unix_seconds(profile.get("publishedDate")),
        tags=dict(result.get("tags") or {}),
        replicas=replicas,
        states=states,
        machine=_machine_image(result, definition, replicas, states),
    )


def _machine_image(
    result: Json, definition: Json, replicas: Mapping[str, int], states: Mapping[str, str]
) -> AzureImage:
    storage, asked = own(result).get("storageProfile") or {}, own(definition)
    features = {item.get("name"): str(item.get("value")) for item in asked.get("features") or []}
    controllers = features.get("DiskControllerTypes", "SCSI")  # without the feature: SCSI alone
    return AzureImage(
        id=str(result.get("id", "")),
        data_disks=tuple(
            DataDisk(int(item["lun"]), item.get("sizeInGB"))
            for item in storage.get("dataDiskImages") or []
        ),
        regions=frozenset(
            region
            for region, count in replicas.items()
            if count and states.get(region, "Completed") == "Completed"
        ),
        os_disk_gb=(storage.get("osDiskImage") or {}).get("sizeInGB"),
        generation=str(asked.get("hyperVGeneration") or ""),
        architecture=str(asked.get("architecture") or ""),
        controllers=frozenset(word.strip() for word in controllers.split(",")),
        security_type=features.get("SecurityType", ""),
    )


def own(result: Json) -> Json:
    """Return a resource's own properties."""
    properties: Json = result.get("properties") or {}
    return properties


def region_name(name: object) -> str:
    """Return a region's short name: listings write ``West Europe`` too."""
    return str(name or "").replace(" ", "").lower()


def unix_seconds(stamp: object) -> float | None:
    """Return an ISO date as Unix seconds, None where it is none."""
    try:
        return datetime.fromisoformat(str(stamp)).timestamp() if stamp else None
    except ValueError:
        return None


def wrong_id(what: str, given: str) -> CloudError:
    """Return the error that says that an id is not one of a ``what``."""
    failure = Failure(
        FailureKind.CONFIGURATION, "InvalidId", f"{given[:200]!r} is no id of a {what}"
    )
    return CloudError(failure, during=f"read the {what}")
