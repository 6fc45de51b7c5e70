"""One client at work in the container, and how it is ended without touching Windows."""

from __future__ import annotations

import contextlib
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.arena.winarena import docker_commands as commands
from orchestrator.arena.winarena import task_processes
from orchestrator.errors import ArenaError

if TYPE_CHECKING:
    from orchestrator.arena.winarena.client_call import Desk
    from orchestrator.arena.winarena.docker_cli import Docker

_EXEC_S = 10.0
_REST_GRACE_S = 2.0
_REAP_S = 2.0


class WinArenaTask:
    """A ``docker exec`` of the client.

    Ending the docker command would leave the client alive inside, so its processes are found and
    ended in the container, by the mark they carry; also what a client that has ended left behind.
    """

    def __init__(
        self,
        docker: Docker,
        call: commands.ClientCall,
        place: str,
        process: subprocess.Popen[bytes],
        desk: Desk,
    ) -> None:
        self._docker = docker
        self._call = call
        self._place = place
        self._process = process
        self._desk = desk
        self._tidy = False

    @property
    def results(self) -> Path:
        """The directory of the result tree, as the host sees it."""
        return self._desk.results

    @property
    def output(self) -> Path:
        """The file with what the client printed."""
        return self._desk.output

    def poll(self) -> int | None:
        """Return the client's exit status, or None while it runs.

        When it has ended, what it detached is ended too, once, before the status is returned.
        """
        status = self._process.poll()
        if status is not None and not self._tidy:
            with contextlib.suppress(ArenaError):  # a dead container holds nothing to tidy
                self._end(_REST_GRACE_S)
        return status

    def kill(self, grace_s: float) -> bool:
        """End the client's process tree inside; True once nothing of it is left."""
        try:
            gone = self._end(grace_s)
        except ArenaError:
            gone = False
        self.forget()
        return gone or self._container_is_gone()

    def forget(self) -> None:
        """Let go of the docker command; the container decides what becomes of the client."""
        self._tidy = True
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(0.1)
        if self._process.poll() is None:
            self._process.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_REAP_S)

    def _end(self, grace_s: float) -> bool:
        self._tidy = True
        program = Path(task_processes.__file__).read_text(encoding="utf-8")
        command = commands.run_script(self._call.container, [self._call.mark, f"{grace_s:g}"])
        reply = self._docker.call(command, timeout_s=grace_s + _EXEC_S, text=program)
        if os.getuid() != 0:
            owner = os.getuid(), os.getgid()
            self._docker.call(commands.give_to(self._call.container, self._place, *owner))
        return reply.status == 0

    def _container_is_gone(self) -> bool:
        try:
            result = self._docker.inspect("container", self._call.container)
        except ArenaError:
            return False
        return result is None or not result["State"]["Running"]
