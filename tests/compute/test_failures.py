"""Azure's refusals, each as the failure that the fleet acts on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.compute.azure_vm.codes import CODES, SAYS_MANY, Code
from orchestrator.compute.azure_vm.refusals import classify, classify_instance, is_gone
from orchestrator.compute.base import Kind
from orchestrator.compute.failures import (
    RETRIED,
    STOPS_THE_RUN,
    Action,
    CloudError,
    Failure,
    FailureKind,
    Scope,
    action_for,
)
from tests.compute.requests import RUN, machine
from tests.fakes.arm.faults import Fate, Fault, Wound

if TYPE_CHECKING:
    from orchestrator.compute.azure_vm.adapter import AzureCloud
    from tests.fakes.arm.server import FakeArm
    from tests.fakes.clock import VirtualClock

TABLE = [
    ("AllocationFailed", FailureKind.CAPACITY),
    ("ZonalAllocationFailed", FailureKind.CAPACITY),
    ("OverconstrainedAllocationRequest", FailureKind.CAPACITY),
    ("OverconstrainedZonalAllocationRequest", FailureKind.CAPACITY),
    ("SkuNotAvailable", FailureKind.CAPACITY),
    ("QuotaExceeded", FailureKind.QUOTA),
    ("SpotPriceGreaterThanProvidedMaxPrice", FailureKind.UNSUITABLE),
    ("AzureSpotIsNotSupportedForThisVMSize", FailureKind.UNSUITABLE),
    ("RequestDisallowedByPolicy", FailureKind.UNSUITABLE),
    ("SubnetIsFull", FailureKind.CAPACITY),
    ("OSProvisioningClientError", FailureKind.BROKEN),
    ("Conflict", FailureKind.TRANSIENT),
    ("InvalidParameter", FailureKind.CONFIGURATION),
    ("SomethingNobodyHasSeen", FailureKind.UNKNOWN),
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
        cloud.create(machine(**changes))
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


@pytest.mark.parametrize("status", [400, 403, 404, 409])
def test_an_unknown_code_is_one_machines_whatever_the_status(
    cloud: AzureCloud, arm: FakeArm, status: int
) -> None:
    arm.faults.add(Fault("PUT", status=status, code="SomethingNobodyHasSeen", message="Said so."))
    failure = refused(cloud)
    assert (failure.action, failure.scope) == (Action.REPLACE, Scope.MACHINE)


LATER = [(code, kind) for code, kind in TABLE if kind is not FailureKind.CONFIGURATION]


@pytest.mark.parametrize(("code", "kind"), [*LATER, ("InvalidParameter", FailureKind.UNKNOWN)])
def test_a_create_that_fails_later_is_classified_alike_but_shares_nothing_with_others(
    cloud: AzureCloud, arm: FakeArm, clock: VirtualClock, code: str, kind: FailureKind
) -> None:
    arm.faults.machines(Fate(fails_with=code, fails_message="Said so."))
    cloud.create(machine())
    clock.advance(60)
    [instance] = [item for item in cloud.status(RUN) if item.kind is Kind.MACHINE]
    assert instance.failure is not None
    assert (instance.failure.kind, instance.failure.code) == (kind, code)
    assert instance.failure.message == "Said so."


@pytest.mark.parametrize("row", CODES, ids=lambda row: row.code)
def test_every_code_of_the_table_has_a_scope_an_action_and_a_source(row: Code) -> None:
    failure = classify({"error": {"code": row.code.upper(), "message": ""}}, status=418)
    assert (failure.kind, failure.scope) == (row.kind, row.scope)
    assert failure.action is row.action is action_for(row.kind)
    assert len(row.source) > 10
    wide = row.scope in (Scope.SUBSCRIPTION, Scope.RUN)
    throttled = row.kind is FailureKind.THROTTLED
    assert (row.action is Action.STOP) == (wide and not throttled) == (row.kind in STOPS_THE_RUN)
    assert (row.action is Action.ELSEWHERE) == (not wide and row.scope is not Scope.MACHINE)


def test_no_code_is_in_the_table_twice_and_none_of_several_meanings_is_in_it() -> None:
    spelt = [row.code.lower() for row in CODES]
    assert len(spelt) == len(set(spelt))
    assert not {code.lower() for code in SAYS_MANY} & set(spelt)


@pytest.mark.parametrize("code", SAYS_MANY)
def test_a_code_of_several_meanings_says_nothing_by_itself(code: str) -> None:
    outer = {"code": code, "message": "A sentence nobody has seen."}
    assert classify({"error": outer}, status=400).action is Action.REPLACE
    inner = [{"code": "SubnetIsFull", "message": "Full."}]
    assert classify({"error": {**outer, "details": inner}}, status=400).scope is Scope.REGION


@pytest.mark.parametrize(
    ("message", "kind", "scope"),
    [
        ("exceeding approved Total Regional Cores quota", FailureKind.QUOTA, Scope.REGION),
        ("exceeding approved standardDSv5Family Cores quota", FailureKind.QUOTA, Scope.FAMILY),
        ("exceeding approved LowPriorityCores quota", FailureKind.QUOTA, Scope.SPOT),
        ("another operation is in progress", FailureKind.TRANSIENT, Scope.MACHINE),
        ("the VM is marked for deletion", FailureKind.TRANSIENT, Scope.MACHINE),
        ("The maximum number of data disks is 4", FailureKind.UNKNOWN, Scope.MACHINE),
        ("Das Kontingent ist erschöpft", FailureKind.UNKNOWN, Scope.MACHINE),
    ],
)
def test_a_sentence_only_tells_meanings_apart_and_never_stops_a_run(
    message: str, kind: FailureKind, scope: Scope
) -> None:
    failure = classify({"error": {"code": "OperationNotAllowed", "message": message}}, status=409)
    assert (failure.kind, failure.scope) == (kind, scope)


@pytest.mark.parametrize(
    ("error", "scope"),
    [
        ({"message": "The requested VM size X is not available in the current region."}, "size"),
        ({"message": "Not so.", "target": "vmSize"}, "size"),
        ({"message": "Not so.", "target": "imageReference"}, "region"),
        (
            {
                "message": "In region eastus, the following list of Shared Image Gallery images"
                " referenced from the deployment template were not found: /x."
            },
            "region",
        ),
        ({"message": "The value of parameter x is invalid."}, "run"),
        ({"message": "Not so.", "target": "osProfile"}, "run"),
    ],
)
def test_a_wrong_parameter_is_the_runs_unless_it_is_a_size_or_a_place(
    error: dict[str, str], scope: str
) -> None:
    failure = classify({"error": {"code": "InvalidParameter", **error}}, status=400)
    assert failure.scope == scope
    assert (failure.action is Action.STOP) == (scope == "run")


def test_a_code_in_the_text_of_a_message_is_read() -> None:
    """azure-docs#88211: the network's error arrives as the text of a BadRequest."""
    text = '{\r\n "error": {"code": "SubnetIsFull", "message": "Full.", "details": []}}'
    outer = {"code": "BadRequest", "message": text}
    failure = classify({"error": {"code": "DeploymentFailed", "details": [outer]}}, status=400)
    assert (failure.code, failure.scope) == ("SubnetIsFull", Scope.REGION)


