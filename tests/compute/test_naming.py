"""What Azure refuses of names and tags is told before it is asked, by ``problems``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orchestrator.compute.azure_vm.body import machine_body, problems
from orchestrator.compute.azure_vm.settings import AzureSettings, Site
from tests.compute.requests import RUN, machine
from tests.fakes.arm.catalogue import GROUP, SUBSCRIPTION, subnet_id
from tests.fakes.arm.naming import check_names
from tests.fakes.arm.reply import RefusalError

if TYPE_CHECKING:
    from orchestrator.compute.azure_vm.machine import MachineRequest

SITE = Site(subnet_id("westeurope"))
SETTINGS = AzureSettings(SUBSCRIPTION, GROUP, {"westeurope": SITE})

REFUSED = {
    "a name of 65": machine("m" * 65),
    "a name that ends with a hyphen": machine("waa-"),
    "a name with a full stop": machine("waa.1"),
    "a name of digits alone": machine("12345"),
    "51 tags": machine(tags={f"t{number}": "1" for number in range(51)}),
    "a tag name of 513": machine(tags={"t" * 513: "1"}),
    "a tag value of 257": machine(tags={"t": "1" * 257}),
    "a slash in a tag's name": machine(tags={"waa/run": "1"}),
    "a tag name that is Azure's": machine(tags={"azure-run": "1"}),
}


def refusal(request: MachineRequest) -> str:
    body = machine_body(request, SETTINGS, SITE, "ssh-rsa AAAA x")
    try:
        check_names(request.name, body)
    except RefusalError as error:
        return error.code
    return ""


@pytest.mark.parametrize("case", REFUSED)
def test_what_azure_refuses_is_told_beforehand(case: str) -> None:
    assert refusal(REFUSED[case])
    assert list(problems(REFUSED[case], SETTINGS))


@pytest.mark.parametrize(
    "request_",
    [
        machine(),
        machine("w" * 64),
        machine(tags={"t" * 512: "1" * 256, "waa-repo": "octo/bench", **RUN}),
    ],
    ids=["usual", "the longest name", "the longest tag"],
)
def test_what_is_not_told_is_taken(request_: MachineRequest) -> None:
    assert list(problems(request_, SETTINGS)) == []
    assert refusal(request_) == ""
