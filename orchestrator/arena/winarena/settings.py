"""What a winarena arena is made of: values only, checked by ``winarena_checks.preflight``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orchestrator.arena.winarena.docker_cli import DEFAULT_ENVIRONMENT
from orchestrator.arena.winarena.storage import COPY_PREFIX

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from orchestrator.planning.plan import AgentSettings, ArenaSettings

RESET_NEVER = "never"


@dataclass(frozen=True, slots=True)
class WinArenaSettings:
    """One worker's arena.

    ``scratch`` is the worker's directory: the directory of every assignment lies below it. It is
    mounted into the container. ``storage`` is the pristine golden image (needed by a real one).
    ``copies`` is where the copy that Windows writes to is kept; beside ``storage`` by default, so
    that a file system that can copies by reference; ``golden_digest``, when given, is what
    ``winarena_storage.golden_digest`` must say of ``storage``. ``client`` is a client tree to use
    in place of the image's own, ``requirements`` a pip requirements file in it.

    ``container`` names a running container to attach to instead of starting one; its mounts must
    show ``scratch``. ``secrets`` are variables for the client alone, by value; ``environment`` is
    what the docker command itself runs with (PATH, HOME, DOCKER_HOST …).
    """

    arena: ArenaSettings
    agent: AgentSettings
    run: str
    worker: str
    scratch: Path
    storage: Path | None = None
    copies: Path | None = None
    client: Path | None = None
    requirements: str = ""
    golden_digest: str = ""
    container: str = ""
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    environment: Mapping[str, str] = field(default_factory=lambda: DEFAULT_ENVIRONMENT, repr=False)

    @property
    def storage_copy(self) -> Path | None:
        """The directory of this worker's copy of the golden image; None without an image."""
        if self.storage is None:
            return None
        parent = self.copies or self.storage.parent
        return parent / f"{COPY_PREFIX}{self.worker}"
