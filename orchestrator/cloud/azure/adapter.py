"""The cloud port over Azure Resource Manager.

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
from orchestrator.cloud.azure.body import disk_label, is_region, machine_body, problems
from orchestrator.cloud.azure.calls import GoneError, TakenError, call
from orchestrator.cloud.azure.clients import Clients
from orchestrator.cloud.azure.credentials import throwaway_public_key
from orchestrator.cloud.azure.hours import Hours
from orchestrator.cloud.azure.images import read_image
from orchestrator.cloud.azure.limits import hearing, paces
from orchestrator.cloud.azure.offers import market
from orchestrator.cloud.azure.refusals import classify_instance
from orchestrator.cloud.failures import CloudError, Failure, FailureKind
from orchestrator.cloud.port import Kind, Resource, State
from orchestrator.cloud.retry import Patience

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from azure.mgmt.compute.models import VirtualMachine
    from azure.mgmt.resource.resources.models import GenericResourceExpanded

    from orchestrator.clock import Clock
    from orchestrator.cloud.azure.credentials import Login
    from orchestrator.cloud.azure.settings import AzureSettings
    from orchestrator.cloud.image import MachineImage
    from orchestrator.cloud.port import DataDisk, MachineRequest, Market

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
    "succeeded": State.READY,
    "failed": State.FAILED,
    "canceled": State.FAILED,
    "deleting": State.DELETING,
    "creating": State.CREATING,
    "updating": State.CREATING,
    "accepted": State.CREATING,
}
_NO_SUCH_MACHINE = frozenset({"resourcenotfound", "notfound"})


class AzureCloud:
    """One resource group of one subscription, as a ``Cloud``."""

    def __init__(
        self,
        settings: AzureSettings,
        login: Login,
        patience: Patience | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._settings = settings
        self._patience = patience or Patience()
        clock = clock or SystemClock()
        self._paces = paces(clock)
        self._hours = Hours(clock)
        self._clients = Clients(settings, login, self._hours.hear)
        self._failures: dict[str, Failure] = {}

    def launch(self, request: MachineRequest) -> None:
        """As ``Cloud.launch``; the body is ``machine_body``'s."""
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

    def image(self, image_id: str) -> MachineImage | None:
        """As ``Cloud.image``: the version and its definition, read once each."""
        try:
            found = self._call(
                "read the machine image", lambda: read_image(self._clients.compute(), image_id)
            )
        except GoneError:
            return None
        return found.machine if found else None

    def disk_label(self, disks: Sequence[DataDisk]) -> str:
        """As ``Cloud.disk_label``: the type of storage and the GB, which together say the tier."""
        return disk_label(disks, self._settings)

    def resources(self, tags: Mapping[str, str]) -> Sequence[Resource]:
        """As ``Cloud.resources``: one paged listing of the resource group.

        The tags are compared here: Azure's own filter leaves the tags out of what it returns
        ("Resources - List By Resource Group").
        """
        found = self._call("list resources", self._list)
        wanted = {name.lower(): value for name, value in tags.items()}
        return [
            self._explained(resource)
            for resource in found
            if wanted.items()
            <= {name.lower(): value for name, value in resource.tags.items()}.items()
        ]

    def get(self, name: str) -> Resource | None:
        """As ``Cloud.get``. A group that is not there is a wrong set-up, and proves nothing."""
        try:
            machine = self._call(f"look at {name}", lambda: self._read(name))
        except GoneError as error:
            if error.failure.code.lower() not in _NO_SUCH_MACHINE:
                raise
            return None
        return self._explained(machine)

    def now(self) -> float:
        """As ``Cloud.now``: by the ``Date`` of Resource Manager's replies."""
        return self._hours.now()

    def ahead_s(self) -> float:
        """As ``Cloud.ahead_s``."""
        return self._hours.ahead_s

    def delete(self, resource: Resource) -> None:
        """As ``Cloud.delete``. A machine is force-deleted: its shutdown is not waited for."""
        try:
            self._call(f"delete {resource.name}", lambda: self._submit_delete(resource))
        except GoneError:
            return

    def market(self, region: str) -> Market:
        """As ``Cloud.market``: two listings, of the region's SKUs and of its usages."""
        if not is_region(region):
            failure = Failure(FailureKind.CONFIGURATION, "InvalidRegion", repr(region[:40]))
            raise CloudError(failure, during="list sizes")
        return self._call(f"list sizes in {region}", lambda: self._market(region))

    def close(self) -> None:
        """Close every connection."""
        self._clients.close()

    @functools.cached_property
    def _public_key(self) -> str:
        return self._settings.ssh_public_key or throwaway_public_key()

    def _call(self, during: str, action: Callable[[], T]) -> T:
        return self._patience.call(lambda: call(during, action))

    def _list(self) -> list[Resource]:
        pages = self._clients.resource().resources.list_by_resource_group(
            self._settings.resource_group, expand="createdTime,provisioningState"
        )
        found = [resource for entry in pages if (resource := _resource(entry)) is not None]
        return [replace(one, created=self._hours.own(one.created)) for one in found]

    def _read(self, name: str) -> Resource:
        machines = self._clients.compute().virtual_machines
        found = machines.get(self._settings.resource_group, name)
        return Resource(
            kind=Kind.MACHINE,
            id=str(found.id),
            name=str(found.name),
            region=str(found.location),
            state=_state(found.provisioning_state),
            tags=dict(found.tags or {}),
            created=self._hours.own(found.time_created.timestamp() if found.time_created else None),
        )

    def _explained(self, resource: Resource) -> Resource:
        """Add why a machine failed: read once, from its instance view."""
        if resource.kind is not Kind.MACHINE or resource.state is not State.FAILED:
            return resource
        if resource.id not in self._failures:
            try:
                self._failures[resource.id] = self._call(
                    f"inspect {resource.name}", lambda: self._why(resource.name)
                )
            except GoneError:
                return resource
        return replace(resource, failure=self._failures[resource.id])

    def _why(self, name: str) -> Failure:
        view = self._clients.compute().virtual_machines.instance_view(
            self._settings.resource_group, name
        )
        statuses = _json(view).get("statuses")
        unsaid = Failure(FailureKind.TRANSIENT, "ProvisioningFailed", "Azure gives no reason")
        return classify_instance(statuses) or unsaid

    def _submit_delete(self, resource: Resource) -> None:
        with self._paces.deletes.turn() as heard:
            if resource.kind is Kind.MACHINE:
                self._clients.compute().virtual_machines.begin_delete(
                    self._settings.resource_group,
                    resource.name,
                    force_deletion=True,
                    polling=False,
                    raw_response_hook=hearing(heard),
                )
                return
            self._clients.resource().resources.begin_delete_by_id(
                resource.id.lstrip("/"),
                api_version=_DELETE_API[resource.kind],
                polling=False,
                raw_response_hook=hearing(heard),
            )

    def _market(self, region: str) -> Market:
        compute = self._clients.compute()
        skus = compute.resource_skus.list(filter=f"location eq '{region}'")
        usages = compute.usage.list(region)
        return market(region, map(_json, skus), map(_json, usages))


def _resource(entry: GenericResourceExpanded) -> Resource | None:
    """Return a listed entry of a kind that machines are made of, or None for any other."""
    kind = _KINDS.get(str(entry.type).lower())
    if kind is None:
        return None
    return Resource(
        kind=kind,
        id=str(entry.id),
        name=str(entry.name),
        region=str(entry.location),
        state=_state(entry.provisioning_state),
        tags=dict(entry.tags or {}),
        created=entry.created_time.timestamp() if entry.created_time else None,
    )


def _state(text: object) -> State:
    return _STATES.get(str(text).lower(), State.UNKNOWN)


def _taken(name: str) -> CloudError:
    failure = Failure(
        FailureKind.CONFIGURATION, "NameTaken", "a machine of this name exists already"
    )
    return CloudError(failure, during=f"create {name}")


def _json(model: Any) -> dict[str, Any]:
    plain: dict[str, Any] = model.as_dict()
    return plain
