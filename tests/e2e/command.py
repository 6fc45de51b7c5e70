"""Runs the installed command as a user does, and reads what it left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.ledger.fold import Folded, Stored, fold, read_objects
from orchestrator.planning.plan_file import parse_plan

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from orchestrator.planning.plan import Plan

PATIENCE_S = 240.0


def command(*arguments: str) -> list[str]:
    """Return the argument list of ``waa-matrix``."""
    return [sys.executable, "-m", "orchestrator", *arguments]


def call(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(
        command(*arguments),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
        env={**os.environ, **environment},
    )


def start(*arguments: str, environment: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """Start the command in the background."""
    return subprocess.Popen(
        command(*arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **(environment or {})},
    )


def until(condition: Callable[[], Any], what: str) -> Any:
    """Wait until ``condition`` is true; return what it returned."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        result = condition()
        if result:
            return result
        time.sleep(0.02)
    raise AssertionError(f"never came true: {what}")


@dataclass(frozen=True, slots=True)
class RunDirectory:
    """What ``run --out`` left."""

    path: Path

    @property
    def ledger(self) -> Path:
        return self.path / "ledger" / "run"

    @property
    def plan(self) -> Plan:
        return parse_plan((self.ledger / "plan.json").read_bytes(), "plan")

    def results(self) -> dict[str, Any]:
        result = json.loads((self.path / "results.json").read_text())
        assert isinstance(result, dict)
        return result

    def stored(self) -> list[Stored]:
        """Return every object of the ledger, evidence aside."""
        result = []
        for file in self.ledger.rglob("*.json"):
            path = file.relative_to(self.ledger).as_posix()
            if path.startswith("evidence/") or "#" in path:
                continue
            try:
                result.append(Stored(path, file.stat().st_mtime, file.read_bytes()))
            except FileNotFoundError:
                continue  # a heartbeat that was replaced meanwhile
        return result

    def fold(self) -> Folded:
        return fold(self.plan.units, read_objects(self.stored()))

    def working(self) -> dict[str, str]:
        """Return the workers that are on a task, and the task."""
        snapshot = read_objects(self.stored())
        return {
            name: str(beat.unit)
            for name, beat in snapshot.heartbeats.items()
            if beat.unit is not None and beat.phase == "running" and name not in snapshot.left
        }

    def claims_of(self, unit: str) -> int:
        return len(list((self.ledger / "claims" / unit).glob("*.json")))

    def outcomes(self) -> int:
        return sum(1 for _ in (self.ledger / "outcomes").rglob("*.json"))


def workers_of(parent: int) -> dict[str, int]:
    """Return the worker processes that are direct children of ``parent``: id to pid."""
    result = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            status = (entry / "stat").read_text()
            words = (entry / "cmdline").read_bytes().decode().split("\0")
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended meanwhile
        if int(status.rpartition(")")[2].split()[1]) == parent and "--worker-id" in words:
            result[words[words.index("--worker-id") + 1]] = int(entry.name)
    return result


def output_of(process: subprocess.Popen[str]) -> str:
    """Wait for a background command and return what it said."""
    text, _ = process.communicate(timeout=PATIENCE_S)
    return text


def quick(out: Path, *more: str, tasks: int = 24, workers: int = 4) -> Sequence[str]:
    """Return the arguments of a small, quick run."""
    return [
        *("run", "--suite", "demo", "--sample", str(tasks), "--seed", "3"),
        *("--workers", str(workers), "--out", str(out), "--speed", "1500"),
        *("--heartbeat", "0.3", "--lease", "1.2", *more),
    ]
