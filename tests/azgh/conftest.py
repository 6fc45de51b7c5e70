"""A world for each test, and the set-up that most of them begin with."""

from __future__ import annotations

import copy
import fcntl
import os
import pickle
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.azgh.programs import SCRIPT, Done, Programs, prepare, sign_in, warm_az
from tests.azgh.world import World
from tests.azgh.world.server import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.azgh.world import Call


@dataclass(frozen=True)
class Machine:
    """A world, and the programs that see it."""

    world: World
    programs: Programs

    def setup(self, *words: str, **environment: str) -> Done:
        """Run ``scripts/azure-setup`` for the world's repository."""
        return self.programs.run(SCRIPT, "--repository", "octo/bench", *words, **environment)

    def az(self, *words: str) -> Done:
        return self.programs.run("az", *words)

    def gh(self, *words: str) -> Done:
        return self.programs.run("gh", *words)


@dataclass(frozen=True)
class Login:
    """The warm az and a directory where it signed in."""

    az_socket: Path
    root: Path


@pytest.fixture(scope="session")
def login() -> Iterator[Login]:
    # A socket's path has at most 107 characters: pytest's own directories are too deep.
    with tempfile.TemporaryDirectory(prefix="azgh.") as name:
        root = Path(name)
        with warm_az(root) as az_socket:
            programs = prepare(root / "login", az_socket)
            world = World()
            with serving(programs.world_socket, world):
                sign_in(programs)
            yield Login(az_socket, programs.root)


@dataclass(frozen=True)
class Run:
    """One run of the set-up: how it ended, what it changed, and what it was refused."""

    done: Done
    calls: list[Call]
    refusals: list[str]

    @property
    def changes(self) -> list[str]:
        """Every request that may have changed something."""
        return [str(call) for call in self.calls if call.changes]


@pytest.fixture(scope="session")
def made(login: Login, tmp_path_factory: pytest.TempPathFactory) -> tuple[World, list[Run]]:
    """A world after two runs of the whole set-up for two regions, and each of them.

    The first of the processes that share the tests makes it; the others wait and read it.
    """
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    kept = shared / "azgh-made"
    with (shared / "azgh-made.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            kept.write_bytes(pickle.dumps(_set_up_twice(login)))
    answer: tuple[World, list[Run]] = pickle.loads(kept.read_bytes())
    return answer


def _set_up_twice(login: Login) -> tuple[World, list[Run]]:
    with tempfile.TemporaryDirectory(prefix="azgh.") as name:
        programs = prepare(Path(name), login.az_socket, login.root)
        world = World()
        with serving(programs.world_socket, world):
            runs = []
            for _ in range(2):
                world.calls.clear()
                world.refusals.clear()
                done = Machine(world, programs).setup(*TWO_REGIONS)
                runs.append(Run(done, list(world.calls), list(world.refusals)))
    assert world.unknown == []
    return world, runs


TWO_REGIONS = ("--region", "westeurope", "--region", "northeurope", "--max-cost", "60")


@pytest.fixture
def fresh(login: Login) -> Iterator[Machine]:
    """A subscription and a repository where nothing was ever set up."""
    yield from _machine(login, World())


@pytest.fixture
def ready(login: Login, made: tuple[World, list[Run]]) -> Iterator[Machine]:
    """One where everything is set up; a copy for each test."""
    world = copy.deepcopy(made[0])
    world.calls.clear()
    world.refusals.clear()
    yield from _machine(login, world)


def _machine(login: Login, world: World) -> Iterator[Machine]:
    with tempfile.TemporaryDirectory(prefix="azgh.") as name:
        programs = prepare(Path(name), login.az_socket, login.root)
        with serving(programs.world_socket, world):
            yield Machine(world, programs)
    assert world.unknown == []
