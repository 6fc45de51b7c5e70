"""The SDK's clients, made once, on first use, with every endpoint and limit set by name."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from orchestrator.compute.azure_vm.credentials import Login, SharedCredential, credential

if TYPE_CHECKING:
    from collections.abc import Callable

    from azure.mgmt.compute import ComputeManagementClient
    from azure.mgmt.resource.resources import ResourceManagementClient

    from orchestrator.compute.azure_vm.settings import AzureSettings, Endpoints


def connection_options(endpoints: Endpoints) -> dict[str, Any]:
    """Return the options of a connection that every client of this package is made with."""
    return {
        "connection_timeout": endpoints.connect_s,
        "read_timeout": endpoints.read_s,
        "connection_verify": endpoints.ca_file or True,
        "user_agent": "waa-matrix",
        "logging_enable": False,
    }


def pipeline_options(endpoints: Endpoints) -> dict[str, Any]:
    """Return the options of a management client.

    Its own retries are off: they sleep for any Retry-After, however long, on every method.
    """
    from azure.core.pipeline.policies import RetryPolicy

    return {"retry_policy": RetryPolicy.no_retries(), **connection_options(endpoints)}


def _listening(heard: Callable[[Any], None]) -> Any:
    """Return a policy that tells every reply."""
    from azure.core.pipeline.policies import SansIOHTTPPolicy

    class Listening(SansIOHTTPPolicy[Any, Any]):
        def on_response(self, request: Any, response: Any) -> None:  # noqa: ARG002 - azure-core's name
            heard(response)

    return Listening()


class AzureClients:
    """The clients of one subscription. Safe to share between threads.

    ``heard`` is told every reply of Resource Manager's, as the SDK's pipeline has it.
    """

    def __init__(
        self,
        settings: AzureSettings,
        login: Login,
        heard: Callable[[Any], None] = lambda _response: None,
    ) -> None:
        self._settings = settings
        self._login = login
        self._heard = heard
        self._lock = threading.RLock()
        self._credential: SharedCredential | None = None
        self._compute: ComputeManagementClient | None = None
        self._resource: ResourceManagementClient | None = None

    def compute(self) -> ComputeManagementClient:
        """Return the client of Microsoft.Compute."""
        from azure.mgmt.compute import ComputeManagementClient

        with self._lock:
            if self._compute is None:
                self._compute = ComputeManagementClient(
                    self._signed_in(), self._settings.subscription, **self._options()
                )
            return self._compute

    def resource(self) -> ResourceManagementClient:
        """Return the client of the generic resource operations."""
        from azure.mgmt.resource.resources import ResourceManagementClient

        with self._lock:
            if self._resource is None:
                self._resource = ResourceManagementClient(
                    self._signed_in(), self._settings.subscription, **self._options()
                )
            return self._resource

    def sign_in(self) -> None:
        """Get a token, as the first call would."""
        self.token(self._settings.endpoints.arm_scope)

    def token(self, scope: str) -> str:
        """Return a token of this login's for a scope."""
        with self._lock:
            held = self._signed_in()
        return held.get_token(scope).token

    def close(self) -> None:
        """Close every connection. The clients are made anew if they are used again."""
        with self._lock:
            for client in (self._compute, self._resource, self._credential):
                if client is not None:
                    client.close()
            self._compute = self._resource = self._credential = None

    def _signed_in(self) -> SharedCredential:
        if self._credential is None:
            self._credential = credential(self._login, self._settings.endpoints)
        return self._credential

    def _options(self) -> dict[str, Any]:
        endpoints = self._settings.endpoints
        return {
            "base_url": endpoints.arm,
            "credential_scopes": [endpoints.arm_scope],
            "per_call_policies": [_listening(self._heard)],
            **pipeline_options(endpoints),
        }
