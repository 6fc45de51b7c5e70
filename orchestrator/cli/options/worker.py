"""What ``waa-matrix worker`` is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

import click

from orchestrator.cli.inputs.agent import ClientOptions
from orchestrator.cli.options.local import TaskOptions
from orchestrator.cli.options.store import StoreOptions
from orchestrator.cli.options.values import option, option_values

if TYPE_CHECKING:
    from pathlib import Path


@option_values
class MachineFacts:
    """What a worker's machine is, for the fingerprint of what it does."""

    heading: ClassVar[str] = "The machine"
    machine: Annotated[
        str | None, option("--machine", help="The machine's name.  [default: the host's]")
    ] = None
    region: Annotated[
        str, option("--region", help="The machine's region, for the fingerprint.")
    ] = ""
    size: Annotated[str, option("--size", help="The machine's size, for the fingerprint.")] = ""
    disk: Annotated[str, option("--disk", help="Its disks, for the fingerprint.")] = ""


@option_values
class WorkerCommand:
    """The command line of one worker, as it is given."""

    store: StoreOptions
    store_sas_file: Annotated[
        str,
        option(
            "--store-sas-file",
            help="File with the store's SAS, readable by this user alone.",
        ),
    ] = ""
    session: Annotated[
        str | None,
        option("--session", help="Its session.  [default: this workflow's run and attempt]"),
    ] = None
    shard: Annotated[int, option("--shard", help="Which shard is home, from 0.")]
    shards: Annotated[int, option("--shards", help="How many shards there are.")]
    worker_id: Annotated[
        str | None, option("--worker-id", help="An id no other process ever had.")
    ] = None
    scratch: Annotated[
        str, option("--scratch", type=click.Path(file_okay=False), help="A directory.")
    ]
    machine: MachineFacts
    task: TaskOptions
    tree: ClientOptions
    container: Annotated[
        str, option("--container", help="Attach to this container instead of starting one.")
    ] = ""
    parent: Annotated[
        int | None, option("--parent", hidden=True, help="The process to end with.")
    ] = None
    role: Annotated[
        str,
        option(
            "--role",
            type=click.Choice(["arena", "drain"]),
            help="drain: this machine has no arena; look at the ledger, say what it shows, and "
            "exit 0.",
        ),
    ] = "arena"


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """What one worker is told, with what it knows of itself."""

    store: str
    run_name: str
    store_ca: str
    store_sas_file: str
    session: str
    shard: int
    shards: int
    worker_id: str
    scratch: Path
    machine: str
    region: str
    size: str
    disk: str
    evidence: str
    client: Path | None
    requirements: str
    storage: Path | None
    container: str
    forwarded: tuple[str, ...]
    parent: int | None
