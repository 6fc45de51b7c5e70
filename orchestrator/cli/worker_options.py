"""What ``waa-matrix worker`` is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """The command line of one worker."""

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
