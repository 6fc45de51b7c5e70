from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.arena.port import Assignment
from orchestrator.arena.simulated.arena import SimulatedArena, SimulatedSettings
from orchestrator.planning.plan import AgentSettings, ArenaSettings
from orchestrator.planning.suite import TaskKey, Unit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from orchestrator.arena.port import TaskProcess

SPEED = 2000.0
DEADLINE_S = 30.0


class Stage:
    """A simulated arena with a place for its attempts."""

    def __init__(
        self,
        root: Path,
        faults: list[dict[str, Any]],
        speed: float = SPEED,
        client_args: tuple[str, ...] = (),
    ) -> None:
        self.root = root
        self.arena = SimulatedArena(
            SimulatedSettings(
                arena=ArenaSettings(seed=7),
                agent=AgentSettings(client_args=client_args),
                speed=speed,
                worker="w0-abc",
                scratch=root / "arena",
                faults=json.dumps(faults),
            )
        )

    def start(self) -> None:
        self.arena.start(DEADLINE_S, threading.Event())

    def launch(self, name: str = "demo-1", attempt: int = 1, trial: int = 0) -> TaskProcess:
        directory = self.root / f"{name}-{trial}-{attempt}"
        directory.mkdir()
        unit = Unit(TaskKey("chrome", name), trial)
        return self.arena.launch(Assignment(unit, attempt, directory))

    def run(self, name: str = "demo-1", attempt: int = 1, trial: int = 0) -> TaskProcess:
        task = self.launch(name, attempt, trial)
        until(lambda: task.poll() is not None)
        return task


def until(happened: Callable[[], bool]) -> None:
    """Wait for something that must happen; fail after the deadline."""
    deadline = time.monotonic() + DEADLINE_S
    while not happened():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.005)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Callable[..., Stage]]:
    """Return a maker of started stages; all of them are stopped at the end."""
    stages: list[Stage] = []

    def make(*faults: dict[str, Any], start: bool = True, **more: Any) -> Stage:
        entry = Stage(tmp_path / f"stage-{len(stages)}", list(faults), **more)
        entry.root.mkdir()
        stages.append(entry)
        if start:
            entry.start()
        return entry

    yield make
    for entry in stages:
        entry.arena.stop()
