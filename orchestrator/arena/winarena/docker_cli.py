"""The ``docker`` command line as a port to the engine: every call bounded, every failure told."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from orchestrator.errors import ArenaError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

DEFAULT_ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
TIMEOUT_S = 60.0
_SHOWN = 600


@dataclass(frozen=True, slots=True)
class DockerReply:
    """What a call printed, and its exit status."""

    status: int
    output: str
    errors: str

    @property
    def complaint(self) -> str:
        """The end of what it said on standard error, or else on standard output."""
        return (self.errors.strip() or self.output.strip())[-_SHOWN:]


@dataclass(frozen=True, slots=True)
class Docker:
    """The engine that ``environment`` (PATH, HOME, DOCKER_HOST …) leads the command to."""

    environment: Mapping[str, str] = field(default_factory=lambda: DEFAULT_ENVIRONMENT)
    program: str = "docker"

    def call(
        self, arguments: Sequence[str], *, timeout_s: float = TIMEOUT_S, text: str = ""
    ) -> DockerReply:
        """Run one command to its end, with ``text`` on its standard input.

        Raises:
            ArenaError: There is no ``docker`` command, or it took too long.
        """
        try:
            done = subprocess.run(
                [self.program, *arguments],
                input=text.encode(),
                capture_output=True,
                timeout=timeout_s,
                env=dict(self.environment),
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise ArenaError(
                f"docker {arguments[0]} took more than {timeout_s:g} s. The engine or its disk is "
                "overloaded; look at `docker info` and the engine's log."
            ) from error
        except OSError as error:
            raise ArenaError(
                f"The docker command cannot be run ({error}). Install Docker, or put it in PATH."
            ) from error
        return DockerReply(
            done.returncode,
            done.stdout.decode(errors="replace"),
            done.stderr.decode(errors="replace"),
        )

    def demand(
        self, arguments: Sequence[str], *, timeout_s: float = TIMEOUT_S, text: str = ""
    ) -> str:
        """Run one command that must succeed and return what it printed.

        Raises:
            ArenaError: As ``call``, and when it fails.
        """
        reply = self.call(arguments, timeout_s=timeout_s, text=text)
        if reply.status != 0:
            raise ArenaError(
                f"docker {arguments[0]} failed with status {reply.status}: {reply.complaint}"
            )
        return reply.output

    def launch(
        self, arguments: Sequence[str], secrets: Mapping[str, str], output: Path
    ) -> subprocess.Popen[bytes]:
        """Start a command that goes on; both its outputs go to the file ``output``.

        ``secrets`` reach the command by its environment, for ``-e NAME`` to pick up.

        Raises:
            ArenaError: It cannot be started.
        """
        with output.open("wb") as sink:
            try:
                return subprocess.Popen(
                    [self.program, *arguments],
                    stdin=subprocess.DEVNULL,
                    stdout=sink,
                    stderr=subprocess.STDOUT,
                    env={**self.environment, **secrets},
                    start_new_session=True,
                )
            except OSError as error:
                raise ArenaError(f"The docker command cannot be run ({error}).") from error

    def inspect(self, kind: str, name: str) -> dict[str, Any] | None:
        """Return what the engine knows of an ``image`` or ``container``; None if there is none.

        Raises:
            ArenaError: The engine does not answer.
        """
        reply = self.call([kind, "inspect", name])
        if reply.status != 0:
            if "no such" in reply.complaint.lower():
                return None
            raise ArenaError(
                f"docker {kind} inspect failed with status {reply.status}: {reply.complaint}"
            )
        results: list[dict[str, Any]] = json.loads(reply.output)
        return results[0]
