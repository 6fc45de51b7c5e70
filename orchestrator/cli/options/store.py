"""The options that name a run's ledger, and where it is by them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar

from orchestrator.cli.options.values import option, option_values
from orchestrator.errors import bad_input

LEDGER = "ledger"
DEFAULT_RUN = "run"


@option_values
class StoreCa:
    """Whom a store's address is trusted by."""

    heading: ClassVar[str] = "Store"
    store_ca: Annotated[
        str, option("--store-ca", help="Root certificate (PEM file) of the store.")
    ] = ""


@option_values
class StoreOptions:
    """A ledger in an object store."""

    heading: ClassVar[str] = "Store"
    store: Annotated[
        str | None, option("--store", help="Object store: file:///DIR or az://ACCOUNT.")
    ] = None
    run_name: Annotated[str | None, option("--run", help="The run's name in the store.")] = None
    trust: StoreCa


def located(out: str | None, store: str | None, run_name: str | None) -> tuple[str, str]:
    """Return the store's URL and the run's name: given, or inside a run directory.

    Raises:
        BadInputError: Neither a directory nor a store with a run is named.
    """
    from orchestrator.store import file_url

    if store is not None and run_name is not None:
        return store, run_name
    if out is None:
        fix = "Give the run's directory, or both --store and --run."
        raise bad_input("OUT", "is missing, and so is --store or --run", fix)
    return store or file_url(Path(out) / LEDGER), run_name or DEFAULT_RUN
