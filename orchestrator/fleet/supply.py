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

from orchestrator.cloud.failures import Action, FailureKind, Scope
from orchestrator.cloud.image import why_not_bootable

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Mapping

    from orchestrator.clock import Clock
    from orchestrator.cloud.failures import Failure
    from orchestrator.cloud.image import MachineImage
    from orchestrator.cloud.port import Market, Offer

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
class Wish:
    """What the machines should be, each in order of preference. ``nested`` asks for KVM inside.

    A size that cannot boot ``image`` is left out; None where the image is not known yet.
    """

    sizes: tuple[str, ...]
    regions: tuple[str, ...]
    spot: SpotMode = SpotMode.NEVER
    nested: bool = True
    image: MachineImage | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to get a machine."""

    offer: Offer
    zone: str | None
    spot: bool

    def __str__(self) -> str:
        zone = f" zone {self.zone}" if self.zone else ""
        return f"{self.offer.size} in {self.offer.region}{zone}{' (spot)' if self.spot else ''}"


def unsuitable(wish: Wish, markets: Mapping[str, Market]) -> tuple[str, ...]:
    """Return, one line each, which wished sizes cannot be used where, and why."""
    return tuple(
        f"{size} in {region}: {why}"
        for region in wish.regions
        for size in wish.sizes
        if (why := why_not(wish, markets[region], size))
    )


def why_not(wish: Wish, market: Market, size: str) -> str:
    """Return why a size cannot be used in a region, or an empty text."""
    offer = market.offers.get(size)
    if offer is None:
        return "not offered there"
    if offer.restriction is not None:
        return f"not open to this subscription ({offer.restriction}); ask Azure's support for it"
    if wish.nested and not offer.nested:
        return "nested virtualization is not documented for it; see the README for sizes that work"
    if wish.spot is SpotMode.ONLY and not offer.spot:
        return "not sold as spot"
    return why_not_bootable(wish.image, offer) if wish.image is not None else ""


class Supply:
    """The choices that are left. Safe to share between threads."""

    def __init__(self, wish: Wish, markets: Mapping[str, Market], clock: Clock) -> None:
        self.wish = wish
        self._clock = clock
        self._lock = threading.Lock()
        self._barred: dict[Hashable, float] = {}
        self._full_zones: dict[Hashable, set[str]] = {}
        self._doubts: dict[Hashable, int] = {}
        self._markets = dict(markets)
        self._reserved: dict[tuple[str, str], int] = {}

    def restock(self, markets: Mapping[str, Market]) -> None:
        """Take fresh quotas, which count every machine that exists; what is barred stays so."""
        with self._lock:
            self._markets = dict(markets)
            self._reserved.clear()

    def take(self, turn: int) -> Choice | None:
        """Return the best choice left and count it against its quotas; None when none is left.

        ``turn`` spreads machines over a region's zones.
        """
        with self._lock:
            for choice in self._choices(turn):
                if self._open(choice) and self._fits(choice):
                    self._reserve(choice, 1)
                    return choice
            return None

    def accepted(self, choice: Choice) -> None:
        """Note that a create was accepted: what was refused there before was one machine's."""
        with self._lock:
            self._doubts.pop(_size_key(choice), None)

    def refused(self, choice: Choice, failure: Failure) -> None:
        """Give a choice back and bar what the refusal speaks of."""
        with self._lock:
            self._reserve(choice, -1)
            if failure.action is Action.REPLACE:
                self._doubt(choice)
            else:
                self._bar(choice, failure)
                self._bar_itself(choice, failure)

    def failed(
        self, size: str, region: str, failure: Failure, *, spot: bool, zone: str | None = None
    ) -> None:
        """Bar what an accepted create that failed later speaks of."""
        with self._lock:
            market = self._markets.get(region)
            offer = market.offers.get(size) if market else None
            if offer is not None:
                self._bar(Choice(offer, zone, spot), failure)

    def _choices(self, turn: int) -> Iterator[Choice]:
        for spot in _KINDS[self.wish.spot]:
            for region in self.wish.regions:
                for size in self.wish.sizes:
                    market = self._markets[region]
                    if not why_not(self.wish, market, size):
                        yield from _in_zones(market.offers[size], turn, spot=spot)

    def _open(self, choice: Choice) -> bool:
        now = self._clock.now()
        if choice.spot and not choice.offer.spot:
            return False
        return all(self._barred.get(key, -math.inf) <= now for key in _keys(choice))

    def _fits(self, choice: Choice) -> bool:
        market = self._markets[choice.offer.region]
        for quota, left in _quotas(choice, market):
            taken = self._reserved.get((choice.offer.region, quota), 0)
            if left - taken < choice.offer.vcpus:
                return False
        return True

    def _reserve(self, choice: Choice, count: int) -> None:
        market = self._markets[choice.offer.region]
        for quota, _ in _quotas(choice, market):
            key = (choice.offer.region, quota)
            self._reserved[key] = self._reserved.get(key, 0) + count * choice.offer.vcpus

    def _doubt(self, choice: Choice) -> None:
        """Count a refusal that speaks of one machine; in a row they speak of the place."""
        key = _size_key(choice)
        self._doubts[key] = self._doubts.get(key, 0) + 1
        if self._doubts[key] >= _DOUBTS_TO_OPEN:
            self._doubts[key] = 0
            self._barred[key] = self._clock.now() + BREAKER_S

    def _bar(self, choice: Choice, failure: Failure) -> None:
        """Leave alone what a refusal speaks of: a while where it may pass, else for good."""
        if failure.action is not Action.ELSEWHERE:
            return
        passes = failure.kind is FailureKind.CAPACITY
        until = self._clock.now() + BREAKER_S if passes else math.inf
        for key in self._spoken_of(choice, failure.scope):
            self._barred[key] = until

    def _bar_itself(self, choice: Choice, failure: Failure) -> None:
        """Leave a refused place alone though the refusal spoke of another: it would be asked on."""
        if failure.action is Action.ELSEWHERE and self._open(choice):
            self._barred[_size_key(choice)] = self._clock.now() + BREAKER_S

    def _spoken_of(self, choice: Choice, scope: Scope) -> Iterable[Hashable]:
        region = choice.offer.region
        match scope:
            case Scope.ZONE:
                return self._full(choice)
            case Scope.SIZE:
                return (_size_key(choice),)
            case Scope.FAMILY:
                return (_family_key(choice),)
            case Scope.SPOT:
                return (_region_key(region, spot=True),)
            case _:
                return (_region_key(region, spot=choice.spot),)

    def _full(self, choice: Choice) -> Iterable[Hashable]:
        """Return what a full zone bars: the zone, and the size once two zones were full."""
        size = _size_key(choice)
        if choice.zone is None:
            return (size,)
        zones = self._full_zones.setdefault(size, set())
        zones.add(choice.zone)
        opened = (size,) if len(zones) >= _ZONES_TO_OPEN else ()
        return (_zone_key(choice), *opened)


