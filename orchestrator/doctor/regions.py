"""Checks of each region: what the engine has to say of it, then sizes and quotas, against N."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from orchestrator.compute.findings import Answer, BlockedError, Check, CheckStatus, Finding
from orchestrator.doctor.diagnosis import OPTIONS
from orchestrator.fleet.capacity import CapacityPool, SpotMode, why_not

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from orchestrator.clock import Clock
    from orchestrator.compute.kit import CheckRequest, EngineChecks
    from orchestrator.compute.offers import Quota, RegionOffers
    from orchestrator.fleet.capacity import MachineRequirements

MACHINES = "machines"


def region_checks(
    request: CheckRequest, wish: MachineRequirements, engine: EngineChecks, clock: Clock
) -> list[Check]:
    """Return the checks of every region, then whether N machines can be had of all together."""
    count = Answer(
        MACHINES,
        lambda: obtainable(_with_image(wish, engine), request.workers, _answered(engine), clock),
    )

    def severity() -> CheckStatus:
        """What a barred size or a small quota means: others may make up for it."""
        return CheckStatus.FAIL if count.get() < request.least else CheckStatus.WARN

    checks = [
        check
        for region in request.regions
        for check in (
            *engine.region(region),
            *_capacity_checks(region, request.workers, wish, engine, severity),
        )
    ]
    if request.regions and not engine.offers:
        return checks  # there is nothing to choose, so that nothing bounds the number
    return [*checks, Check(MACHINES, lambda: [machines_finding(request, count.own())])]


def _answered(engine: EngineChecks) -> dict[str, RegionOffers]:
    """Return the offers of the regions that could be asked.

    Raises:
        BlockedError: None could be.
    """
    markets, blocked = {}, BlockedError(OPTIONS)
    for region, market in engine.offers.items():
        try:
            markets[region] = market.get()
        except BlockedError as error:
            blocked = error
    if not markets:
        raise blocked
    return markets


def _capacity_checks(
    region: str,
    workers: int,
    wish: MachineRequirements,
    engine: EngineChecks,
    severity: Callable[[], CheckStatus],
) -> list[Check]:
    market = engine.offers.get(region)
    if market is None:
        return []

    def sizes() -> Iterator[Finding]:
        known = market.own()
        yield from size_findings(known, _with_image(wish, engine), engine, severity())

    def quotas() -> Iterator[Finding]:
        known = market.get()
        yield from quota_findings(known, wish, workers, engine, severity())

    return [
        Check(f"sizes in {region}", sizes, engine.roles_fix),
        Check(f"quotas in {region}", quotas),
    ]


def _with_image(wish: MachineRequirements, engine: EngineChecks) -> MachineRequirements:
    """Return the wish with what its machine image asks of sizes, where that could be read."""
    try:
        return replace(wish, image=engine.machine_image.get())
    except BlockedError:
        return wish  # its own check says why


def size_findings(
    market: RegionOffers, wish: MachineRequirements, engine: EngineChecks, severity: CheckStatus
) -> Iterator[Finding]:
    """Yield for each wished size whether it is open in a region and known to nest machines."""
    name = f"sizes in {market.region}"
    for size in wish.sizes:
        why = why_not(wish, market, size)
        if why:
            yield Finding(name, severity, f"{size}: {why}", _size_fix(market, size, engine))
            continue
        zones = ", ".join(market.offers[size].zones) or "none"
        yield Finding(name, CheckStatus.OK, f"{size}: open, nests virtual machines, zones {zones}")


_USUAL_CORES = 8


def _size_fix(market: RegionOffers, size: str, engine: EngineChecks) -> str:
    offer = market.offers.get(size)
    if offer is not None and offer.restriction is not None:
        return f"{engine.size_fix(size, market.region)}, or give another --size."
    cores = offer.vcpus if offer else _USUAL_CORES
    fitting = sorted(
        other.size
        for other in market.offers.values()
        if other.nested and other.restriction is None and other.vcpus >= cores
    )
    named = ", ".join(fitting[:3])
    return f"Give another --size{f', for example {named}' if named else ''}."


def quota_findings(
    market: RegionOffers,
    wish: MachineRequirements,
    workers: int,
    engine: EngineChecks,
    severity: CheckStatus,
) -> Iterator[Finding]:
    """Yield each quota that bounds the wished sizes in a region, against N machines of them."""
    name = f"quotas in {market.region}"
    for quota, kind, cores in _quotas(market, wish):
        fit = quota.left // max(cores, 1)
        room = f"{quota.left} of {quota.limit} cores left, {fit} machines of {cores} cores"
        what = f"{kind} ({quota.name}): {room}; {workers} wanted"
        if fit >= workers:
            yield Finding(name, CheckStatus.OK, what)
            continue
        more = engine.quota_fix(quota, quota.used + workers * cores, market.region)
        fix = f"{more}, or give another --size or --region, or fewer --workers."
        yield Finding(name, severity, what, fix)


def _quotas(market: RegionOffers, wish: MachineRequirements) -> Iterator[tuple[Quota, str, int]]:
    """Yield the quotas, their kinds, and the cores of a machine that each is reckoned in."""
    offers = [market.offers[size] for size in wish.sizes if size in market.offers]
    if not offers:
        raise BlockedError(f"sizes in {market.region}")
    first = offers[0].vcpus
    if wish.spot is not SpotMode.ONLY:
        yield market.total, "total", first
        for family in dict.fromkeys(offer.family for offer in offers):
            known = market.families.get(family.lower())
            cores = next(offer.vcpus for offer in offers if offer.family == family)
            if known is not None:
                yield known, "family", cores
    if wish.spot is not SpotMode.NEVER:
        yield market.spot, "spot", first


def obtainable(
    wish: MachineRequirements, workers: int, markets: Mapping[str, RegionOffers], clock: Clock
) -> int:
    """Return how many of the wanted machines the launcher could choose, by sizes and quotas."""
    capacity = CapacityPool(wish, markets, clock)
    return next((number for number in range(workers) if capacity.take(number) is None), workers)


def machines_finding(request: CheckRequest, count: int) -> Finding:
    """Judge how many machines can be had, all regions together; room in the zones is not known."""
    what = f"{count} of {request.workers} allowed by sizes and quotas; {request.least} needed"
    if count >= request.workers:
        return Finding(MACHINES, CheckStatus.OK, what)
    fix = "See the sizes and quotas above: more quota, another --size or --region, fewer --workers."
    return Finding(
        MACHINES, CheckStatus.WARN if count >= request.least else CheckStatus.FAIL, what, fix
    )
