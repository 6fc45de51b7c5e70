"""What exists in the fake subscription, and what is due to happen to it."""

from __future__ import annotations

import heapq
import itertools
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.fakes.arm.catalogue import group_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.fakes.arm.reply import Json
    from tests.fakes.clock import Clock

MACHINE = "Microsoft.Compute/virtualMachines"
DISK = "Microsoft.Compute/disks"
NIC = "Microsoft.Network/networkInterfaces"
IP = "Microsoft.Network/publicIPAddresses"


def resource_id(kind: str, name: str) -> str:
    """The id as Azure writes it: a disk's resource group comes back in capitals."""
    prefix = group_id()
    if kind == DISK:
        head, _, group = prefix.rpartition("/")
        prefix = f"{head}/{group.upper()}"
    return f"{prefix}/providers/{kind}/{name}"


@dataclass(slots=True)
class Item:
    """One resource. ``owner`` is the lower-cased id of what holds it."""

    kind: str
    name: str
    location: str
    tags: dict[str, str]
    created: float
    state: str = "Succeeded"
    properties: Json = field(default_factory=dict)
    zones: tuple[str, ...] = ()
    owner: str | None = None
    dies_with_owner: bool = False
    listed_from: float = 0.0

    @property
    def id(self) -> str:
        return resource_id(self.kind, self.name)

    @property
    def key(self) -> str:
        return self.id.lower()


class World:
    """Resources by id, and events in time. The caller holds the fake's lock.

    Listings lag by ``listing_lag_s``: what was made is not shown yet, what is gone is shown still.
    Reading a resource by its id is always up to date, as in Azure. Until ``down_until`` nothing is
    answered; machines run on.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.items: dict[str, Item] = {}
        self.listing_lag_s = 0.0
        self.down_until = -math.inf
        self.ever: list[str] = []  # ids of every machine that was ever created
        self.begun: dict[str, float] = {}  # machine -> when its billing began
        self.ended: dict[str, float] = {}  # machine -> when its billing ended
        self._leaving: list[tuple[float, Item]] = []
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def find(self, kind: str, name: str) -> Item | None:
        return self.items.get(resource_id(kind, name).lower())

    def of(self, kind: str) -> list[Item]:
        return [item for item in self.items.values() if item.kind == kind]

    def held_by(self, owner: str) -> list[Item]:
        return [item for item in self.items.values() if item.owner == owner]

    def add(self, item: Item) -> None:
        item.listed_from = self.clock.now() + self.listing_lag_s
        self.items[item.key] = item
        if item.kind == MACHINE:
            self.ever.append(item.id)
            self.begun[item.name] = item.created

    def remove(self, item: Item) -> None:
        """Remove a resource; what it holds goes with it, or is orphaned."""
        if self.items.pop(item.key, None) is None:
            return
        if item.kind == MACHINE:
            self.ended[item.name] = self.clock.now()
        if self.listing_lag_s > 0:
            self._leaving.append((self.clock.now() + self.listing_lag_s, item))
        for part in self.held_by(item.key):
            if part.dies_with_owner:
                self.remove(part)
            else:
                part.owner = None

    def listed(self) -> Iterator[Item]:
        """What a listing shows now, in the order of creation and name."""
        now = self.clock.now()
        self._leaving = [(until, item) for until, item in self._leaving if until > now]
        shown = [item for item in self.items.values() if item.listed_from <= now]
        shown += [item for _, item in self._leaving if item.key not in self.items]
        yield from sorted(shown, key=lambda item: (item.created, item.id))

    def later(self, seconds: float, event: Callable[[], None]) -> float:
        """Have ``event`` happen once the clock has moved on so far; the time of it."""
        due = self.clock.now() + seconds
        heapq.heappush(self._events, (due, next(self._order), event))
        return due

    def settle(self) -> None:
        """Let everything happen that is due."""
        while self._events and self._events[0][0] <= self.clock.now():
            heapq.heappop(self._events)[2]()
