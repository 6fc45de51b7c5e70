"""Creates and deletes go no faster than the process's share, through the real SDK."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orchestrator.compute.azure_vm.adapter import AzureCloud
from orchestrator.compute.base import Kind
from tests.compute.requests import machine
from tests.fakes.arm.buckets import Limits
from tests.fakes.arm.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.compute.azure_vm.credentials import Federated
    from orchestrator.compute.azure_vm.settings import AzureSettings
    from tests.fakes.arm.server import FakeArm
    from tests.fakes.clock import VirtualClock

MACHINES = 240  # more than the bucket holds


@pytest.fixture
def other(settings: AzureSettings, login: Federated, clock: VirtualClock) -> Iterator[AzureCloud]:
    """Another run's client of the same subscription, as the same principal."""
    cloud = AzureCloud(settings, login, clock=clock)
    yield cloud
    cloud.close()


@pytest.fixture
def limited(arm: FakeArm) -> FakeArm:
    """Azure's token buckets are on."""
    arm.limits = Limits(enabled=True)
    return arm


def test_two_runs_fill_the_bucket_between_them_and_neither_is_refused(
    cloud: AzureCloud, other: AzureCloud, limited: FakeArm, clock: VirtualClock
) -> None:
    began = clock.now()
    for number in range(MACHINES):
        (cloud, other)[number % 2].create(machine(f"waa-42-{number}"))
    assert limited.limits.refused == 0
    assert len(limited.calls("^PUT")) == MACHINES
    # Two clients taken in turn are no faster than one: each waits while the other does.
    assert clock.now() - began < MACHINES / 10.0


@pytest.mark.parametrize("verb", ["PUT", "DELETE"])
def test_after_a_refusal_nothing_of_the_kind_is_sent_before_what_azure_asked(
    cloud: AzureCloud, arm: FakeArm, clock: VirtualClock, verb: str
) -> None:
    def call(name: str) -> None:
        if verb == "PUT":
            cloud.create(machine(name))
        else:
            there = [instance for instance in cloud.status({}) if instance.kind is Kind.MACHINE]
            cloud.terminate(there[0])

    cloud.create(machine("waa-42-0"))
    fault = Fault(verb, status=429, code="TooManyRequests", headers={"Retry-After": "20"})
    arm.faults.add(fault)
    call("waa-42-1")
    first, second = (request for request in arm.calls(f"^{verb}")[-2:])
    assert (first.status, second.status) != (429, 429)
    assert 20.0 <= second.at - first.at <= 30.0 + 1.0
    assert clock.now() >= second.at
