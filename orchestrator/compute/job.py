"""What an engine is asked to start: names, needs, and what each instance begins with. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from orchestrator.compute.image import MachineImage
    from orchestrator.compute.offers import Placement


@dataclass(frozen=True, slots=True)
class RunnerBootstrap:
    """A machine's first boot, which makes it a just-in-time runner of GitHub's, for one job.

    ``user_data`` reaches that boot only, and never appears in a repr. ``labels`` are the instance's
    beside the job's: what was not known before the bootstrap was made.
    """

    user_data: str = field(repr=False)
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WorkerBootstrap:
    """A plain worker: its argument list, and its whole environment.

    Secrets travel in the environment, never in the arguments, and never appear in a repr.
    """

    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    labels: Mapping[str, str] = field(default_factory=dict)


Bootstrap = RunnerBootstrap | WorkerBootstrap


@dataclass(frozen=True, slots=True)
class MachineNeeds:
    """What every instance of a job needs; None and an empty tuple leave it to the engine.

    ``local_os_disk`` asks for an OS disk on the machine itself where the size has room for
    ``os_disk_gb`` there. ``regions`` are in order of preference. An engine with sizes to choose
    from is given a ``Placement`` beside, which has been chosen by these.
    """

    cores: int | None = None
    memory_gb: float | None = None
    os_disk_gb: int | None = None
    local_os_disk: bool = False
    kvm: bool = True
    spot: bool = False
    regions: tuple[str, ...] = ()
    public_ip: bool = False

    def local_disk_at(self, placement: Placement) -> str | None:
        """Return the engine's word for the local disk that an OS disk goes to; None: a managed one.

        Where no size of it is asked for, none is known to fit.
        """
        if not self.local_os_disk or not self.os_disk_gb:
            return None
        return placement.offer.local_disk_for(self.os_disk_gb)


@dataclass(frozen=True, slots=True)
class Job:
    """Instances to start. Their names and labels are chosen, and recorded, before any call.

    ``bootstrap(name)`` is called right before each create, and again when a launch is repeated: one
    whose making is dear gives the same for the same name. A ``CloudError`` that it raises refuses
    that name alone; whatever else it raises ends the launch, and what was accepted until then is
    found by its labels. ``image`` and ``placement`` are values that the engine gave itself; None
    where it has none to give. ``deadline`` is when the instances must be gone, Unix seconds of the
    engine's clock, for engines that can end them by themselves.
    """

    names: tuple[str, ...]
    bootstrap: Callable[[str], Bootstrap]
    labels: Mapping[str, str]
    needs: MachineNeeds = MachineNeeds()
    image: MachineImage | None = None
    placement: Placement | None = None
    deadline: float | None = None

    @property
    def local_os_disk(self) -> str | None:
        """The engine's word for the local disk that an OS disk goes to; None: a managed one."""
        return self.needs.local_disk_at(self.placement) if self.placement else None
