"""What machines can be had, and what is left to try when the cloud refuses: decided, never waited.

Sizes and regions are tried in the order they were given, a region's zones in turn. A refusal bars
what it speaks of: a zone, a size in a region, a family, a region. Two zones of a size that are full
open the breaker of that size there, and so do two machines in a row that a size refuses for a
reason nobody knows. Quotas are counted before a call is spent on them.
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from orchestrator.compute.failures import Action, FailureKind, Scope
from orchestrator.compute.offers import Placement

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Mapping

    from orchestrator.clock import Clock
    from orchestrator.compute.failures import Failure
    from orchestrator.compute.image import MachineImage
    from orchestrator.compute.offers import Offer, RegionOffers

BREAKER_S = 900.0
"""How long a zone or a size that was full is left alone."""

_ZONES_TO_OPEN = 2
_DOUBTS_TO_OPEN = 2


class SpotMode(StrEnum):
    """Whether spot machines are bought; ``PREFER`` falls back to regular ones."""

    NEVER = "never"
    PREFER = "prefer"
    ONLY = "only"


_KINDS = {
    SpotMode.NEVER: (False,),
    SpotMode.PREFER: (True, False),
    SpotMode.ONLY: (True,),
}


@dataclass(frozen=True, slots=True)
class MachineRequirements:
    """What the machines should be, each in order of preference. ``nested`` asks for KVM inside.

    A size that cannot boot ``image`` is left out; None where the image is not known yet.
    """

    sizes: tuple[str, ...]
    regions: tuple[str, ...]
    spot: SpotMode = SpotMode.NEVER
    nested: bool = True
    image: MachineImage | None = None


def unsuitable(wish: MachineRequirements, markets: Mapping[str, RegionOffers]) -> tuple[str, ...]:
    """Return, one line each, which wished sizes cannot be used where, and why."""
    return tuple(
        f"{size} in {region}: {why}"
        for region in wish.regions
        for size in wish.sizes
        if (why := why_not(wish, markets[region], size))
    )


def why_not(wish: MachineRequirements, market: RegionOffers, size: str) -> str:
    """Return why a size cannot be used in a region, or an empty text."""
    offer = market.offers.get(size)
    if offer is None:
        return "not offered there"
    if offer.closed:
        return offer.closed
    if wish.nested and not offer.nested:
        return "nested virtualization is not documented for it; see the README for sizes that work"
    if wish.spot is SpotMode.ONLY and not offer.spot:
        return "not sold as spot"
    return offer.why_not_bootable(wish.image) if wish.image is not None else ""


class CapacityPool:
    """The placements that are left. Safe to share between threads."""

    def __init__(
        self, wish: MachineRequirements, markets: Mapping[str, RegionOffers], clock: Clock
    ) -> None:
        self.wish = wish
        self._clock = clock
        self._lock = threading.Lock()
        self._barred: dict[Hashable, float] = {}
        self._full_zones: dict[Hashable, set[str]] = {}
        self._doubts: dict[Hashable, int] = {}
        self._markets = dict(markets)
        self._reserved: dict[tuple[str, str], int] = {}

    def restock(self, markets: Mapping[str, RegionOffers]) -> None:
        """Take fresh quotas, which count every machine that exists; what is barred stays so."""
        with self._lock:
            self._markets = dict(markets)
            self._reserved.clear()

    def take(self, turn: int) -> Placement | None:
        """Return the best placement left and count it against its quotas; None when none is left.

        ``turn`` spreads machines over a region's zones.
        """
        with self._lock:
            for placement in self._placements(turn):
                if self._open(placement) and self._fits(placement):
                    self._reserve(placement, 1)
                    return placement
            return None

    def accepted(self, placement: Placement) -> None:
        """Note that a create was accepted: what was refused there before was one machine's."""
        with self._lock:
            self._doubts.pop(_size_key(placement), None)

    def refused(self, placement: Placement, failure: Failure) -> None:
        """Give a placement back and bar what the refusal speaks of."""
        with self._lock:
            self._reserve(placement, -1)
            if failure.action is Action.REPLACE:
                self._doubt(placement)
            else:
                self._bar(placement, failure)
                self._bar_itself(placement, failure)

    def failed(
        self, size: str, region: str, failure: Failure, *, spot: bool, zone: str | None = None
    ) -> None:
        """Bar what an accepted create that failed later speaks of."""
        with self._lock:
            market = self._markets.get(region)
            offer = market.offers.get(size) if market else None
            if offer is not None:
                self._bar(Placement(offer, zone, spot), failure)

    def _placements(self, turn: int) -> Iterator[Placement]:
        for spot in _KINDS[self.wish.spot]:
            for region in self.wish.regions:
                for size in self.wish.sizes:
                    market = self._markets[region]
                    if not why_not(self.wish, market, size):
                        yield from _in_zones(market.offers[size], turn, spot=spot)

    def _open(self, placement: Placement) -> bool:
        now = self._clock.now()
        if placement.spot and not placement.offer.spot:
            return False
        return all(self._barred.get(key, -math.inf) <= now for key in _keys(placement))

    def _fits(self, placement: Placement) -> bool:
        market = self._markets[placement.offer.region]
        for quota, left in _quotas(placement, market):
            taken = self._reserved.get((placement.offer.region, quota), 0)
            if left - taken < placement.offer.vcpus:
                return False
        return True

    def _reserve(self, placement: Placement, count: int) -> None:
        market = self._markets[placement.offer.region]
        for quota, _ in _quotas(placement, market):
            key = (placement.offer.region, quota)
            self._reserved[key] = self._reserved.get(key, 0) + count * placement.offer.vcpus

    def _doubt(self, placement: Placement) -> None:
        """Count a refusal that speaks of one machine; in a row they speak of the place."""
        key = _size_key(placement)
        self._doubts[key] = self._doubts.get(key, 0) + 1
        if self._doubts[key] >= _DOUBTS_TO_OPEN:
            self._doubts[key] = 0
            self._barred[key] = self._clock.now() + BREAKER_S

    def _bar(self, placement: Placement, failure: Failure) -> None:
        """Leave alone what a refusal speaks of: a while where it may pass, else for good."""
        if failure.action is not Action.ELSEWHERE:
            return
        passes = failure.kind is FailureKind.CAPACITY
        until = self._clock.now() + BREAKER_S if passes else math.inf
        for key in self._spoken_of(placement, failure.scope):
            self._barred[key] = until

    def _bar_itself(self, placement: Placement, failure: Failure) -> None:
        """Leave a refused place alone though the refusal spoke of another: it would be asked on."""
        if failure.action is Action.ELSEWHERE and self._open(placement):
            self._barred[_size_key(placement)] = self._clock.now() + BREAKER_S

    def _spoken_of(self, placement: Placement, scope: Scope) -> Iterable[Hashable]:
        region = placement.offer.region
        match scope:
            case Scope.ZONE:
                return self._full(placement)
            case Scope.SIZE:
                return (_size_key(placement),)
            case Scope.FAMILY:
                return (_family_key(placement),)
            case Scope.SPOT:
                return (_region_key(region, spot=True),)
            case _:
                return (_region_key(region, spot=placement.spot),)

    def _full(self, placement: Placement) -> Iterable[Hashable]:
        """Return what a full zone bars: the zone, and the size once two zones were full."""
        size = _size_key(placement)
        if placement.zone is None:
            return (size,)
        zones = self._full_zones.setdefault(size, set())
        zones.add(placement.zone)
        opened = (size,) if len(zones) >= _ZONES_TO_OPEN else ()
        return (_zone_key(placement), *opened)


