"""The digest of a client tree: what a plan names, so that every worker runs the same client."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.errors import bad_input

if TYPE_CHECKING:
    from collections.abc import Iterator

IGNORED_DIRECTORIES = frozenset({".git", ".venv", "__pycache__"})
"""Made by tools from the rest, or its history: not part of what runs."""


def tree_digest(path: Path) -> str:
    """Return the sha256 of a directory's files: their relative names, executable bits and contents.

    A symbolic link counts with its target's text and is not followed. Times and owners do not
    count, nor do ``IGNORED_DIRECTORIES``, nor empty directories.

    Raises:
        BadInputError: The path is no directory, or something in it cannot be read.
    """
    digest = hashlib.sha256()
    try:
        for file in sorted(_files(path), key=lambda file: file.relative_to(path).as_posix()):
            digest.update(_entry(path, file))
    except OSError as error:
        raise bad_input(
            str(error.filename or path),
            f"cannot be read ({error.strerror or error})",
            "Check that the client tree is there and readable.",
        ) from error
    return digest.hexdigest()


def _files(root: Path) -> Iterator[Path]:
    def fail(error: OSError) -> None:
        raise error

    for directory, names, files in os.walk(root, onerror=fail):
        here = Path(directory)
        links = [name for name in names if (here / name).is_symlink()]
        names[:] = [name for name in names if name not in IGNORED_DIRECTORIES and name not in links]
        yield from (here / name for name in (*files, *links))


def _entry(root: Path, file: Path) -> bytes:
    """Return a line that tells this file from any other."""
    if file.is_symlink():
        kind, content = "link", hashlib.sha256(os.fsencode(file.readlink())).hexdigest()
    else:
        with file.open("rb") as stream:
            content = hashlib.file_digest(stream, "sha256").hexdigest()
        kind = "program" if file.stat().st_mode & 0o100 else "file"
    name = os.fsencode(file.relative_to(root).as_posix())
    return b"%d:%s %s %s\n" % (len(name), name, kind.encode(), content.encode())
