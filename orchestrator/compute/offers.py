"""What an engine offers in one region: sizes, the quotas that bound them, and a choice of one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.compute.image import MachineImage


@dataclass(frozen=True, slots=True)
class Offer:
    """One machine size in one region. An engine adds what is its own in a subclass.

    ``zones`` are those where it may be used. ``nested`` says that nested virtualization is
    documented for it. ``restriction`` is why this account may not use it at all, or None.
    """

    size: str
    region: str
    zones: tuple[str, ...]
    family: str
    vcpus: int
    memory_gb: float
    spot: bool
    nested: bool
    restriction: str | None

    @property
    def closed(self) -> str:
        """Why this account may not use it, with what to do about it; empty where it may."""
        return "" if self.restriction is None else f"not open to this account ({self.restriction})"

    def local_disk_for(self, os_disk_gb: int) -> str | None:
        """Return the engine's word for the local disk that would hold an OS disk, or None."""
        del os_disk_gb
        return None

    def why_not_bootable(self, image: MachineImage) -> str:
        """Return why a machine of this size cannot be made of an image, or an empty text.

        A cloud refuses such a create, but only when it is sent: it is said here before. What a
        listing does not tell is not judged.
        """
        if self.region not in image.regions:
            return f"the machine image {image.version} has no replica there"
        return ""


@dataclass(frozen=True, slots=True)
class Quota:
    """How many cores of one kind an account may use in one region, and uses."""

    name: str
    limit: int
    used: int

    @property
    def left(self) -> int:
        """Cores that may still be created."""
        return max(self.limit - self.used, 0)


NO_QUOTA = Quota("unknown", 0, 0)


@dataclass(frozen=True, slots=True)
class RegionOffers:
    """The offers of one region by size, and the quotas that bound them.

    Empty where there is nothing to choose. ``families`` is keyed by lower-cased family name.
    """

    region: str
    offers: Mapping[str, Offer] = field(default_factory=dict)
    total: Quota = NO_QUOTA
    spot: Quota = NO_QUOTA
    families: Mapping[str, Quota] = field(default_factory=dict)

    def room(self, size: str, *, spot: bool) -> int:
        """Return how many machines of a size the quotas still allow (0 for a size not offered).

        Spot machines count against the spot quota alone, regular ones against the region's total
        and the family's.
        """
        offer = self.offers.get(size)
        if offer is None or offer.restriction is not None or offer.vcpus <= 0:
            return 0
        family = self.families.get(offer.family.lower())
        regular = min(self.total.left, family.left if family else 0)
        return (self.spot.left if spot else regular) // offer.vcpus


@dataclass(frozen=True, slots=True)
class Placement:
    """One way to get a machine: an offer, as its engine gave it, in a zone or in none."""

    offer: Offer
    zone: str | None
    spot: bool

    def __str__(self) -> str:
        zone = f" zone {self.zone}" if self.zone else ""
        return f"{self.offer.size} in {self.offer.region}{zone}{' (spot)' if self.spot else ''}"
