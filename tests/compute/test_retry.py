from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import stamina

from orchestrator.compute.failures import CloudError, Failure, FailureKind
from orchestrator.compute.retry import RetryPolicy
from tests.compute.requests import machine
from tests.fakes.arm.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stamina.instrumentation import RetryDetails

    from orchestrator.compute.azure_vm.adapter import AzureCloud
    from tests.fakes.arm.server import FakeArm


@pytest.fixture
def waits() -> Iterator[list[float]]:
    """What the policy would have waited before each further try."""
    seen: list[float] = []

    def note(details: RetryDetails) -> None:
        seen.append(details.wait_for)

    stamina.instrumentation.set_on_retry_hooks([note])
    yield seen
    stamina.instrumentation.set_on_retry_hooks(None)


def failing(
    kind: FailureKind, retry_after_s: float | None = None, times: int = 99
) -> tuple[list[int], object]:
    calls: list[int] = []

    def action() -> str:
        calls.append(1)
        if len(calls) <= times:
            raise CloudError(Failure(kind, "Code", "text", retry_after_s))
        return "done"

    return calls, action


@pytest.mark.parametrize("kind", [FailureKind.THROTTLED, FailureKind.TRANSIENT])
def test_what_may_pass_is_tried_again(kind: FailureKind) -> None:
    calls, action = failing(kind, times=2)
    assert RetryPolicy().call(action) == "done"  # type: ignore[arg-type]
    assert len(calls) == 3


@pytest.mark.parametrize(
    "kind",
    [
        FailureKind.CAPACITY,
        FailureKind.QUOTA,
        FailureKind.CONFIGURATION,
        FailureKind.CREDENTIALS,
    ],
)
def test_what_cannot_pass_is_raised_at_once(kind: FailureKind) -> None:
    calls, action = failing(kind)
    with pytest.raises(CloudError):
        RetryPolicy().call(action)  # type: ignore[arg-type]
    assert len(calls) == 1


def test_a_short_retry_after_is_what_is_waited(waits: list[float]) -> None:
    _, action = failing(FailureKind.THROTTLED, 0.03, times=1)
    with stamina.set_testing(testing=False):
        assert RetryPolicy().call(action) == "done"  # type: ignore[arg-type]
    assert waits == [0.03]


def test_a_long_retry_after_is_raised_at_once_for_the_caller(
    cloud: AzureCloud, arm: FakeArm, waits: list[float]
) -> None:
    arm.faults.add(
        Fault("PUT", status=429, code="TooManyRequests", headers={"Retry-After": "3600"}, times=9)
    )
    with pytest.raises(CloudError) as caught:
        cloud.create(machine())
    assert (caught.value.kind, caught.value.failure.retry_after_s) == (FailureKind.THROTTLED, 3600)
    assert len(arm.calls("PUT")) == 1
    assert waits == []


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "60"}, 60.0),
        ({"x-ms-retry-after-ms": "45000"}, 45.0),
        (
            {
                "Retry-After": "Fri, 15 Jan 2027 08:01:30 GMT",
                "Date": "Fri, 15 Jan 2027 08:00:00 GMT",
            },
            90.0,
        ),
        ({"Retry-After": "soon"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_in_each_of_its_spellings(
    cloud: AzureCloud, arm: FakeArm, headers: dict[str, str], seconds: float | None
) -> None:
    arm.faults.add(Fault("PUT", status=429, code="TooManyRequests", headers=headers, times=9))
    with pytest.raises(CloudError) as caught:
        cloud.create(machine())
    assert caught.value.failure.retry_after_s == seconds


def test_the_sdk_retries_nothing_by_itself(cloud: AzureCloud, arm: FakeArm) -> None:
    for status in (408, 429, 500, 503):
        arm.faults.add(
            Fault(
                "GET resources",
                status=status,
                code="AllocationFailed",
                headers={"Retry-After": "1"},
            )
        )
        with pytest.raises(CloudError):
            cloud.status({})
    assert len(arm.calls("GET resources")) == 4
