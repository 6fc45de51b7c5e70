"""``--remove``: what azure-setup made goes, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.azgh.world.catalogue import SUBSCRIPTION

if TYPE_CHECKING:
    from tests.azgh.conftest import Machine

pytestmark = pytest.mark.azgh

GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/waa-matrix"


def test_it_goes_but_for_store_and_gallery_and_a_second_time_changes_nothing(
    ready: Machine,
) -> None:
    world = ready.world
    first = ready.setup("--remove")
    assert first.status == 0, first.err
    kinds = {resource["type"] for resource in world.arm.resources.values()}
    assert kinds == {
        "Microsoft.Compute/galleries",
        "Microsoft.Compute/galleries/images",
        "Microsoft.Storage/storageAccounts",
        "Microsoft.Storage/storageAccounts/managementPolicies",
    }
    assert (world.arm.access.roles, world.arm.access.assignments) == ({}, {})
    assert world.entra.applications.objects == {}
    assert (world.github.environments, world.github.variables) == ({}, {})
    assert "--delete-store" in first.err
    assert "--delete-gallery waa_matrix deletes it" in first.err
    world.calls.clear()
    second = ready.setup("--remove")
    assert second.status == 0, second.err
    assert world.changes == []


def test_store_and_gallery_go_by_their_names(ready: Machine) -> None:
    accounts = ready.world.arm.of_kind("Microsoft.Storage/storageAccounts")
    stores = [word for account in accounts for word in ("--delete-store", account["name"])]
    done = ready.setup("--remove", *stores, "--delete-gallery", "waa_matrix")
    assert done.status == 0, done.err
    assert (ready.world.arm.resources, ready.world.arm.groups) == ({}, {})
    ready.world.calls.clear()
    again = ready.setup("--remove", *stores, "--delete-gallery", "waa_matrix")
    assert (again.status, ready.world.changes) == (0, []), again.err


def test_what_somebody_else_made_stays_and_is_named(ready: Machine) -> None:
    world = ready.world
    networks = f"{GROUP}/providers/Microsoft.Network"
    world.arm.put(f"{networks}/virtualNetworks/theirs", {"location": "westeurope"})
    world.github.environments["waa-matrix-run"].secrets["THEIRS"] = "a secret"
    world.github.variables["AZURE_TENANT_ID"] = "another"
    world.github.variables["THEIRS"] = "1"
    (image,) = [
        entry
        for entry in world.entra.applications.objects.values()
        if entry["displayName"] == "waa-matrix-image"
    ]
    image["passwordCredentials"] = [{"keyId": "1"}]
    done = ready.setup("--remove")
    assert done.status == 0, done.err
    assert f"{networks}/virtualnetworks/theirs".lower() in world.arm.resources
    assert list(world.github.environments) == ["waa-matrix-run"]
    assert world.github.environments["waa-matrix-run"].variables == {}
    assert world.github.variables == {"AZURE_TENANT_ID": "another", "THEIRS": "1"}
    assert list(world.entra.applications.objects) == [image["id"]]
    for name in ("environment waa-matrix-run", "AZURE_TENANT_ID", "application waa-matrix-image"):
        assert f"kept: {name}" in done.err or f"kept: variable {name}" in done.err


def test_a_live_run_is_left_alone(ready: Machine) -> None:
    """Seen by its machine, and by its workflow run, a caller's too."""
    machine = f"{GROUP}/providers/Microsoft.Compute/virtualMachines/waa-1"
    ready.world.arm.put(machine, {"location": "westeurope"})
    called = "octo/waa-matrix/.github/workflows/benchmark.yml@refs/tags/v1"
    ready.world.github.runs = [
        {
            "id": 77,
            "status": "waiting",
            "path": ".github/workflows/nightly.yml",
            "referenced_workflows": [{"path": called}],
        },
        {"id": 78, "status": "in_progress", "path": ".github/workflows/ci.yml"},
    ]
    done = ready.setup("--remove")
    assert done.status == 4
    assert "virtualMachines waa-1 in waa-matrix" in done.err
    assert "workflow run 77" in done.err
    assert "78" not in done.err
    assert ready.world.changes == []


def test_a_name_that_is_not_azure_setups_deletes_nothing(ready: Machine) -> None:
    accounts = f"{GROUP}/providers/Microsoft.Storage/storageAccounts"
    ready.world.arm.put(f"{accounts}/theirs", {"location": "westeurope"})
    done = ready.setup("--remove", "--delete-store", "theirs")
    assert done.status == 2
    assert "theirs was not made by azure-setup" in done.err
    assert ready.world.changes == []
