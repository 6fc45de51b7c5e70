"""The fake itself, asked by the real SDK: it behaves as Azure is documented to."""

from __future__ import annotations

import socket
import ssl
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from azure.core.exceptions import HttpResponseError
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.resource.resources import ResourceManagementClient

from orchestrator.compute.azure_vm.adapter import AzureCloud
from orchestrator.compute.azure_vm.body import machine_body
from orchestrator.compute.azure_vm.clients import pipeline_options
from orchestrator.compute.azure_vm.credentials import Federated, credential
from orchestrator.compute.failures import CloudError, FailureKind
from orchestrator.compute.retry import RetryPolicy
from tests.compute.requests import OTHER_RUN, RUN, machine
from tests.fakes.arm.buckets import Limits
from tests.fakes.arm.catalogue import GROUP, SUBSCRIPTION
from tests.fakes.arm.faults import Fate, Fault, Wound
from tests.fakes.arm.reply import RefusalError
from tests.fakes.arm.roles import Role
from tests.fakes.arm.server import FakeArm, serving
from tests.fakes.arm.versions import check_version
from tests.fakes.arm.world import DISK, IP, MACHINE, NIC
from tests.fakes.clock import ScaledClock, VirtualClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from orchestrator.compute.azure_vm.settings import AzureSettings
    from tests.fakes.arm.machines import Booted

POLLS = Role(
    "polls",
    f"/subscriptions/{SUBSCRIPTION}",
    ("Microsoft.Compute/locations/operations/read",),
    (),
)
"""What the run's roles have no need of: it submits, and never polls."""


@pytest.fixture
def options(settings: AzureSettings, login: Federated) -> dict[str, Any]:
    endpoints = settings.endpoints
    return {
        "credential": credential(login, endpoints),
        "subscription_id": SUBSCRIPTION,
        "base_url": endpoints.arm,
        "credential_scopes": [endpoints.arm_scope],
        "polling_interval": 0,
        **pipeline_options(endpoints),
    }


@pytest.fixture
def compute(options: dict[str, Any]) -> Iterator[ComputeManagementClient]:
    with ComputeManagementClient(**options) as client:
        yield client


@pytest.fixture
def generic(options: dict[str, Any]) -> Iterator[ResourceManagementClient]:
    with ResourceManagementClient(**options) as client:
        yield client


def body(settings: AzureSettings, name: str = "m", **changes: Any) -> Any:
    site = settings.sites["westeurope"]
    return machine_body(machine(name, **changes), settings, site, "ssh-rsa AAAA x")


def test_a_long_running_create_ends_with_the_machine(
    compute: ComputeManagementClient, arm: FakeArm, settings: AzureSettings
) -> None:
    arm.machines.create_s = 0
    arm.roles = (*arm.roles, POLLS)
    made = compute.virtual_machines.begin_create_or_update(GROUP, "m", body(settings)).result()
    assert (made.name, made.provisioning_state) == ("m", "Succeeded")
    assert arm.calls("operations/op-")
    assert "customData" not in str(made.as_dict())


def test_a_failed_operation_raises_with_status_200_so_only_the_code_tells(
    compute: ComputeManagementClient, arm: FakeArm, settings: AzureSettings
) -> None:
    arm.machines.create_s = 0
    arm.roles = (*arm.roles, POLLS)
    arm.faults.machines(Fate(fails_with="AllocationFailed"))
    poller = compute.virtual_machines.begin_create_or_update(GROUP, "m", body(settings))
    with pytest.raises(HttpResponseError) as caught:
        poller.result()
    assert caught.value.status_code == 200
    assert caught.value.error is not None
    assert caught.value.error.code == "AllocationFailed"


