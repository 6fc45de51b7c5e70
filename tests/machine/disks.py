"""The disks of a machine, built as an image is: Debian, then what Packer runs.

Kept outside the repository, in ``$WAA_MATRIX_TEST_CACHE`` or ``~/.cache/waa-matrix-tests``, under a
digest of everything they are made of. Only the newest of a kind stays.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.image.machine import REPOSITORY
from tests.machine.downloads import SOURCES, served, sources
from tests.tiers import uv_command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).parent
BUILD = HERE / "build"
RELEASE, MIRROR = "bookworm", "http://deb.debian.org/debian"
AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
SIZE_GB = 16
"""Of each disk, sparse: above what a machine's check asks for."""


@dataclass(frozen=True, slots=True)
class Disks:
    """Raw images, and what boots them."""

    root: Path
    golden: Path
    kernel: Path
    initrd: Path


def built() -> Disks:
    """Return the disks of this source tree, built if they are not there."""
    with _locked(_cache()) as cache:
        base = _kept(cache, "base", _base_digest(), _make_base)
        digest = _digest([*sources(), *BUILD.iterdir()], base.name)
        path = _kept(cache, "disks", digest, lambda to: _make_disks(base, to))
        boot = path / "boot"
        return Disks(path / "root.img", path / "golden.img", boot / "vmlinuz", boot / "initrd")


def _cache() -> Path:
    named = os.environ.get("WAA_MATRIX_TEST_CACHE")
    return Path(named) if named else Path.home() / ".cache" / "waa-matrix-tests"


@contextmanager
def _locked(cache: Path) -> Iterator[Path]:
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield cache


def _kept(cache: Path, kind: str, digest: str, make: Callable[[Path], None]) -> Path:
    wanted = cache / f"{kind}-{digest}"
    if not wanted.exists():
        for old in cache.glob(f"{kind}-*"):
            shutil.rmtree(old)
        work = Path(tempfile.mkdtemp(prefix="making-", dir=cache))
        try:
            make(work)
            work.rename(wanted)
        except BaseException:
            shutil.rmtree(work, ignore_errors=True)
            raise
    return wanted


def _base_digest() -> str:
    packages = REPOSITORY / "runner-image" / "provision" / "10-packages.sh"
    return _digest([BUILD / "base.sh", packages], RELEASE)


def _digest(files: list[Path], *more: str) -> str:
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(f"{file.relative_to(REPOSITORY)}\0".encode() + file.read_bytes() + b"\0")
    digest.update("\0".join(more).encode())
    return digest.hexdigest()[:16]


def _make_base(to: Path) -> None:
    """Debian with systemd, cloud-init and a kernel, and the packages of every machine."""
    root = to / "root"
    _run("debootstrap", "--variant=minbase", "--include=ca-certificates", RELEASE, root, MIRROR)
    _inside(root, BUILD / "base.sh")


def _make_disks(base: Path, to: Path) -> None:
    root = to / "root"
    _run("cp", "--archive", "--reflink=auto", base / "root", root)
    golden = to / "golden.img"
    with golden.open("wb") as file:
        file.truncate(SIZE_GB << 30)
    with served() as downloads, _loop(golden) as device:
        _inside(
            root,
            BUILD / "provision.sh",
            WAA_GITHUB_API=downloads.github_api,
            WAA_GOLDEN_DEVICE=device,
            WAA_GOLDEN_SHA256=downloads.golden_sha256,
            TEST_GOLDEN_URL=downloads.golden_url,
        )
    boot = to / "boot"
    boot.mkdir()
    for name in ("vmlinuz", "initrd"):
        (kernel,) = (root / "boot").glob(f"{name}*")
        shutil.copyfile(kernel, boot / name)
    _run("mkfs.ext4", "-q", "-d", root, to / "root.img", f"{SIZE_GB}G")
    shutil.rmtree(root)


def _inside(root: Path, script: Path, **variables: str) -> None:
    """Run a script in a chroot whose /tmp is this machine's, and so leaves nothing in the image.

    /tmp holds the source tree, uv, and the certificate authorities that this machine trusts.
    """
    with tempfile.TemporaryDirectory() as directory:
        tmp = Path(directory)
        tmp.chmod(0o1777)  # apt fetches as a user of its own
        for name in SOURCES:
            whole, copy = REPOSITORY / name, tmp / "source" / name
            copy.parent.mkdir(exist_ok=True)
            (shutil.copytree if whole.is_dir() else shutil.copy)(whole, copy)
        shutil.copy(uv_command() or "", tmp / "uv")
        shutil.copy(script, tmp / "script")
        if AUTHORITIES.exists():
            shutil.copy(AUTHORITIES, tmp / "authorities.pem")
            variables["SSL_CERT_FILE"] = "/tmp/authorities.pem"
        apart = ("unshare", "--mount", "--pid", "--fork", "--kill-child")
        _run(*apart, "sh", "-euc", _CHROOT, "sh", root, tmp, **variables)


_CHROOT = """
mount --bind "$2" "$1/tmp"
mount --rbind /dev "$1/dev"
mount -t proc proc "$1/proc"
mount -t sysfs sysfs "$1/sys"
exec chroot "$1" env HOME=/root LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin /tmp/script
"""


@contextmanager
def _loop(file: Path) -> Iterator[str]:
    device = _run("losetup", "--find", "--show", file).strip()
    try:
        yield device
    finally:
        _run("losetup", "--detach", device)


def _run(*command: str | Path, **variables: str) -> str:
    words = [str(word) for word in command]
    done = subprocess.run(
        words, capture_output=True, text=True, check=False, env={**os.environ, **variables}
    )
    assert done.returncode == 0, f"{' '.join(words)[:200]}: {(done.stdout + done.stderr)[-3000:]}"
    return done.stdout
