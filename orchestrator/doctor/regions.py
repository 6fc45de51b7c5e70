"""Checks of each region: its subnet and way out, image replicas, sizes and quotas, against N."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from orchestrator.doctor.account import ROLES_FIX
from orchestrator.doctor.diagnosis import Answer, BlockedError, Check, Finding, Status
from orchestrator.doctor.wanted import IMAGE, OPTIONS
from orchestrator.fleet.supply import SpotMode, Supply, why_not

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from orchestrator.clock import Clock
    from orchestrator.cloud.azure.images import ImageVersion
    from orchestrator.cloud.azure.inspection import Subnet
    from orchestrator.cloud.offers import Offer, Quota, RegionOffers
    from orchestrator.doctor.wanted import Questions, Wanted

CREATES_A_REPLICA = 20
"""Machines made at once from one replica ("Store and share images in an Azure Compute Gallery")."""

MACHINES = "machines"


def region_checks(wanted: Wanted, asked: Questions, clock: Clock) -> list[Check]:
    """Return the checks of every region, then whether N machines can be had of all together."""
    count = Answer(
        MACHINES, lambda: obtainable(_with_image(wanted, asked), _answered(asked), clock)
    )

    def severity() -> Status:
        """What a barred size or a small quota means: others may make up for it."""
        return Status.FAIL if count.get() < wanted.least else Status.WARN

    found = [
        check for region in wanted.wish.regions for check in _of(region, wanted, asked, severity)
    ]
    return [*found, Check(MACHINES, lambda: [machines_finding(wanted, count.own())])]


def _answered(asked: Questions) -> dict[str, RegionOffers]:
    """Return the markets of the regions that could be asked.

    Raises:
        BlockedError: None could be.
    """
    found, blocked = {}, BlockedError(OPTIONS)
    for region, market in asked.markets.items():
        try:
            found[region] = market.get()
        except BlockedError as error:
            blocked = error
    if not found:
        raise blocked
    return found


def _of(
    region: str, wanted: Wanted, asked: Questions, severity: Callable[[], Status]
) -> list[Check]:
    subnet, market = asked.subnets[region], asked.markets[region]

    def way_out() -> Iterator[Finding]:
        known = subnet.get()
        if known is None:
            raise BlockedError(f"subnet in {region}")
        yield way_out_finding(region, known, public_ip=wanted.public_ip)

    def replica() -> Iterator[Finding]:
        image = asked.image.get()
        if image is None:
            raise BlockedError(IMAGE)
        yield replica_finding(region, image, wanted.workers)

    def sizes() -> Iterator[Finding]:
        known = market.own()
        yield from size_findings(known, _with_image(wanted, asked), severity())

    def quotas() -> Iterator[Finding]:
        known = market.get()
        yield from quota_findings(known, wanted, severity())

    return [
        Check(f"subnet in {region}", lambda: [subnet_finding(region, subnet.own())], ROLES_FIX),
        Check(f"way out of {region}", way_out),
        Check(f"image in {region}", replica),
        Check(f"sizes in {region}", sizes, ROLES_FIX),
        Check(f"quotas in {region}", quotas),
    ]


def _with_image(wanted: Wanted, asked: Questions) -> Wanted:
    """Return the run with what its machine image asks of sizes, where that could be read."""
    try:
        image = asked.image.get()
    except BlockedError:
        return wanted  # its own check says why
    return replace(wanted, wish=replace(wanted.wish, image=image.machine if image else None))


def subnet_finding(region: str, subnet: Subnet | None) -> Finding:
    """Judge that a region's subnet exists, and is in that region."""
    name = f"subnet in {region}"
    if subnet is None:
        fix = "Run scripts/azure-setup with this region, or correct --subnet."
        return Finding(name, Status.FAIL, "does not exist", fix)
    if subnet.region != region:
        fix = f"Name a subnet of {region} by --subnet {region}=ID."
        return Finding(name, Status.FAIL, f"its network is in {subnet.region}", fix)
    return Finding(name, Status.OK, "exists")


def way_out_finding(region: str, subnet: Subnet, *, public_ip: bool) -> Finding:
    """Judge how machines of a subnet reach the internet: GitHub, the store, the model."""
    name = f"way out of {region}"
    if subnet.nat_addresses:
        return Finding(name, Status.OK, "by a NAT gateway")
    if public_ip:
        return Finding(name, Status.OK, "by an address of each machine's own")
    if subnet.routed:
        return Finding(name, Status.OK, "by its own route table, whose way is not followed here")
    fix = "Run scripts/azure-setup with this region (a NAT gateway), or give --public-ip."
    if subnet.nat_addresses == 0:
        return Finding(name, Status.FAIL, "its NAT gateway has no address", fix)
    if subnet.default_outbound is False:
        return Finding(name, Status.FAIL, "none: no NAT gateway, no address", fix)
    what = "by Azure's default outbound access, which new networks do not have any more"
    return Finding(name, Status.WARN, what, fix)


