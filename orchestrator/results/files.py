"""Bounded reads of files that somebody hostile, or nobody in particular, wrote.

Only regular files are opened, never through a symbolic link, and never more than a stated number of
bytes is read. Whatever cannot be read is None or nothing; no function here raises ``OSError``.
"""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_CHUNK = 1 << 16
_NAMES_LIMIT = 20_000

# Without O_NONBLOCK, opening a named pipe would wait for a writer for ever.
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

_UNREADABLE = (OSError, ValueError)  # ValueError: a path with a NUL in it


@contextmanager
def opened(path: Path) -> Iterator[int | None]:
    """Open a regular file, yielding its descriptor, or None when it is not one or not readable."""
    try:
        descriptor = os.open(path, _FLAGS)
    except _UNREADABLE:
        yield None
        return
    try:
        yield descriptor if stat.S_ISREG(os.fstat(descriptor).st_mode) else None
    finally:
        os.close(descriptor)


def read_head(path: Path, limit: int) -> bytes | None:
    """Return up to ``limit`` bytes from the start of a file, or None when it cannot be read."""
    with opened(path) as descriptor:
        return None if descriptor is None else read_at(descriptor, 0, limit)


def read_tail(path: Path, limit: int) -> bytes:
    """Return up to ``limit`` bytes from the end of a file; nothing when it cannot be read."""
    with opened(path) as descriptor:
        if descriptor is None:
            return b""
        start = max(0, os.fstat(descriptor).st_size - limit)
        return read_at(descriptor, start, limit) or b""


def read_at(descriptor: int, offset: int, limit: int) -> bytes | None:
    """Return up to ``limit`` bytes from ``offset``, or None when reading fails."""
    parts: list[bytes] = []
    wanted = limit
    try:
        while wanted > 0 and (part := os.pread(descriptor, min(wanted, _CHUNK), offset)):
            parts.append(part)
            offset += len(part)
            wanted -= len(part)
    except _UNREADABLE:
        return None
    return b"".join(parts)


def head_and_tail(path: Path, head: int, tail: int) -> Iterator[bytes]:
    """Yield a file in chunks: all of it up to ``head + tail`` bytes, else its two ends.

    The two ends of a longer file are joined by a line break, so that what was cut in half is never
    read as one line.
    """
    with opened(path) as descriptor:
        if descriptor is None:
            return
        size = os.fstat(descriptor).st_size
        if size <= head + tail:
            yield from _chunks(descriptor, 0, size)
            return
        yield from _chunks(descriptor, 0, head)
        yield b"\n"
        yield from _chunks(descriptor, size - tail, tail)


def _chunks(descriptor: int, offset: int, length: int) -> Iterator[bytes]:
    end = offset + length
    while offset < end:
        chunk = read_at(descriptor, offset, min(_CHUNK, end - offset))
        if not chunk:
            return
        yield chunk
        offset += len(chunk)


def names_in(directory: Path) -> list[str] | None:
    """Return the sorted names in a directory (the first 20,000 found), or None if unreadable."""
    names: list[str] = []
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                names.append(entry.name)
                if len(names) >= _NAMES_LIMIT:
                    break
    except _UNREADABLE:
        return None
    return sorted(names)


def is_directory(path: Path) -> bool:
    """Whether this is a directory itself, not a symbolic link to one."""
    return stat.S_ISDIR(_mode(path))


def is_file(path: Path) -> bool:
    """Whether this is a regular file itself, not a symbolic link to one."""
    return stat.S_ISREG(_mode(path))


def exists(path: Path) -> bool:
    """Whether anything has this name, a dangling symbolic link included."""
    return _mode(path) != 0


def size_of(path: Path) -> int:
    """Return a file's size in bytes, 0 when there is none."""
    try:
        return path.lstat().st_size
    except _UNREADABLE:
        return 0


def _mode(path: Path) -> int:
    try:
        return path.lstat().st_mode
    except _UNREADABLE:
        return 0
