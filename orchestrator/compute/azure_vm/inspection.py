"""What a check of the set-up reads of Azure before anything is launched. Nothing is changed.

Compute has its own client; everything else is a generic read by id (azure-mgmt-resource). Versions
of the services are those whose shapes are read here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from orchestrator.compute.azure_vm.calls import GoneError, call
from orchestrator.compute.azure_vm.clients import AzureClients
from orchestrator.compute.azure_vm.graph import federated_subjects
from orchestrator.compute.azure_vm.images import (
    own,
    read_image,
    region_name,
    unix_seconds,
    wrong_id,
)
from orchestrator.compute.retry import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from orchestrator.compute.azure_vm.credentials import Login
    from orchestrator.compute.azure_vm.images import ImageVersion
    from orchestrator.compute.azure_vm.settings import AzureSettings

    Json = Mapping[str, Any]

T = TypeVar("T")

_SUBSCRIPTION_API = "2022-12-01"
_GROUP_API = "2021-04-01"
_NETWORK_API = "2023-11-01"
_FEATURE_API = "2021-07-01"
_LOGIC_API = "2019-05-01"

_SUBNET = re.compile(
    r"(?P<network>/subscriptions/.+/virtualNetworks/[^/]+)/subnets/[^/]+", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Subscription:
    """The subscription's name and state (``Enabled``, ``Warned``, ``Disabled``, …)."""

    name: str
    state: str


@dataclass(frozen=True, slots=True)
class Subnet:
    """A subnet and its ways out.

    ``region`` is its network's. ``nat_addresses`` counts the addresses of its NAT gateway, None
    without one. ``default_outbound`` is None where Azure does not say: an older network, in which
    machines without an address still reach the internet.
    """

    region: str
    nat_addresses: int | None
    default_outbound: bool | None
    routed: bool


@dataclass(frozen=True, slots=True)
class SweeperLife:
    """Whether the sweeper inside Azure is switched on, and the end of its last success (Unix)."""

    enabled: bool
    last_success: float | None


class Inspection:
    """Reads of one subscription. Safe to share between threads.

    Every read raises ``CloudError``, classified, after its own bounded retries; what does not exist
    is None.
    """

    def __init__(
        self, settings: AzureSettings, login: Login, patience: RetryPolicy | None = None
    ) -> None:
        self._settings = settings
        self._patience = patience or RetryPolicy()
        self._clients = AzureClients(settings, login)
        self._here = f"/subscriptions/{settings.subscription}"

    def sign_in(self) -> None:
        """Get a token for Resource Manager, which proves the login."""
        self._call("sign in to Azure", self._clients.sign_in)

    def subscription(self) -> Subscription | None:
        """Return the subscription."""
        resource = self._read(self._here, _SUBSCRIPTION_API)
        if resource is None:
            return None
        return Subscription(str(resource.get("displayName", "")), str(resource.get("state", "")))

    def resource_group(self) -> str | None:
        """Return the region of the machines' resource group."""
        resource = self._read(
            f"{self._here}/resourceGroups/{self._settings.resource_group}", _GROUP_API
        )
        return None if resource is None else region_name(resource.get("location"))

    def subnet(self, subnet_id: str) -> Subnet | None:
        """Return a subnet, its network's region and its ways out.

        Raises:
            CloudError: Configuration, when the id is no subnet's; else as every read.
        """
        parts = _SUBNET.fullmatch(subnet_id)
        if parts is None:
            raise wrong_id("subnet", subnet_id)
        resource = self._read(subnet_id, _NETWORK_API)
        network = self._read(parts["network"], _NETWORK_API)
        if resource is None or network is None:
            return None
        own = resource.get("properties") or {}
        gateway = (own.get("natGateway") or {}).get("id")
        return Subnet(
            region=region_name(network.get("location")),
            nat_addresses=self._addresses(gateway) if gateway else None,
            default_outbound=own.get("defaultOutboundAccess"),
            routed=bool(own.get("routeTable")),
        )

    def image(self, image_id: str) -> ImageVersion | None:
        """Return a version of an image, the newest when ``image_id`` is its definition's.

        Raises:
            CloudError: Configuration, when the id is no gallery image's; else as every read.
        """
        compute = self._clients.compute
        try:
            return self._call("read the machine image", lambda: read_image(compute(), image_id))
        except GoneError:
            return None

    def feature_state(self, provider: str, feature: str) -> str:
        """Return a preview feature's state on the subscription (``Registered``, …)."""
        path = f"{self._here}/providers/Microsoft.Features/providers/{provider}/features/{feature}"
        resource = self._read(path, _FEATURE_API) or {}
        return str((resource.get("properties") or {}).get("state", "NotRegistered"))

    def provider_state(self, provider: str) -> str:
        """Return a resource provider's registration state (``Registered``, ``Registering``, …).

        What a feature changes reaches a provider only when it is registered again after the
        feature is ("Set up preview features in Azure subscription").
        """
        resource = self._read(f"{self._here}/providers/{provider}", _GROUP_API) or {}
        return str(resource.get("registrationState", "NotRegistered"))

    def sweeper(self, name: str) -> SweeperLife | None:
        """Return the life of a Logic App in the machines' resource group.

        Its runs are listed newest first ("Workflow Runs - List"); the first page is read.
        """
        group = f"{self._here}/resourceGroups/{self._settings.resource_group}"
        flow = f"{group}/providers/Microsoft.Logic/workflows/{name}"
        resource = self._read(flow, _LOGIC_API)
        if resource is None:
            return None
        runs = (self._read(f"{flow}/runs", _LOGIC_API) or {}).get("value") or []
        ended = [unix_seconds(own(run).get("endTime")) for run in runs if _succeeded(run)]
        known = [moment for moment in ended if moment is not None]
        return SweeperLife(own(resource).get("state") == "Enabled", max(known, default=None))

    def trusted_subjects(self, client: str) -> tuple[str, ...] | None:
        """Return the subjects that the application with this client id trusts.

        Raises:
            CloudError: Credentials where this login may not read applications (a workflow's
                identity may not); else as every read.
        """
        endpoints = self._settings.endpoints

        def read() -> tuple[str, ...] | None:
            token = self._clients.token(f"{endpoints.graph}/.default")
            return federated_subjects(client, token, endpoints)

        return self._call("read federated credentials", read)

    def close(self) -> None:
        """Close every connection."""
        self._clients.close()

    def _addresses(self, gateway: str) -> int:
        resource = own(self._read(gateway, _NETWORK_API) or {})
        return len(resource.get("publicIpAddresses") or []) + len(
            resource.get("publicIpPrefixes") or []
        )

    def _read(self, resource_id: str, api_version: str) -> Json | None:
        def read() -> Json:
            resource: Json = (
                self._clients.resource()
                .resources.get_by_id(resource_id.lstrip("/"), api_version=api_version)
                .as_dict()
            )
            return resource

        try:
            return self._call(f"read {resource_id.rpartition('/')[2]}", read)
        except GoneError:
            return None

    def _call(self, during: str, action: Callable[[], T]) -> T:
        return self._patience.call(lambda: call(during, action))


def _succeeded(run: Json) -> bool:
    return own(run).get("status") == "Succeeded"
