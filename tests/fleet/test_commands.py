"""``teardown`` and ``reap`` as an operator calls them: a process of their own, over the wire."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from orchestrator.compute.azure_vm.adapter import AzureCloud
from orchestrator.fleet.identity import EXPIRES_TAG, MACHINE_TAG
from orchestrator.github import open_github
from tests.compute.requests import machine
from tests.e2e.command import call
from tests.fakes.arm.catalogue import GROUP, SUBSCRIPTION
from tests.fakes.arm.faults import Fault
from tests.fakes.arm.identity import CLIENT, TENANT
from tests.fakes.arm.server import FakeArm
from tests.fakes.clock import ScaledClock
from tests.fakes.github import FakeGitHub
from tests.fleet.conftest import MINE, OTHER, REPOSITORY

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

    from orchestrator.compute.azure_vm.credentials import Federated
    from orchestrator.compute.azure_vm.settings import AzureSettings

TOKEN = "ghp_a-token-that-must-not-show"


@pytest.fixture
def clock() -> ScaledClock:
    """A clock that runs ahead, because the command's own is the wall's."""
    return ScaledClock(speed=400.0)


@pytest.fixture
def arm(clock: ScaledClock) -> FakeArm:
    return FakeArm(clock)


@pytest.fixture
def github(clock: ScaledClock) -> Iterator[FakeGitHub]:
    with FakeGitHub(clock=clock, repository=REPOSITORY) as fake:
        for fleet in (MINE, OTHER):
            fake.add_run(fleet.github_run)
        yield fake


@pytest.fixture
def command(
    arm: FakeArm,
    github: FakeGitHub,
    ca_file: Path,
    settings: AzureSettings,
    login: Federated,
) -> Iterator[Command]:
    cloud = AzureCloud(settings, login)
    yield Command(arm, github, ca_file, cloud)
    cloud.close()


class Command:
    """Both fakes with two fleets on them, and the command line that reaches them."""

    def __init__(self, arm: FakeArm, github: FakeGitHub, ca_file: Path, cloud: AzureCloud) -> None:
        self.arm, self.github, self.ca_file = arm, github, ca_file
        with open_github(github.connection()) as adapter:
            for fleet in (MINE, OTHER):
                name = f"{fleet.label}-0"
                tags = {**fleet.tags, MACHINE_TAG: name, EXPIRES_TAG: "99999999999"}
                adapter.runners.mint(name, [fleet.label])
                cloud.create(machine(name, tags=tags))

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        connection = self.github.connection()
        token = connection.access.token.reveal()  # type: ignore[union-attr]  # the fake gives a token
        return call(
            *arguments,
            *("--resource-group", GROUP, "--arm-endpoint", self.arm.url),
            *("--authority", self.arm.url, "--cloud-ca", str(self.ca_file)),
            AZURE_SUBSCRIPTION_ID=SUBSCRIPTION,
            AZURE_TENANT_ID=TENANT,
            AZURE_CLIENT_ID=CLIENT,
            ACTIONS_ID_TOKEN_REQUEST_URL=f"{self.arm.url}/assertion",
            ACTIONS_ID_TOKEN_REQUEST_TOKEN=self.arm.identity.request_token,
            GITHUB_REPOSITORY=REPOSITORY,
            GITHUB_API_URL=connection.api_url,
            WAA_MATRIX_GITHUB_TOKEN=token,
        )


FAST = ("--every", "0.3", "--patience", "60")


def test_teardown_proves_a_run_gone_and_leaves_the_other(command: Command) -> None:
    done = command.run("teardown", "--github-run", "500", *FAST)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing is left" in done.stdout
    assert "delete submitted: machine waa-500-0" in done.stderr
    assert all("waa-501" in name for name in command.arm.everything())
    assert command.arm.everything()


def test_teardown_names_what_is_left_and_exits_5(command: Command) -> None:
    command.arm.faults.add(
        Fault("DELETE virtualMachines/waa-500-0", status=409, code="ScopeLocked", times=10_000)
    )
    flags = ("--every", "0.3", "--patience", "2", "--json")
    done = command.run("teardown", "--github-run", "500", *flags)
    assert done.returncode == 5, done.stdout + done.stderr
    document = json.loads(done.stdout)
    assert not document["proved"]
    assert any("machine waa-500-0" in name for name in document["left"])


def test_reap_takes_what_a_finished_run_left(command: Command) -> None:
    job = command.github.add_job(500, "report", ["ubuntu-latest"], hosted=True)
    command.github.finish_job(job.id)
    dry = command.run("reap", "--dry-run", "--between", "0.1")
    assert dry.returncode == 0, dry.stdout + dry.stderr
    assert "would go: machine waa-500-0 (run 500 is over)" in dry.stderr
    done = command.run("reap", "--between", "0.1", *FAST)
    assert done.returncode == 0, done.stdout + done.stderr
    assert command.arm.everything()
    assert all("waa-501" in name for name in command.arm.everything())


def test_what_is_missing_is_all_named_and_nothing_is_asked() -> None:
    empty = dict.fromkeys(
        ("AZURE_SUBSCRIPTION_ID", "GITHUB_REPOSITORY", "GITHUB_TOKEN", "WAA_MATRIX_GITHUB_TOKEN"),
        "",
    )
    done = call("teardown", "--github-run", "500", **empty)
    assert done.returncode == 2
    for words in ("--subscription", "--resource-group", "--repository", "GitHub access"):
        assert words in done.stderr


def test_no_secret_is_printed(command: Command) -> None:
    done = command.run("teardown", "--github-run", "500", "--no-wait")
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert command.arm.identity.request_token not in said
    assert TOKEN not in said
