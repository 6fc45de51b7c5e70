"""The toy's own tests: it takes the contract over, and brings a bench."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from waa_toy_engine import ToyEngine  # type: ignore[import-not-found]  # installed by the test

from orchestrator.compute.base import Engine, Instance, InstanceState
from orchestrator.compute.job import Job, MachineNeeds, WorkerBootstrap
from tests.compute.engine_contract import *  # noqa: F403  # its tests are these
from tests.compute.engine_contract import MINE, Trouble

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


@dataclass
class ToyBench:
    rack: Path
    troubles: frozenset[Trouble] = frozenset({Trouble.FAILS_LATER})
    program: str = "import time; time.sleep(600)"
    opened: list[ToyEngine] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.engine: Engine = self.another()

    def another(self) -> ToyEngine:
        self.opened.append(ToyEngine(self.rack))
        return self.opened[-1]

    def job(self, *names: str, labels: Mapping[str, str] = MINE) -> Job:
        def bootstrap(name: str) -> WorkerBootstrap:
            return WorkerBootstrap((sys.executable, "-c", self.program, name))

        return Job(names, bootstrap, labels, MachineNeeds(kvm=False))

    def unfit_job(self, name: str) -> Job:
        missing = WorkerBootstrap(("/does/not/exist",))
        return Job((name,), lambda _name: missing, MINE, MachineNeeds(cores=10_000))

    def meet(self, trouble: Trouble) -> None:
        assert trouble is Trouble.FAILS_LATER
        self.program = "raise SystemExit(3)"

    def settle(self) -> None:
        deadline = time.monotonic() + 60.0
        while not all(map(self._is_settled, self.opened[0].status({}))):
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def _is_settled(self, instance: Instance) -> bool:
        ends = self.program.startswith("raise") or self.opened[0].is_ending(instance.name)
        return instance.state is InstanceState.ENDED or not ends

    def everything(self) -> list[str]:
        if not self.rack.exists():
            return []
        return sorted(path.stem for path in self.rack.glob("*.json"))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[ToyBench]:
    made = ToyBench(tmp_path / "rack")
    yield made
    for engine in made.opened:
        for child in engine.children.values():
            child.kill()
            child.wait()
