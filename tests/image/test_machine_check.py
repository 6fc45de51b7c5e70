from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.image.machine import Sandbox, Server


@pytest.fixture
def machine(sandbox: Sandbox, server: Server) -> Sandbox:
    kvm = sandbox.root / "kvm"
    kvm.touch()
    sandbox.variables |= {
        "WAA_KVM": str(kvm),
        "WAA_DISK": str(sandbox.root),
        "WAA_DISK_NEED_GB": "0",
        "WAA_ROLE": "arena",
        "WAA_MATRIX_WORKER_STORE": f"az://acct?endpoint={server.url}/acct",
    }
    return sandbox


def test_a_fit_machine_goes_on(machine: Sandbox) -> None:
    assert machine.run("waa-machine-check").returncode == 0
    assert not machine.powered_off


def test_a_missing_kvm_is_told_everywhere_and_ends_the_machine(
    machine: Sandbox, server: Server
) -> None:
    done = machine.run("waa-machine-check", WAA_KVM="/nowhere/kvm")
    assert done.returncode == 1
    assert machine.powered_off
    (event,) = server.events().values()
    assert (event["kind"], event["stage"]) == ("machine-check", "failed")
    assert "/nowhere/kvm" in event["detail"]
    assert "/nowhere/kvm" in machine.console


def test_emulation_is_accepted_where_the_image_says_so_and_told(
    machine: Sandbox, server: Server
) -> None:
    done = machine.run("waa-machine-check", WAA_KVM="/nowhere/kvm", WAA_ALLOW_EMULATION="1")
    assert done.returncode == 0
    assert not machine.powered_off
    assert "emulation is accepted" in next(iter(server.events().values()))["detail"]


def test_a_full_disk_ends_the_machine(machine: Sandbox) -> None:
    assert machine.run("waa-machine-check", WAA_DISK_NEED_GB="99999999").returncode == 1
    assert machine.powered_off


def test_a_guest_with_more_cores_than_there_are_ends_the_machine(machine: Sandbox) -> None:
    assert machine.run("waa-machine-check", WAA_GUEST_CORES="9999").returncode == 1
    assert "9999 cores" in machine.console


def test_a_drain_machine_needs_none_of_it(machine: Sandbox) -> None:
    done = machine.run(
        "waa-machine-check", WAA_ROLE="drain", WAA_KVM="/nowhere", WAA_DISK_NEED_GB="99999999"
    )
    assert done.returncode == 0
