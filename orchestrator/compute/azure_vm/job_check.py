"""What of a job this engine could not do, seen before anything is created."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.compute.azure_vm.body import problems
from orchestrator.compute.azure_vm.machine import machine_request
from orchestrator.compute.failures import CloudError
from orchestrator.compute.findings import CheckStatus, Finding
from orchestrator.compute.job import RunnerBootstrap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.compute.azure_vm.settings import AzureSettings
    from orchestrator.compute.base import MachineEngine
    from orchestrator.compute.job import Job
    from orchestrator.compute.offers import Placement

MACHINES, IMAGE = "machines", "machine image"


def job_findings(job: Job, engine: MachineEngine, settings: AzureSettings) -> Iterator[Finding]:
    """Yield what is wrong with a job, or is missing for it; no bootstrap is made.

    Raises:
        CloudError: Azure could not be asked.
    """
    wrong = list(_wrong(job, settings))
    yield from wrong
    if wrong or job.image is None or job.placement is None:
        return
    if engine.image(job.image.id) is None:
        fix = "Correct its id, or build one: see runner-image/README.md."
        yield Finding(IMAGE, CheckStatus.FAIL, f"{job.image.id} does not exist", fix)
    yield from _room(job, job.placement, engine)


def _wrong(job: Job, settings: AzureSettings) -> Iterator[Finding]:
    """Yield what in the job itself Azure would refuse."""
    for name in job.names:
        try:
            request = machine_request(job, name, RunnerBootstrap(""))
        except CloudError as error:
            fix = "Choose an image, and a size of those that are offered."
            yield Finding(MACHINES, CheckStatus.FAIL, error.failure.message, fix, input=True)
            return
        for problem in problems(request, settings):
            what = f"{problem.where}: {problem.what}"
            yield Finding(MACHINES, CheckStatus.FAIL, what, problem.fix, input=True)


def _room(job: Job, placement: Placement, engine: MachineEngine) -> Iterator[Finding]:
    """Yield why the size cannot be had, or for how many machines its quotas have no room."""
    size, region = placement.offer.size, placement.offer.region
    offers = engine.offers(region)
    offer = offers.offers.get(size)
    closed = "not offered there" if offer is None else offer.closed
    unfit = offer.why_not_bootable(job.image) if offer and job.image else ""
    fix = "Choose another size or region."
    if closed or unfit:
        yield Finding(MACHINES, CheckStatus.FAIL, f"{size} in {region}: {closed or unfit}", fix)
        return
    room = offers.room(size, spot=placement.spot)
    if room < len(job.names):
        what = f"{size} in {region}: quotas have room for {room} of {len(job.names)} machines"
        yield Finding(MACHINES, CheckStatus.FAIL, what, fix)
