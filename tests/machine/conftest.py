"""A fleet of two that the real ``provision`` brought up on the fakes, to be booted in QEMU."""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.ledger.reader import LedgerReader
from orchestrator.store import StoreCredentials, open_store
from tests.compute.azurite import running_over_tls
from tests.e2e.command import call, until
from tests.fakes.arm.catalogue import GROUP, SUBSCRIPTION, image_id, subnet_id
from tests.fakes.arm.identity import CLIENT, TENANT
from tests.fakes.arm.server import FakeArm, serving
from tests.fakes.azurite import ACCOUNT, KEY
from tests.fakes.clock import ScaledClock
from tests.fakes.github import FakeGitHub
from tests.fakes.inside import JIT_FILE, SAS_FILE, files_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from orchestrator.store import Store

RUN, GITHUB_RUN, REGION = "booted", 500, "westeurope"
TASKS = 2


@dataclass(frozen=True, slots=True)
class Told:
    """A machine that was asked of the cloud, and the custom data that it was asked with."""

    name: str
    custom_data: str = field(repr=False)

    @property
    def jit_config(self) -> str:
        return files_of(self.custom_data)[JIT_FILE]

    @property
    def sas(self) -> str:
        return files_of(self.custom_data)[SAS_FILE]


@dataclass(frozen=True, slots=True)
class Fleet:
    """The machines, the GitHub that knows their runners, and the run's ledger."""

    machines: list[Told]
    github: FakeGitHub
    store: Store
    store_ca: Path

    @property
    def reader(self) -> LedgerReader:
        return LedgerReader(self.store)

    def events(self, machine: str) -> list[dict[str, Any]]:
        """Return what a machine said in the ledger, in its order."""
        import json

        listed = self.store.list(f"events/machine-{machine}/")
        results = (self.store.get(path) for path in sorted(entry.path for entry in listed))
        return [json.loads(data) for data in results if data is not None]


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Bring the fleet up. The store listens where a guest and this machine both reach it."""
    directory = tmp_path_factory.mktemp("fleet")
    clock = ScaledClock(speed=400.0, start=time.time())  # a key's end is judged by Azure's time
    arm = FakeArm(clock)
    machines: list[Told] = []
    arm.machines.on_boot = lambda booted: machines.append(Told(booted.name, booted.custom_data))
    with (
        serving(arm, directory, tick_s=0.1) as arm_ca,
        running_over_tls(directory, _address()) as (account, store_ca),
        FakeGitHub(clock=clock, repository="octo/bench") as github,
    ):
        github.add_run(GITHUB_RUN)
        both = directory / "both.pem"
        both.write_bytes(arm_ca.read_bytes() + store_ca.read_bytes())
        store = f"az://{ACCOUNT}?endpoint={account}"
        _provision(arm, github, both, "--store", store, "--store-ca", str(store_ca))
        # Provision ends when its creates are accepted: what they make comes up a little later.
        until(lambda: len(machines) == 2, "both machines come up")
        credentials = StoreCredentials(key=KEY, root_certificate=str(store_ca))
        opened = open_store(store, RUN, credentials, timeout_s=30.0)
        yield Fleet(sorted(machines, key=lambda story: story.name), github, opened, store_ca)


def _provision(arm: FakeArm, github: FakeGitHub, ca: Path, *more: str) -> None:
    connection = github.connection()
    done = call(
        *("provision", "--suite", "demo", "--sample", str(TASKS), "--seed", "3"),
        # As fast as an emulated machine follows, and patient: what is tested is that it works.
        *("--speed", "30", "--arena-start-deadline", "9000", "--stall-deadline", "3600"),
        *("--arena", "simulated", "--workers", "2", "--min-workers", "2", "--run", RUN),
        *("--size", "Standard_D8s_v5", "--region", REGION, "--offline"),
        *("--subnet", f"{REGION}={subnet_id(REGION)}", "--machine-image", image_id()),
        *("--resource-group", GROUP, "--arm-endpoint", arm.url, "--authority", arm.url),
        *("--cloud-ca", str(ca), *more),
        AZURE_SUBSCRIPTION_ID=SUBSCRIPTION,
        AZURE_TENANT_ID=TENANT,
        AZURE_CLIENT_ID=CLIENT,
        ACTIONS_ID_TOKEN_REQUEST_URL=f"{arm.url}/assertion",
        ACTIONS_ID_TOKEN_REQUEST_TOKEN=arm.identity.request_token,
        GITHUB_RUN_ID=str(GITHUB_RUN),
        GITHUB_REPOSITORY=connection.repository,
        GITHUB_API_URL=connection.api_url,
        WAA_MATRIX_GITHUB_TOKEN=github.tokens.personal(),
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _address() -> str:
    """Return this machine's own address, which a guest reaches as any other outside it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # nothing is sent
        address: str = probe.getsockname()[0]
    return address
