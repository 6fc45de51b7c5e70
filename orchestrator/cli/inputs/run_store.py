"""A run's ledger as a viewer reaches it: with the key in the environment, else by signing in."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from orchestrator.cli.inputs.store_access import signs_in_by, store_access
from orchestrator.store import CALL_TIMEOUT_S, KEY_VARIABLE, SAS_VARIABLE, open_run

if TYPE_CHECKING:
    from orchestrator.compute.keys import KeySource
    from orchestrator.errors import Problem
    from orchestrator.store import Store


def readable(
    url: str,
    run_name: str,
    store_ca: str,
    timeout_s: float = CALL_TIMEOUT_S,
    *,
    sas_file: str = "",
    create: bool = False,
) -> Store:
    """Open a run's objects to read them; with ``create`` they are made, and may be written.

    An ``az://`` store without a SAS file, and without a key or SAS in the environment, is opened as
    a workflow's own identity, or as whoever is logged in here, with a key that this login mints.

    Raises:
        BadInputError: The store cannot be used.
        CloudError: The login is refused.
        StoreError: It cannot be reached.
    """
    sign_in = signs_in_by(lambda: _signed_in(store_ca), store_ca)
    access = store_access(store_ca, sign_in, sas_file=sas_file, timeout_s=timeout_s)
    return open_run(url, run_name, access, create=create)


def sign_in_problems(url: str | None) -> list[Problem]:
    """Return why a store could not be opened here at all: what signing in needs is not installed.

    For a command that would otherwise find it out halfway through.
    """
    from orchestrator.cli.options.compute import engine_kit

    return engine_kit().missing() if url and _signs_in(url) else []


def _signs_in(url: str) -> bool:
    """Whether a store is opened by signing in, because the environment has no key to it."""
    given = os.environ.get(KEY_VARIABLE) or os.environ.get(SAS_VARIABLE)
    return url.startswith("az://") and not given


def _signed_in(store_ca: str) -> KeySource:
    from orchestrator.cli.options.compute import account_here, engine_kit

    return account_here(engine_kit(), store_ca or None)
