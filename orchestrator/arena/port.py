"""What a worker needs of an arena: boot it, run one task in it, kill the task, reset it, stop it.

The worker owns time: deadlines, the stall clock and the decision to kill. An adapter owns the
machine: it never decides how an attempt is counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping
    from pathlib import Path

    from orchestrator.planning.suite import Unit


@dataclass(frozen=True, slots=True)
class Assignment:
    """One attempt to run. ``directory`` is private to the attempt, exists and is empty."""

    unit: Unit
    attempt: int
    directory: Path


@dataclass(frozen=True, slots=True)
class Health:
    """Whether the arena can be worked in; ``detail`` says what answered and what did not."""

    ok: bool
    detail: str


class TaskProcess(Protocol):
    """A client at work on one task."""

    @property
    def results(self) -> Path:
        """The directory under which the client writes its result tree, readable here."""
        ...

    @property
    def output(self) -> Path:
        """The file that receives the client's standard output and error, readable here."""
        ...

    def poll(self) -> int | None:
        """Return the client's exit status, or None while it runs."""
        ...

    def kill(self, grace_s: float) -> bool:
        """End the client's whole process tree; True once nothing of it is left.

        Returns within about ``grace_s`` seconds. False means that something survived: the arena
        must be reset before it is used again.
        """
        ...


class Arena(Protocol):
    """One Windows, or a stand-in for it, for one worker."""

    def start(self, deadline_s: float, stop: threading.Event) -> None:
        """Boot, or attach to a running arena, and wait until ``health`` is good.

        Raises:
            ArenaError: Not ready within ``deadline_s`` seconds, or ``stop`` was set. Says which.
        """
        ...

    def health(self) -> Health:
        """Probe Windows (``/probe``) and QEMU (QMP) from inside. Takes at most a few seconds."""
        ...

    def launch(self, assignment: Assignment) -> TaskProcess:
        """Start the client on one task and return at once.

        Raises:
            ArenaError: The client could not be started.
        """
        ...

    def reset(self, deadline_s: float, stop: threading.Event) -> None:
        """Throw the machine's state away and start again from the pristine copy.

        Raises:
            ArenaError: As ``start``.
        """
        ...

    def stop(self) -> None:
        """Remove everything this arena started. Safe to call twice, and before ``start``."""
        ...

    def fingerprint(self) -> Mapping[str, str]:
        """Return what a score depends on: image digests, guest size, CPU model, real or not."""
        ...
