"""A compute gallery with one image: its definition, and versions with their replicas."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.fakes.arm.reply import Json, Reply, gone
from tests.fakes.arm.schema import violations
from tests.fakes.clock import START


@dataclass(slots=True)
class Version:
    """One version: replicas by region, where replication failed, and Unix seconds of publishing.

    ``luns`` are its data disks, each of ``data_gb``.
    """

    replicas: dict[str, int]
    published: float = START
    tags: dict[str, str] = field(default_factory=dict)
    luns: tuple[int, ...] = (0,)
    os_gb: int = 64
    data_gb: int = 128
    failed: tuple[str, ...] = ()
    excluded: bool = False


class Gallery:
    """The image ``image`` (an id) and its versions by name."""

    def __init__(self, image: str) -> None:
        self.image = image
        self.security_type = "Standard"
        self.generation = "V2"
        self.architecture = "x64"
        self.controllers = "SCSI, NVMe"
        self.versions: dict[str, Version] = {}

    def regions(self, image_id: str) -> tuple[str, ...]:
        """Where a machine can be made from this id: a version's, or the definition's newest."""
        version = self.named(image_id)
        return tuple(version.replicas) if version else ()

    def named(self, image_id: str) -> Version | None:
        """The version that an id means: its own, or the newest for the definition's."""
        head, _, name = image_id.partition("/versions/")
        if head.lower() != self.image.lower():
            return None
        open_ = [key for key, version in self.versions.items() if not version.excluded]
        newest = max(open_, key=lambda key: [int(part) for part in key.split(".")], default="")
        return self.versions.get(name or newest)

    def definition(self) -> Json:
        features = [
            {"name": "SecurityType", "value": self.security_type},
            {"name": "DiskControllerTypes", "value": self.controllers},
        ]
        return {
            "id": self.image,
            "name": self.image.rpartition("/")[2],
            "location": "westeurope",
            "properties": {
                "osType": "Linux",
                "osState": "Generalized",
                "hyperVGeneration": self.generation,
                "architecture": self.architecture,
                "identifier": {"publisher": "p", "offer": "o", "sku": "s"},
                "features": features,
            },
        }

    def listed(self) -> Json:
        return {"value": [self.shown(name, replication=False) for name in self.versions]}

    def shown(self, name: str, *, replication: bool) -> Json:
        """A version as Azure shows it: display names of regions, and states only when asked."""
        version = self.versions[name]
        published = datetime.fromtimestamp(version.published, UTC)
        targets = [
            {"name": _display(region), "regionalReplicaCount": count}
            for region, count in version.replicas.items()
        ]
        disks = [{"lun": lun, "sizeInGB": version.data_gb} for lun in version.luns]
        properties: Json = {
            "publishingProfile": {
                "targetRegions": targets,
                "replicaCount": 1,
                "excludeFromLatest": version.excluded,
                "publishedDate": published.isoformat(),
            },
            "provisioningState": "Succeeded",
            "storageProfile": {
                "osDiskImage": {"sizeInGB": version.os_gb},
                "dataDiskImages": disks,
            },
        }
        if replication:
            states = [
                {
                    "region": _display(region),
                    "state": "Failed" if region in version.failed else "Completed",
                    "progress": 100,
                }
                for region in version.replicas
            ]
            properties["replicationStatus"] = {"aggregatedState": "Completed", "summary": states}
        return {
            "id": f"{self.image}/versions/{name}",
            "name": name,
            "location": "westeurope",
            "tags": dict(version.tags),
            "properties": properties,
        }

    def answer(self, image: str, version: str | None, expand: str) -> tuple[Reply, list[str]]:
        """The reply to a read of the definition (no version), of all versions ("") or of one."""
        if image.lower() != self.image.lower() or (version and version not in self.versions):
            raise gone(f"{image}/versions/{version}")
        if version is None:
            body = self.definition()
            return Reply(200, body), violations("GalleryImage", body)
        if not version:
            body = self.listed()
            wrong = [
                line for entry in body["value"] for line in violations("GalleryImageVersion", entry)
            ]
            return Reply(200, body), wrong
        body = self.shown(version, replication=expand == "ReplicationStatus")
        return Reply(200, body), violations("GalleryImageVersion", body)


def _display(region: str) -> str:
    """``westeurope`` as the gallery writes it: ``West Europe``."""
    head = region.removesuffix("europe")
    return f"{head.title()} Europe" if head != region else region
