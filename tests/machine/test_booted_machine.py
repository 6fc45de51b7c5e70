"""The machine itself: the image's provisioning, cloud-init and the units, booted in QEMU.

What is simulated: Azure and GitHub (fakes that the real ``provision`` talked to), the runner
(guest/run.sh), the arena. Real are the kernel, systemd, cloud-init, the units and their programs,
the worker with its locked environment, Docker, XFS and the object store.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest

from orchestrator.causes import Status
from tests.image.machine import serving
from tests.machine.conftest import TASKS
from tests.machine.disks import built
from tests.machine.qemu import booted
from tests.machine.seed import make_seed

if TYPE_CHECKING:
    from pathlib import Path

    from tests.machine.conftest import Fleet
    from tests.machine.disks import Disks

pytestmark = pytest.mark.machine


@pytest.fixture(scope="module")
def disks() -> Disks:
    return built()


def test_a_machine_without_kvm_says_so_and_powers_off(
    disks: Disks, fleet: Fleet, tmp_path: Path
) -> None:
    told = fleet.machines[0]
    seed = make_seed(tmp_path, told.name, told.custom_data, fleet.store_ca, {})
    with booted(disks, seed, tmp_path) as machine:
        machine.says(r"waa-matrix: machine-check failed: /dev/kvm is missing")
        machine.powers_off()
        assert "runner seen" not in machine.console
        assert "stand-in:" not in machine.journal
    (event,) = fleet.events(told.name)
    assert (event["kind"], event["stage"]) == ("machine-check", "failed")
    assert "/dev/kvm is missing" in event["detail"]


def test_a_machine_works_its_job_and_ends_at_its_deadline(
    disks: Disks, fleet: Fleet, tmp_path: Path
) -> None:
    told = fleet.machines[1]
    with serving() as metadata:
        port = metadata.url.rpartition(":")[2]
        facts = {
            "WAA_ALLOW_EMULATION": "1",
            "WAA_SCHEDULED_EVENTS_URL": f"http://10.0.2.2:{port}/events",
        }
        seed = make_seed(tmp_path, told.name, told.custom_data, fleet.store_ca, facts)
        with booted(disks, seed, tmp_path, cores=2) as machine:
            machine.says("waa-matrix: machine-check seen: .*emulation is accepted")
            given = machine.says("stand-in: configuration ([0-9a-f]{64})", "journal")[1]
            assert given == hashlib.sha256(told.jit_config.encode()).hexdigest()

            machine.says("stand-in: worker ended with 0", "journal")
            folded = fleet.reader.fold()
            assert folded.count(Status.SCORED) == TASKS
            assert {one.machine for one in folded.outcomes} == {told.name}

            event = {"EventType": "Preempt", "Resources": [told.name]}
            metadata.replies["/events"] = (200, json.dumps({"Events": [event]}).encode())
            machine.says("stand-in: told to stop", "journal")
            machine.says("waa-matrix: deadline done")
            machine.powers_off()
            print(machine.console, machine.journal)
    assert [event["kind"] for event in fleet.events(told.name)] == []
