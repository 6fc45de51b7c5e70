"""A real Azurite on loopback: the object store of the tests that must not be a fake."""

from __future__ import annotations

import contextlib
import re
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
_LISTENS = re.compile(r"successfully listens on https?://[0-9.]+:([0-9]+)")


@dataclass(frozen=True, slots=True)
class Azurite:
    """A running blob server."""

    port: int
    host: str = "127.0.0.1"

    @property
    def endpoint(self) -> str:
        return f"http://{self.host}:{self.port}/{ACCOUNT}"

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
def running(directory: Path, *more: str, host: str = "127.0.0.1") -> Iterator[Azurite]:
    """Run a server over ``directory`` until the block ends; ``more`` goes to its command line.

    It takes a port of its own choice and says which: a port that was free a moment ago need not be.
    """
    command = azurite_command()
    assert command is not None
    arguments = ["--silent", "--disableTelemetry", "--skipApiVersionCheck"]
    arguments += ["--blobHost", host, "--blobPort", "0", "--location", str(directory)]
    arguments += more
    log = directory / "azurite.log"
    with log.open("wb") as stream:
        process = subprocess.Popen([command, *arguments], stdout=stream, stderr=stream)
    try:
        yield Azurite(_port_said(log, process), host)
    finally:
        process.terminate()
        process.wait(30)


def _port_said(log: Path, process: subprocess.Popen[bytes]) -> int:
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        assert process.poll() is None, f"Azurite ended at once: {log.read_text()}"
        match = _LISTENS.search(log.read_text())
        if match is not None:
            return int(match.group(1))
        time.sleep(0.05)
    raise AssertionError(f"Azurite does not listen: {log.read_text()}")
