"""The golden image: its digest, and the copy that a worker's Windows writes to."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import time
from typing import TYPE_CHECKING

from orchestrator.arena.winarena.machine import Owner
from orchestrator.errors import ArenaError

if TYPE_CHECKING:
    import threading
    from pathlib import Path

DISK = "data.img"
"""The file without which a storage directory holds no installed Windows."""
RECORDED = "golden.sha256"
"""A file beside the disk that holds its sha256, written by whoever made the image."""

COPY_PREFIX = "waa-storage-"
_NOTE_SUFFIX = ".owner"
_POLL_S = 0.2
_LATE = "it was stopped or took longer than the arena's start may take"
_TEXT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}


def golden_digest(storage: Path) -> str:
    """Return what names a golden image in a fingerprint.

    ``sha256:…`` when the directory records its digest in ``golden.sha256``; else ``stat:…``, a
    digest of the files' names, sizes and modification times, since reading 30 GB takes minutes. The
    second kind tells images of one machine apart, not copies of one image on different machines.

    Raises:
        OSError: The directory cannot be read.
    """
    recorded = storage / RECORDED
    if recorded.is_file():
        words = recorded.read_text(encoding="ascii", errors="replace").split()
        return f"sha256:{words[0]}" if words else "sha256:empty"
    digest = hashlib.sha256()
    for path in sorted(storage.iterdir()):
        status = path.stat()
        digest.update(f"{path.name}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return f"stat:{digest.hexdigest()}"


def can_reflink(directory: Path) -> bool:
    """Whether the file system copies by reference (XFS, btrfs), so that a copy costs nothing."""
    probe, copy = directory / ".waa-reflink", directory / ".waa-reflink-copy"
    try:
        probe.write_bytes(b"x" * 4096)
        command = ["cp", "--reflink=always", str(probe), str(copy)]
        return subprocess.run(command, env=_TEXT, capture_output=True, check=False).returncode == 0
    except OSError:
        return False
    finally:
        for path in (probe, copy):
            path.unlink(missing_ok=True)


def own_copy(copy: Path, owner: Owner) -> None:
    """Note whose a copy will be, before there is one.

    Raises:
        ArenaError: The note cannot be written.
    """
    try:
        copy.parent.mkdir(parents=True, exist_ok=True)
        _note(copy).write_text(f"{owner.pid}\n{owner.started}\n{owner.boot}")
    except OSError as error:
        raise ArenaError(f"Nothing can be written to {copy.parent} ({error}).") from error


def orphaned_copies(parent: Path) -> list[Path]:
    """Return the copies in a directory whose owners are dead, whole or not."""
    orphans = []
    for note in sorted(parent.glob(f"{COPY_PREFIX}*{_NOTE_SUFFIX}")):
        try:
            lines = note.read_text(errors="replace").splitlines()
        except FileNotFoundError:
            continue  # another worker's sweep was faster
        if len(lines) != 3 or not Owner(*lines).alive:
            orphans.append(note.with_name(note.name.removesuffix(_NOTE_SUFFIX)))
    return orphans


def _note(copy: Path) -> Path:
    return copy.with_name(copy.name + _NOTE_SUFFIX)


def copy_pristine(pristine: Path, copy: Path, deadline: float, stop: threading.Event) -> None:
    """Make ``copy`` a fresh copy of the golden image; ``deadline`` is on the monotonic clock.

    Raises:
        ArenaError: It failed, took too long or was stopped. What was copied is removed.
    """
    shutil.rmtree(copy, ignore_errors=True)
    said = _LATE
    if not _over(deadline, stop):
        status, said = _copy(pristine, copy, deadline, stop)
        if status == 0:
            return
    shutil.rmtree(copy, ignore_errors=True)
    raise ArenaError(
        f"The golden image was not copied from {pristine} to {copy}: {said}. Keep it on a file "
        "system that copies by reference (XFS, btrfs) with room for what Windows writes."
    )


def _copy(pristine: Path, copy: Path, deadline: float, stop: threading.Event) -> tuple[int, str]:
    """Return the exit status of ``cp``, and what it said."""
    command = ["cp", "-r", "--reflink=auto", "--sparse=auto", str(pristine), str(copy)]
    with subprocess.Popen(command, env=_TEXT, stderr=subprocess.PIPE) as process:
        while True:
            try:
                errors = process.communicate(timeout=_POLL_S)[1]
            except subprocess.TimeoutExpired:
                if _over(deadline, stop):
                    process.kill()
            else:
                said = errors.decode(errors="replace").strip()[-300:]
                return process.returncode, said or _LATE


def _over(deadline: float, stop: threading.Event) -> bool:
    return stop.is_set() or time.monotonic() > deadline


def remove_copy(copy: Path) -> None:
    """Remove a copy; one that is gone already is no error.

    Raises:
        ArenaError: Something of it is left.
    """
    if not copy.name.startswith(COPY_PREFIX):
        raise ArenaError(f"{copy} is not a copy of a golden image that a worker made.")
    shutil.rmtree(copy, ignore_errors=True)
    _note(copy).unlink(missing_ok=True)
    if copy.exists():
        raise ArenaError(
            f"The copy {copy} of the golden image could not be removed whole. Remove it by hand."
        )
