"""The engine ``azure_vm``: machines by Azure Resource Manager.

Creates and deletes are submitted, no faster than this process's share of Azure's limits, and not
polled: one listing of the resource group shows what became of all of them, in any process.
Listings are eventually consistent (cloudfoundry/bosh-azure-cpi-release#765): the listing of a group
is served from Resource Manager's regional cache, 20 minutes late at times (Azure/AKS#1964,
Azure/azure-sdk-for-net#22664), and a GET of what it names tells whether that exists
(Azure/azure-rest-api-specs#21221).
"""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar, cast

from orchestrator.clock import SystemClock
from orchestrator.compute.azure_vm.body import disk_label, is_region, machine_body, problems
from orchestrator.compute.azure_vm.calls import GoneError, TakenError, call
from orchestrator.compute.azure_vm.clients import AzureClients
from orchestrator.compute.azure_vm.credentials import throwaway_public_key
from orchestrator.compute.azure_vm.hours import Hours
from orchestrator.compute.azure_vm.images import read_image
from orchestrator.compute.azure_vm.job_check import job_findings
from orchestrator.compute.azure_vm.limits import hearing, paces
from orchestrator.compute.azure_vm.machine import AzureImage, machine_request
from orchestrator.compute.azure_vm.offers import region_offers
from orchestrator.compute.azure_vm.refusals import classify_instance
from orchestrator.compute.base import Capabilities, Instance, InstanceState, Kind, Launched
from orchestrator.compute.failures import CloudError, Failure, FailureKind
from orchestrator.compute.retry import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from azure.mgmt.compute.models import VirtualMachine
    from azure.mgmt.resource.resources.models import GenericResourceExpanded

    from orchestrator.clock import Clock
    from orchestrator.compute.azure_vm.credentials import Login
    from orchestrator.compute.azure_vm.machine import MachineRequest
    from orchestrator.compute.azure_vm.settings import AzureSettings
    from orchestrator.compute.findings import Finding
    from orchestrator.compute.image import MachineImage
    from orchestrator.compute.job import Job
    from orchestrator.compute.offers import RegionOffers

T = TypeVar("T")

_KINDS = {
    "microsoft.compute/virtualmachines": Kind.MACHINE,
    "microsoft.network/networkinterfaces": Kind.NIC,
    "microsoft.compute/disks": Kind.DISK,
    "microsoft.network/publicipaddresses": Kind.IP,
}
# Versions of the generic delete, as the listing's types name them.
_DELETE_API = {Kind.NIC: "2023-11-01", Kind.IP: "2023-11-01", Kind.DISK: "2023-10-02"}
_STATES = {
    "succeeded": InstanceState.RUNNING,
    "failed": InstanceState.ENDED,
    "canceled": InstanceState.ENDED,
    "deleting": InstanceState.ENDING,
    "creating": InstanceState.STARTING,
    "updating": InstanceState.STARTING,
    "accepted": InstanceState.ACCEPTED,
}
_NAME_TAKEN = "NameTaken"
_NO_SUCH_MACHINE = frozenset({"resourcenotfound", "notfound"})


