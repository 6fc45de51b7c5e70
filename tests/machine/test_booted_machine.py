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

from orchestrator.ledger.causes import Status
from tests.image.machine import serving
from tests.machine.conftest import TASKS
from tests.machine.disks import built
from tests.machine.qemu import booted
from tests.machine.seed import make_seed

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.image.machine import Server
    from tests.machine.conftest import Fleet, Told
    from tests.machine.disks import Disks
    from tests.machine.qemu import Machine

pytestmark = pytest.mark.machine


@pytest.fixture(scope="module")
def disks() -> Disks:
    return built()


def test_a_machine_without_kvm_says_so_and_powers_off(
    disks: Disks, fleet: Fleet, tmp_path: Path
) -> None:
    story = fleet.machines[0]
    seed = make_seed(tmp_path, story, fleet.store_ca, {}, witness=False)
    with booted(disks, seed, tmp_path) as machine:
        machine.says(r"waa-matrix: machine-check failed: /dev/kvm is missing")
        machine.powers_off()
        assert "runner seen" not in machine.console
        assert "stand-in:" not in machine.journal
    (event,) = fleet.events(story.name)
    assert (event["kind"], event["stage"]) == ("machine-check", "failed")
    assert "/dev/kvm is missing" in event["detail"]


def test_a_machine_works_its_job_and_ends_at_its_deadline(
    disks: Disks, fleet: Fleet, tmp_path: Path
) -> None:
    story = fleet.machines[1]
    with serving() as metadata, booted_for(story, disks, fleet, metadata, tmp_path) as machine:
        machine.says("waa-matrix: machine-check seen: .*emulation is accepted")
        was_given_its_configuration_alone(machine, fleet, story)
        keeps_its_promises(machine)
        keeps_containers_from_azure(machine)

        ended = machine.says("stand-in: worker ended with ([0-9]+)\n", "journal")
        assert ended[1] == "0", machine.journal
        folded = fleet.reader.fold()
        assert folded.count(Status.SCORED) == TASKS
        counted = [result.counted for result in folded.results if result.counted is not None]
        assert {outcome.machine for outcome in counted} == {story.name}
        # What provision told it of its disks is in the fingerprint of each outcome.
        assert {outcome.fingerprint["disk"] for outcome in counted} == {
            "Premium_LRS-128,os=managed"
        }

        event = {"EventType": "Preempt", "Resources": [story.name]}
        metadata.replies["/events"] = (200, json.dumps({"Events": [event]}).encode())
        machine.says("stand-in: told to stop", "journal")
        machine.says("waa-matrix: deadline done: this machine's time is over")
        machine.powers_off()
    said = [f"{event['kind']} {event['stage']}" for event in fleet.events(story.name)]
    assert said[:2] == ["machine-check seen", "machine-check done"]
    assert sorted(said[2:4]) == ["arena done", "runner seen"]
    assert sorted(said[4:6]) == ["runner done", "spot seen"]
    assert said[6:] == ["deadline done"]


def booted_for(
    story: Told, disks: Disks, fleet: Fleet, metadata: Server, directory: Path
) -> AbstractContextManager[Machine]:
    """Boot a machine whose image accepts emulation and asks us whether it is evicted."""
    port = metadata.url.rpartition(":")[2]
    facts = {
        "WAA_ALLOW_EMULATION": "1",
        "WAA_SCHEDULED_EVENTS_URL": f"http://10.0.2.2:{port}/events",  # QEMU's name for us
    }
    seed = make_seed(directory, story, fleet.store_ca, facts)
    return booted(disks, seed, directory, cores=2)


def was_given_its_configuration_alone(machine: Machine, fleet: Fleet, story: Told) -> None:
    """The runner has it by its environment; nothing on the machine holds it any more."""
    given = machine.says("stand-in: configuration ([0-9a-f]{64})", "journal")[1]
    assert given == hashlib.sha256(story.jit_config.encode()).hexdigest()
    fleet.github.connect(story.jit_config)  # it is the one that was minted, and not used yet
    assert witnessed(machine, "configuration in files") == "nowhere"
    assert witnessed(machine, "key in files") == "/run/waa-matrix/store-sas"
    assert witnessed(machine, "on command lines") == "0"
    assert machine.says("witness: medium (.*)\n", "journal")[1] == "gone"
    for secret in (story.jit_config, story.sas):
        assert secret not in machine.console + machine.journal


def keeps_its_promises(machine: Machine) -> None:
    """What the units and the image say of users, cores, disks and timers holds on a machine."""
    expected = {
        "stand-in: user": r"runner, groups (?=.*\bdocker\b)(?=.*\bkvm\b)",
        "stand-in: docker": "systemd$",
        "stand-in: golden image": "copied by reference",
        "witness: key": "runner 400 on tmpfs",
        "witness: arena cores": "1$",
        "witness: apt": "masked masked",
        "witness: disk": "xfs waa-golden",
    }
    for who, what in expected.items():
        machine.says(rf"(?m){who} {what}", "journal")


def keeps_containers_from_azure(machine: Machine) -> None:
    """A container reaches the DNS that names are resolved by, and nothing else of Azure's."""
    reached = {"dns by tcp", "dns by udp", "names"}
    for started in ("first", "again"):
        for what in ("metadata", "agent", "plug-in", "machine", *sorted(reached)):
            said = witnessed(machine, f"container {started} {what}")
            assert said == ("answered" if what in reached else "nothing"), f"{started} {what}"
    for what in ("metadata", "agent"):
        assert witnessed(machine, f"machine {what}") == "answered"


def witnessed(machine: Machine, what: str) -> str:
    """Return what the witness said of something."""
    return machine.says(f"witness: {what}: (.*)\n", "journal")[1].strip()
