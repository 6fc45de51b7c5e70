"""The values that Azure is set up by: one field an option, with what its help says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orchestrator.compute.azure_vm.credentials import Ambient, Federated
from orchestrator.compute.azure_vm.settings import GRAPH, AzureSettings, Endpoints
from orchestrator.compute.kit import setting, settings_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.compute.azure_vm.credentials import Login
    from orchestrator.compute.kit import Site

PUBLIC_AUTHORITY = "https://login.microsoftonline.com"


@dataclass(frozen=True, slots=True)
class AzureOptions:
    """The account, and the servers that it is reached by; empty where it was not given.

    ``ca_file`` is of the certificate authorities to trust, instead of the usual ones.
    """

    subscription: str = setting(
        "",
        "Azure subscription.  [env: AZURE_SUBSCRIPTION_ID]",
        variable="AZURE_SUBSCRIPTION_ID",
        required=True,
    )
    resource_group: str = setting("", "Resource group of the machines.", shared=True, required=True)
    tenant: str = setting(
        "", "Azure tenant of the login.  [env: AZURE_TENANT_ID]", variable="AZURE_TENANT_ID"
    )
    client_id: str = setting(
        "",
        "Identity of a workflow's job, which needs id-token: write; without one the login of"
        " this machine is used (az login).  [env: AZURE_CLIENT_ID]",
        variable="AZURE_CLIENT_ID",
    )
    arm_endpoint: str = setting(
        "https://management.azure.com",
        "Azure Resource Manager's address (sovereign clouds).",
        shown=True,
    )
    arm_scope: str = setting(
        "https://management.azure.com/.default",
        "Scope of a token for Resource Manager.",
        shown=True,
    )
    authority: str = setting(
        PUBLIC_AUTHORITY,
        "Address of the sign-in service.",
        variable="AZURE_AUTHORITY_HOST",
        shown=True,
    )
    storage_scope: str = setting(
        "https://storage.azure.com/.default", "Scope of a token for Blob Storage.", shown=True
    )
    sweeper: str = setting(
        "waa-sweeper", "Logic App that sweeps in Azure.", shown=True, checks=True
    )
    graph_endpoint: str = setting(
        GRAPH, "Microsoft Graph's address (sovereign clouds).", shown=True, checks=True
    )
    ca_file: str | None = None

    @classmethod
    def of(cls, values: Mapping[str, Any], ca_file: str | None) -> AzureOptions:
        """Return the options by name; other names are left alone."""
        own = {setting.name: values[setting.name] for setting in SETTINGS if setting.name in values}
        return cls(**own, ca_file=ca_file)

    @property
    def endpoints(self) -> Endpoints:
        """The servers."""
        return Endpoints(
            arm=self.arm_endpoint,
            arm_scope=self.arm_scope,
            authority=self.authority,
            storage_scope=self.storage_scope,
            graph=self.graph_endpoint or GRAPH,
            known_authority=self.authority != PUBLIC_AUTHORITY,
            ca_file=self.ca_file,
        )

    def settings(self, sites: Mapping[str, Site]) -> AzureSettings:
        """Return where the machines go."""
        return AzureSettings(self.subscription, self.resource_group, sites, self.endpoints)

    def login(self, environment: Mapping[str, str]) -> Login:
        """Sign in as the workflow where GitHub offers that, else as whoever is logged in here."""
        url = environment.get("ACTIONS_ID_TOKEN_REQUEST_URL", "")
        token = environment.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "")
        if url and token and self.client_id:
            return Federated(self.tenant, self.client_id, url, token, ca_file=self.ca_file)
        return Ambient(self.tenant or None)


SETTINGS = settings_of(AzureOptions)
