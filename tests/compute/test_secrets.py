"""What must never be read by accident is looked for everywhere that text comes out."""

from __future__ import annotations

import base64
import logging
import traceback
from typing import TYPE_CHECKING

import pytest

from orchestrator.compute.base import Kind
from orchestrator.compute.failures import CloudError
from tests.compute.requests import RUN, machine
from tests.fakes.arm.faults import Fate, Fault, Wound

if TYPE_CHECKING:
    from orchestrator.compute.azure_vm.adapter import AzureCloud
    from orchestrator.compute.azure_vm.credentials import Federated
    from tests.fakes.arm.server import FakeArm
    from tests.fakes.clock import VirtualClock

SECRET = "jit-config-that-nobody-may-read-" + "Zx9" * 40
ENCODED = base64.b64encode(SECRET.encode()).decode()


def everything_said(error: CloudError) -> str:
    trace = traceback.TracebackException.from_exception(error)
    return "\n".join([repr(error), str(error), repr(error.failure), *trace.format(chain=True)])


def assert_unsaid(text: str, arm: FakeArm) -> None:
    hidden = [SECRET, ENCODED, ENCODED[8:72], arm.identity.request_token, *arm.identity.issued]
    assert arm.identity.issued
    assert [value for value in hidden if value in text] == []


def test_a_request_and_a_login_show_no_secret(login: Federated, arm: FakeArm) -> None:
    shown = repr(machine(custom_data=SECRET)) + repr(login)
    assert "waa-42-0" in shown
    assert SECRET not in shown
    assert arm.identity.request_token not in shown


@pytest.mark.parametrize(
    "fault",
    [
        Fault("PUT", status=400, code="InvalidParameter", message=f"Bad value: {ENCODED}"),
        Fault("PUT", status=409, code="AllocationFailed", message=f"customData={ENCODED}"),
        Fault("PUT", Wound.DROP_BEFORE, times=9),
        Fault("PUT", Wound.GARBAGE, status=500, times=9),
    ],
)
def test_a_failed_create_says_nothing_secret_anywhere(
    cloud: AzureCloud, arm: FakeArm, caplog: pytest.LogCaptureFixture, fault: Fault
) -> None:
    arm.faults.add(fault)
    with caplog.at_level(logging.DEBUG), pytest.raises(CloudError) as caught:
        cloud.create(machine(custom_data=SECRET))
    error = caught.value
    assert error.__cause__ is None
    assert error.__suppress_context__
    logged = "\n".join(f"{record.getMessage()} {record.exc_text}" for record in caplog.records)
    assert_unsaid(everything_said(error) + logged, arm)


def test_a_whole_life_logs_nothing_secret(
    cloud: AzureCloud, arm: FakeArm, clock: VirtualClock, caplog: pytest.LogCaptureFixture
) -> None:
    arm.faults.machines(Fate(fails_with="OSProvisioningTimedOut", fails_message=f"got {ENCODED}"))
    with caplog.at_level(logging.DEBUG):
        cloud.create(machine(custom_data=SECRET))
        clock.advance(60)
        instances = cloud.status(RUN)
        for item in instances:
            if item.kind is Kind.MACHINE:
                cloud.terminate(item)
    assert caplog.records
    assert_unsaid(caplog.text + repr(instances), arm)
    assert "OSProvisioningTimedOut" in repr(instances)


def test_a_refused_sign_in_says_nothing_secret(
    cloud: AzureCloud, arm: FakeArm, caplog: pytest.LogCaptureFixture
) -> None:
    arm.faults.add(Fault("oauth2", status=401, code="invalid_client", message="No.", times=9))
    with caplog.at_level(logging.DEBUG), pytest.raises(CloudError) as caught:
        cloud.status({})
    assert_unsaid(everything_said(caught.value) + caplog.text, arm)
