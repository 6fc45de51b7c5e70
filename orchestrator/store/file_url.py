"""From a directory to its ``file://`` URL and back: the one place where either is made."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    import os


def file_url(directory: str | os.PathLike[str]) -> str:
    """Return the URL of a directory, absolute, with every special character encoded."""
    return Path(directory).absolute().as_uri()


def directory_of(url: str) -> Path | None:
    """Return the directory that a ``file://`` URL names, None for a URL of another kind."""
    parts = urlsplit(url)
    return Path(unquote(parts.path)) if parts.scheme == "file" else None
