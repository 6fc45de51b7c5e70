"""The least roles, each as its file says, and who has them where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scripts.azure_setup.commands import SetupError
from scripts.azure_setup.target import filled

if TYPE_CHECKING:
    from scripts.azure_setup.target import Setup, Target

# A run's is in two parts, because sizes, quotas and features are read in the whole subscription.
ROLES = ("run", "offers", "reaper", "image")
RIGHTS = ("Actions", "NotActions", "DataActions", "NotDataActions")


def role_file(target: Target, role: str) -> dict[str, Any]:
    """Return what a role is to say."""
    content: dict[str, Any] = filled(target, f"role-{role}.json")
    return content


def find_role(setup: Setup, role: str) -> dict[str, Any] | None:
    """Return a role, or None.

    Asked at its own scope: a listing has what may be assigned there and above, so that a role of a
    resource group is not in the subscription's
    (https://learn.microsoft.com/azure/role-based-access-control/role-definitions-list).
    """
    wanted = role_file(setup.target, role)
    listing = setup.commands.az(
        *("role", "definition", "list", "--custom-role-only", "true"),
        *("--scope", wanted["AssignableScopes"][0], "--name", wanted["Name"]),
    )
    matches = [entry for entry in listing or [] if entry["roleName"] == wanted["Name"]]
    return matches[0] if matches else None


def ensure_role(setup: Setup, role: str) -> str:
    """Make a role, or make it say what its file says; return its id, which stays."""
    wanted = role_file(setup.target, role)
    path = setup.write(f"role-{role}.json", wanted)
    present = setup.commands.ensure(
        lambda: find_role(setup, role),
        "az",
        "role",
        "definition",
        "create",
        "--role-definition",
        str(path),
        replicates=True,
    )
    if present is None:
        return f"ROLE_ID_OF_{role}"
    if not _says(present, wanted):
        setup.commands.change("az", "role", "definition", "update", "--role-definition", str(path))
    return str(present["id"])


def ensure_assignment(setup: Setup, principal: str, role_id: str, scope: str) -> None:
    """Give a principal a role at a scope.

    By its object id and type, which need no look into Entra: what was made seconds ago may not be
    there yet (https://learn.microsoft.com/azure/role-based-access-control/troubleshooting).
    """
    setup.commands.ensure(
        lambda: [
            assignment
            for assignment in assignments(setup, principal, scope)
            if _same(assignment, role_id)
        ],
        *("az", "role", "assignment", "create", "--assignee-object-id", principal),
        *("--assignee-principal-type", "ServicePrincipal", "--role", role_id, "--scope", scope),
        replicates=True,
    )


def assignments(setup: Setup, principal: str, scope: str) -> list[dict[str, Any]]:
    """Return what a principal was given at a scope itself."""
    listing = setup.commands.az(
        *("role", "assignment", "list", "--assignee-object-id", principal, "--scope", scope),
        *("--fill-principal-name", "false", "--fill-role-definition-name", "false"),
    )
    return list(listing or [])


def assignments_of(setup: Setup, role_id: str, scope: str) -> list[dict[str, Any]]:
    """Return who was given a role at a scope itself."""
    listing = setup.commands.az(
        *("role", "assignment", "list", "--scope", scope),
        *("--fill-principal-name", "false", "--fill-role-definition-name", "false"),
    )
    return [entry for entry in listing or [] if _same(entry, role_id)]


def _same(assignment: dict[str, Any], role_id: str) -> bool:
    """Compare the ids' last parts: one role has an id at each of its scopes."""
    return bool(_guid(assignment["roleDefinitionId"]) == _guid(role_id))


def _guid(role_id: str) -> str:
    return role_id.rpartition("/")[2].lower()


def _says(present: dict[str, Any], wanted: dict[str, Any]) -> bool:
    if len(present["permissions"]) > 1:
        raise SetupError(
            f"the role {present['roleName']} has several sets of permissions: azure-setup made none"
            " such. Rename it, or choose another --group."
        )
    (said,) = present["permissions"] or [{}]
    rights = all(
        sorted(said.get(name[0].lower() + name[1:]) or []) == sorted(wanted.get(name) or [])
        for name in RIGHTS
    )
    scopes = {scope.lower() for scope in present["assignableScopes"]}
    return rights and scopes == {scope.lower() for scope in wanted["AssignableScopes"]}
