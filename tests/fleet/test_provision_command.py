"""``provision`` on a run that is there already: what is left of it runs, and no more."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.ledger import paths
from orchestrator.ledger.records import Outcome, to_json
from orchestrator.planning.plan_file import parse_plan
from orchestrator.store import StoreCredentials, open_store
from tests.fakes.arm.catalogue import REGIONS, image_id, subnet_id
from tests.fakes.arm.faults import Fault
from tests.fakes.arm.world import MACHINE
from tests.fakes.inside import ENV_FILE, files_of
from tests.fleet.test_commands import (  # noqa: F401  # fixtures are found by name
    arm,
    clock,
    command,
    github,
)

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from orchestrator.store import Store
    from tests.fleet.test_commands import Command

TASKS = 8


class Provision:
    """The command with a store of its own."""

    def __init__(self, command: Command, root: Path) -> None:  # noqa: F811  # the fixture's value
        self.command, self.root = command, root
        self.url = root.as_uri()

    def run(self, github_run: int, *more: str) -> subprocess.CompletedProcess[str]:
        region = REGIONS[0]
        return self.command.run(
            "provision",
            *("--suite", "demo", "--sample", str(TASKS), "--workers", "4"),
            *("--store", self.url, "--shared-path", "--offline"),
            *("--region", region, "--subnet", f"{region}={subnet_id(region)}"),
            *("--machine-image", image_id(), "--github-run", str(github_run), "--json", *more),
        )

    def store(self, run: str) -> Store:
        return open_store(str(self.root), run, StoreCredentials(), timeout_s=5.0)

    def score(self, run: str, but: int) -> None:
        """Score all tasks of a run but so many."""
        store = self.store(run)
        plan = parse_plan(store.get(paths.PLAN) or b"", run)
        for unit in plan.units[but:]:
            outcome = Outcome(
                unit, 1, "w-before", "500-1", "m", score=1.0, cause=None, seconds=60.0
            )
            store.create(paths.outcome(unit, 1, "w-before"), to_json(outcome))

    def machines(self, github_run: int) -> list[str]:
        mark = f"waa-{github_run}-1-"
        return [name for name in self.command.arm.names(MACHINE) if name.startswith(mark)]


@pytest.fixture
def provision(command: Command, tmp_path: Path) -> Provision:  # noqa: F811  # pytest's way
    root = tmp_path / "store"
    root.mkdir()
    return Provision(command, root)


def test_a_resumed_run_gets_no_more_machines_than_tasks_are_left(provision: Provision) -> None:
    first = provision.run(500)
    assert first.returncode == 0, first.stderr
    assert len(provision.machines(500)) == 4
    provision.score("waa-500", but=2)
    done = provision.run(501, "--resume", "500")
    assert done.returncode == 0, done.stderr
    reported = json.loads(done.stdout)
    assert (reported["run"], reported["session"], reported["shards"]) == ("waa-500", "501-1", "2")
    assert json.loads(reported["matrix"]) == [0, 1]
    assert len(provision.machines(501)) == 2
    assert f"{TASKS - 2} of {TASKS} tasks are scored" in done.stderr
    assert provision.store("waa-500").get(paths.session("501-1")) is not None


def test_a_run_without_a_ceiling_is_warned_of(
    provision: Provision, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = provision.run(500)
    assert done.returncode == 0, done.stderr
    assert "warning: no cost ceiling" in done.stderr
    assert "WAA_MATRIX_MAX_COST" in done.stderr
    monkeypatch.setenv("WAA_MATRIX_MAX_COST", "50")  # the repository's variable
    bounded = provision.run(501)
    assert bounded.returncode == 0, bounded.stderr
    assert "warning" not in bounded.stderr
    monkeypatch.setenv("WAA_MATRIX_MAX_COST", "0.01")
    refused = provision.run(502)
    assert refused.returncode == 2
    assert "--max-cost: is 0.01 USD" in refused.stderr


def test_a_complete_run_is_resumed_by_doing_nothing(provision: Provision) -> None:
    assert provision.run(500).returncode == 0
    provision.score("waa-500", but=0)
    done = provision.run(501, "--resume", "500")
    assert done.returncode == 0, done.stderr
    reported = json.loads(done.stdout)
    assert (reported["shards"], reported["matrix"]) == ("0", "[]")
    assert provision.machines(501) == []


def test_a_run_that_is_not_there_or_is_another_is_not_resumed(provision: Provision) -> None:
    absent = provision.run(501, "--resume", "499")
    assert absent.returncode == 2
    assert "waa-499: holds no run" in absent.stderr
    assert provision.run(500).returncode == 0
    other = provision.run(501, "--resume", "500", "--trials", "2")
    assert other.returncode == 2
    assert "trials" in other.stderr
    twice = provision.run(501, "--resume", "500", "--run", "mine")
    assert twice.returncode == 2
    assert "both name a run" in twice.stderr
    assert provision.machines(501) == []


def test_every_machine_has_every_disk_of_the_image_and_is_told_what_they_are(
    provision: Provision,
) -> None:
    azure = provision.command.arm
    azure.catalogue.gallery.versions["1.0.0"].luns = (0, 3)
    done = provision.run(500)
    assert done.returncode == 0, done.stderr
    names = provision.machines(500)
    made = [item.properties for item in azure.world.of(MACHINE) if item.name in names]
    luns = [[disk["lun"] for disk in entry["storageProfile"]["dataDisks"]] for entry in made]
    assert luns == [[0, 3]] * 4
    assert {entry["storageProfile"]["osDisk"]["diskSizeGB"] for entry in made} == {128}
    reported = [base64.b64decode(entry["osProfile"]["customData"]).decode() for entry in made]
    disks = "WAA_MATRIX_WORKER_DISK=Premium_LRS-128+Premium_LRS-128,os=managed\n"
    assert [disks in files_of(text)[ENV_FILE] for text in reported] == [True] * 4


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ({"os_gb": 256}, "--os-disk: is 128 GB, and the machine image's own disk 256"),
        ({"luns": ()}, "--machine-image: holds no golden Windows image"),
        ({"replicas": {}}, "has no replica there"),
    ],
)
def test_an_image_that_cannot_be_used_is_named_before_anything_is_made(
    provision: Provision, spoil: dict[str, Any], said: str
) -> None:
    azure = provision.command.arm
    known = azure.catalogue.gallery.versions["1.0.0"]
    azure.catalogue.gallery.versions["1.0.0"] = replace(known, **spoil)
    done = provision.run(500, "--arena", "winarena", "--image", "windowsarena/winarena:latest")
    assert done.returncode != 0
    assert said in done.stderr
    assert [name for name in azure.world.ever if "/waa-500-1-" in name] == []


def test_what_was_launched_is_taken_down_though_no_list_shows_it(provision: Provision) -> None:
    """Its names are known: a list that lacks them proves nothing."""
    arm = provision.command.arm  # noqa: F811  # the fixture's value
    arm.world.listing_lag_s = 4000.0
    arm.faults.add(
        Fault("PUT virtualMachines/waa-902", status=409, code="QuotaExceeded", skip=2, times=10_000)
    )
    done = provision.run(902, "--min-workers", "4", "--every", "0.3")
    assert done.returncode == 4, done.stderr
    assert "of 4 machines, 4 needed" in done.stderr
    assert len([name for name in arm.world.begun if name.startswith("waa-902-")]) == 2
    assert provision.machines(902) == []


@pytest.mark.parametrize(
    ("more", "why"),
    [((), "is already another call's of this workflow"), (("--seed", "7"), "seed")],
    ids=["after it", "at once, with other settings"],
)
def test_a_second_call_in_a_workflow_run_leaves_the_machines_to_the_first(
    provision: Provision,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    more: tuple[str, ...],
    why: str,
) -> None:
    outputs = [tmp_path / "first", tmp_path / "second"]
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_OUTPUT", str(outputs[0]))
    first = provision.run(500)
    assert first.returncode == 0, first.stderr
    before = provision.machines(500)
    if more:  # the first has written its plan a moment ago, and not yet its session
        (tmp_path / "store" / "waa-500" / paths.session("500-1")).unlink()

    monkeypatch.setenv("GITHUB_OUTPUT", str(outputs[1]))
    second = provision.run(500, *more)
    assert second.returncode == 2, second.stdout + second.stderr
    assert why in second.stdout + second.stderr
    assert provision.machines(500) == before
    assert "stands-aside" not in outputs[0].read_text()
    assert outputs[1].read_text() == "stands-aside=true\n"


def test_settings_that_are_refused_leave_the_report_to_say_so(
    provision: Provision, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "output"
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_OUTPUT", str(output))
    monkeypatch.setenv("WAA_MATRIX_MAX_COST", "0.01")
    assert provision.run(500).returncode == 2
    assert not output.exists()
