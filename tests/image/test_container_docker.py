"""What a real container of a real Docker reaches, the daemon in a network of its own.

The machine's rules are put in as its unit does (systemd/docker.conf), before each start of the
daemon; Azure's two addresses answer from a network beyond. In ``machine/`` all of it is booted.
"""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
import tarfile
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.image.machine import BIN, IMAGE
from tests.image.test_container_network import AGENT, METADATA, SERVER, SSH

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.docker

_NETWORKS = """
for one in machine azure; do ip netns add $1-$one; ip -n $1-$one link set lo up; done
ip -n $1-machine link add uplink type veth peer name eth0 netns $1-azure
ip -n $1-machine address add 10.99.0.1/24 dev uplink
ip -n $1-machine link set uplink up
ip -n $1-azure address add 10.99.0.2/24 dev eth0
ip -n $1-azure address add 169.254.169.254/32 dev eth0
ip -n $1-azure address add 168.63.129.16/32 dev eth0
ip -n $1-azure link set eth0 up
ip -n $1-azure route add default via 10.99.0.1
for to in 169.254.169.254 168.63.129.16; do ip -n $1-machine route add $to/32 via 10.99.0.2; done
"""
_ASKED = {
    "metadata": (METADATA, "80"),
    "agent": (AGENT, "80"),
    "plug-in": (AGENT, "32526"),
    "machine": ("172.17.0.1", str(SSH)),
    "dns": (AGENT, "53", "udp"),
}


@dataclass(frozen=True)
class Machine:
    """The networks of ``name``, and a Docker in them that keeps everything in ``root``."""

    name: str
    root: Path

    def within(self, where: str, *command: str) -> list[str]:
        return ["nsenter", f"--net=/run/netns/{self.name}-{where}", *command]

    @contextlib.contextmanager
    def running(self, words: list[str]) -> Iterator[None]:
        quiet = subprocess.DEVNULL
        with subprocess.Popen(words, stdout=quiet, stderr=quiet) as process:
            try:
                yield
            finally:
                process.terminate()

    @contextlib.contextmanager
    def docker(self, *, rules: bool) -> Iterator[None]:
        if rules:
            subprocess.run(self.within("machine", str(BIN / "waa-container-network")), check=True)
        places = (("--data-root", "data"), ("--exec-root", "exec"), ("--pidfile", "pid"))
        words = [word for flag, name in places for word in (flag, str(self.root / name))]
        with self.running(self.within("machine", "dockerd", *words, "--host", self.host)):
            deadline = time.monotonic() + 120
            while self.call("version").returncode:
                assert time.monotonic() < deadline, "dockerd does not answer"
                time.sleep(0.2)
            yield

    @property
    def host(self) -> str:
        return f"unix://{self.root}/sock"

    def call(self, *words: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        command = ["docker", "--host", self.host, *words]
        return subprocess.run(command, input=stdin, capture_output=True, check=False, timeout=120)

    def inside(self, *command: str) -> str:
        """Run this machine's own programs in a container: its files are empty, its network not."""
        kept = ("/usr", "/lib", "/lib64")
        shared = [f"type=bind,source={entry},target={entry},readonly" for entry in kept]
        shared.append(f"type=bind,source={SERVER},target=/ask.py,readonly")
        mounts = [word for mount in shared for word in ("--mount", mount)]
        flags = ("--rm", "--dns", AGENT, "--security-opt", "apparmor=unconfined")
        done = self.call("run", *flags, *mounts, "empty", *command)
        return done.stdout.decode().strip()

    def reached(self) -> dict[str, str]:
        asks = {what: self.inside("python3", "/ask.py", "ask", *to) for what, to in _ASKED.items()}
        return asks | {"names": self.inside("getent", "ahostsv4", "waa.example")[:8]}


@pytest.fixture
def machine() -> Iterator[Machine]:
    # containerd's sockets lie below, and a socket's path has at most 107 characters.
    with tempfile.TemporaryDirectory(prefix="waa", ignore_cleanup_errors=True) as root:
        yield from _machine(Path(root))


def _machine(root: Path) -> Iterator[Machine]:
    made = Machine(f"wd{id(root):x}"[-10:], root)
    subprocess.run(["sh", "-euc", _NETWORKS, "sh", made.name], check=True, capture_output=True)
    with contextlib.ExitStack() as stack:
        for where in ("azure", "machine"):
            stack.callback(
                subprocess.run, ["ip", "netns", "delete", f"{made.name}-{where}"], check=False
            )
        program = (sys.executable, str(SERVER), "serve")
        stack.enter_context(made.running(made.within("azure", *program)))
        stack.enter_context(made.running(made.within("machine", *program, str(SSH))))
        yield made


def _empty_image() -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        entry = tarfile.TarInfo("etc")
        entry.type = tarfile.DIRTYPE
        tar.addfile(entry)
    return data.getvalue()


def test_a_container_reaches_names_alone_and_without_the_rules_everything(machine: Machine) -> None:
    answered = dict.fromkeys(_ASKED, "answered") | {"names": "10.1.2.3"}
    closed = dict.fromkeys(("metadata", "agent", "plug-in", "machine"), "nothing")
    with machine.docker(rules=False):
        made = machine.call("import", "-", "empty", stdin=_empty_image())
        assert made.returncode == 0, made.stderr
        assert machine.reached() == answered
    for _start in ("first", "again"):
        with machine.docker(rules=True):
            assert machine.reached() == answered | closed


def test_dockers_own_unit_does_not_start_without_the_rules() -> None:
    dropped_in = (IMAGE / "systemd" / "docker.conf").read_text()
    assert "\nExecStartPre=/opt/waa-matrix/bin/waa-container-network\n" in dropped_in
    installed = (IMAGE / "provision" / "20-machine.sh").read_text()
    assert "/etc/systemd/system/docker.service.d/waa-matrix.conf" in installed