def _in_zones(offer: Offer, turn: int, *, spot: bool) -> Iterator[Placement]:
    if not offer.zones:
        yield Placement(offer, None, spot)
    for step in range(len(offer.zones)):
        yield Placement(offer, offer.zones[(turn + step) % len(offer.zones)], spot)


def _quotas(placement: Placement, market: RegionOffers) -> list[tuple[str, int]]:
    """Return the quotas that bound a placement: their names and the cores left when last listed."""
    if placement.spot:
        return [("spot", market.spot.left)]
    family = placement.offer.family.lower()
    known = market.families.get(family)
    return [("total", market.total.left), (family, known.left if known else 0)]


def _keys(placement: Placement) -> tuple[Hashable, ...]:
    region = _region_key(placement.offer.region, spot=placement.spot)
    return (_zone_key(placement), _size_key(placement), _family_key(placement), region)


def _zone_key(placement: Placement) -> Hashable:
    return ("zone", placement.offer.region, placement.offer.size, placement.spot, placement.zone)


def _size_key(placement: Placement) -> Hashable:
    return ("size", placement.offer.region, placement.offer.size, placement.spot)


def _family_key(placement: Placement) -> Hashable:
    return ("family", placement.offer.region, placement.offer.family.lower(), placement.spot)


def _region_key(region: str, *, spot: bool) -> Hashable:
    """Spot machines have quotas of their own: a region may refuse one and grant the other."""
    return ("region", region, spot)
