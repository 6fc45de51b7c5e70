"""What is Azure's alone of a machine: its image's disks, its local disks, and one create. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orchestrator.compute.failures import CloudError, Failure, FailureKind
from orchestrator.compute.image import MachineImage
from orchestrator.compute.job import RunnerBootstrap
from orchestrator.compute.offers import Offer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.compute.job import Bootstrap, Job

_WITHOUT_KVM = frozenset({"TrustedLaunch", "ConfidentialVM"})


@dataclass(frozen=True, slots=True)
class DataDisk:
    """A further disk at ``lun``: from the machine image's disk there, or empty with ``size_gb``."""

    lun: int
    size_gb: int | None = None
    from_image: bool = True


@dataclass(frozen=True, slots=True)
class AzureImage(MachineImage):
    """One version of a gallery's image.

    ``data_disks`` travel with it: a create has to name each (LUN and GB). ``generation``,
    ``architecture`` and ``controllers`` are what its machines boot with ("V2", "x64", "SCSI" and
    "NVMe"); empty where Azure does not say. ``security_type`` is what its definition asks of
    machines, if anything.
    """

    data_disks: tuple[DataDisk, ...] = ()
    generation: str = ""
    architecture: str = ""
    controllers: frozenset[str] = frozenset()
    security_type: str = ""

    @property
    def disks(self) -> int:
        """As ``MachineImage.disks``."""
        return len(self.data_disks)

    @property
    def takes_kvm_away(self) -> str:
        """As ``MachineImage.takes_kvm_away``."""
        return self.security_type if self.security_type in _WITHOUT_KVM else ""


@dataclass(frozen=True, slots=True)
class AzureOffer(Offer):
    """One size in one region, with what Azure's listing says of its disks.

    ``ephemeral`` maps each place for a local OS disk to its room in GB; ``nvme_only`` sizes attach
    disks in no other way. ``generations``, ``architecture``, ``controllers`` and ``data_disks`` say
    which images it can boot and how many data disks it takes; empty or None where the listing does
    not say. ``premium``: premium disks.
    """

    ephemeral: Mapping[str, int] = field(default_factory=dict)
    nvme_only: bool = False
    generations: frozenset[str] = frozenset()
    architecture: str = ""
    controllers: frozenset[str] = frozenset()
    data_disks: int | None = None
    premium: bool = True

    @property
    def closed(self) -> str:
        """As ``Offer.closed``."""
        if self.restriction is None:
            return ""
        return f"not open to this subscription ({self.restriction}); ask Azure's support for it"

    def local_disk_for(self, os_disk_gb: int) -> str | None:
        """Return the place whose room is smallest but enough for a local OS disk, or None."""
        fitting = [(room, place) for place, room in self.ephemeral.items() if room >= os_disk_gb]
        return min(fitting)[1] if fitting else None

    def why_not_bootable(self, image: MachineImage) -> str:
        """As ``Offer.why_not_bootable``."""
        elsewhere = Offer.why_not_bootable(self, image)
        if elsewhere or not isinstance(image, AzureImage):
            return elsewhere
        if self.generations and image.generation and image.generation not in self.generations:
            return f"it cannot boot the machine image, which is of generation {image.generation}"
        if self.architecture and image.architecture and image.architecture != self.architecture:
            return f"its processor is {self.architecture}, the machine image {image.architecture}"
        if self.controllers and image.controllers and not self.controllers & image.controllers:
            needed, there = (", ".join(sorted(by)) for by in (self.controllers, image.controllers))
            return (
                f"it attaches disks by {needed}, and the machine image's definition names {there}"
            )
        if self.data_disks is not None and image.disks > self.data_disks:
            return f"it takes {self.data_disks} data disks, and the machine image has {image.disks}"
        return "" if self.premium else "it takes no premium disks"


@dataclass(frozen=True, slots=True)
class MachineRequest:
    """One machine to create; ``name`` and ``tags`` are chosen, and recorded, before the call.

    ``image`` is the id of a machine image. ``custom_data`` reaches the machine's first boot only
    (at most 64 KB once encoded) and never appears in a repr. ``ephemeral`` is where a local OS disk
    goes, as an ``AzureOffer`` names it; None makes a managed disk. ``nvme`` is for sizes that
    attach disks in no other way.
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


def machine_request(job: Job, name: str, bootstrap: Bootstrap) -> MachineRequest:
    """Return one of a job's machines as Azure is to make it.

    Raises:
        CloudError: Configuration, when the job is none for a machine of this engine's.
    """
    image, placement, needs = job.image, job.placement, job.needs
    if image is None or placement is None:
        raise _unfit(name, "NoPlacement", "a machine needs an image and a size to be made of")
    if not isinstance(bootstrap, RunnerBootstrap):
        raise _unfit(name, "NotARunner", "a machine here begins as a runner of GitHub's alone")
    offer = placement.offer
    return MachineRequest(
        name=name,
        region=offer.region,
        size=offer.size,
        image=image.id,
        custom_data=bootstrap.user_data,
        tags={**job.labels, **bootstrap.labels},
        zone=placement.zone,
        spot=placement.spot,
        os_disk_gb=needs.os_disk_gb,
        ephemeral=job.local_os_disk,
        data_disks=image.data_disks if isinstance(image, AzureImage) else (),
        public_ip=needs.public_ip,
        nvme=isinstance(offer, AzureOffer) and offer.nvme_only,
    )


def _unfit(name: str, code: str, why: str) -> CloudError:
    return CloudError(Failure(FailureKind.CONFIGURATION, code, why), during=f"create {name[:80]}")
