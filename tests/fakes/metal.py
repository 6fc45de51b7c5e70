"""The inside of the fake cloud's machines as real processes: each takes a job and works it.

A machine that boots lays out the files that its custom data holds, says that it is fit with the
image's own script, connects to the fake GitHub with the configuration it found, and runs the job's
step, ``waa-matrix worker``, in the environment that ``machine.env`` gives it. Whoever takes the
machine away kills its processes: they get no word.
"""

from __future__ import annotations

import base64
import os
import subprocess
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from tests.fakes.arm.world import MACHINE
from tests.fakes.github import LocalRunner
from tests.fakes.inside import ENV_FILE, JIT_FILE, SAS_FILE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.fakes.arm.machines import Booted
    from tests.fakes.arm.server import FakeArm
    from tests.fakes.github import FakeGitHub, JobEntry, RunnerSession

_BIN = Path(__file__).resolve().parents[2] / "runner-image" / "bin"


def lay_out(custom_data: str, root: Path) -> None:
    """Write the files of a cloud-init document below ``root``, with the modes that it names."""
    for entry in yaml.safe_load(custom_data)["write_files"]:
        assert entry["encoding"] == "b64"
        target = root / entry["path"].lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch(mode=0o600)
        target.write_bytes(base64.b64decode(entry["content"]))
        target.chmod(int(entry["permissions"], 8))


@dataclass
class Metal:
    """Plays every machine that boots by real processes.

    ``step`` is the command of a job's one step, given the job and a scratch directory.
    ``environment`` is what the host gives every process of a machine.
    """

    arm: FakeArm
    github: FakeGitHub
    root: Path
    step: Callable[[JobEntry, Path], list[str]]
    environment: Mapping[str, str]
    inside: dict[str, Inside] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.arm.machines.on_boot = self._boot

    def _boot(self, machine: Booted) -> Callable[[], None] | None:
        if JIT_FILE not in machine.custom_data:
            return None  # a machine that a test launched by itself
        inside = Inside(self, machine)
        self.inside[machine.name] = inside
        inside.start()
        return inside.power_off

    @property
    def secrets(self) -> list[str]:
        """Every key and configuration that a machine was given."""
        return [secret for inside in self.inside.values() for secret in inside.secrets]


class Inside:
    """One machine: what it was asked for with, what it was told, the job it took.

    ``exit_code`` is the job's, None while it has none.
    """

    def __init__(self, metal: Metal, machine: Booted) -> None:
        self._metal = metal
        self.root = metal.root / machine.name
        lay_out(machine.custom_data, self.root)
        self._jit, self._sas = (self._file(path) for path in (JIT_FILE, SAS_FILE))
        self.secrets = [file.read_text() for file in (self._jit, self._sas)]
        lines = self._file(ENV_FILE).read_text().splitlines()
        self.facts = dict(line.split("=", 1) for line in lines)
        self.name, self.tags = machine.name, machine.tags
        item = metal.arm.world.find(MACHINE, machine.name)
        assert item is not None
        self.body = dict(item.properties)
        self.arguments: list[str] = []
        self.job: JobEntry | None = None
        self._runner = LocalRunner(self._connect, self._work)
        self._check = threading.Thread(target=self._say_fit, daemon=True)

    @property
    def exit_code(self) -> int | None:
        return self._runner.exit_code

    @property
    def pid(self) -> int | None:
        """The job's process, once there is one."""
        return self._runner.pid

    @property
    def log(self) -> Path:
        """What the job's step printed."""
        return self.root / "job.log"

    @property
    def scratch(self) -> Path:
        return self.root / "scratch"

    def start(self) -> None:
        self._check.start()
        self._runner.start()

    def power_off(self) -> None:
        """Take the machine away: every process dies at once, and GitHub hears nothing."""
        self._runner.kill()

    def _file(self, path: str) -> Path:
        return self.root / path.lstrip("/")

    def _environment(self) -> dict[str, str]:
        """The machine's own facts; its one absolute path is below this machine's root."""
        facts = {**self.facts}
        assert facts["WAA_MATRIX_WORKER_STORE_SAS_FILE"] == SAS_FILE
        return {
            **self._metal.environment,
            **facts,
            "WAA_MATRIX_WORKER_STORE_SAS_FILE": str(self._sas),
        }

    def _say_fit(self) -> None:
        """Run the image's own check, which tells the ledger with the machine's own key."""
        usable = {"WAA_KVM": "/dev/null", "WAA_DISK": str(self.root), "WAA_DISK_NEED_GB": "0"}
        quiet = {"WAA_CONSOLE": str(self.root / "console"), "WAA_POWEROFF": "/bin/false"}
        subprocess.run(
            [str(_BIN / "waa-machine-check")],
            env={**self._environment(), **usable, **quiet},
            check=False,
            capture_output=True,
        )

    def _connect(self) -> RunnerSession:
        """Become a runner; the configuration is gone before a job can start."""
        blob = self._jit.read_text()
        self._jit.unlink()
        return self._metal.github.connect(blob)

    def _work(self, job: JobEntry) -> subprocess.Popen[bytes]:
        self.job = job
        self.arguments = self._metal.step(job, self.scratch)
        workflow = {
            "GITHUB_RUN_ID": str(job.run),
            "GITHUB_RUN_ATTEMPT": str(job.attempt),
            "GITHUB_ACTIONS": "true",
            "GITHUB_STEP_SUMMARY": str(self.root / "summary.md"),
        }
        with self.log.open("wb") as stream:
            return subprocess.Popen(
                self.arguments,
                env={**self._environment(), **workflow},
                stdout=stream,
                stderr=stream,
                cwd=self.root,
            )


def host_environment(home: Path) -> dict[str, str]:
    """What any process of a machine has; nothing of the test's own environment leaks in."""
    kept = ("PATH", "LANG", "LC_ALL", "PYTHONPATH")
    return {name: os.environ[name] for name in kept if name in os.environ} | {"HOME": str(home)}
