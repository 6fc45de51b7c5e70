"""Removes the containers, and their copies of the golden image, that dead workers left here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.arena.winarena import docker_commands as commands
from orchestrator.arena.winarena.machine import Owner
from orchestrator.arena.winarena.storage import orphaned_copies, remove_copy

if TYPE_CHECKING:
    from orchestrator.arena.winarena.docker_cli import Docker


@dataclass(frozen=True, slots=True)
class LeftContainer:
    """A container a worker started, and what tells whether that worker still lives."""

    name: str
    worker: str
    owner: Owner
    storage: str


def sweep(docker: Docker, copies: Path | None = None) -> list[str]:
    """Remove what dead workers of this machine left; returns the names of what was removed.

    ``copies`` is a directory in which copies of the golden image are kept: those of workers that
    died before their container was there go too. Two workers may sweep at once: what another
    removes meanwhile is no error.

    Raises:
        ArenaError: The engine does not answer, or something would not go.
    """
    orphans = [left for left in started_by_workers(docker) if not left.owner.alive]
    for orphan in orphans:
        remove_container(docker, orphan.name)
        if orphan.storage:
            remove_copy(Path(orphan.storage))
    left = orphaned_copies(copies) if copies is not None else []
    for copy in left:
        remove_copy(copy)
    return [*(orphan.name for orphan in orphans), *(copy.name for copy in left)]


def started_by_workers(docker: Docker) -> list[LeftContainer]:
    """Return every container on this engine that carries a worker's labels.

    Raises:
        ArenaError: The engine does not answer.
    """
    lines = docker.demand(commands.list_ours()).splitlines()
    rows = [line.split("\t") for line in lines if line.count("\t") == 5]
    return [
        LeftContainer(name, worker, Owner(pid, started, boot), storage)
        for name, worker, pid, started, boot, storage in rows
    ]


def remove_container(docker: Docker, name: str) -> None:
    """Kill and remove a container, and see it gone.

    Raises:
        ArenaError: It is still there.
    """
    reply = docker.call(commands.remove(name))
    words = reply.complaint.lower()
    if reply.status == 0 or "no such container" in words or "already in progress" in words:
        return
    docker.demand(commands.remove(name))
