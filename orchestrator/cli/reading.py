"""A run's ledger as a viewer reaches it: with the key in the environment, else by signing in."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestrator.cloud.azure.credentials import Login
    from orchestrator.cloud.azure.settings import Endpoints
    from orchestrator.errors import Problem
    from orchestrator.store import Store

_VARIABLES = {"tenant": "AZURE_TENANT_ID", "client_id": "AZURE_CLIENT_ID"}


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who signs in, and where."""

    endpoints: Endpoints
    login: Login


def readable(
    url: str, run_name: str, store_ca: str, timeout_s: float, *, create: bool = False
) -> Store:
    """Open a run's objects to read them; with ``create`` they are made, and may be written.

    An ``az://`` store without a key or SAS in the environment is opened as a workflow's own
    identity, or as whoever is logged in here, with a key that this login mints.

    Raises:
        BadInputError: The store cannot be used.
        CloudError: The login is refused.
        StoreError: It cannot be reached.
    """
    if not _signs_in(url):
        return opened(url, run_name, store_ca, timeout_s, create=create)
    from orchestrator.cli.fleet_store import FleetStore

    store = FleetStore(url, run_name, store_ca)
    store.check()
    return store.opened(_signed_in(store_ca), create=create)


def sign_in_problems(url: str | None) -> list[Problem]:
    """Return why a store could not be opened here at all: what signing in needs is not installed.

    For a command that would otherwise find it out halfway through.
    """
    from orchestrator.extra import azure_problems

    return azure_problems() if url and _signs_in(url) else []


def _signs_in(url: str) -> bool:
    """Whether a store is opened by signing in, because the environment has no key to it."""
    from orchestrator.store import KEY_VARIABLE, SAS_VARIABLE

    given = os.environ.get(KEY_VARIABLE) or os.environ.get(SAS_VARIABLE)
    return url.startswith("az://") and not given


def opened(url: str, run_name: str, store_ca: str, timeout_s: float, *, create: bool) -> Store:
    """Open a run's objects with the credentials in the environment."""
    from orchestrator.store import credentials_from, open_store

    credentials = credentials_from(os.environ, store_ca)
    return open_store(url, run_name, credentials, timeout_s=timeout_s, create=create)


def _signed_in(store_ca: str) -> SignedIn:
    """Return the login that the environment describes, by the SDK's own variable names."""
    from orchestrator.cli.cloud import AUTHORITY_VARIABLE, PUBLIC_AUTHORITY, cloud_login
    from orchestrator.cloud.azure.settings import Endpoints

    authority = os.environ.get(AUTHORITY_VARIABLE) or PUBLIC_AUTHORITY
    options = {name: os.environ.get(variable, "") for name, variable in _VARIABLES.items()}
    ca_file = store_ca or None
    endpoints = Endpoints(
        authority=authority, known_authority=authority != PUBLIC_AUTHORITY, ca_file=ca_file
    )
    return SignedIn(endpoints, cloud_login({**options, "cloud_ca": ca_file}))
