"""Each role has what its identity's requests ask for, and nothing that nobody asks for."""

from __future__ import annotations

import dataclasses
import fnmatch
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.compute.azure_vm.body import machine_body
from orchestrator.compute.azure_vm.inspection import Inspection
from orchestrator.compute.azure_vm.settings import Site
from orchestrator.compute.azure_vm.storage import RunStorage
from orchestrator.compute.failures import CloudError, FailureKind
from orchestrator.fleet.cleanup import PollPolicy
from orchestrator.fleet.identity import EXPIRES_TAG, MACHINE_TAG
from orchestrator.fleet.reap import Reaper
from orchestrator.fleet.teardown import tear_down
from tests.compute import role_needs
from tests.compute.requests import machine
from tests.fakes.arm.actions import action_of, linked_actions
from tests.fakes.arm.catalogue import definition_id, group_id, image_id, subnet_id
from tests.fakes.arm.faults import Fate
from tests.fakes.arm.roles import FILES, REAPER, RUN, Role, role
from tests.fakes.arm.surroundings import stand_up
from tests.fakes.arm.world import DISK, IP, MACHINE, NIC, Item
from tests.fakes.blobs import recording
from tests.fleet.conftest import MINE, REPOSITORY
from tests.fleet.test_supervise import provisioned, supervised

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orchestrator.compute.azure_vm.credentials import Federated
    from orchestrator.compute.azure_vm.settings import AzureSettings, Endpoints
    from tests.fakes.arm.server import FakeArm
    from tests.fleet.conftest import Scene, Stage

PATIENCE = PollPolicy(10.0, 900.0)


def asked(arm: FakeArm) -> set[str]:
    """The actions of every request so far; the sign-in is nobody's to allow."""
    return {
        action_of(seen.verb, seen.path)
        for seen in arm.seen
        if seen.path.startswith("/subscriptions/")
    }


def missing(roles: Iterable[Role], needed: Iterable[str]) -> list[str]:
    given = [action for entry in roles for action in entry.actions]
    return sorted(action for action in needed if not _covered(action, given))


def superfluous(roles: Iterable[Role], needed: Iterable[str]) -> list[str]:
    wanted = {action.lower() for action in needed}
    return [
        action
        for entry in roles
        for action in entry.actions
        if not fnmatch.filter(wanted, action.lower())
    ]


def _covered(action: str, given: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(action.lower(), entry.lower()) for entry in given)


def orphan(scene: Scene, *kinds: str) -> None:
    """Leave parts that no machine has any more, as a failed create does."""
    for kind in kinds:
        tags = {**MINE.tags, MACHINE_TAG: "gone", EXPIRES_TAG: "1"}
        scene.arm.world.add(Item(kind, f"left-{len(kind)}", "westeurope", tags, 0.0))


def linked(settings: AzureSettings) -> set[str]:
    """The further checks of a create, by an image's version and by its definition."""
    guarded = Site(subnet_id("westeurope"), f"{group_id()}/networkSecurityGroups/waa")
    path = f"{group_id()}/providers/{MACHINE}/waa-500-0"
    bodies = [
        machine_body(machine(image=image), settings, guarded, "ssh-rsa A nobody")
        for image in (image_id(), definition_id())
    ]
    return {action for body in bodies for action, _ in linked_actions("PUT", path, dict(body))}


def inspect(settings: AzureSettings, login: Federated) -> None:
    """Read all that doctor reads."""
    azure = Inspection(settings, login)
    azure.subscription()
    assert azure.resource_group()
    assert azure.subnet(subnet_id("westeurope"))
    assert azure.image(definition_id())
    azure.feature_state("Microsoft.Compute", "UseStandardSecurityType")
    azure.provider_state("Microsoft.Compute")
    assert azure.sweeper("waa-sweeper")
    azure.close()


@pytest.fixture
def of_a_run(stage: Stage, settings: AzureSettings, login: Federated) -> set[str]:
    """What provisioning, supervising, taking down, doctor and the ledger's container ask for."""
    arm = stage.scene.arm
    stand_up(arm)
    arm.faults.machines(Fate(names="waa-500-1-000-*", fails_with="AllocationFailed"))
    provisioned(stage)
    supervised(stage)
    orphan(stage.scene, NIC, DISK, IP)
    assert tear_down(MINE, stage.scene.cleaner, PATIENCE).proved
    inspect(settings, login)
    assert arm.violations == []
    return asked(arm) | linked(settings)


def in_storage(directory: Path, endpoints: Endpoints, login: Federated) -> set[str]:
    """What making a run's container and minting its keys ask of Blob Storage."""
    now = datetime.now(UTC)
    with recording(directory) as (url, authority, seen):
        both = directory / "both.pem"
        both.write_text(authority.read_text() + Path(str(endpoints.ca_file)).read_text())
        storage = RunStorage(url, login, dataclasses.replace(endpoints, ca_file=str(both)))
        storage.create("run-1")
        storage.key("run-1", now, now + timedelta(hours=1))
        storage.close()
        return set(seen)


def test_a_runs_roles_are_what_a_run_asks_for(
    of_a_run: set[str], tmp_path: Path, endpoints: Endpoints, login: Federated
) -> None:
    needed = of_a_run | in_storage(tmp_path, endpoints, login) | set(role_needs.RUN)
    assert missing(RUN, needed) == []
    assert superfluous(RUN, needed) == []
    assert {action for entry in RUN for action in entry.data_actions} == set(role_needs.RUN_DATA)


