"""One clock, one fake cloud and one fake GitHub: the two sides that a fleet stands between."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from orchestrator.fleet.clear import Broom
from orchestrator.fleet.identity import EXPIRES_TAG, MACHINE_TAG, Fleet
from orchestrator.github import GitHub, open_github
from tests.cloud.conftest import (  # noqa: F401  # fixtures are found by name
    arm,
    ca_file,
    clock,
    cloud,
    endpoints,
    login,
    no_waits,
    settings,
)
from tests.cloud.requests import machine
from tests.fakes.arm.world import MACHINE
from tests.fakes.github import FakeGitHub

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.cloud.azure.adapter import AzureCloud
    from orchestrator.github import Secret
    from tests.fakes.arm.clock import VirtualClock
    from tests.fakes.arm.server import FakeArm

REPOSITORY = "octo/bench"
MINE, OTHER = Fleet(REPOSITORY, 500), Fleet(REPOSITORY, 501)


@dataclass
class Scene:
    """Both sides, and the fleets on them."""

    arm: FakeArm
    fake: FakeGitHub
    cloud: AzureCloud
    github: GitHub
    clock: VirtualClock
    said: list[str]

    @property
    def broom(self) -> Broom:
        return Broom(self.cloud, self.github.runners, self.clock, self.said.append)

    def launch(self, fleet: Fleet, number: int, *, hours: float = 6.0) -> Secret:
        """Bring up a machine and its runner as provisioning does; return the runner's secret."""
        name = f"{fleet.label}-{number}"
        until = str(int(self.clock.now() + hours * 3600))
        tags = {**fleet.tags, MACHINE_TAG: name, EXPIRES_TAG: until}
        minted = self.github.runners.mint(name, [fleet.label])
        self.cloud.launch(machine(name, tags=tags))
        return minted.config

    @property
    def machines(self) -> list[str]:
        return self.arm.names(MACHINE)

    @property
    def runners(self) -> list[str]:
        return sorted(one.name for one in self.github.runners.all())


@pytest.fixture
def scene(
    arm: FakeArm,  # noqa: F811  # pytest's way of asking for a fixture
    cloud: AzureCloud,  # noqa: F811  # the same
    clock: VirtualClock,  # noqa: F811  # the same
) -> Iterator[Scene]:
    with FakeGitHub(clock=clock, repository=REPOSITORY) as fake:
        fake.add_run(MINE.github_run)
        fake.add_run(OTHER.github_run)
        with open_github(fake.connection(), clock=clock) as github:
            yield Scene(arm, fake, cloud, github, clock, [])