@pytest.mark.parametrize(
    ("version", "code", "word"),
    [
        ("2024-11-01", "InvalidRequestContent", "networkInterfaceConfigurations[0].tags"),
        ("2024-11-01", "InvalidRequestContent", "publicIPAddressConfiguration.tags"),
        ("2025-04-01", "InvalidRequestContent", "securityProfile.securityType"),
        ("2019-13-01", "NoRegisteredProviderFound", "2026-04-01"),
        ("2025-11-01", None, ""),
    ],
)
def test_a_body_is_judged_by_the_version_that_the_request_names(
    compute: ComputeManagementClient,
    arm: FakeArm,
    settings: AzureSettings,
    version: str,
    code: str | None,
    word: str,
) -> None:
    def create() -> None:
        compute.virtual_machines.begin_create_or_update(
            GROUP, "m", body(settings), api_version=version, polling=False
        )

    if code is None:
        create()
        assert "m" in arm.everything()
        return
    with pytest.raises(HttpResponseError) as caught:
        create()
    assert caught.value.error is not None
    assert caught.value.error.code == code
    assert word in str(caught.value)
    assert arm.everything() == []


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/providers/Microsoft.Compute/skus", "NoRegisteredProviderFound"),
        ("/providers/Microsoft.Compute/locations/x/usages", "NoRegisteredProviderFound"),
        (f"/resourceGroups/{GROUP}/resources", "InvalidApiVersionParameter"),
        (f"/resourceGroups/{GROUP}", "InvalidApiVersionParameter"),
        *(
            (f"/resourceGroups/{GROUP}/providers/{kind}/n", "NoRegisteredProviderFound")
            for kind in (MACHINE, NIC, IP, DISK)
        ),
    ],
)
def test_a_version_that_a_service_has_not_is_refused_whatever_is_asked(
    path: str, code: str
) -> None:
    here = f"/subscriptions/{SUBSCRIPTION}{path}"
    with pytest.raises(RefusalError) as caught:
        check_version(here, "2016-01-01")
    assert (caught.value.status, caught.value.code) == (400, code)


def test_a_filter_by_tag_hides_the_tags_of_what_it_finds(
    generic: ResourceManagementClient, cloud: AzureCloud
) -> None:
    cloud.create(machine())
    cloud.create(machine("waa-43-0", tags=OTHER_RUN))
    wanted = "tagName eq 'waa-run' and tagValue eq 'run-1'"
    expandeds = list(generic.resources.list_by_resource_group(GROUP, filter=wanted))
    assert sorted(str(item.name) for item in expandeds) == [
        "waa-42-0",
        "waa-42-0-ip",
        "waa-42-0-nic",
    ]
    assert {item.tags is None for item in expandeds} == {True}
    by_type = "resourceType eq 'Microsoft.Network/networkInterfaces'"
    assert len(list(generic.resources.list_by_resource_group(GROUP, filter=by_type))) == 2
    with pytest.raises(HttpResponseError):
        list(generic.resources.list_by_resource_group(GROUP, filter="name like 'x'"))


def test_a_listing_may_lag_behind_both_ways(
    cloud: AzureCloud, arm: FakeArm, clock: VirtualClock
) -> None:
    arm.world.listing_lag_s = 90
    arm.catalogue.gallery.versions["1.0.0"].luns = ()
    cloud.create(machine(public_ip=False, data_disks=()))
    assert cloud.status(RUN) == []
    clock.advance(200)
    cloud.status(RUN)
    clock.advance(90)
    [vm] = [item for item in cloud.status(RUN) if item.name == "waa-42-0"]
    cloud.terminate(vm)
    clock.advance(30)
    assert arm.everything() == []
    assert len(cloud.status(RUN)) == 3
    clock.advance(90)
    assert cloud.status(RUN) == []


def test_the_buckets_refuse_what_comes_too_fast_and_refill(clock: VirtualClock) -> None:
    limits = Limits(enabled=True)
    for number in range(200):
        limits.admit("PUT", f"m{number}", clock.now())
    with pytest.raises(Exception, match="SubscriptionRequestsThrottled"):
        limits.admit("PUT", "one-more", clock.now())
    clock.advance(1)
    for number in range(10):
        limits.admit("PUT", f"n{number}", clock.now())
    assert limits.refused == 1


def test_a_machine_of_its_own_limit_is_throttled_with_the_wait(
    settings: AzureSettings, login: Federated, arm: FakeArm
) -> None:
    arm.limits = Limits(enabled=True)
    # Its pace waits on a clock of its own, so that the fake's buckets stay as empty as they are.
    impatient = AzureCloud(settings, login, RetryPolicy(attempts=1), VirtualClock())
    impatient.create(machine())
    failures = []
    for _ in range(12):
        with pytest.raises(CloudError) as caught:
            impatient.create(machine())
        failures.append(caught.value.failure)
    impatient.close()
    assert [failure.code for failure in failures[:-1]] == ["NameTaken"] * 11
    assert failures[-1].kind is FailureKind.THROTTLED
    assert failures[-1].retry_after_s == 15


