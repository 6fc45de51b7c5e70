"""The gallery of machine images, its definition, and replicas in each region."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scripts.azure_setup.target import DEFINITION, GALLERY

if TYPE_CHECKING:
    from scripts.azure_setup.target import Setup


def gallery(setup: Setup) -> None:
    """Make the gallery and a definition without Trusted Launch, which new definitions have."""
    where = ("--resource-group", setup.target.image_group, "--gallery-name", GALLERY)
    definition = ("--gallery-image-definition", DEFINITION)
    common = ("--location", setup.target.regions[0], "--tags", setup.target.tags)
    setup.ensure_resource("sig", *where, extra=common)
    setup.ensure_resource(
        *("sig image-definition", *where, *definition),
        extra=(
            *(*common, "--publisher", "waa-matrix", "--offer", "machine", "--sku", "ubuntu"),
            *("--os-type", "Linux", "--os-state", "Generalized", "--hyper-v-generation", "V2"),
            *("--architecture", "x64"),
            *("--features", "SecurityType=Standard DiskControllerTypes=SCSI,NVMe"),
        ),
    )
    _replicate(setup, (*where, *definition))


def _replicate(setup: Setup, where: tuple[str, ...]) -> None:
    """Bring the newest version to regions that lack it; the first version is built with them."""
    versions = setup.commands.az("sig", "image-version", "list", *where) or []
    if not versions:
        return
    newest = max(versions, key=lambda version: version["publishingProfile"]["publishedDate"])
    present = newest["publishingProfile"]["targetRegions"]
    names = {_short(region["name"]) for region in present}
    lacking = [region for region in setup.target.regions if region not in names]
    if lacking:
        targets = [*(_target(region) for region in present), *(f"{name}=1" for name in lacking)]
        setup.commands.change(
            *("az", "sig", "image-version", "update", *where),
            *("--gallery-image-version", newest["name"], "--target-regions", *targets),
        )


def _short(region: str) -> str:
    return region.replace(" ", "").lower()


def _target(region: dict[str, Any]) -> str:
    parts = [_short(region["name"]), str(region.get("regionalReplicaCount") or 1)]
    kind = region.get("storageAccountType")
    return "=".join([*parts, kind.lower()] if kind else parts)
