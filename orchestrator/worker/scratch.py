"""The directories of workers on this machine: whose is in use, and what the dead left in theirs."""

from __future__ import annotations

import fcntl
import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from orchestrator.worker.recorder import ATTEMPTS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOCK = "in-use"
"""A file that its worker holds locked for as long as it lives, however it ends."""


@contextmanager
def held(scratch: Path) -> Iterator[None]:
    """Hold a worker's directory until the block ends; what a dead one left in it goes first.

    A disk that cannot take the lock is no bar. Without a lock nothing is swept: what cannot be
    proved dead stays.
    """
    try:
        scratch.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(scratch / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        yield
        return
    try:
        if locks(descriptor):
            shutil.rmtree(scratch / ATTEMPTS, ignore_errors=True)
        yield
    finally:
        os.close(descriptor)


def sweep_attempts(directories: Path) -> list[str]:
    """Remove the attempts that dead workers left; ``directories`` holds one directory a worker.

    A worker is proved dead by its lock. Its own ledger and its words stay. Returns the workers of
    which something was removed.
    """
    swept = []
    for attempts in sorted(directories.glob(f"*/{ATTEMPTS}")):
        if _is_dead(attempts.parent):
            shutil.rmtree(attempts, ignore_errors=True)
            swept.append(attempts.parent.name)
    return swept


def _is_dead(scratch: Path) -> bool:
    try:
        descriptor = os.open(scratch / LOCK, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        return locks(descriptor)
    finally:
        os.close(descriptor)


def locks(descriptor: int) -> bool:
    """Lock a file for this process; return whether that went: False where another holds it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
