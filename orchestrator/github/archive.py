"""Unpacks a zip that nobody vouches for.

An artifact holds names and bytes that an agent or a guest may have chosen. A bad name is refused
and reported while the rest is unpacked; an archive that is larger than allowed ends the work.
"""

from __future__ import annotations

import re
import stat
import struct
import zipfile
import zlib
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Final

from orchestrator.errors import MatrixError
from orchestrator.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MIB: Final = 1 << 20
_CHUNK: Final = 1 << 16
_PATH_LIMIT: Final = 1024
_NAME_LIMIT: Final = 240
_COMPRESSIONS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_ODD_CHARACTERS: Final = re.compile(r'[\x00-\x1f\x7f\\:*?"<>|]')


_DAMAGE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    ValueError,  # names and extra fields that cannot be decoded
    LookupError,  # a member without a name
    RuntimeError,  # encrypted, or (NotImplementedError) of an unknown kind
    EOFError,
)


class ArchiveError(MatrixError):
    """An archive is damaged, or larger than it may be."""


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """Bounds of one archive, in bytes and in files."""

    packed: int = 512 * MIB
    unpacked: int = 2048 * MIB
    files: int = 50_000


@dataclass(frozen=True, slots=True)
class Unpacked:
    """What an archive gave: files below the target, and the names that were refused (printable)."""

    files: tuple[Path, ...]
    refused: tuple[str, ...]


def unpack(archive: IO[bytes], target: Path, limits: ArchiveLimits, *, only: str = "") -> Unpacked:
    """Unpack ``archive`` below ``target``, which may exist; existing files are not replaced.

    Refused are names that are absolute, climb, repeat another but for case, or hold characters
    that some file system forbids, and members that are no plain files (links, devices) or
    compressed in a way that GitHub does not use. With ``only``, files of other names are passed
    over, whatever is wrong with them.

    Raises:
        ArchiveError: no zip, damaged, encrypted, or beyond ``limits``; what came before stays.
    """
    try:
        with zipfile.ZipFile(archive) as source:
            return _unpack_members(source, target, limits, only)
    except _DAMAGE as error:
        what = clean(str(error), 300)
        raise ArchiveError(f"the archive is damaged or of an unknown kind: {what}") from error


def _unpack_members(
    source: zipfile.ZipFile, target: Path, limits: ArchiveLimits, only: str
) -> Unpacked:
    members = [member for member in source.infolist() if not member.is_dir()]
    if len(members) > limits.files:
        raise ArchiveError(f"the archive holds {len(members)} files; {limits.files} are allowed")
    files: list[Path] = []
    refused: list[str] = []
    seen: set[str] = set()
    left = limits.unpacked
    for member in members:
        if only and member.filename.rpartition("/")[2] != only:
            continue
        path = target / member.filename
        if not _acceptable(member, seen) or not _reserve(path, target):
            refused.append(clean(member.filename, 300))
            continue
        left -= _write(source, member, path, left)
        files.append(path)
    return Unpacked(tuple(files), tuple(refused))


def _acceptable(member: zipfile.ZipInfo, seen: set[str]) -> bool:
    name = member.filename
    kind = stat.S_IFMT(member.external_attr >> 16)
    plain = kind in (0, stat.S_IFREG) and member.compress_type in _COMPRESSIONS
    if not plain or name.casefold() in seen:
        return False
    seen.add(name.casefold())
    parts = name.split("/")
    return (
        len(name) <= _PATH_LIMIT
        and not _ODD_CHARACTERS.search(name)
        and all(part not in ("", ".", "..") for part in parts)
        and all(len(part.encode("utf-8", "replace")) <= _NAME_LIMIT for part in parts)
    )


def _reserve(path: Path, target: Path) -> bool:
    """Make room for ``path``; False when something is in its way, or a link leads outside."""
    if path.exists() or path.is_symlink():
        return False
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):  # a file of the archive has a directory's name
        return False
    return path.parent.resolve().is_relative_to(target.resolve())


def _write(source: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path, left: int) -> int:
    """Write one member and return its size; the declared size is not believed."""
    written = 0
    with source.open(member) as packed, path.open("xb") as plain:
        for chunk in _chunks(packed):
            written += len(chunk)
            if written > left:
                raise ArchiveError("the archive unpacks to more than is allowed")
            plain.write(chunk)
    return written


def _chunks(packed: IO[bytes]) -> Iterator[bytes]:
    while chunk := packed.read(_CHUNK):
        yield chunk
