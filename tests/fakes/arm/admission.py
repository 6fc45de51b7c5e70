"""Whether the fake accepts a machine's body: the refusals that Azure gives before it starts."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from tests.fakes.arm.catalogue import subnet_id
from tests.fakes.arm.image_rules import check_image
from tests.fakes.arm.reply import Json, RefusalError
from tests.fakes.arm.world import MACHINE

if TYPE_CHECKING:
    from tests.fakes.arm.catalogue import Catalogue, Size
    from tests.fakes.arm.world import World


def admit(body: Json, catalogue: Catalogue, world: World, *, standard_security: bool) -> None:
    """Refuse a body as Azure would, or return."""
    properties, region = body["properties"], body["location"]
    size = _size(properties["hardwareProfile"]["vmSize"], region, body.get("zones"), catalogue)
    spot = properties.get("priority") == "Spot"
    if spot and not size.spot:
        text = f"The VM size '{size.name}' is not supported for Azure Spot VMs."
        raise RefusalError(400, "AzureSpotIsNotSupportedForThisVMSize", text)
    _security(properties, registered=standard_security)
    check_image(properties, region, size, catalogue.gallery)
    _network(properties["networkProfile"], region)
    _custom_data(properties["osProfile"])
    _quota(size, region, catalogue, world, spot=spot)


def _size(name: str, region: str, zones: list[str] | None, catalogue: Catalogue) -> Size:
    size = catalogue.sizes.get(name)
    open_zones = set(size.zones) - set(size.barred_zones) if size else set()
    wanted = set(zones or ())
    if size is None or region not in size.regions or size.barred or not wanted <= open_zones:
        where = f"'{region}' zones '{','.join(sorted(wanted))}'" if wanted else f"'{region}'"
        text = f"The requested VM size '{name}' is currently not available in location {where}."
        raise RefusalError(409, "SkuNotAvailable", text)
    return size


def _security(properties: Json, *, registered: bool) -> None:
    if properties.get("securityProfile", {}).get("securityType") == "Standard" and not registered:
        feature = "Microsoft.Compute/UseStandardSecurityType"
        text = f"The value 'Standard' of property 'securityType' needs the feature '{feature}'."
        raise RefusalError(400, "InvalidParameter", text)


def _network(network: Json, region: str) -> None:
    if network.get("networkApiVersion") not in ("2020-11-01", "2022-11-01"):
        text = "Required parameter 'networkApiVersion' is missing (null)."
        raise RefusalError(400, "InvalidParameter", text)
    for nic in network["networkInterfaceConfigurations"]:
        for address in nic["properties"]["ipConfigurations"]:
            subnet = address["properties"]["subnet"]["id"]
            if subnet != subnet_id(region):
                text = f"Resource {subnet} referenced by resource {nic['name']} was not found."
                raise RefusalError(400, "InvalidResourceReference", text)


def _custom_data(profile: Json) -> None:
    data: Any = profile.get("customData", "")
    try:
        base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        text = f"Custom data in OSProfile must be in Base64 encoding: {data}"
        raise RefusalError(400, "InvalidParameter", text) from None
    if len(data) > 64 * 1024:
        raise RefusalError(400, "InvalidParameter", "Custom data in OSProfile is too long.")


def used_cores(world: World, catalogue: Catalogue, region: str) -> dict[str, int]:
    """Cores in use by quota name (lower case)."""
    used: dict[str, int] = {"cores": 0, "lowprioritycores": 0}
    for machine in world.of(MACHINE):
        if machine.location != region:
            continue
        size = catalogue.sizes[machine.properties["hardwareProfile"]["vmSize"]]
        if machine.properties.get("priority") == "Spot":
            used["lowprioritycores"] += size.vcpus
        else:
            used["cores"] += size.vcpus
            family = size.family.lower()
            used[family] = used.get(family, 0) + size.vcpus
    return used


def _quota(size: Size, region: str, catalogue: Catalogue, world: World, *, spot: bool) -> None:
    used = used_cores(world, catalogue, region)
    family = size.family.lower()
    limits = {
        "Total Regional": (used["cores"], catalogue.cores[region]),
        size.family: (used.get(family, 0), catalogue.family_limit(region, size.family)),
    }
    if spot:
        limits = {"LowPriority": (used["lowprioritycores"], catalogue.spot_cores[region])}
    for name, (current, limit) in limits.items():
        if current + size.vcpus > limit:
            text = (
                f"Operation could not be completed as it results in exceeding approved {name} Cores"
                f" quota. Additional details - Deployment Model: Resource Manager, Location:"
                f" {region},"
                f" Current Limit: {limit}, Current Usage: {current},"
                f" Additional Required: {size.vcpus}, (Minimum) New Limit Required:"
                f" {current + size.vcpus}."
            )
            raise RefusalError(409, "OperationNotAllowed", text)