class AzureCloud:
    """One resource group of one subscription, as a ``MachineEngine``."""

    name = "azure_vm"
    capabilities = Capabilities(spot=True, zones=True, quotas=True, jit_runner=True)

    def __init__(
        self,
        settings: AzureSettings,
        login: Login,
        patience: RetryPolicy | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._settings = settings
        self._patience = patience or RetryPolicy()
        clock = clock or SystemClock()
        self._paces = paces(clock)
        self._hours = Hours(clock)
        self._clients = AzureClients(settings, login, self._hours.hear)
        self._failures: dict[str, Failure] = {}

    def check(self, job: Job) -> Sequence[Finding]:
        """As ``Engine.check``: what the job asks for, its image, and room for it in its region."""
        return list(job_findings(job, self, self._settings))

    def launch(self, job: Job) -> Launched:
        """As ``Engine.launch``, one create after the other, each as ``create`` makes it."""
        accepted: list[str] = []
        refused: dict[str, Failure] = {}
        for name in job.names:
            try:
                self._create_or_own(machine_request(job, name, job.bootstrap(name)), job.labels)
            except CloudError as error:
                refused[name] = error.failure
                continue
            accepted.append(name)
        return Launched(tuple(accepted), refused)

    def _create_or_own(self, request: MachineRequest, labels: Mapping[str, str]) -> None:
        """Create a machine; one of its name with these labels was made by an earlier call."""
        try:
            self.create(request)
        except CloudError as error:
            if error.failure.code != _NAME_TAKEN:
                raise
            there = self.get(request.name)
            if there is None or not _carries(there, labels):
                raise

    def create(self, request: MachineRequest) -> None:
        """Submit one create, whose body is ``machine_body``'s, and return when it is accepted.

        A repeated attempt inside the call never makes a second machine.

        Raises:
            CloudError: Classified, ``NameTaken`` when a machine of this name was there before.
        """
        from azure.core import MatchConditions

        wrong = "; ".join(str(problem) for problem in problems(request, self._settings))
        if wrong:
            failure = Failure(FailureKind.CONFIGURATION, "InvalidRequest", wrong)
            raise CloudError(failure, during=f"create {request.name[:80]}")
        body = machine_body(
            request, self._settings, self._settings.sites[request.region], self._public_key
        )
        attempts = 0

        def submit() -> None:
            nonlocal attempts
            attempts += 1
            with self._paces.creates.turn() as heard:
                self._clients.compute().virtual_machines.begin_create_or_update(
                    self._settings.resource_group,
                    request.name,
                    cast("VirtualMachine", body),
                    match_condition=MatchConditions.IfMissing,
                    polling=False,
                    raw_response_hook=hearing(heard),
                )

        try:
            self._call(f"create {request.name}", submit)
        except TakenError:
            if attempts == 1:
                raise _taken(request.name) from None
            # An earlier attempt's reply was lost after it took effect: the machine is ours.

    def image(self, image_id: str) -> AzureImage | None:
        """As ``MachineEngine.image``: the version and its definition, read once each."""
        try:
            version = self._call(
                "read the machine image", lambda: read_image(self._clients.compute(), image_id)
            )
        except GoneError:
            return None
        return version.machine if version else None

    def disk_label(self, image: MachineImage) -> str:
        """As ``MachineEngine.disk_label``: type of storage and GB, which together say the tier."""
        disks = image.data_disks if isinstance(image, AzureImage) else ()
        return disk_label(disks, self._settings)

    def status(self, labels: Mapping[str, str]) -> Sequence[Instance]:
        """As ``Engine.status``: one paged listing of the resource group.

        The tags are compared here: Azure's own filter leaves the tags out of what it returns
        ("Resources - List By Instance Group").
        """
        listed = self._call("list resources", self._list)
        return [self._explained(instance) for instance in listed if _carries(instance, labels)]

    def get(self, name: str) -> Instance | None:
        """As ``Engine.get``. A group that is not there is a wrong set-up, and proves nothing."""
        try:
            machine = self._call(f"look at {name}", lambda: self._read(name))
        except GoneError as error:
            if error.failure.code.lower() not in _NO_SUCH_MACHINE:
                raise
            return None
        return self._explained(machine)

    def now(self) -> float:
        """As ``MachineEngine.now``: by the ``Date`` of Resource Manager's replies."""
        return self._hours.now()

    def ahead_s(self) -> float:
        """As ``MachineEngine.ahead_s``."""
        return self._hours.ahead_s

    def logs(self, instance: Instance, since_s: float | None = None) -> Iterator[bytes]:
        """As ``Engine.logs``: nothing. A machine's worker keeps its log in the run's store."""
        del instance, since_s
        yield from ()

    def terminate(self, instance: Instance) -> None:
        """As ``Engine.terminate``. A machine is force-deleted: its shutdown is not waited for."""
        try:
            self._call(f"delete {instance.name}", lambda: self._submit_delete(instance))
        except GoneError:
            return

    def offers(self, region: str) -> RegionOffers:
        """As ``Engine.offers``: two listings, of the region's SKUs and of its usages."""
        if not is_region(region):
            failure = Failure(FailureKind.CONFIGURATION, "InvalidRegion", repr(region[:40]))
            raise CloudError(failure, during="list sizes")
        return self._call(f"list sizes in {region}", lambda: self._region_offers(region))

    def close(self) -> None:
        """Close every connection."""
        self._clients.close()

    @functools.cached_property
    def _public_key(self) -> str:
        return self._settings.ssh_public_key or throwaway_public_key()

    def _call(self, during: str, action: Callable[[], T]) -> T:
        return self._patience.call(lambda: call(during, action))

    def _list(self) -> list[Instance]:
        pages = self._clients.resource().resources.list_by_resource_group(
            self._settings.resource_group, expand="createdTime,provisioningState"
        )
        listed = [instance for entry in pages if (instance := _instance(entry)) is not None]
        return [replace(item, created=self._hours.own(item.created)) for item in listed]

    def _read(self, name: str) -> Instance:
        machines = self._clients.compute().virtual_machines
        read = machines.get(self._settings.resource_group, name)
        return Instance(
            kind=Kind.MACHINE,
            id=str(read.id),
            name=str(read.name),
            region=str(read.location),
            state=_state(read.provisioning_state),
            labels=dict(read.tags or {}),
            created=self._hours.own(read.time_created.timestamp() if read.time_created else None),
        )

    def _explained(self, instance: Instance) -> Instance:
        """Add why a machine failed: read once, from its instance view."""
        if instance.kind is not Kind.MACHINE or instance.state is not InstanceState.ENDED:
            return instance
        if instance.id not in self._failures:
            try:
                self._failures[instance.id] = self._call(
                    f"inspect {instance.name}", lambda: self._why(instance.name)
                )
            except GoneError:
                return instance
        return replace(instance, failure=self._failures[instance.id])

    def _why(self, name: str) -> Failure:
        view = self._clients.compute().virtual_machines.instance_view(
            self._settings.resource_group, name
        )
        statuses = _json(view).get("statuses")
        unsaid = Failure(FailureKind.TRANSIENT, "ProvisioningFailed", "Azure gives no reason")
        return classify_instance(statuses) or unsaid

    def _submit_delete(self, instance: Instance) -> None:
        with self._paces.deletes.turn() as heard:
            if instance.kind is Kind.MACHINE:
                self._clients.compute().virtual_machines.begin_delete(
                    self._settings.resource_group,
                    instance.name,
                    force_deletion=True,
                    polling=False,
                    raw_response_hook=hearing(heard),
                )
                return
            self._clients.resource().resources.begin_delete_by_id(
                instance.id.lstrip("/"),
                api_version=_DELETE_API[instance.kind],
                polling=False,
                raw_response_hook=hearing(heard),
            )

    def _region_offers(self, region: str) -> RegionOffers:
        compute = self._clients.compute()
        skus = compute.resource_skus.list(filter=f"location eq '{region}'")
        usages = compute.usage.list(region)
        return region_offers(region, map(_json, skus), map(_json, usages))


def _instance(entry: GenericResourceExpanded) -> Instance | None:
    """Return a listed entry of a kind that machines are made of, or None for any other."""
    kind = _KINDS.get(str(entry.type).lower())
    if kind is None:
        return None
    return Instance(
        kind=kind,
        id=str(entry.id),
        name=str(entry.name),
        region=str(entry.location),
        state=_state(entry.provisioning_state),
        labels=dict(entry.tags or {}),
        created=entry.created_time.timestamp() if entry.created_time else None,
    )


def _carries(instance: Instance, labels: Mapping[str, str]) -> bool:
    """Whether an instance has all of these labels; Azure compares their names without case."""
    wanted = {name.lower(): value for name, value in labels.items()}
    return wanted.items() <= {key.lower(): value for key, value in instance.labels.items()}.items()


def _state(text: object) -> InstanceState:
    return _STATES.get(str(text).lower(), InstanceState.UNKNOWN)


def _taken(name: str) -> CloudError:
    failure = Failure(
        FailureKind.CONFIGURATION, _NAME_TAKEN, "a machine of this name exists already"
    )
    return CloudError(failure, during=f"create {name}")


def _json(model: Any) -> dict[str, Any]:
    plain: dict[str, Any] = model.as_dict()
    return plain
