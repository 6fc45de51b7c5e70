"""A machine image, as every engine that boots one knows it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class MachineImage:
    """One version of an image. An engine adds what is its own in a subclass.

    ``id`` is the version's own, so that machines of a run are alike. ``regions`` are those where it
    can be used now, ``os_disk_gb`` is the least that its OS disk takes.
    """

    id: str
    regions: frozenset[str] = field(default_factory=frozenset)
    os_disk_gb: int | None = None

    @property
    def version(self) -> str:
        """The last part of its id."""
        return self.id.rpartition("/")[2]

    @property
    def disks(self) -> int:
        """How many further disks travel with it: a machine has each, and each is billed."""
        return 0

    @property
    def takes_kvm_away(self) -> str:
        """What its definition asks of machines that KVM does not go with, or an empty text."""
        return ""
