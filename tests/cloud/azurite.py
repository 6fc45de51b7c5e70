"""A real Azurite over TLS, taking the fake authority's tokens."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import trustme

if TYPE_CHECKING:
    from collections.abc import Iterator

ACCOUNT = "devstoreaccount1"
_PATIENCE_S = 30.0


def find() -> str | None:
    """Azurite's blob server: on the path, or in a node_modules of this or a parent directory."""
    on_path = shutil.which("azurite-blob")
    if on_path is not None:
        return on_path
    for directory in (Path.cwd(), *Path.cwd().parents):
        local = directory / "node_modules" / ".bin" / "azurite-blob"
        if local.exists():
            return str(local)
    return None


@contextlib.contextmanager
def running(command: str, directory: Path) -> Iterator[tuple[str, Path]]:
    """Yield the account's URL and the file of the authority that signed its certificate."""
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    ca_file, key, chain = directory / "az-ca.pem", directory / "az.key", directory / "az.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    issued.private_key_pem.write_to_path(str(key))
    chain.write_bytes(b"".join(part.bytes() for part in issued.cert_chain_pems))
    port = _free_port()
    arguments = ["--blobHost", "127.0.0.1", "--blobPort", str(port), "--inMemoryPersistence"]
    arguments += ["--oauth", "basic", "--cert", str(chain), "--key", str(key), "--silent"]
    with subprocess.Popen(
        [command, *arguments, "--disableTelemetry"],
        cwd=directory,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            _wait(port, process)
            yield f"https://127.0.0.1:{port}/{ACCOUNT}", ca_file
        finally:
            process.terminate()
            process.wait(10)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"Azurite ended with {process.returncode} before it listened")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise RuntimeError("Azurite did not listen in time")
