"""A real Azurite on loopback: the object store of the tests that must not be a fake."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.store import Store, StoreCredentials, open_store
from tests.tiers import azurite_command

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ACCOUNT = "devstoreaccount1"
# Azurite's documented development key; it opens nothing else.
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
_PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Azurite:
    """A running blob server."""

    port: int

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}/{ACCOUNT}"

    @property
    def url(self) -> str:
        """The ``--store`` of this server."""
        return f"az://{ACCOUNT}?endpoint={self.endpoint}"

    def open(self, run: str, *, timeout_s: float = 10.0) -> Store:
        """Open a run's container, made if it is not there."""
        return open_store(
            self.url, run, StoreCredentials(key=KEY), timeout_s=timeout_s, create=True
        )


@contextlib.contextmanager
def running(directory: Path, *more: str) -> Iterator[Azurite]:
    """Run a server over ``directory`` until the block ends; ``more`` goes to its command line."""
    command = azurite_command()
    assert command is not None
    port = free_port()
    arguments = ["--silent", "--disableTelemetry", "--skipApiVersionCheck"]
    arguments += ["--blobHost", "127.0.0.1", "--blobPort", str(port), "--location", str(directory)]
    arguments += more
    with (directory / "azurite.log").open("wb") as log:
        process = subprocess.Popen([command, *arguments], stdout=log, stderr=log)
    try:
        _await(port, process)
        yield Azurite(port)
    finally:
        process.terminate()
        process.wait(30)


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        assert process.poll() is None, "Azurite ended at once"
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1.0):
            return
        time.sleep(0.05)
    raise AssertionError("Azurite does not answer")
