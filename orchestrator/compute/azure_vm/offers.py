"""Azure's SKU and usage listings, as the port's offers and quotas: pure, over their JSON."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from orchestrator.compute.azure_vm.machine import AzureOffer
from orchestrator.compute.offers import NO_QUOTA, Quota, RegionOffers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    Json = Mapping[str, Any]

# Families whose documentation names nested virtualization; the SKU listing has no word for it.
_NESTED = re.compile(r"Standard_D\d+(s_v3|ds_v4|d?s_v5|ads_v5|ds_v6|ads_v6|ds_v7|ads_v7)")
_TOTAL, _SPOT = "cores", "lowprioritycores"

# Each place for a local OS disk, with the capability that says its room and that unit in GiB.
_PLACES: tuple[tuple[str, str, float], ...] = (
    ("CacheDisk", "CachedDiskBytes", 1 / 1024**3),
    ("ResourceDisk", "MaxResourceVolumeMB", 1 / 1024),
    ("NvmeDisk", "NvmeDiskSizeInMiB", 1 / 1024),
)


def region_offers(region: str, skus: Iterable[Json], usages: Iterable[Json]) -> RegionOffers:
    """Return what a region offers and allows.

    ``skus`` and ``usages`` are entries of Resource SKUs (of whichever region: the server's filter
    is not relied on) and of the region's usages.
    """
    quotas = {quota.name.lower(): quota for quota in map(_quota, usages)}
    offers = [_offer(region, sku) for sku in skus if _is_machine_there(region, sku)]
    return RegionOffers(
        region=region,
        offers={offer.size: offer for offer in offers},
        total=quotas.get(_TOTAL, NO_QUOTA),
        spot=quotas.get(_SPOT, NO_QUOTA),
        families=quotas,
    )


def _is_machine_there(region: str, sku: Json) -> bool:
    there = any(_same(place, region) for place in sku.get("locations") or [])
    return there and sku.get("resourceType") == "virtualMachines"


def _quota(usage: Json) -> Quota:
    name = usage.get("name") or {}
    return Quota(
        str(name.get("value", "")), int(usage.get("limit", 0)), int(usage.get("currentValue", 0))
    )


def _offer(region: str, sku: Json) -> AzureOffer:
    able = {item.get("name"): str(item.get("value")) for item in sku.get("capabilities") or []}
    size = str(sku.get("name"))
    return AzureOffer(
        size=size,
        region=region,
        zones=_zones(region, sku),
        family=str(sku.get("family", "")),
        vcpus=int(_number(able.get("vCPUs"))),
        memory_gb=_number(able.get("MemoryGB")),
        ephemeral=_places(able),
        spot=able.get("LowPriorityCapable") == "True",
        nvme_only=able.get("DiskControllerTypes", "").strip().upper() == "NVME",
        nested=bool(_NESTED.fullmatch(size)),
        restriction=_restriction(region, sku),
        generations=_words(able.get("HyperVGenerations")),
        architecture=able.get("CpuArchitectureType", ""),
        controllers=_words(able.get("DiskControllerTypes")),
        data_disks=int(_number(able["MaxDataDiskCount"])) if "MaxDataDiskCount" in able else None,
        premium=able.get("PremiumIO", "True") == "True",
    )


def _words(listed: str | None) -> frozenset[str]:
    return frozenset(word.strip() for word in (listed or "").split(",") if word.strip())


def _places(able: Mapping[Any, str]) -> dict[str, int]:
    if able.get("EphemeralOSDiskSupported") != "True":
        return {}
    named = able.get("SupportedEphemeralOSDiskPlacements")
    allowed = set(named.replace(" ", "").split(",")) if named else {"CacheDisk", "ResourceDisk"}
    rooms = {
        place: int(_number(able.get(capability)) * unit)
        for place, capability, unit in _PLACES
        if place in allowed
    }
    return {place: room for place, room in rooms.items() if room > 0}


def _zones(region: str, sku: Json) -> tuple[str, ...]:
    offered = {
        str(zone)
        for info in sku.get("locationInfo") or []
        if _same(info.get("location"), region)
        for zone in info.get("zones") or []
    }
    barred = {
        str(zone)
        for item in sku.get("restrictions") or []
        if item.get("type") == "Zone"
        for zone in (item.get("restrictionInfo") or {}).get("zones") or []
    }
    return tuple(sorted(offered - barred))


def _restriction(region: str, sku: Json) -> str | None:
    for item in sku.get("restrictions") or []:
        places = item.get("values") or (item.get("restrictionInfo") or {}).get("locations") or []
        if item.get("type") == "Location" and any(_same(place, region) for place in places):
            return str(item.get("reasonCode") or "restricted")
    return None


def _same(entry: object, other: object) -> bool:
    return str(entry).lower() == str(other).lower()


def _number(text: str | None) -> float:
    try:
        return float(text or 0)
    except ValueError:
        return 0.0