def test_latency_passes_on_the_fakes_clock(
    cloud: AzureCloud, arm: FakeArm, clock: VirtualClock
) -> None:
    arm.faults.add(Fault("PUT", Wound.SLOW, seconds=45))
    began = clock.now()
    cloud.create(machine())
    assert clock.now() - began == 45


def test_a_machine_boots_its_inside_with_its_custom_data_and_halts_it(
    cloud: AzureCloud, arm: FakeArm, clock: VirtualClock
) -> None:
    booted: list[Booted] = []
    halted: list[str] = []

    def boot(inside: Booted) -> Callable[[], None]:
        booted.append(inside)
        return lambda: halted.append(inside.name)

    arm.machines.on_boot = boot
    arm.faults.machines(Fate(names="*-dead", never_boots=True))
    for name in ("m-live", "m-dead"):
        cloud.create(machine(name, custom_data="hello", spot=True))
    assert booted == []
    clock.advance(60)
    arm.run_due()
    assert [(inside.name, inside.custom_data, inside.spot) for inside in booted] == [
        ("m-live", "hello", True)
    ]
    assert len(arm.names("Microsoft.Compute/virtualMachines")) == 2
    arm.machines.evict("m-live")
    assert halted == ["m-live"]


def test_time_passes_by_itself_on_a_clock_that_runs(tmp_path: Path) -> None:
    fake = FakeArm(ScaledClock(speed=10_000))
    due = threading.Event()
    with serving(fake, tmp_path, tick_s=0.005):
        with fake.lock:
            fake.world.later(60, due.set)
        assert due.wait(10)


def test_every_request_can_be_watched_before_and_after_its_effect(
    cloud: AzureCloud, arm: FakeArm
) -> None:
    watched: list[tuple[str, str, int]] = []
    arm.faults.on_request = lambda _number, call, when: watched.append(
        (call, when, len(arm.world.ever))
    )
    cloud.create(machine())
    assert watched[-2:] == [
        ("PUT virtualMachines/waa-42-0", "before", 0),
        ("PUT virtualMachines/waa-42-0", "after", 1),
    ]


def test_a_body_that_the_sdk_does_not_know_is_refused_and_noted(
    cloud: AzureCloud, compute: ComputeManagementClient, arm: FakeArm, settings: AzureSettings
) -> None:
    wrong = body(settings)
    wrong["properties"]["osProfile"]["custom_data"] = "x"
    with pytest.raises(HttpResponseError, match="custom_data"):
        compute.virtual_machines.begin_create_or_update(GROUP, "m", wrong)
    assert any("custom_data" in line for line in arm.violations)
    arm.violations.clear()
    assert cloud.status({}) == []


def test_a_stopped_machine_is_still_there(
    cloud: AzureCloud, compute: ComputeManagementClient, arm: FakeArm, clock: VirtualClock
) -> None:
    cloud.create(machine("m"))
    clock.advance(60)
    arm.run_due()
    arm.machines.stop_inside("m")
    view = compute.virtual_machines.instance_view(GROUP, "m").as_dict()
    assert "PowerState/stopped" in [status["code"] for status in view["statuses"]]
    assert "m" in arm.everything()


def test_a_request_whose_sender_dies_in_the_middle_of_it_never_was(
    arm: FakeArm, settings: AzureSettings
) -> None:
    where = urlsplit(arm.url)
    assert where.hostname is not None
    context = ssl.create_default_context(cafile=settings.endpoints.ca_file)
    plain = socket.create_connection((where.hostname, where.port or 443))
    with context.wrap_socket(plain, server_hostname=where.hostname) as half:
        half.sendall(b"PUT /subscriptions/x HTTP/1.1\r\nContent-Length: 100\r\n\r\n{")
        half.shutdown(socket.SHUT_WR)
        while half.recv(4096):
            pass  # what the handshake left
    assert arm.seen == []
    assert arm.violations == []
