"""What is taken away in Azure and Entra: access first, then networks, stores, galleries, groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scripts.azure_setup.environments import ENVIRONMENTS
from scripts.azure_setup.identities import applications, foreign_signs
from scripts.azure_setup.roles import ROLES, assignments_of, find_role, role_file
from scripts.azure_setup.sweeper import KIND, NAME, find_sweeper
from scripts.azure_setup.target import DEFINITION, TAG

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scripts.azure_setup.removal import Command, Kept
    from scripts.azure_setup.target import Setup

Resource = dict[str, Any]

# In this order: a part that another one uses cannot go.
NETWORK_PARTS = (
    ("Microsoft.Network/virtualNetworks", "network vnet"),
    ("Microsoft.Network/natGateways", "network nat gateway"),
    ("Microsoft.Network/publicIPAddresses", "network public-ip"),
    ("Microsoft.Network/networkSecurityGroups", "network nsg"),
)
STORE, GALLERY_KIND = "Microsoft.Storage/storageAccounts", "Microsoft.Compute/galleries"


def access_removals(setup: Setup, kept: Kept, principals: set[str]) -> Iterator[Command]:
    """Yield what deletes assignments, roles, applications and the sweeper.

    An assignment goes before its principal, which would leave it to nobody, and before its role,
    which Azure keeps as long as somebody has it (RoleDefinitionHasAssignments). ``principals``
    gains those that are ours: what one had may be listed after it is gone.
    """
    owned = [
        app for environment in ENVIRONMENTS for app in _applications(setup, environment.name, kept)
    ]
    principals.update(_principal(setup, app) for app in owned)
    sweeper = find_sweeper(setup)
    if sweeper and setup.target.made(sweeper):
        principals.add(sweeper["identity"]["principalId"])
    for role in ROLES:
        yield from _role(setup, role, principals, kept)
    for app in owned:
        yield ("az", "ad", "app", "delete", "--id", app["id"])
    yield from _sweeper(setup, sweeper, kept)


def network_removals(setup: Setup) -> Iterator[Command]:
    """Yield what deletes each network that carries the tag."""
    for kind, noun in NETWORK_PARTS:
        for part in _tagged(setup, setup.target.group, kind):
            yield ("az", *noun.split(), "delete", "--ids", part["id"])


def stores(setup: Setup) -> list[Resource]:
    """Return the accounts that carry the tag."""
    groups = (setup.target.group, setup.target.image_group)
    return [entry for group in groups for entry in _tagged(setup, group, STORE)]


def galleries(setup: Setup) -> list[Resource]:
    """Return the galleries that carry the tag."""
    return _tagged(setup, setup.target.image_group, GALLERY_KIND)


def store_removals(setup: Setup, chosen: frozenset[str], kept: Kept) -> Iterator[Command]:
    """Yield what deletes the accounts that were chosen."""
    for account in stores(setup):
        if account["name"] in chosen:
            yield ("az", "storage", "account", "delete", "--yes", "--ids", account["id"])
        else:
            why = f"it holds results or golden images; --delete-store {account['name']} deletes it"
            kept.keep(f"store {account['name']}", why)


def gallery_removals(setup: Setup, chosen: frozenset[str], kept: Kept) -> Iterator[Command]:
    """Yield what deletes the galleries that were chosen: versions, the definition, the gallery."""
    for gallery in galleries(setup):
        name = gallery["name"]
        where = ("--resource-group", setup.target.image_group, "--gallery-name", name)
        if name not in chosen:
            kept.keep(
                f"gallery {name}", f"it holds machine images; --delete-gallery {name} deletes it"
            )
            continue
        definitions = setup.commands.az("sig", "image-definition", "list", *where) or []
        foreign = [
            definition["name"] for definition in definitions if definition["name"] != DEFINITION
        ]
        if foreign:
            kept.keep(f"gallery {name}", f"it also holds {', '.join(foreign)}")
        if definitions and len(foreign) < len(definitions):
            yield from _definition(setup, where)
        if not foreign:
            yield ("az", "sig", "delete", *where)


def group_removals(setup: Setup, kept: Kept) -> Iterator[Command]:
    """Yield what deletes the groups that carry the tag and hold nothing any more."""
    for name in (setup.target.group, setup.target.image_group):
        group = setup.commands.az("group", "show", "--name", name)
        if group is None:
            continue
        held = sorted(resource["name"] for resource in _resources(setup, name))
        if held:
            kept.keep(f"resource group {name}", f"it holds {', '.join(held)}")
        elif not setup.target.made(group):
            kept.keep(
                f"resource group {name}", f"it does not carry the tag {TAG}={setup.target.group}"
            )
        else:
            yield ("az", "group", "delete", "--yes", "--name", name)


def _applications(setup: Setup, name: str, kept: Kept) -> Iterator[Resource]:
    for app in applications(setup, f"{setup.target.group}-{name}"):
        signs = foreign_signs(setup, app)
        if signs:
            kept.keep(f"application {app['displayName']} ({app['appId']})", "; ".join(signs))
        else:
            yield app


def _principal(setup: Setup, app: Resource) -> str:
    answer = setup.commands.az("ad", "sp", "show", "--id", app["appId"])
    return str(answer["id"]) if answer else ""


def _role(setup: Setup, role: str, principals: set[str], kept: Kept) -> Iterator[Command]:
    present = find_role(setup, role)
    if present is None:
        return
    name, (scope,) = present["roleName"], role_file(setup.target, role)["AssignableScopes"]
    if [entry.lower() for entry in present["assignableScopes"]] != [scope.lower()]:
        kept.keep(f"role {name}", "it may be assigned elsewhere too")
        return
    given = assignments_of(setup, present["id"], scope)
    foreign = [entry["principalId"] for entry in given if entry["principalId"] not in principals]
    for assignment in given:
        if assignment["principalId"] in principals:
            yield ("az", "role", "assignment", "delete", "--ids", assignment["id"])
    if foreign:
        kept.keep(f"role {name}", f"somebody gave it to {', '.join(foreign)} too")
        return
    yield (
        *("az", "role", "definition", "delete", "--name", present["name"]),
        *("--scope", scope, "--custom-role-only", "true"),
    )


def _sweeper(setup: Setup, sweeper: Resource | None, kept: Kept) -> Iterator[Command]:
    group = ("--resource-group", setup.target.group)
    if sweeper and not setup.target.made(sweeper):
        kept.keep(f"{KIND} {NAME}", "it does not carry azure-setup's tag")
        return
    if sweeper:
        yield ("az", "resource", "delete", "--ids", sweeper["id"])
    if setup.commands.az("deployment", "group", "show", "--name", NAME, *group):
        yield ("az", "deployment", "group", "delete", "--name", NAME, *group)


def _definition(setup: Setup, where: tuple[str, ...]) -> Iterator[Command]:
    definition = (*where, "--gallery-image-definition", DEFINITION)
    for version in setup.commands.az("sig", "image-version", "list", *definition) or []:
        yield (
            *("az", "sig", "image-version", "delete", *definition),
            *("--gallery-image-version", version["name"]),
        )
    yield ("az", "sig", "image-definition", "delete", *definition)


def _tagged(setup: Setup, group: str, kind: str) -> list[Resource]:
    return [
        resource
        for resource in _resources(setup, group)
        if resource["type"].lower() == kind.lower() and setup.target.made(resource)
    ]


def _resources(setup: Setup, group: str) -> list[Resource]:
    return list(setup.commands.az("resource", "list", "--resource-group", group) or [])