def test_an_instance_that_was_canceled_is_one_broken_machine() -> None:
    failure = classify_instance([{"code": "ProvisioningState/canceled", "message": "x"}])
    assert failure is not None
    assert failure.action is Action.REPLACE


def test_only_the_outermost_code_says_that_something_is_gone() -> None:
    inner = [{"code": "NotFound", "message": "The disk encryption set was not found."}]
    assert is_gone({"error": {"code": "ResourceNotFound", "message": ""}})
    assert not is_gone({"error": {"code": "Conflict", "message": "", "details": inner}})


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (429, FailureKind.THROTTLED),
        (500, FailureKind.TRANSIENT),
        (503, FailureKind.TRANSIENT),
        (401, FailureKind.CREDENTIALS),
        (403, FailureKind.UNKNOWN),
        (404, FailureKind.UNKNOWN),
        (400, FailureKind.UNKNOWN),
    ],
)
def test_a_page_that_is_no_json_falls_back_on_what_every_server_means_alike(
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
    cloud.create(machine())
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
        ({"cores": {"westeurope": 4}}, False, Scope.REGION),
        ({"family_cores": {("westeurope", "standarddsv5family"): 4}}, False, Scope.FAMILY),
        ({"spot_cores": {"westeurope": 4}}, True, Scope.SPOT),
    ],
)
def test_a_quota_says_what_escapes_it(
    cloud: AzureCloud, arm: FakeArm, limits: dict[str, Any], spot: bool, scope: Scope
) -> None:
    for name, value in limits.items():
        getattr(arm.catalogue, name).update(value)
    failure = refused(cloud, spot=spot)
    assert (failure.kind, failure.scope) == (FailureKind.QUOTA, scope)
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
        cloud.status(RUN)
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


def test_encoded_payloads_are_cut_from_messages_and_ids_are_not() -> None:
    path = "/subscriptions/11111111-2222-4333-8444-555555555555/resourceGroups/waa-fleet/providers"
    data = f"{'QUJD' * 40}=="
    shown = classify(
        {"error": {"code": "x", "message": f"Resource {path} has bad data {data}"}}
    ).message
    assert shown == f"Resource {path} has bad data […]"
