"""What must be true before a winarena arena is started: every problem at once, with its fix."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.arena.winarena import docker_commands as commands
from orchestrator.arena.winarena.client_profile import profile_problems
from orchestrator.arena.winarena.docker_cli import Docker
from orchestrator.arena.winarena.machine import Machine, this_machine
from orchestrator.arena.winarena.storage import DISK, can_reflink, golden_digest
from orchestrator.errors import ArenaError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.arena.winarena.settings import WinArenaSettings

_GIB = 1 << 30
_HOST_RAM_GB = 2
"""Left to the machine itself beside the guest."""
_WRITTEN_GB = 8
"""What Windows may write to its copy during a shard."""


@dataclass(frozen=True, slots=True)
class Host:
    """Where the checks look; tests look elsewhere."""

    machine: Machine
    kvm: Path = Path("/dev/kvm")


def preflight(
    settings: WinArenaSettings, host: Host | None = None, *, workers: int = 1
) -> list[Problem]:
    """Return every reason why so many such arenas cannot be started here; empty when they can."""
    host = host or Host(this_machine())
    docker = Docker(settings.environment)
    problems = list(_client(settings))
    try:
        docker.demand(["version", "--format", "{{.Server.Version}}"])
    except ArenaError as error:
        fix = "Start the engine, and let this user reach it (docker group or DOCKER_HOST)."
        return [*problems, Problem("docker", f"does not answer ({error})", fix)]
    if settings.container:
        return [*problems, *_attached(settings, docker)]
    image = docker.inspect("image", settings.arena.image)
    if image is None:
        fix = f"Run `docker pull {settings.arena.image}` or build it."
        problems.append(Problem(f"--image {settings.arena.image}", "is not on this machine", fix))
    if image is None or not is_simulated(image):
        problems += [*_kvm(host.kvm), *_guest(settings, host.machine, workers)]
        problems += _storage(settings)
    return problems


def is_simulated(image: dict[str, Any]) -> bool:
    """Whether an image (as ``docker image inspect`` shows it) is the stand-in's."""
    labels = (image.get("Config") or {}).get("Labels") or {}
    return bool(labels.get(commands.LABEL_SIMULATED) == "true")


def _kvm(device: Path) -> Iterator[Problem]:
    if not device.exists():
        fix = "Use a machine with nested virtualization (Azure: Dsv3, Ddsv5 …), or load kvm_intel."
        yield Problem(str(device), "is missing: Windows would crawl", fix)
    elif not os.access(device, os.R_OK | os.W_OK):
        yield Problem(str(device), "is not open to this user", "Add the user to the kvm group.")


def _guest(settings: WinArenaSettings, machine: Machine, workers: int) -> Iterator[Problem]:
    arena = settings.arena
    each = f" for each of {workers} workers" if workers > 1 else ""
    if arena.guest_cores * workers > machine.cores:
        what = f"is {arena.guest_cores}{each}, this machine has {machine.cores}"
        yield Problem("--guest-cores", what, _at_most(machine.cores // workers, workers))
    if arena.guest_ram_gb * workers + _HOST_RAM_GB > machine.ram_gb:
        most = int((machine.ram_gb - _HOST_RAM_GB) / workers)
        what = f"is {arena.guest_ram_gb} GiB{each}, this machine has {machine.ram_gb:.1f}"
        yield Problem("--guest-ram", what, _at_most(most, workers))
    if arena.shm_gb > machine.ram_gb:
        what = f"is {arena.shm_gb} GiB, this machine has {machine.ram_gb:.1f} of memory"
        yield Problem("--shm-size", what, _at_most(int(machine.ram_gb), 1))


def _at_most(limit: int, workers: int) -> str:
    """Return what to do about a limit; one below 1 can be met by no number."""
    if limit >= 1:
        return f"Give at most {limit}."
    return "Ask for fewer --workers, or use a larger machine." if workers > 1 else _LARGER


_LARGER = "Use a larger machine."


def _storage(settings: WinArenaSettings) -> Iterator[Problem]:
    storage = settings.storage
    if storage is None:
        yield Problem("--storage", "is missing", "Name the directory of the golden image.")
        return
    where = f"--storage {storage}"
    if not (storage / DISK).is_file():
        fix = "Prepare the golden image there first (entry.sh --prepare-image true)."
        yield Problem(where, f"holds no {DISK}", fix)
        return
    wanted = settings.golden_digest
    if wanted and golden_digest(storage) != wanted:
        what = f"is {golden_digest(storage)}, the plan names {wanted}"
        yield Problem(where, what, "Use the golden image that the run was planned with.")
    yield from _room(storage, settings.storage_copy or storage)


def _room(storage: Path, copy: Path) -> Iterator[Problem]:
    parent = copy.parent
    if not (parent.is_dir() and os.access(parent, os.W_OK)):
        yield Problem(str(parent), "cannot be written to", "Windows runs on a copy made there.")
        return
    size = sum(path.stat().st_blocks * 512 for path in storage.iterdir() if path.is_file())
    needed = _WRITTEN_GB * _GIB + (0 if can_reflink(parent) else size)
    free = shutil.disk_usage(parent).free
    if free < needed:
        what = (
            f"has {free / _GIB:.0f} GiB free, a copy of the golden image needs {needed / _GIB:.0f}"
        )
        yield Problem(str(parent), what, "Free some, or use XFS or btrfs, which copy by reference.")


def _client(settings: WinArenaSettings) -> Iterator[Problem]:
    client = settings.client
    if client is not None and not (client / "run.py").is_file():
        fix = "Point it at the directory that holds run.py."
        yield Problem(f"--client {client}", "is no client tree (no run.py in it)", fix)
    if settings.requirements and not (client and (client / settings.requirements).is_file()):
        fix = "Name a file inside the client tree."
        yield Problem(f"--requirements {settings.requirements}", "is not in the client tree", fix)
    if client is not None:
        agent = settings.agent
        yield from profile_problems(agent.client_profile, client, agent.client_args)
    for path in (settings.scratch, settings.storage_copy, client):
        if path is not None and "," in str(path):
            yield Problem(str(path), "holds a comma, which a mount cannot", "Rename it.")


def _attached(settings: WinArenaSettings, docker: Docker) -> Iterator[Problem]:
    where = f"--container {settings.container}"
    result = docker.inspect("container", settings.container)
    if result is None or not result["State"]["Running"]:
        yield Problem(where, "is not running", "Start it, or leave the option out.")
    elif inside_path(result, settings.scratch) is None:
        fix = f"Start it with --volume DIR:{commands.DESK_MOUNT} and keep the scratch below DIR."
        yield Problem(where, f"does not mount {settings.scratch}", fix)


def inside_path(container: dict[str, Any], path: Path) -> str | None:
    """Return where a container (as ``docker container inspect`` shows it) mounts a host's path."""
    absolute = path.resolve()
    for mount in container.get("Mounts") or []:
        source = Path(str(mount.get("Source", ""))).resolve()
        if mount.get("Type") == "bind" and absolute.is_relative_to(source):
            return str(Path(str(mount["Destination"])) / absolute.relative_to(source))
    return None
