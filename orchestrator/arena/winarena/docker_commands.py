"""Every docker command line of the winarena arena, built from values. Pure.

The facts behind the flags: Windows Agent Arena at commit 6d39ed88c545a0d40a7a02e39b928e278df7332b,
``scripts/run.sh`` and ``src/win-arena-container/entry.sh``.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orchestrator.arena.winarena.task_processes import VARIABLE as MARK_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from orchestrator.arena.winarena.machine import Owner

LABEL_RUN = "waa-matrix.run"
LABEL_WORKER = "waa-matrix.worker"
LABEL_PID = "waa-matrix.pid"
LABEL_PID_START = "waa-matrix.pid-start"
LABEL_BOOT = "waa-matrix.boot"
LABEL_STORAGE = "waa-matrix.storage"
LABEL_SIMULATED = "waa-matrix.simulated"

DESK_MOUNT = "/waa-matrix"
"""Where the worker's directory of attempts appears inside the container."""
CLIENT_MOUNT = "/client"
STORAGE_MOUNT = "/storage"
VENV = "/waa-matrix-venv"

GUEST_HTTP = ("20.20.20.21", 5000)
"""Where the stock image has its guest; another image says so itself (``winarena_guest``)."""
GUEST_QMP = ("127.0.0.1", 7200)
WEB_PORT, RDP_PORT = 8006, 3389

# Of the client's tree, what it writes to by relative names is not shared between attempts.
_PRIVATE = ("cache", "results", "settings.json")


@dataclass(frozen=True, slots=True)
class Container:
    """One container to run. Paths are the host's; an empty one is not mounted.

    ``owner`` is the worker's process: when it is dead, the container is nobody's. ``variables`` are
    plain settings, never keys.
    """

    name: str
    image: str
    run: str
    worker: str
    owner: Owner
    cores: int
    ram_gb: int
    shm_gb: int
    desk: str
    storage: str = ""
    client: str = ""
    kvm: bool = True
    variables: Mapping[str, str] = field(default_factory=dict)


def container_name(worker: str) -> str:
    """Return the name of a worker's container; ids are unique, and so are names."""
    return "waa-matrix-" + re.sub(r"[^A-Za-z0-9_.-]", "-", worker)


def run_container(container: Container) -> list[str]:
    """Return the command that starts Windows and runs no client."""
    labels = {
        LABEL_RUN: container.run,
        LABEL_WORKER: container.worker,
        LABEL_PID: container.owner.pid,
        LABEL_PID_START: container.owner.started,
        LABEL_BOOT: container.owner.boot,
        LABEL_STORAGE: container.storage,
    }
    settings = {
        "RAM_SIZE": f"{container.ram_gb}G",
        "CPU_CORES": str(container.cores),
        **container.variables,
    }
    return [
        *("run", "--detach", "--name", container.name),
        *_each("--label", (f"{key}={value}" for key, value in labels.items())),
        *("--platform", "linux/amd64", "--pull", "never"),
        *(("--device", "/dev/kvm") if container.kvm else ()),
        # Without NET_ADMIN the guest is unreachable though the container looks up.
        *("--cap-add", "NET_ADMIN"),
        *("--shm-size", f"{container.shm_gb}g"),
        *_each("--env", (f"{key}={value}" for key, value in settings.items())),
        *_each("--publish", (f"127.0.0.1::{port}" for port in (WEB_PORT, RDP_PORT))),
        *_each("--mount", _mounts(container)),
        *("--stop-timeout", "120", "--entrypoint", "/bin/bash", container.image),
        *("-c", shlex.join(entry_command())),
    ]


def entry_command() -> list[str]:
    """Return entry.sh with flags it knows: an unknown one would make it loop for ever."""
    flags = {
        "--prepare-image": "false",
        "--start-client": "false",
        "--clean-results": "false",
        "--worker-id": "0",
        "--num-workers": "1",
    }
    return ["./entry.sh", *(word for pair in flags.items() for word in pair)]


