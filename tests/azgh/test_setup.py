"""The whole set-up, twice, for two regions, by the real ``az`` and ``gh``."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from orchestrator.cli import cli
from tests.azgh.world.catalogue import SUBSCRIPTION
from tests.azgh.world.github import NUMBER, OWNER_ID
from tests.tiers import ROOT

if TYPE_CHECKING:
    from tests.azgh.conftest import Machine, Run
    from tests.azgh.world import World

pytestmark = pytest.mark.azgh

FILES = ROOT / "scripts" / "azure_setup"
HERE = f"/subscriptions/{SUBSCRIPTION}"
ROLES = {"run": "run", "offers": "offers", "reaper": "reaper", "image": "image build"}


def test_it_ends_well_twice_and_the_second_time_changes_nothing(
    made: tuple[World, list[Run]],
) -> None:
    first, second = made[1]
    assert first.done.status == 0, first.done.err
    assert len(first.changes) > 60
    assert second.done.status == 0, second.done.err
    assert second.changes == []
    assert second.done.commands == []


def test_it_met_what_replicates_late_and_went_on(made: tuple[World, list[Run]]) -> None:
    refusals = "\n".join(made[1][0].refusals)
    assert "does not reference a valid application object" in refusals
    assert "RoleDefinitionDoesNotExist" in refusals
    assert "RoleDefinitionWithSameNameExists" not in refusals
    assert len(made[0].entra.applications.objects) == 3


def test_no_assignment_looks_for_its_principal_in_entra(made: tuple[World, list[Run]]) -> None:
    """By its object id and type: one that was just made is not found there."""
    principals = made[0].entra.principals.objects
    calls = [call for run in made[1] for call in run.calls]
    given = [call for call in calls if call.method == "PUT" and "/roleAssignments/" in call.path]
    assert len({call.body["properties"]["principalId"] for call in given}) == len(principals) == 4
    assert {call.body["properties"]["principalType"] for call in given} == {"ServicePrincipal"}
    graph = [call for call in calls if call.host == "graph.microsoft.com"]
    assert graph
    # az asks for whom it names on the way back, by POST and by id: that finds nothing, and says so.
    filters = [" ".join(call.query.values()) for call in graph if call.method == "GET"]
    assert not [entry for entry in filters if any(name in entry for name in principals)]


@pytest.mark.parametrize("role", ROLES)
def test_a_role_says_what_its_file_says(made: tuple[World, list[Run]], role: str) -> None:
    text = (FILES / f"role-{role}.json").read_text()
    text = text.replace("@SUBSCRIPTION@", SUBSCRIPTION).replace("@GROUP@", "waa-matrix")
    wanted: dict[str, Any] = json.loads(text)
    properties = made[0].arm.access.named(wanted["Name"])["properties"]
    (said,) = properties["permissions"]
    assert said["actions"] == wanted["Actions"]
    assert said["dataActions"] == wanted["DataActions"]
    assert properties["assignableScopes"] == wanted["AssignableScopes"]


def test_each_identity_has_its_role_at_its_scope_alone(made: tuple[World, list[Run]]) -> None:
    world = made[0]
    names = {
        role["name"]: role["properties"]["roleName"] for role in world.arm.access.roles.values()
    }
    given = {
        (
            names[assignment["properties"]["roleDefinitionId"].rpartition("/")[2]],
            assignment["properties"]["scope"],
            world.entra.principals.objects[assignment["properties"]["principalId"]].get(
                "displayName", ""
            ),
        )
        for assignment in world.arm.access.assignments.values()
    }
    group = f"{HERE}/resourceGroups/waa-matrix"
    assert given == {
        ("WAA Matrix run (waa-matrix)", group, "waa-matrix-run"),
        ("WAA Matrix offers (waa-matrix)", HERE, "waa-matrix-run"),
        ("WAA Matrix reaper (waa-matrix)", group, "waa-matrix-reaper"),
        ("WAA Matrix reaper (waa-matrix)", group, ""),  # the sweeper's own identity
        ("WAA Matrix image build (waa-matrix)", f"{group}-image", "waa-matrix-image"),
    }


def test_a_job_signs_in_by_name_and_by_number(made: tuple[World, list[Run]]) -> None:
    entra = made[0].entra
    for application in entra.applications.objects.values():
        environment = application["displayName"]
        subjects = {credential["subject"] for credential in entra.credentials[application["id"]]}
        assert subjects == {
            f"repo:octo/bench:environment:{environment}",
            f"repo:octo@{OWNER_ID}/bench@{NUMBER}:environment:{environment}",
        }


def test_environments_take_the_default_branch_alone(made: tuple[World, list[Run]]) -> None:
    environments = made[0].github.environments
    assert set(environments) == {"waa-matrix-run", "waa-matrix-reaper", "waa-matrix-image"}
    for environment in environments.values():
        assert environment.policy == {"protected_branches": False, "custom_branch_policies": True}
        assert [branch["name"] for branch in environment.branches.values()] == ["main"]
        assert environment.rules == []


def test_compute_is_registered_again_once_the_feature_is(made: tuple[World, list[Run]]) -> None:
    catalogue = made[0].arm.catalogue
    assert (catalogue.feature, catalogue.propagated) == ("Registered", True)


def test_nothing_comes_in_and_no_machine_has_a_way_out_of_its_own(
    made: tuple[World, list[Run]],
) -> None:
    arm = made[0].arm
    rules = arm.of_kind("Microsoft.Network/networkSecurityGroups/securityRules")
    assert [(rule["properties"]["direction"], rule["properties"]["access"]) for rule in rules] == [
        ("Inbound", "Deny")
    ] * 2
    subnets = arm.of_kind("Microsoft.Network/virtualNetworks/subnets")
    assert len(subnets) == 2
    for subnet in subnets:
        assert subnet["properties"]["defaultOutboundAccess"] is False
        assert subnet["properties"]["natGateway"]["id"].split("/")[-1].startswith("waa-")
        assert subnet["properties"]["networkSecurityGroup"]["id"]


def test_the_image_has_no_trusted_launch_and_the_golden_one_is_out_of_a_runs_reach(
    made: tuple[World, list[Run]],
) -> None:
    arm = made[0].arm
    (definition,) = arm.of_kind("Microsoft.Compute/galleries/images")
    features = {entry["name"]: entry["value"] for entry in definition["properties"]["features"]}
    # az sends nothing for SecurityType=Standard, and TrustedLaunchSupported where none is given.
    assert features == {"DiskControllerTypes": "SCSI,NVMe"}
    accounts = arm.of_kind("Microsoft.Storage/storageAccounts")
    places = {account["name"].endswith("gold"): account["id"].split("/")[4] for account in accounts}
    assert places == {False: "waa-matrix", True: "waa-matrix-image"}
    for account in accounts:
        assert account["properties"]["allowBlobPublicAccess"] is False
        assert account["properties"]["allowSharedKeyAccess"] is False


def test_the_variables_are_those_that_the_commands_read(made: tuple[World, list[Run]]) -> None:
    said = made[0].github.variables
    done = CliRunner().invoke(cli, ["provision", "--help"], terminal_width=1000)
    read = set(re.findall(r"\[env: (\w+)\]", done.output))
    # The image's build reads two, the App's steps one, and benchmark.yml hands the ceiling on.
    elsewhere = {
        "WAA_MATRIX_IMAGE_RESOURCE_GROUP",
        "WAA_MATRIX_GOLDEN_STORE",
        "WAA_MATRIX_MAX_COST",
    }
    assert set(said) <= read | elsewhere
    assert {"WAA_MATRIX_SUBNETS", "WAA_MATRIX_REGIONS", "WAA_MATRIX_STORE"} <= read
    sites = said["WAA_MATRIX_SUBNETS"].split()
    assert [site.partition("=")[0] for site in sites] == said["WAA_MATRIX_REGIONS"].split()
    assert said["WAA_MATRIX_MAX_COST"] == "60"
    ids = {
        entry["displayName"]: entry["appId"]
        for entry in made[0].entra.applications.objects.values()
    }
    for name, environment in made[0].github.environments.items():
        assert environment.variables == {"AZURE_CLIENT_ID": ids[name]}


def test_what_differs_is_corrected_and_nothing_else_changes(ready: Machine) -> None:
    """A role by its id, a branch, a variable, an environment's policy; the rest stays."""
    world, github = ready.world, ready.world.github
    role = world.arm.access.named("WAA Matrix reaper (waa-matrix)")
    role["properties"]["permissions"][0]["actions"] = ["Microsoft.Compute/virtualMachines/read"]
    github.default_branch = "trunk"
    github.variables["WAA_MATRIX_REGIONS"] = "elsewhere"
    image = github.environments["waa-matrix-image"]
    image.policy, image.branches = None, {}
    reviewers = [{"type": "User", "reviewer": {"id": 7}}]
    image.rules = [{"type": "required_reviewers", "reviewers": reviewers}]
    (ready.programs.root / "key.pem").write_text("-----BEGIN KEY-----secret")
    key = ("--app-id", "12", "--app-key", str(ready.programs.root / "key.pem"))
    done = ready.setup("--region", "westeurope", "--region", "northeurope", *key)
    assert done.status == 0, done.err
    after = world.arm.access.named("WAA Matrix reaper (waa-matrix)")
    assert after["name"] == role["name"]
    assert len(after["properties"]["permissions"][0]["actions"]) > 1
    for environment in github.environments.values():
        assert [branch["name"] for branch in environment.branches.values()] == ["trunk"]
    assert [rule["type"] for rule in image.rules] == ["required_reviewers"]
    assert github.variables["WAA_MATRIX_REGIONS"] == "westeurope northeurope"
    assert github.variables["WAA_MATRIX_MAX_COST"] == "60"
    azure = [change for change in world.changes if "management.azure.com" in change]
    assert len(azure) == 1
    assert "roleDefinitions" in azure[0]
    secret = {"WAA_MATRIX_APP_PRIVATE_KEY": "-----BEGIN KEY-----secret"}
    assert github.environments["waa-matrix-run"].secrets == secret
    assert github.environments["waa-matrix-reaper"].secrets == secret
    assert "BEGIN" not in done.out + done.err


