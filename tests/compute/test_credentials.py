from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from orchestrator.compute.azure_vm.adapter import AzureCloud
from orchestrator.compute.azure_vm.credentials import Federated, throwaway_public_key
from orchestrator.compute.failures import CloudError, FailureKind
from tests.compute.requests import machine
from tests.fakes.arm.faults import Fault, Wound

if TYPE_CHECKING:
    from orchestrator.compute.azure_vm.settings import AzureSettings
    from tests.fakes.arm.server import FakeArm


def failing(cloud: AzureCloud) -> CloudError:
    with pytest.raises(CloudError) as caught:
        cloud.status({})
    cloud.close()
    return caught.value


def test_every_token_takes_an_assertion_of_its_own(
    settings: AzureSettings, login: Federated, arm: FakeArm
) -> None:
    for _ in range(2):
        cloud = AzureCloud(settings, login)
        cloud.status({})
        cloud.create(machine(f"waa-{arm.identity.assertions}"))
        cloud.close()
    assert arm.identity.assertions == 2
    assert len(arm.calls("oauth2")) == 2


def test_a_wrong_request_token_is_a_credentials_failure(
    settings: AzureSettings, login: Federated, arm: FakeArm
) -> None:
    wrong = dataclasses.replace(login, request_token="wrong-token-value")
    error = failing(AzureCloud(settings, wrong))
    assert error.kind is FailureKind.CREDENTIALS
    assert "id-token: write" in str(error)
    assert len(arm.calls()) == 1


@pytest.mark.parametrize("changed", [{"client": "someone"}, {"audience": "api://else"}])
def test_an_identity_that_the_authority_refuses_is_a_credentials_failure(
    settings: AzureSettings, login: Federated, changed: dict[str, str]
) -> None:
    error = failing(AzureCloud(settings, dataclasses.replace(login, **changed)))
    assert error.kind is FailureKind.CREDENTIALS
    assert "AADSTS" in str(error)


@pytest.mark.parametrize("call", ["GET assertion", "oauth2"])
@pytest.mark.parametrize("wound", [Wound.DROP_BEFORE, Wound.REFUSE])
def test_a_sign_in_that_stumbles_is_tried_again(
    cloud: AzureCloud, arm: FakeArm, call: str, wound: Wound
) -> None:
    arm.faults.add(Fault(call, wound, status=503, code="temporarily_unavailable"))
    assert cloud.status({}) == []


def test_a_token_that_is_refused_stops_the_run(cloud: AzureCloud, arm: FakeArm) -> None:
    cloud.status({})
    arm.identity.revoke()
    error = failing(cloud)
    assert error.kind is FailureKind.CREDENTIALS
    assert error.stops_the_run


def test_an_unknown_authority_of_certificates_is_refused(
    settings: AzureSettings, login: Federated
) -> None:
    bare = dataclasses.replace(
        settings, endpoints=dataclasses.replace(settings.endpoints, ca_file=None)
    )
    assert failing(AzureCloud(bare, login)).kind is FailureKind.TRANSIENT


def test_the_throwaway_key_is_new_each_time_and_has_no_private_half() -> None:
    entry, other = throwaway_public_key(), throwaway_public_key()
    assert entry != other
    assert entry.startswith("ssh-rsa ")
    assert "PRIVATE" not in entry
