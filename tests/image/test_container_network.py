"""What containers reach by the machine's own rules, over three networks of this kernel.

A container's packets are forwarded by the machine to Azure's addresses, as they are on Azure. The
whole, with Docker, is booted in ``machine/``.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.image.machine import BIN, REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.docker  # root, iptables, and a kernel that makes networks

SERVER = REPOSITORY / "tests" / "machine" / "guest" / "azure_addresses.py"
METADATA, AGENT = "169.254.169.254", "168.63.129.16"
MACHINE, CONTAINER = "172.17.0.1", "172.17.0.2"
SSH, SCREEN = 22, 8006

_NETWORKS = """
for one in machine container azure; do ip netns add $1-$one; ip -n $1-$one link set lo up; done
ip -n $1-machine link add docker0 type veth peer name eth0 netns $1-container
ip -n $1-machine link add uplink type veth peer name eth0 netns $1-azure
ip -n $1-machine address add 172.17.0.1/16 dev docker0
ip -n $1-machine address add 10.99.0.1/24 dev uplink
ip -n $1-container address add 172.17.0.2/16 dev eth0
ip -n $1-azure address add 10.99.0.2/24 dev eth0
ip -n $1-azure address add 169.254.169.254/32 dev eth0
ip -n $1-azure address add 168.63.129.16/32 dev eth0
for one in docker0 uplink; do ip -n $1-machine link set $one up; done
for one in container azure; do ip -n $1-$one link set eth0 up; done
ip -n $1-container route add default via 172.17.0.1
ip -n $1-azure route add default via 10.99.0.1
for to in 169.254.169.254 168.63.129.16; do ip -n $1-machine route add $to/32 via 10.99.0.2; done
ip netns exec $1-machine sysctl -qw net.ipv4.ip_forward=1
"""
# What Docker does when it starts: it keeps a chain that is there, and asks it first.
_DOCKER = """
iptables -N DOCKER-USER 2>/dev/null || true
iptables -C DOCKER-USER -j RETURN 2>/dev/null || iptables -A DOCKER-USER -j RETURN
while iptables -D FORWARD -j DOCKER-USER 2>/dev/null; do :; done
iptables -I FORWARD -j DOCKER-USER
"""


class Networks:
    """A machine with a container, and Azure beyond it."""

    def __init__(self, name: str) -> None:
        self.name = name

    def inside(self, where: str, *command: str) -> str:
        words = ["ip", "netns", "exec", f"{self.name}-{where}", *command]
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    @contextlib.contextmanager
    def serving(self, where: str, *program: str) -> Iterator[None]:
        words = ["ip", "netns", "exec", f"{self.name}-{where}", sys.executable, "-u", *program]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
            assert server.stdout is not None
            assert b"erving" in server.stdout.readline()
            yield
            server.kill()

    def docker_starts(self) -> None:
        self.inside("machine", str(BIN / "waa-container-network"))
        self.inside("machine", "sh", "-euc", _DOCKER)

    def asks(self, where: str, address: str, port: int, kind: str = "tcp") -> str:
        return self.inside(where, sys.executable, str(SERVER), "ask", address, str(port), kind)


@pytest.fixture
def networks(request: pytest.FixtureRequest) -> Iterator[Networks]:
    made = Networks(f"waa{id(request):x}"[-10:])
    subprocess.run(["sh", "-euc", _NETWORKS, "sh", made.name], check=True, capture_output=True)
    with contextlib.ExitStack() as stack:
        for where in ("container", "azure", "machine"):
            delete = ["ip", "netns", "delete", f"{made.name}-{where}"]
            stack.callback(subprocess.run, delete, check=False)
        stack.enter_context(made.serving("azure", str(SERVER), "serve"))
        stack.enter_context(made.serving("machine", str(SERVER), "serve", str(SSH)))
        stack.enter_context(made.serving("container", str(SERVER), "serve", str(SCREEN)))
        yield made


def reached(networks: Networks) -> dict[str, str]:
    asked = {
        "metadata": (METADATA, 80, "tcp"),
        "metadata by 53": (METADATA, 53, "udp"),
        "agent": (AGENT, 80, "tcp"),
        "plug-in": (AGENT, 32526, "tcp"),
        "names": (AGENT, 53, "udp"),
        "names by tcp": (AGENT, 53, "tcp"),
    }
    return {name: networks.asks("container", *where) for name, where in asked.items()}


def test_without_the_rules_a_container_reaches_everything(networks: Networks) -> None:
    networks.inside("machine", "sh", "-euc", _DOCKER)
    assert set(reached(networks).values()) == {"answered"}


def test_a_container_reaches_the_names_and_nothing_else_however_often_docker_starts(
    networks: Networks,
) -> None:
    networks.docker_starts()
    first = reached(networks)
    assert {name for name, said in first.items() if said == "answered"} == {"names", "names by tcp"}
    networks.docker_starts()
    assert reached(networks) == first
    rules = networks.inside("machine", "iptables", "-S", "DOCKER-USER").splitlines()
    assert rules == ["-N DOCKER-USER", "-A DOCKER-USER -j WAA-AZURE", "-A DOCKER-USER -j RETURN"]


def test_the_machine_itself_still_reaches_them(networks: Networks) -> None:
    networks.docker_starts()
    for address in (METADATA, AGENT):
        assert networks.asks("machine", address, 80) == "answered"


def test_a_container_reaches_nothing_of_its_machine_which_reaches_it(networks: Networks) -> None:
    assert networks.asks("container", MACHINE, SSH) == "answered"  # there is something to reach
    networks.docker_starts()
    assert networks.asks("container", MACHINE, SSH) == "nothing"
    assert networks.asks("machine", CONTAINER, SCREEN) == "answered"