def _in_zones(offer: Offer, turn: int, *, spot: bool) -> Iterator[Choice]:
    if not offer.zones:
        yield Choice(offer, None, spot)
    for step in range(len(offer.zones)):
        yield Choice(offer, offer.zones[(turn + step) % len(offer.zones)], spot)


def _quotas(choice: Choice, market: Market) -> list[tuple[str, int]]:
    """Return the quotas that bound a choice: their names and the cores left when last listed."""
    if choice.spot:
        return [("spot", market.spot.left)]
    family = choice.offer.family.lower()
    known = market.families.get(family)
    return [("total", market.total.left), (family, known.left if known else 0)]


def _keys(choice: Choice) -> tuple[Hashable, ...]:
    region = _region_key(choice.offer.region, spot=choice.spot)
    return (_zone_key(choice), _size_key(choice), _family_key(choice), region)


def _zone_key(choice: Choice) -> Hashable:
    return ("zone", choice.offer.region, choice.offer.size, choice.spot, choice.zone)


def _size_key(choice: Choice) -> Hashable:
    return ("size", choice.offer.region, choice.offer.size, choice.spot)


def _family_key(choice: Choice) -> Hashable:
    return ("family", choice.offer.region, choice.offer.family.lower(), choice.spot)


def _region_key(region: str, *, spot: bool) -> Hashable:
    """Spot machines have quotas of their own: a region may refuse one and grant the other."""
    return ("region", region, spot)
