"""What a container's own files say: where its guest is, and which flags its client takes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orchestrator.arena.winarena import docker_commands as commands
from orchestrator.arena.winarena.client_profile import profile_of

if TYPE_CHECKING:
    from orchestrator.arena.winarena.client_profile import ClientProfile
    from orchestrator.arena.winarena.docker_cli import Docker

ENTRY_SETUP = "/entry_setup.sh"

_PROBED = re.compile(r"\b((?:\d{1,3}\.){3}\d{1,3}):5000/probe")


def address_in(text: str) -> str:
    """Return the address that a container's ``entry_setup.sh`` waits for; empty without one.

    Images on a newer dockurr/windows have their guest at 172.30.0.2.
    """
    match = _PROBED.search(text)
    return match.group(1) if match else ""


@dataclass(slots=True)
class ContainerFacts:
    """Reads a container's files once. ``given`` and ``profile`` are what the user asked for."""

    docker: Docker
    given: str
    profile: str
    _address: dict[str, str] = field(default_factory=dict)
    _client: dict[str, ClientProfile] = field(default_factory=dict)

    def guest(self, container: str) -> str:
        """Return the guest's address: given, else the image's, else the stock one."""
        if self.given:
            return self.given
        if container not in self._address:
            result = address_in(self._read(container, ENTRY_SETUP))
            self._address[container] = result or commands.GUEST_HTTP[0]
        return self._address[container]

    def client(self, container: str) -> ClientProfile:
        """Return the profile of the client that the container has."""
        if container not in self._client:
            text = self._read(container, f"{commands.CLIENT_MOUNT}/run.py")
            self._client[container] = profile_of(self.profile, text)
        return self._client[container]

    def _read(self, container: str, path: str) -> str:
        reply = self.docker.call(["exec", container, "cat", path])
        return reply.output if reply.status == 0 else ""
