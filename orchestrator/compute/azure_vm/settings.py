"""Where in Azure the machines go, and which servers are spoken to: values alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orchestrator.compute.kit import Site

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["GRAPH", "AzureSettings", "Endpoints", "Site"]

GRAPH = "https://graph.microsoft.com"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The servers of one Azure cloud; the defaults are the public one.

    ``ca_file`` replaces the certificate authorities that are trusted, for every connection.
    ``known_authority`` says that ``authority`` is trusted as it stands, without asking the public
    cloud about it (private and sovereign clouds).
    """

    arm: str = "https://management.azure.com"
    arm_scope: str = "https://management.azure.com/.default"
    authority: str = "https://login.microsoftonline.com"
    storage_scope: str = "https://storage.azure.com/.default"
    graph: str = GRAPH
    known_authority: bool = False
    ca_file: str | None = None
    connect_s: float = 10.0
    read_s: float = 60.0


@dataclass(frozen=True, slots=True)
class AzureSettings:
    """The resource group that holds the machines, and nothing else that is dear.

    ``sites`` is keyed by region (``westeurope``). Without ``ssh_public_key`` the machines get a key
    whose private half is thrown away: nobody logs in to them. ``disk_sku`` and ``least_disk_gb``
    state what a managed disk can do: 128 GB of premium storage is a P10 (500 operations and 100 MB
    a second), 64 GB a P6 with half of it ("Azure managed disk types").
    """

    subscription: str
    resource_group: str
    sites: Mapping[str, Site]
    endpoints: Endpoints = field(default_factory=Endpoints)
    admin_user: str = "waa"
    ssh_public_key: str | None = None
    disk_sku: str = "Premium_LRS"
    least_disk_gb: int = 128
