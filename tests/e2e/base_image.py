"""The images of the docker tier, made without a registry: debootstrap, import, build.

``WAA_MATRIX_BASE_IMAGE`` names a base to use instead (bash, Python ≥ 3.9 as ``python``). A tier
named in ``WAA_MATRIX_REQUIRE_TIERS`` (comma-separated) fails where it would have been skipped.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

REPOSITORY = Path(__file__).parents[2]
SOURCE = REPOSITORY / "runner-image" / "winarena-sim"
STANDIN = REPOSITORY / "orchestrator" / "arena" / "simulated" / "fake_container"
BASE = "waa-matrix-base"
PACKAGES = "python3-minimal,python-is-python3,libpython3-stdlib"


def simulated_image() -> str:
    """Return the tag of the simulated container's image, built if these sources' is not there.

    Skips (or fails, where the tier is required) without an engine or without a base.
    """
    if shutil.which("docker") is None or not _succeeds("docker", "info"):
        unavailable("no Docker engine answers (`docker info`)")
    digest = hashlib.sha256()
    for file in sorted([*SOURCE.iterdir(), *STANDIN.glob("*.py")]):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    tag = f"waa-matrix-sim:{digest.hexdigest()[:12]}"
    with _one_at_a_time():
        if not _exists(tag):
            _run(str(SOURCE / "build"), tag, _base())
    return tag


def unavailable(why: str) -> NoReturn:
    """Skip the test, or fail it where the docker tier is required."""
    if "docker" in os.environ.get("WAA_MATRIX_REQUIRE_TIERS", "").split(","):
        pytest.fail(f"the docker tier is required, but {why}")
    pytest.skip(why)


def _base() -> str:
    given = os.environ.get("WAA_MATRIX_BASE_IMAGE", "")
    if given:
        return given
    suite = _codename()
    tag = f"{BASE}:{suite}"
    if _exists(tag):
        return tag
    if shutil.which("debootstrap") is None or os.getuid() != 0:
        unavailable("there is no base image: debootstrap and root are needed to make one")
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory) / "root"
        _run("debootstrap", "--variant=minbase", f"--include={PACKAGES}", suite, str(root))
        _run("sh", "-c", 'tar -C "$1" -c . | docker import - "$2"', "import", str(root), tag)
    return tag


def _codename() -> str:
    release = Path("/etc/os-release").read_text()
    lines = dict(line.split("=", 1) for line in release.splitlines() if "=" in line)
    debian = lines.get("ID", "").strip('"') == "debian"
    return lines.get("VERSION_CODENAME", "").strip('"') if debian else "bookworm"


def _exists(tag: str) -> bool:
    return _succeeds("docker", "image", "inspect", tag)


def _succeeds(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = (done.stdout + done.stderr)[-2000:]
        unavailable(f"{_shown(command)} failed with status {done.returncode}: {said}")


def _shown(command: Sequence[str]) -> str:
    return " ".join(command)[:200]


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Hold a lock of this machine: test processes run beside each other, a build runs once."""
    with (Path(tempfile.gettempdir()) / "waa-matrix-images.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