def test_what_a_table_names_is_what_nobody_was_seen_to_ask_for(of_a_run: set[str]) -> None:
    """A line that a request proves needs no source, and hides when the request is gone."""
    assert of_a_run.isdisjoint(set(role_needs.RUN) - {f"{MACHINE}/read"})


def test_the_reapers_role_is_what_reaping_asks_for(scene: Scene) -> None:
    scene.launch(MINE, 0)
    scene.clock.advance(120)
    orphan(scene, NIC, DISK, IP)
    job = scene.fake.add_job(MINE.github_run, "report", ["ubuntu-latest"], hosted=True)
    scene.fake.finish_job(job.id)
    scene.arm.seen.clear()
    scene.arm.roles = REAPER
    reaped = Reaper(REPOSITORY, scene.cleaner, scene.github.runs, 60.0).reap(PATIENCE)
    assert reaped.cleared.proved, reaped
    needed = asked(scene.arm) | set(role_needs.REAPER) | sweepers_actions()
    assert missing(REAPER, needed) == []
    assert superfluous(REAPER, needed) == []
    assert REAPER[0].data_actions == ()


def sweepers_actions() -> set[str]:
    """What the sweeper inside Azure asks for, by its own definition."""
    (flow,) = json.loads((FILES / "sweeper.json").read_text())["resources"]
    kinds = flow["properties"]["parameters"]["versions"]["value"]
    actions: dict[str, Any] = flow["properties"]["definition"]["actions"]
    (inside,) = actions["each"]["actions"].values()
    assert (actions["list"]["inputs"]["method"], inside["inputs"]["method"]) == ("GET", "DELETE")
    listing = f"{group_id()}/resources"
    deletes = {action_of("DELETE", f"{group_id()}/providers/{kind}/x") for kind in kinds}
    known = {action.lower(): action for action in REAPER[0].actions}
    return {action_of("GET", listing)} | {known.get(delete.lower(), delete) for delete in deletes}


def test_the_image_builds_role_is_what_packer_asks_for() -> None:
    image = (role("image"),)
    assert missing(image, role_needs.IMAGE) == []
    assert superfluous(image, role_needs.IMAGE) == []
    assert set(image[0].data_actions) == set(role_needs.IMAGE_DATA)


@pytest.mark.parametrize("name", ["run", "offers", "reaper", "image"])
def test_a_role_that_lacks_or_has_one_too_many_is_found(name: str) -> None:
    whole = role(name)
    for action in whole.actions:
        less = dataclasses.replace(
            whole, actions=tuple(entry for entry in whole.actions if entry != action)
        )
        assert missing([less], whole.actions) == [action]
    more = dataclasses.replace(whole, actions=(*whole.actions, "Microsoft.Web/sites/read"))
    assert superfluous([more], whole.actions) == ["Microsoft.Web/sites/read"]


LACKING = [
    ("Microsoft.Compute/virtualMachines/write", FailureKind.CREDENTIALS),
    # A linked one's scope is a region's own subnet or replica: another region's may be granted.
    ("virtualNetworks/subnets/join/action", FailureKind.UNSUITABLE),
]


@pytest.mark.parametrize(("lacking", "kind"), LACKING)
def test_the_fake_refuses_what_a_role_lacks(stage: Stage, lacking: str, kind: FailureKind) -> None:
    arm = stage.scene.arm
    arm.roles = tuple(
        dataclasses.replace(
            entry, actions=tuple(action for action in entry.actions if not action.endswith(lacking))
        )
        for entry in RUN
    )
    with pytest.raises(CloudError, match="AuthorizationFailed") as caught:
        stage.scene.cloud.create(machine())
    assert caught.value.kind is kind
    assert lacking in str(caught.value)
    assert arm.everything() == []


@pytest.mark.parametrize(
    ("verb", "path", "action"),
    [
        ("GET", "", "Microsoft.Resources/subscriptions/read"),
        ("GET", "/resourceGroups/g", "Microsoft.Resources/subscriptions/resourceGroups/read"),
        (
            "GET",
            "/resourceGroups/g/resources",
            "Microsoft.Resources/subscriptions/resourceGroups/resources/read",
        ),
        (
            "GET",
            "/providers/Microsoft.Compute",
            "Microsoft.Resources/subscriptions/providers/read",
        ),
        ("GET", "/providers/Microsoft.Compute/skus", "Microsoft.Compute/skus/read"),
        (
            "GET",
            "/providers/Microsoft.Compute/locations/r/usages",
            "Microsoft.Compute/locations/usages/read",
        ),
        (
            "GET",
            "/providers/Microsoft.Features/providers/Microsoft.Compute/features/F",
            "Microsoft.Features/providers/features/read",
        ),
        (
            "POST",
            "/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/m/deallocate",
            "Microsoft.Compute/virtualMachines/deallocate/action",
        ),
        (
            "GET",
            "/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/m/instanceView",
            "Microsoft.Compute/virtualMachines/instanceView/read",
        ),
        (
            "DELETE",
            "/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/s",
            "Microsoft.Network/virtualNetworks/subnets/delete",
        ),
    ],
)
def test_a_request_asks_for_the_documented_action(verb: str, path: str, action: str) -> None:
    assert action_of(verb, f"/subscriptions/s{path}") == action
