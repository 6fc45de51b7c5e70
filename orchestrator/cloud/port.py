"""What the fleet needs of a cloud: launch a machine, see what exists, delete it, know the offers.

The fleet owns choreography: which machine, when, how often, and what a failure leads to. An adapter
owns one cloud's way of saying things. Nothing here waits for a machine: every call submits and
returns, and what became of it is read from ``resources``, so that any process can pick up where
another was killed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orchestrator.cloud.failures import Failure
    from orchestrator.cloud.image import MachineImage


class Kind(StrEnum):
    """What a resource is. A machine's other parts cost money, or block a name, when left behind."""

    MACHINE = "machine"
    NIC = "nic"
    DISK = "disk"
    IP = "ip"


class State(StrEnum):
    """Where a resource stands in the cloud's own words. Ready is not "runner online"."""

    CREATING = "creating"
    READY = "ready"
    FAILED = "failed"
    DELETING = "deleting"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class DataDisk:
    """A further disk at ``lun``: from the machine image's disk there, or empty with ``size_gb``."""

    lun: int
    size_gb: int | None = None
    from_image: bool = True


@dataclass(frozen=True, slots=True)
class MachineRequest:
    """One machine to create; ``name`` and ``tags`` are chosen, and recorded, before the call.

    ``image`` is the cloud's identifier of a machine image. ``custom_data`` reaches the machine's
    first boot only (at most 64 KB once encoded) and never appears in a repr. ``ephemeral`` is where
    a local OS disk goes, as an ``Offer`` names it; None makes a managed disk. ``nvme`` is for sizes
    that attach disks in no other way.
    """

    name: str
    region: str
    size: str
    image: str
    custom_data: str = field(repr=False)
    tags: Mapping[str, str]
    zone: str | None = None
    spot: bool = False
    os_disk_gb: int | None = None
    ephemeral: str | None = None
    data_disks: tuple[DataDisk, ...] = ()
    public_ip: bool = False
    nvme: bool = False


@dataclass(frozen=True, slots=True)
class Resource:
    """One thing that exists in the cloud, as a listing shows it (listings may lag).

    ``created`` is Unix seconds of the caller's own clock: its age is the cloud's to tell, so that
    two clocks that differ are never compared. ``failure`` says why a machine is FAILED. ``id`` is
    the cloud's own identifier, and all that ``delete`` needs beside the kind.
    """

    kind: Kind
    id: str
    name: str
    region: str
    state: State
    tags: Mapping[str, str]
    created: float | None = None
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """One machine size in one region.

    ``zones`` are those where it may be used; ``ephemeral`` maps each place for a local OS disk to
    its room in GB. ``nested`` says that nested virtualization is documented for it.
    ``restriction`` is why this subscription may not use it at all, or None. ``generations``,
    ``architecture``, ``controllers`` and ``data_disks`` say which images it can boot and how many
    data disks it takes; empty or None where the listing does not say. ``premium``: premium disks.
    """

    size: str
    region: str
    zones: tuple[str, ...]
    family: str
    vcpus: int
    memory_gb: float
    ephemeral: Mapping[str, int]
    spot: bool
    nvme_only: bool
    nested: bool
    restriction: str | None
    generations: frozenset[str] = frozenset()
    architecture: str = ""
    controllers: frozenset[str] = frozenset()
    data_disks: int | None = None
    premium: bool = True

    def place_for(self, os_disk_gb: int) -> str | None:
        """Return the place whose room is smallest but enough for a local OS disk, or None."""
        fitting = [(room, place) for place, room in self.ephemeral.items() if room >= os_disk_gb]
        return min(fitting)[1] if fitting else None


@dataclass(frozen=True, slots=True)
class Quota:
    """How many cores of one kind a subscription may use in one region, and uses."""

    name: str
    limit: int
    used: int

    @property
    def left(self) -> int:
        """Cores that may still be created."""
        return max(self.limit - self.used, 0)


@dataclass(frozen=True, slots=True)
class Market:
    """The offers of one region by size, and the quotas that bound them.

    ``families`` is keyed by lower-cased family name.
    """

    region: str
    offers: Mapping[str, Offer]
    total: Quota
    spot: Quota
    families: Mapping[str, Quota]

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


class Cloud(Protocol):
    """One cloud account's place for this project's machines. Calls may come from several threads.

    Every call raises ``CloudError``, classified, after its own bounded retries.
    """

    def launch(self, request: MachineRequest) -> None:
        """Submit one create and return when it is accepted; boot is not awaited.

        One call makes machine, NIC, disks and IP, each tagged, each deleted with the machine. A
        repeated attempt inside the call never makes a second machine. What fails after acceptance
        shows as a FAILED machine in ``resources``, with its ``failure``.
        """
        ...

    def image(self, image_id: str) -> MachineImage | None:
        """Return the version that an image's id means (a definition's: its newest), or None."""
        ...

    def disk_label(self, disks: Sequence[DataDisk]) -> str:
        """Return what such disks can do, in one word for a fingerprint."""
        ...

    def resources(self, tags: Mapping[str, str]) -> Sequence[Resource]:
        """Return every machine, NIC, disk and IP that carries all of ``tags`` (no tags: all)."""
        ...

    def get(self, name: str) -> Resource | None:
        """Return the machine of this name, read by its id; None when the cloud says it is gone.

        A fact, where ``resources`` may lag: what a listing lacks is asked for here before anything
        follows from its absence.
        """
        ...

    def now(self) -> float:
        """Return the cloud's own time, Unix seconds, as its replies tell it.

        What is compared by the cloud (a key's end, a machine's) is reckoned in it.
        """
        ...

    def ahead_s(self) -> float:
        """Return how many seconds the cloud's clock is ahead of this process's."""
        ...

    def delete(self, resource: Resource) -> None:
        """Submit one delete and return; a resource that is gone already is a success.

        A part still held by a machine fails as transient: delete machines first, and look again.
        """
        ...

    def market(self, region: str) -> Market:
        """Return the sizes offered in a region and the quotas there."""
        ...
