"""What an image is built from, served on loopback: the runner's release and the golden image."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.image.machine import REPOSITORY, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

GUEST = Path(__file__).with_name("guest")
VERSION = "2.999.0"
SOURCES = ("pyproject.toml", "uv.lock", "README.md", "LICENSE", "orchestrator", "runner-image")
"""What of this repository a machine is made of."""


@dataclass(frozen=True, slots=True)
class Downloads:
    """Where they are. ``golden_sha256`` is the digest of the archive at ``golden_url``."""

    github_api: str
    golden_url: str
    golden_sha256: str


@contextmanager
def served() -> Iterator[Downloads]:
    """Serve the stand-ins until the block ends."""
    runner, golden = _runner(), _golden()
    name = f"actions-runner-linux-x64-{VERSION}.tar.gz"
    with serving() as server:
        digest = "sha256:" + hashlib.sha256(runner).hexdigest()
        asset = {"name": name, "browser_download_url": f"{server.url}/{name}", "digest": digest}
        release = {"tag_name": f"v{VERSION}", "assets": [asset]}
        latest = "/repos/actions/runner/releases/latest"
        server.replies[latest] = (200, json.dumps(release).encode())
        server.replies[f"/{name}"] = (200, runner)
        server.replies["/golden.tar"] = (200, golden)
        result = hashlib.sha256(golden).hexdigest()
        yield Downloads(server.url, f"{server.url}/golden.tar", result)


def sources() -> list[Path]:
    """Return every file that a machine is made of, this repository's part of the stand-ins too."""
    roots = [REPOSITORY / name for name in SOURCES] + [GUEST / "run.sh"]
    files = [file for root in roots for file in (root.rglob("*") if root.is_dir() else [root])]
    return sorted(path for path in files if path.is_file() and "__pycache__" not in path.parts)


def _runner() -> bytes:
    """A release of the runner: the stand-in, with the commit that its job will check out."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz", compresslevel=1) as tar:
        for file in sources():
            inside = REPOSITORY in file.parents and GUEST not in file.parents
            name = f"checkout/{file.relative_to(REPOSITORY)}" if inside else file.name
            tar.add(file, name)
    return data.getvalue()


def _golden() -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        entry = tarfile.TarInfo("data.img")
        entry.size = 1 << 20
        tar.addfile(entry, io.BytesIO(bytes(entry.size)))
    return data.getvalue()
