"""Checks of each region on Azure: its subnet and way out, and the image's replicas, against N."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from orchestrator.compute.azure_vm.checks.account import ROLES_FIX
from orchestrator.compute.azure_vm.checks.questions import IMAGE
from orchestrator.compute.findings import BlockedError, Check, CheckStatus, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.compute.azure_vm.checks.questions import Questions
    from orchestrator.compute.azure_vm.images import ImageVersion
    from orchestrator.compute.azure_vm.inspection import Subnet
    from orchestrator.compute.kit import CheckRequest

CREATES_A_REPLICA = 20
"""Machines made at once from one replica ("Store and share images in an Azure Compute Gallery")."""


def region_checks(region: str, request: CheckRequest, asked: Questions) -> list[Check]:
    """Return the checks of a region, which own its subnet."""
    subnet = asked.subnets[region]

    def way_out() -> Iterator[Finding]:
        known = subnet.get()
        if known is None:
            raise BlockedError(f"subnet in {region}")
        yield way_out_finding(region, known, public_ip=request.public_ip)

    def replica() -> Iterator[Finding]:
        image = asked.image.get()
        if image is None:
            raise BlockedError(IMAGE)
        yield replica_finding(region, image, request.workers)

    return [
        Check(f"subnet in {region}", lambda: [subnet_finding(region, subnet.own())], ROLES_FIX),
        Check(f"way out of {region}", way_out),
        Check(f"image in {region}", replica),
    ]


def subnet_finding(region: str, subnet: Subnet | None) -> Finding:
    """Judge that a region's subnet exists, and is in that region."""
    name = f"subnet in {region}"
    if subnet is None:
        fix = "Run scripts/azure-setup with this region, or correct --subnet."
        return Finding(name, CheckStatus.FAIL, "does not exist", fix)
    if subnet.region != region:
        fix = f"Name a subnet of {region} by --subnet {region}=ID."
        return Finding(name, CheckStatus.FAIL, f"its network is in {subnet.region}", fix)
    return Finding(name, CheckStatus.OK, "exists")


def way_out_finding(region: str, subnet: Subnet, *, public_ip: bool) -> Finding:
    """Judge how machines of a subnet reach the internet: GitHub, the store, the model."""
    name = f"way out of {region}"
    if subnet.nat_addresses:
        return Finding(name, CheckStatus.OK, "by a NAT gateway")
    if public_ip:
        return Finding(name, CheckStatus.OK, "by an address of each machine's own")
    if subnet.routed:
        return Finding(
            name, CheckStatus.OK, "by its own route table, whose way is not followed here"
        )
    fix = "Run scripts/azure-setup with this region (a NAT gateway), or give --public-ip."
    if subnet.nat_addresses == 0:
        return Finding(name, CheckStatus.FAIL, "its NAT gateway has no address", fix)
    if subnet.default_outbound is False:
        return Finding(name, CheckStatus.FAIL, "none: no NAT gateway, no address", fix)
    what = "by Azure's default outbound access, which new networks do not have any more"
    return Finding(name, CheckStatus.WARN, what, fix)


def replica_finding(region: str, image: ImageVersion, workers: int) -> Finding:
    """Judge a region's image replicas against the machines that are created at once."""
    name, needed = f"image in {region}", math.ceil(workers / CREATES_A_REPLICA)
    have, state = image.replicas.get(region, 0), image.states.get(region, "Completed")
    update = f"az sig image-version update --ids {image.id} --target-regions"
    kept = " ".join(
        f"{other}={count}" for other, count in sorted(image.replicas.items()) if other != region
    )
    fix = " ".join(part for part in (update, kept, f"{region}={max(needed, have)}") if part)
    if not have:
        return Finding(name, CheckStatus.FAIL, "no replica there", fix)
    if state == "Failed":
        return Finding(name, CheckStatus.FAIL, "its replication failed", fix)
    if state != "Completed":
        return Finding(
            name, CheckStatus.FAIL, f"its replica is {state.lower()}", "Wait until it is there."
        )
    said = f"{have} of {needed} replicas for {workers} machines"
    if have < needed:
        return Finding(name, CheckStatus.WARN, f"{said}: creates will be slow or refused", fix)
    return Finding(name, CheckStatus.OK, said)
