"""A run's ledger as a viewer reaches it: with the key in the environment, else by signing in."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestrator.errors import Problem
    from orchestrator.store import Store


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
    from orchestrator.cli.cloud import signed_in_here
    from orchestrator.cli.fleet_store import FleetStore

    store = FleetStore(url, run_name, store_ca)
    store.check()
    return store.opened(signed_in_here(store_ca or None), create=create)


def sign_in_problems(url: str | None) -> list[Problem]:
    """Return why a store could not be opened here at all: what signing in needs is not installed.

    For a command that would otherwise find it out halfway through.
    """
    from orchestrator.cli.cloud import engine_kit

    return engine_kit().missing() if url and _signs_in(url) else []


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
