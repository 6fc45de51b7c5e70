"""What the fake subscription may use: sizes, quotas, images, networks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.fakes.arm.gallery import Gallery, Version

if TYPE_CHECKING:
    from tests.fakes.arm.reply import Json

SUBSCRIPTION = "11111111-2222-4333-8444-555555555555"
GROUP = "waa-fleet"
REGIONS = ("westeurope", "northeurope")


@dataclass(frozen=True, slots=True)
class Size:
    name: str
    family: str
    vcpus: int
    memory_gb: int
    cache_gb: int = 0
    local_gb: int = 0
    spot: bool = True
    nvme: bool = False  # attaches disks by NVMe alone
    generations: str = "V1,V2"
    architecture: str = "x64"
    premium: bool = True
    disks: int = 16
    regions: tuple[str, ...] = REGIONS
    zones: tuple[str, ...] = ("1", "2", "3")
    barred_zones: tuple[str, ...] = ()
    barred: bool = False  # NotAvailableForSubscription

    @property
    def controllers(self) -> str:
        return "NVMe" if self.nvme else "SCSI"

    def listed(self, region: str) -> Json:
        places = [
            place
            for place, room in (("CacheDisk", self.cache_gb), ("ResourceDisk", self.local_gb))
            if room
        ]
        values = {
            "vCPUs": str(self.vcpus),
            "MemoryGB": str(self.memory_gb),
            "LowPriorityCapable": str(self.spot),
            "EphemeralOSDiskSupported": str(bool(places)),
            "SupportedEphemeralOSDiskPlacements": ",".join(places),
            "CachedDiskBytes": str(self.cache_gb * 1024**3),
            "MaxResourceVolumeMB": str(self.local_gb * 1024),
            "DiskControllerTypes": self.controllers,
            "HyperVGenerations": self.generations,
            "CpuArchitectureType": self.architecture,
            "PremiumIO": str(self.premium),
            "MaxDataDiskCount": str(self.disks),
        }
        return {
            "resourceType": "virtualMachines",
            "name": self.name,
            "tier": "Standard",
            "size": self.name.removeprefix("Standard_"),
            "family": self.family,
            "locations": [region],
            "locationInfo": [{"location": region, "zones": list(self.zones), "zoneDetails": []}],
            "capabilities": [{"name": key, "value": value} for key, value in values.items()],
            "restrictions": self._restrictions(region),
        }

    def _restrictions(self, region: str) -> list[Json]:
        reason = "NotAvailableForSubscription"
        results: list[Json] = []
        if self.barred:
            info: Json = {"locations": [region]}
            results.append(
                {"type": "Location", "values": [region], "restrictionInfo": info}
                | {"reasonCode": reason}
            )
        if self.barred_zones:
            info = {"locations": [region], "zones": list(self.barred_zones)}
            results.append(
                {"type": "Zone", "values": [region], "restrictionInfo": info}
                | {"reasonCode": reason}
            )
        return results


SIZES = (
    Size("Standard_D4s_v5", "standardDSv5Family", 4, 16),
    Size("Standard_D8s_v5", "standardDSv5Family", 8, 32),
    Size("Standard_D8ds_v5", "standardDDSv5Family", 8, 32, cache_gb=200, local_gb=300),
    Size("Standard_D8s_v3", "standardDSv3Family", 8, 32, cache_gb=200, barred_zones=("3",)),
    Size(
        "Standard_D8ds_v6", "StandardDdsv6Family", 8, 32, nvme=True, barred=True, generations="V2"
    ),
    Size("Standard_B2s", "standardBSFamily", 2, 4, spot=False, disks=4),
)


def _stocked() -> Gallery:
    gallery = Gallery(definition_id())
    gallery.versions["1.0.0"] = Version(dict.fromkeys(REGIONS, 1))
    return gallery


@dataclass(slots=True)
class Catalogue:
    """Sizes, and quotas in cores by region; tests change them."""

    sizes: dict[str, Size] = field(default_factory=lambda: {size.name: size for size in SIZES})
    cores: dict[str, int] = field(default_factory=lambda: dict.fromkeys(REGIONS, 100_000))
    spot_cores: dict[str, int] = field(default_factory=lambda: dict.fromkeys(REGIONS, 100_000))
    family_cores: dict[tuple[str, str], int] = field(default_factory=dict)
    gallery: Gallery = field(default_factory=_stocked)
    statics: dict[str, Json] = field(default_factory=dict)  # by lower-cased id, for generic reads

    def family_limit(self, region: str, family: str) -> int:
        return self.family_cores.get((region, family.lower()), 100_000)


def group_id(subscription: str = SUBSCRIPTION, group: str = GROUP) -> str:
    return f"/subscriptions/{subscription}/resourceGroups/{group}"


def subnet_id(region: str) -> str:
    network = f"{group_id()}/providers/Microsoft.Network/virtualNetworks/fleet-{region}"
    return f"{network}/subnets/machines"


def definition_id() -> str:
    return f"{group_id()}/providers/Microsoft.Compute/galleries/waa/images/machine"


def image_id(version: str = "1.0.0") -> str:
    return f"{definition_id()}/versions/{version}"
