"""The real ``az`` and ``gh``, signed in to a world, and ``scripts/azure-setup`` run with them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.azgh.world.catalogue import SUBSCRIPTION
from tests.azgh.world.entra import TENANT
from tests.azgh.world.github import TOKEN
from tests.tiers import ROOT, azgh_programs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HERE = Path(__file__).parent
SCRIPT = ROOT / "scripts" / "azure-setup"


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it said."""

    status: int
    out: str
    err: str

    @property
    def commands(self) -> list[str]:
        """What it showed that it ran."""
        return [line[2:] for line in self.out.splitlines() if line.startswith("+ ")]


@dataclass(frozen=True)
class Programs:
    """Both programs on a path of their own, and a home that knows their logins."""

    root: Path
    az_socket: Path

    @property
    def world_socket(self) -> Path:
        return self.root / "world"

    @property
    def path(self) -> Path:
        return self.root / "bin"

    @property
    def environment(self) -> Mapping[str, str]:
        return {
            "PATH": f"{self.path}:{os.defpath}",
            "HOME": str(self.root),
            "AZGH_AZ": str(self.az_socket),
            "AZGH_WORLD": str(self.world_socket),
            "AZURE_CONFIG_DIR": str(self.root / "azure"),
            "AZURE_CORE_COLLECT_TELEMETRY": "0",
            "GH_CONFIG_DIR": str(self.root / "gh"),
            "GH_TOKEN": TOKEN,
            "GH_NO_UPDATE_NOTIFIER": "1",
            "AZURE_SETUP_PAUSE": "0",
        }

    def run(self, *words: str | Path, **environment: str) -> Done:
        """Run a command with both programs on its path."""
        done = subprocess.run(
            [str(word) for word in words],
            env={**self.environment, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        return Done(done.returncode, done.stdout, done.stderr)


@contextmanager
def warm_az(root: Path) -> Iterator[Path]:
    """Start the process that serves every call of ``az``; yield its socket."""
    programs = azgh_programs()
    assert programs is not None
    socket = root / "az"
    server = subprocess.Popen(
        [str(programs / "python"), str(HERE / "az_server.py"), str(socket)],
        # Nothing of this environment: above all not that Python keeps no compiled files, which
        # would cost 30 s of CPU each time.
        env={"PATH": os.defpath},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout is not None
        assert server.stdout.readline() == "ready\n"
        yield socket
    finally:
        server.terminate()
        server.wait(30)
        assert server.stdout is not None
        server.stdout.close()


def prepare(root: Path, az_socket: Path, signed_in: Path | None = None) -> Programs:
    """Lay out a directory; ``signed_in`` is another's, whose az has a login to copy."""
    bin_directory = root / "bin"
    bin_directory.mkdir(parents=True)
    path = azgh_programs()
    assert path is not None
    (bin_directory / "python3").symlink_to(sys.executable)
    (bin_directory / "az").symlink_to(HERE / "az")
    (bin_directory / "gh").symlink_to(path / "gh")
    (root / "gh").mkdir()
    (root / "gh" / "config.yml").write_text(f"version: 1\nhttp_unix_socket: {root / 'world'}\n")
    if signed_in is not None:
        shutil.copytree(signed_in / "azure", root / "azure")
    return Programs(root, az_socket)


def sign_in(programs: Programs) -> None:
    """Let az sign in as a service principal, by its own ``az login``."""
    done = programs.run(
        *("az", "login", "--service-principal", "--username", SUBSCRIPTION, "--tenant", TENANT),
        *("--password", "a-password"),
    )
    assert done.status == 0, done.err