def test_what_an_older_or_interrupted_set_up_lacks_is_made(ready: Machine) -> None:
    """The subject by number, Compute registered again after the feature, the ceiling."""
    world = ready.world
    credentials = next(iter(world.entra.credentials.values()))
    (wanted,) = [
        credential["subject"] for credential in credentials if "@" in credential["subject"]
    ]
    credentials[:] = [credential for credential in credentials if credential["subject"] != wanted]
    world.arm.groups["waa-matrix"]["tags"].pop("waa-standard-security")
    world.arm.catalogue.propagated = False
    del world.github.variables["WAA_MATRIX_MAX_COST"]
    done = ready.setup("--region", "westeurope", "--region", "northeurope", "--max-cost", "25")
    made = {
        "subject": [
            credential["subject"] for credential in credentials if credential["subject"] == wanted
        ],
        "Compute": world.arm.catalogue.propagated,
        "ceiling": world.github.variables.get("WAA_MATRIX_MAX_COST"),
    }
    assert made == {"subject": [wanted], "Compute": True, "ceiling": "25"}
    assert done.status == 0, done.err
    assert len(world.changes) == 4


def test_one_more_region_gets_a_network_and_a_replica(ready: Machine) -> None:
    images = f"{HERE}/resourceGroups/waa-matrix-image/providers/Microsoft.Compute/galleries"
    version = f"{images}/waa_matrix/images/waa-machine/versions/2026.1101.1"
    targets = [{"name": "West Europe", "regionalReplicaCount": 3}]
    profile = {"publishedDate": "2026-11-01T00:00:00Z", "targetRegions": targets}
    ready.world.arm.put(
        version, {"location": "westeurope", "properties": {"publishingProfile": profile}}
    )
    done = ready.setup("--region", "westeurope", "--region", "northeurope", "--region", "eastus2")
    assert done.status == 0, done.err
    nouns = [command.split(" --")[0] for command in done.commands]
    assert nouns == [
        "az network nsg create",
        "az network nsg rule create",
        "az network public-ip create",
        "az network nat gateway create",
        "az network vnet create",
        "az network vnet subnet create",
        "az sig image-version update",
        "gh variable set WAA_MATRIX_SUBNETS",
        "gh variable set WAA_MATRIX_REGIONS",
    ]
    assert done.commands[6].endswith("--target-regions westeurope=3 northeurope=1 eastus2=1")
