"""Azure's refusals, each as the failure that the fleet acts on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.cloud.azure.codes import classify, classify_instance, is_gone
from orchestrator.cloud.failures import (
    RETRIED,
    CloudError,
    Failure,
    FailureKind,
    QuotaScope,
    printable,
)
from orchestrator.cloud.port import Kind
from tests.cloud.requests import RUN, machine
from tests.fakes.arm.faults import Fate, Fault, Wound

if TYPE_CHECKING:
    from orchestrator.cloud.azure.adapter import AzureCloud
    from tests.fakes.arm.clock import VirtualClock
    from tests.fakes.arm.server import FakeArm

TABLE = [
    ("AllocationFailed", FailureKind.CAPACITY),
    ("ZonalAllocationFailed", FailureKind.CAPACITY),
    ("OverconstrainedAllocationRequest", FailureKind.CAPACITY),
    ("OverconstrainedZonalAllocationRequest", FailureKind.CAPACITY),
    ("SkuNotAvailable", FailureKind.CAPACITY),
    ("QuotaExceeded", FailureKind.QUOTA),
    ("SpotPriceGreaterThanProvidedMaxPrice", FailureKind.CONFIGURATION),
    ("AzureSpotIsNotSupportedForThisVMSize", FailureKind.CONFIGURATION),
    ("InvalidParameter", FailureKind.CONFIGURATION),
    ("SomethingNobodyHasSeen", FailureKind.CONFIGURATION),
    ("AuthorizationFailed", FailureKind.CREDENTIALS),
    ("InvalidAuthenticationToken", FailureKind.CREDENTIALS),
    ("ReadOnlyDisabledSubscription", FailureKind.CREDENTIALS),
    ("OSProvisioningTimedOut", FailureKind.TRANSIENT),
    ("NicReservedForAnotherVm", FailureKind.TRANSIENT),
    ("InternalServerError", FailureKind.TRANSIENT),
    ("TooManyRequests", FailureKind.THROTTLED),
    ("SubscriptionRequestsThrottled", FailureKind.THROTTLED),
]


def refused(cloud: AzureCloud, **changes: Any) -> Failure:
    with pytest.raises(CloudError) as caught:
        cloud.launch(machine(**changes))
    return caught.value.failure


@pytest.mark.parametrize("status", [400, 409, 500])
@pytest.mark.parametrize(
    ("code", "kind"), [row for row in TABLE if row[0] != "SomethingNobodyHasSeen"]
)
def test_the_code_decides_whatever_the_status(
    cloud: AzureCloud, arm: FakeArm, code: str, kind: FailureKind, status: int
) -> None:
    arm.faults.add(Fault("PUT", status=status, code=code, message="Said so.", times=9))
    failure = refused(cloud)
    assert (failure.kind, failure.code, failure.message) == (kind, code, "Said so.")
    assert len(arm.calls("PUT")) == (4 if kind in RETRIED else 1)
    assert arm.everything() == []


@pytest.mark.parametrize(("code", "kind"), TABLE)
def test_a_create_that_fails_later_is_classified_alike(
    cloud: AzureCloud, arm: FakeArm, clock: VirtualClock, code: str, kind: FailureKind
) -> None:
    arm.faults.machines(Fate(fails_with=code, fails_message="Said so."))
    cloud.launch(machine())
    clock.advance(60)
    [found] = [item for item in cloud.resources(RUN) if item.kind is Kind.MACHINE]
    assert found.failure is not None
    assert (found.failure.kind, found.failure.code) == (kind, code)
    assert found.failure.message == "Said so."


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (429, FailureKind.THROTTLED),
        (500, FailureKind.TRANSIENT),
        (503, FailureKind.TRANSIENT),
        (403, FailureKind.CREDENTIALS),
        (404, FailureKind.CONFIGURATION),
        (400, FailureKind.CONFIGURATION),
    ],
)
def test_a_page_that_is_no_json_falls_back_on_the_status(
    cloud: AzureCloud, arm: FakeArm, status: int, kind: FailureKind
) -> None:
    arm.faults.add(Fault("PUT", Wound.GARBAGE, status=status, times=9))
    assert refused(cloud).kind is kind


def test_a_code_in_the_headers_serves_where_the_body_is_no_json(
    cloud: AzureCloud, arm: FakeArm
) -> None:
    headers = {"x-ms-error-code": "AllocationFailed"}
    arm.faults.add(Fault("PUT", Wound.GARBAGE, status=409, headers=headers))
    assert refused(cloud).kind is FailureKind.CAPACITY


def test_the_innermost_known_code_wins(cloud: AzureCloud, arm: FakeArm) -> None:
    inner = {
        "code": "OperationFailed",
        "details": [{"code": "AllocationFailed", "message": "Full."}],
    }
    arm.faults.add(
        Fault("PUT", status=409, code="InvalidTemplateDeployment", message="x", details=[inner])
    )
    failure = refused(cloud)
    assert (failure.kind, failure.code, failure.message) == (
        FailureKind.CAPACITY,
        "AllocationFailed",
        "Full.",
    )


def test_a_compute_limit_hides_behind_operation_not_allowed(
    cloud: AzureCloud, arm: FakeArm
) -> None:
    detail = {"code": "TooManyRequests", "target": "PutVM", "message": "{}"}
    text = "The server rejected the request because too many requests have been received."
    arm.faults.add(
        Fault("PUT", status=409, code="OperationNotAllowed", message=text, details=[detail]),
        Fault("PUT", status=409, code="OperationNotAllowed", message=text),
    )
    cloud.launch(machine())
    assert len(arm.calls("PUT")) == 3


def test_a_network_fault_is_transient_once_the_tries_are_used_up(
    cloud: AzureCloud, arm: FakeArm
) -> None:
    arm.faults.add(Fault("PUT", Wound.DROP_BEFORE, times=9))
    assert refused(cloud).kind is FailureKind.TRANSIENT
    assert len(arm.calls("PUT")) == 4


@pytest.mark.parametrize(
    ("limits", "spot", "scope"),
    [
        ({"cores": {"westeurope": 4}}, False, QuotaScope.REGION),
        ({"family_cores": {("westeurope", "standarddsv5family"): 4}}, False, QuotaScope.FAMILY),
        ({"spot_cores": {"westeurope": 4}}, True, QuotaScope.SPOT),
    ],
)
def test_a_quota_says_what_escapes_it(
    cloud: AzureCloud, arm: FakeArm, limits: dict[str, Any], spot: bool, scope: QuotaScope
) -> None:
    for name, value in limits.items():
        getattr(arm.catalogue, name).update(value)
    failure = refused(cloud, spot=spot)
    assert (failure.kind, failure.quota) == (FailureKind.QUOTA, scope)
    assert "Current Limit: 4" in failure.message
    assert len(arm.calls("PUT")) == 1


def test_a_missing_feature_is_named(cloud: AzureCloud, arm: FakeArm) -> None:
    arm.machines.standard_security = False
    failure = refused(cloud)
    assert failure.kind is FailureKind.CONFIGURATION
    assert "Microsoft.Compute/UseStandardSecurityType" in failure.message
    assert "Trusted Launch" in failure.message


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "no_good"},
        {"region": "eastus"},
        {"region": "x' or 1 eq 1"},
        {"tags": {}},
        {"tags": {"a/b": "1"}},
        {"custom_data": "x" * 50_000},
    ],
)
def test_what_azure_would_refuse_is_refused_before_the_call(
    cloud: AzureCloud, arm: FakeArm, changes: dict[str, Any]
) -> None:
    assert refused(cloud, **changes).kind is FailureKind.CONFIGURATION
    assert arm.seen == []


def test_every_problem_of_a_request_is_told_at_once(cloud: AzureCloud) -> None:
    message = refused(cloud, name="a_b", region="eastus", tags={}).message
    assert all(word in message for word in ("machine name", "region", "tags"))


def test_a_missing_resource_group_is_configuration_for_a_listing(
    cloud: AzureCloud, arm: FakeArm
) -> None:
    arm.faults.add(
        Fault("GET resources", status=404, code="ResourceGroupNotFound", message="Gone.")
    )
    with pytest.raises(CloudError) as caught:
        cloud.resources(RUN)
    assert caught.value.stops_the_run
    assert "list resources" in str(caught.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["error", "code", "message", "details", "innererror", "x"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)


@given(JSON)
def test_no_error_body_breaks_the_classification(body: object) -> None:
    failure = classify(body, status=409)
    assert failure.kind in FailureKind
    assert len(failure.code) <= 80
    assert isinstance(is_gone(body), bool)
    assert classify_instance(body) is None or isinstance(body, list)


@given(st.text(max_size=2000))
def test_a_message_is_one_bounded_printable_line(text: str) -> None:
    shown = printable(text)
    assert len(shown) <= 500
    assert "\x1b" not in shown
    assert len(shown.splitlines()) <= 1


def test_encoded_payloads_are_cut_from_messages_and_ids_are_not() -> None:
    path = "/subscriptions/11111111-2222-4333-8444-555555555555/resourceGroups/waa-fleet/providers"
    shown = printable(f"Resource {path} has bad data {'QUJD' * 40}==")
    assert shown == f"Resource {path} has bad data […]"