def _mounts(container: Container) -> list[str]:
    mounts = [f"type=bind,source={container.desk},target={DESK_MOUNT}"]
    if container.storage:
        mounts.append(f"type=bind,source={container.storage},target={STORAGE_MOUNT}")
    if container.client:
        # Read-only: the plan names the tree's digest, and no attempt may change the next one's.
        mounts.append(f"type=bind,source={container.client},target={CLIENT_MOUNT},readonly")
    return mounts


@dataclass(frozen=True, slots=True)
class ClientCall:
    """One run of the client. ``work`` is the attempt's directory inside the container.

    ``secrets`` are names of variables; their values never stand in a command line.
    """

    container: str
    mark: str
    work: str
    flags: Sequence[str]
    secrets: Iterable[str] = ()
    venv: bool = False


def run_client(call: ClientCall) -> list[str]:
    """Return the command that runs the client on one task, in a working directory of its own."""
    python = f"{VENV}/bin/python" if call.venv else "python"
    return [
        *("exec", "--workdir", call.work, "--env", f"{MARK_VARIABLE}={call.mark}"),
        *_each("--env", sorted(call.secrets)),
        *(call.container, "/bin/sh", "-c", _IN_PRIVATE, "client", python, *call.flags),
    ]


# A farm of links: the client finds its tree by relative names, and writes beside the links.
# `$1` is the interpreter, the rest are the client's flags.
_IN_PRIVATE = (
    f'for each in {CLIENT_MOUNT}/*; do name=${{each##*/}}; case "$name" in '
    f'{"|".join(_PRIVATE)}) ;; *) [ -e "$name" ] || ln -s "$each" "$name" ;; esac; done; '
    f"if [ -f {CLIENT_MOUNT}/settings.json ]; then cp {CLIENT_MOUNT}/settings.json .; fi; "
    'mkdir -p cache; python=$1; shift; exec "$python" run.py "$@"'
)


def run_script(container: str, arguments: Sequence[str]) -> list[str]:
    """Return the command that feeds a Python program on standard input to the container."""
    return ["exec", "--interactive", container, "python", "-", *arguments]


def probe_arguments(guest: str) -> list[str]:
    """Return the arguments of ``guest_probe`` for a guest at this address."""
    return [guest, str(GUEST_HTTP[1]), GUEST_QMP[0], str(GUEST_QMP[1])]


def guest_flags(guest: str) -> list[str]:
    """Return the client's flag for a guest elsewhere than where the client looks by itself.

    It comes before the user's own, which win.
    """
    return [] if guest == GUEST_HTTP[0] else ["--emulator_ip", guest]


def give_to(container: str, path: str, user: int, group: int) -> list[str]:
    """Return the command that gives what the client wrote as root to the worker's user."""
    return ["exec", container, "chown", "-R", f"{user}:{group}", path]


def make_venv(container: str, requirements: str) -> list[str]:
    """Return the command that installs a fork's requirements beside the image's own packages."""
    script = (
        f"python -m venv --system-site-packages {VENV} && "
        f'{VENV}/bin/python -m pip install --disable-pip-version-check -r "$1"'
    )
    return ["exec", container, "/bin/sh", "-c", script, "venv", requirements]


def remove(container: str) -> list[str]:
    """Return the command that kills and removes: entry.sh does not heed a polite stop."""
    return ["rm", "--force", "--volumes", container]


def list_ours() -> list[str]:
    """Return the command that lists every container a worker started, one a line."""
    labels = (LABEL_WORKER, LABEL_PID, LABEL_PID_START, LABEL_BOOT, LABEL_STORAGE)
    columns = "\t".join(["{{.Names}}", *(f'{{{{.Label "{label}"}}}}' for label in labels)])
    return ["ps", "--all", "--no-trunc", "--filter", f"label={LABEL_WORKER}", "--format", columns]


def _each(flag: str, values: Iterable[str]) -> list[str]:
    return [word for value in values for word in (flag, value)]