def replica_finding(region: str, image: ImageVersion, workers: int) -> Finding:
    """Judge a region's image replicas against the machines that are created at once."""
    name, needed = f"image in {region}", math.ceil(workers / CREATES_A_REPLICA)
    have, state = image.replicas.get(region, 0), image.states.get(region, "Completed")
    update = f"az sig image-version update --ids {image.id} --target-regions"
    kept = " ".join(
        f"{one}={count}" for one, count in sorted(image.replicas.items()) if one != region
    )
    fix = " ".join(part for part in (update, kept, f"{region}={max(needed, have)}") if part)
    if not have:
        return Finding(name, Status.FAIL, "no replica there", fix)
    if state == "Failed":
        return Finding(name, Status.FAIL, "its replication failed", fix)
    if state != "Completed":
        return Finding(
            name, Status.FAIL, f"its replica is {state.lower()}", "Wait until it is there."
        )
    said = f"{have} of {needed} replicas for {workers} machines"
    if have < needed:
        return Finding(name, Status.WARN, f"{said}: creates will be slow or refused", fix)
    return Finding(name, Status.OK, said)


def size_findings(market: RegionOffers, wanted: Wanted, severity: Status) -> Iterator[Finding]:
    """Yield for each wished size whether it is open in a region and known to nest machines."""
    name = f"sizes in {market.region}"
    for size in wanted.wish.sizes:
        why = why_not(wanted.wish, market, size)
        if why:
            yield Finding(name, severity, f"{size}: {why}", _size_fix(market, size))
            continue
        zones = ", ".join(market.offers[size].zones) or "none"
        yield Finding(name, Status.OK, f"{size}: open, nests virtual machines, zones {zones}")


def _size_fix(market: RegionOffers, size: str) -> str:
    offer = market.offers.get(size)
    if offer is not None and offer.restriction is not None:
        return f"Ask Azure's support to open {size} in {market.region}, or give another --size."
    fitting = [one for one in market.offers.values() if one.nested and one.restriction is None]
    named = ", ".join(sorted(one.size for one in fitting if one.vcpus >= _cores(offer))[:3])
    return f"Give another --size{f', for example {named}' if named else ''}."


def _cores(offer: Offer | None) -> int:
    return offer.vcpus if offer else 8


def quota_findings(market: RegionOffers, wanted: Wanted, severity: Status) -> Iterator[Finding]:
    """Yield each quota that bounds the wished sizes in a region, against N machines of them."""
    for quota, kind, cores in _quotas(market, wanted):
        yield _quota_finding(market.region, quota, kind, cores, wanted, severity)


def _quotas(market: RegionOffers, wanted: Wanted) -> Iterator[tuple[Quota, str, int]]:
    """Yield the quotas, their kinds, and the cores of a machine that each is reckoned in."""
    offers = [market.offers[size] for size in wanted.wish.sizes if size in market.offers]
    if not offers:
        raise BlockedError(f"sizes in {market.region}")
    first = offers[0].vcpus
    if wanted.wish.spot is not SpotMode.ONLY:
        yield market.total, "total", first
        for family in dict.fromkeys(offer.family for offer in offers):
            known = market.families.get(family.lower())
            cores = next(offer.vcpus for offer in offers if offer.family == family)
            if known is not None:
                yield known, "family", cores
    if wanted.wish.spot is not SpotMode.NEVER:
        yield market.spot, "spot", first


def _quota_finding(
    region: str, quota: Quota, kind: str, cores: int, wanted: Wanted, severity: Status
) -> Finding:
    name = f"quotas in {region}"
    fit, needed = quota.left // max(cores, 1), wanted.workers * cores
    room = f"{quota.left} of {quota.limit} cores left, {fit} machines of {cores} cores"
    what = f"{kind} ({quota.name}): {room}; {wanted.workers} wanted"
    if fit >= wanted.workers:
        return Finding(name, Status.OK, what)
    fix = (
        f"Ask for {quota.used + needed} cores of {quota.name} in {region} (portal: Quotas), or give"
        " another --size or --region, or fewer --workers."
    )
    return Finding(name, severity, what, fix)


def obtainable(wanted: Wanted, markets: Mapping[str, RegionOffers], clock: Clock) -> int:
    """Return how many of the wanted machines the launcher could choose, by sizes and quotas."""
    supply = Supply(wanted.wish, markets, clock)
    return next(
        (number for number in range(wanted.workers) if supply.take(number) is None), wanted.workers
    )


def machines_finding(wanted: Wanted, count: int) -> Finding:
    """Judge how many machines can be had, all regions together; room in the zones is not known."""
    what = f"{count} of {wanted.workers} allowed by sizes and quotas; {wanted.least} needed"
    if count >= wanted.workers:
        return Finding(MACHINES, Status.OK, what)
    fix = "See the sizes and quotas above: more quota, another --size or --region, fewer --workers."
    return Finding(MACHINES, Status.WARN if count >= wanted.least else Status.FAIL, what, fix)
