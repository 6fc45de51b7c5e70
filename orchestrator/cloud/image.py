"""What a machine image asks of the machines made of it, and which sizes can meet that. Pure.

A cloud refuses a size that cannot boot an image, but only when a create is sent: it is said here
before. What a listing does not tell is not judged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestrator.cloud.port import DataDisk, Offer


@dataclass(frozen=True, slots=True)
class MachineImage:
    """One version of an image; ``id`` is the version's own, so that machines of a run are alike.

    ``data_disks`` travel with it: a create has to name each (LUN and GB). ``regions`` are those
    where it can be used now. ``generation``, ``architecture`` and ``controllers`` are what its
    machines boot with ("V2", "x64", "SCSI" and "NVMe"); empty where the cloud does not say.
    ``security_type`` is what its definition asks of machines, if anything.
    """

    id: str
    data_disks: tuple[DataDisk, ...]
    regions: frozenset[str]
    os_disk_gb: int | None = None
    generation: str = ""
    architecture: str = ""
    controllers: frozenset[str] = frozenset()
    security_type: str = ""


def why_not_bootable(image: MachineImage, offer: Offer) -> str:
    """Return why a machine of this size cannot be made of an image, or an empty text."""
    version = image.id.rpartition("/")[2]
    if offer.region not in image.regions:
        return f"the machine image {version} has no replica there"
    if offer.generations and image.generation and image.generation not in offer.generations:
        return f"it cannot boot the machine image, which is of generation {image.generation}"
    if offer.architecture and image.architecture and image.architecture != offer.architecture:
        return f"its processor is {offer.architecture}, the machine image {image.architecture}"
    if offer.controllers and image.controllers and not offer.controllers & image.controllers:
        needed, there = (", ".join(sorted(one)) for one in (offer.controllers, image.controllers))
        return f"it attaches disks by {needed}, and the machine image's definition names {there}"
    if offer.data_disks is not None and len(image.data_disks) > offer.data_disks:
        return (
            f"it takes {offer.data_disks} data disks, and the machine image has"
            f" {len(image.data_disks)}"
        )
    return "" if offer.premium else "it takes no premium disks"
