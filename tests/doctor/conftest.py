"""Both sides of a set-up in which everything is well, and the command that looks at it."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from orchestrator.cli import cli
from tests.compute.conftest import ca_file  # noqa: F401  # fixtures are found by name
from tests.e2e.command import call
from tests.fakes.arm.catalogue import GROUP, REGIONS, SUBSCRIPTION, image_id, subnet_id
from tests.fakes.arm.identity import CLIENT, TENANT
from tests.fakes.arm.server import FakeArm
from tests.fakes.arm.surroundings import stand_up
from tests.fakes.clock import ScaledClock
from tests.fakes.github import FakeGitHub

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

REPOSITORY = "octo/bench"
REAPER_RUN = 77
ENVIRONMENTS = tuple(f"{GROUP}-{job}" for job in ("run", "reaper", "image"))
CHECKS = [
    "repository's variables",
    "options",
    "credential",
    "subscription",
    "resource group",
    "security type",
    "subnet in westeurope",
    "way out of westeurope",
    "image in westeurope",
    "sizes in westeurope",
    "quotas in westeurope",
    "machines",
    "machine image",
    "Windows evaluation",
    "runner version",
    "GitHub token",
    "GitHub permission",
    "runner group",
    "environments",
    "OIDC subject",
    "store",
    "plan",
    "prices",
    "cost",
    "cost ceiling",
    "sweeper on GitHub",
    "sweeper in Azure",
]
"""Every check of a set-up of one region, in the order they are told."""


@pytest.fixture
def clock() -> ScaledClock:
    """The wall's: the command's own is, too."""
    return ScaledClock(speed=1.0, start=time.time())


@pytest.fixture
def arm(clock: ScaledClock) -> FakeArm:
    fake = FakeArm(clock)
    stand_up(fake)
    return fake


@pytest.fixture
def github(clock: ScaledClock) -> Iterator[FakeGitHub]:
    with FakeGitHub(clock=clock, repository=REPOSITORY) as fake:
        for name in ENVIRONMENTS:
            fake.world.environments[name] = False
            fake.world.policies[name] = (fake.world.default_branch,)
            fake.world.environment_variables[name, "AZURE_CLIENT_ID"] = CLIENT
        fake.add_run(REAPER_RUN)
        fake.world.workflows["reaper.yml"] = REAPER_RUN
        yield fake


@dataclass
class SetUp:
    """Both fakes, and the options and variables that the command is called with."""

    arm: FakeArm
    github: FakeGitHub
    ca_file: Path
    scratch: Path
    options: dict[str, list[str]] = field(default_factory=dict)
    flags: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.options = {
            "--arm-endpoint": [self.arm.url],
            "--authority": [self.arm.url],
            "--graph-endpoint": [self.arm.url],
            "--cloud-ca": [str(self.ca_file)],
            "--resource-group": [GROUP],
            "--region": ["westeurope"],
            "--subnet": [f"{region}={subnet_id(region)}" for region in REGIONS],
            "--machine-image": [image_id()],
            "--store": [(self.scratch / "store").as_uri()],
            "--workers": ["4"],
            "--max-cost": ["100"],
        }
        self.flags = ["--shared-path", "--offline"]
        self.environment = {
            "AZURE_SUBSCRIPTION_ID": SUBSCRIPTION,
            "AZURE_TENANT_ID": TENANT,
            "AZURE_CLIENT_ID": CLIENT,
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.arm.url}/assertion",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": self.arm.identity.request_token,
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_API_URL": self.github.url,
            "GITHUB_TOKEN": "",
            "WAA_MATRIX_GITHUB_TOKEN": self.github.tokens.personal(),
            "XDG_CACHE_HOME": str(self.scratch / "cache"),
        }

    @property
    def arguments(self) -> list[str]:
        pairs = [(flag, value) for flag, values in self.options.items() for value in values]
        return ["doctor", *(word for pair in pairs for word in pair), *self.flags]

    def call(self, *more: str) -> subprocess.CompletedProcess[str]:
        """Call the installed command, in a process of its own."""
        return call(*self.arguments, *more, **self.environment)

    def look(self) -> tuple[int, list[dict[str, Any]]]:
        """Call the command line in this process; return its exit code and its findings."""
        arguments = [*self.arguments, "--json"]
        done = CliRunner(env=self.environment).invoke(cli, arguments, standalone_mode=False)
        assert done.exception is None, done.exception
        assert done.stderr == ""
        results: list[dict[str, Any]] = json.loads(done.stdout)
        assert isinstance(done.return_value, int)
        return done.return_value, results


@pytest.fixture
def set_up(
    arm: FakeArm,
    github: FakeGitHub,
    ca_file: Path,  # noqa: F811  # pytest's way of asking for a fixture
    tmp_path: Path,
) -> SetUp:
    return SetUp(arm, github, ca_file, tmp_path)
