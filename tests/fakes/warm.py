"""The installed command, started often: forked from an interpreter that has imported it already.

Importing the SDKs takes longer than most commands run. So one process imports them, once, and forks
for every call; the fork calls the entry point of ``waa-matrix`` as the installed script does, with
its own arguments, environment and output. Each call is a process of its own: it can be killed.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

COMMAND = "waa-matrix"
_ROOT = Path(__file__).resolve().parents[2]
_IMPORTED = (
    *("orchestrator.cli.provision", "orchestrator.cli.supervise", "orchestrator.cli.teardown"),
    *("orchestrator.compute.azure_vm.adapter", "orchestrator.compute.azure_vm.storage"),
    *("orchestrator.fleet.provision", "orchestrator.fleet.supervise", "orchestrator.fleet.reap"),
    *("orchestrator.fleet.status", "orchestrator.fleet.teardown", "orchestrator.planning.forecast"),
    *(
        "orchestrator.github.artifacts",
        "orchestrator.planning.prices",
        "orchestrator.ledger.reader",
    ),
    *("azure.identity", "azure.mgmt.compute", "azure.mgmt.resource.resources", "azure.mgmt.core"),
    *("azure.mgmt.compute.operations", "azure.mgmt.resource.resources.operations"),
    *("github.Requester", "github.GithubIntegration", "obstore.store", "requests", "rich.table"),
    "cryptography.hazmat.primitives.asymmetric.rsa",
)


@dataclass(frozen=True, slots=True)
class Done:
    """A call that ended: its exit code (negative: the signal), and what it said."""

    code: int
    said: str


class Warm:
    """One interpreter that forks. One call at a time."""

    def __init__(self, process: subprocess.Popen[str], directory: Path) -> None:
        self._process, self._directory = process, directory

    def call(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        started: Callable[[int], None] = lambda _pid: None,
    ) -> Done:
        """Run ``waa-matrix`` to its end; ``started`` is told its process id."""
        assert self._process.stdin is not None
        output = self._directory / "output.txt"
        order = {
            "arguments": list(arguments),
            "environment": dict(environment),
            "output": str(output),
        }
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        started(self._number())
        return Done(self._number(), output.read_text(encoding="utf-8"))

    def _number(self) -> int:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the interpreter that forks has ended"
        return int(line)


@contextlib.contextmanager
def warmed(directory: Path) -> Iterator[Warm]:
    """Start an interpreter that forks, until the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.fakes.warm"],
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Warm(process, directory)
    finally:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        process.wait(60)
        process.stdout.close()


def _serve() -> None:
    main = next(iter(entry_points(group="console_scripts", name=COMMAND))).load()
    for name in _IMPORTED:
        importlib.import_module(name)
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _become(order)
            main()
        _tell(pid)
        _, status = os.waitpid(pid, 0)
        _tell(os.waitstatus_to_exitcode(status))


def _tell(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def _become(order: dict[str, object]) -> None:
    """Take on a call's arguments, environment and output."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    output = os.open(str(order["output"]), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for source, target in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(source, target)
    arguments, environment = order["arguments"], order["environment"]
    assert isinstance(arguments, list)
    assert isinstance(environment, dict)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = [COMMAND, *arguments]


if __name__ == "__main__":
    _serve()
