"""Roles and who has them, as ``Microsoft.Authorization`` lists and refuses them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.azgh.world.call import Call, Reply, Routes
from tests.azgh.world.role_rules import check_role
from tests.azgh.world.rules import refused

if TYPE_CHECKING:
    from tests.azgh.world.entra import Entra

LAG = 2
"""How many uses miss a role that was just made (azure-docs: "within a few minutes")."""


class Access:
    """Role definitions and assignments."""

    def __init__(self, entra: Entra) -> None:
        self.entra = entra
        self.roles: dict[str, dict[str, Any]] = {}
        self.unseen: dict[str, int] = {}
        self.assignments: dict[str, dict[str, Any]] = {}
        self.elsewhere: set[str] = set()
        self._routes = Routes()
        add = self._routes.add
        roles = "{scope*}/providers/Microsoft.Authorization/roleDefinitions"
        add("GET", roles, self._list_roles)
        add("GET PUT DELETE", f"{roles}/{{name}}", self._role)
        given = "{scope*}/providers/Microsoft.Authorization/roleAssignments"
        add("GET", given, self._list_assignments)
        add("GET PUT DELETE", f"{given}/{{name}}", self._assignment)

    def answer(self, call: Call) -> Reply | None:
        return self._routes.answer(call)

    def named(self, name: str) -> dict[str, Any]:
        """Return the role of a name."""
        (role,) = [role for role in self.roles.values() if role["properties"]["roleName"] == name]
        return role

    def _list_roles(self, call: Call, scope: str) -> Reply:
        """List what may be assigned at a scope: definitions of it and above, none of below.

        https://learn.microsoft.com/azure/role-based-access-control/role-definitions-list#rest-api:
        "returns role definitions that are available for assignment at the specified scope".
        """
        wanted = call.query.get("$filter", "").removeprefix("roleName eq '").removesuffix("'")
        listing = [
            role
            for role in self.roles.values()
            if self._looked(role["name"])
            and (not wanted or role["properties"]["roleName"] == wanted)
            and any(_covers(entry, scope) for entry in role["properties"]["assignableScopes"])
        ]
        return Reply(200, {"value": listing})

    def _role(self, call: Call, scope: str, name: str) -> Reply:
        """A role that is not there is a 404 (https://learn.microsoft.com/rest/api/authorization)."""
        if call.method == "PUT":
            return self._put_role(call, scope, name)
        if name not in self.roles:
            raise refused(404, "RoleDefinitionDoesNotExist", f"The role {name} does not exist.")
        if call.method == "DELETE":
            self._check_unused(name)
            return Reply(200, self.roles.pop(name))
        return Reply(200, self.roles[name])

    def _put_role(self, call: Call, scope: str, name: str) -> Reply:
        properties = call.body.get("properties", call.body)
        same = [
            role["name"]
            for role in self.roles.values()
            if role["properties"]["roleName"] == properties["roleName"] and role["name"] != name
        ]
        if same or properties["roleName"] in self.elsewhere:
            # A name is unique in the directory
            # (https://learn.microsoft.com/azure/role-based-access-control/custom-roles).
            raise refused(
                409,
                "RoleDefinitionWithSameNameExists",
                f"A custom role with the same name already exists in this directory: {same}",
            )
        check_role(properties)
        # At least one, none by a wildcard; the code is made up, and an unfilled name of a template
        # is refused as Azure would refuse a subscription that is not there
        # (https://learn.microsoft.com/azure/role-based-access-control/role-definitions#assignablescopes).
        scopes = properties["assignableScopes"]
        if not scopes or any("@" in scope for scope in scopes):
            raise refused(400, "InvalidAssignableScopes", str(scopes))
        subscription = "/" + "/".join(scope.strip("/").split("/")[:2])
        identifier = f"{subscription}/providers/Microsoft.Authorization/roleDefinitions/{name}"
        value = {
            "id": identifier,
            "name": name,
            "type": "Microsoft.Authorization/roleDefinitions",
            "properties": {**properties, "type": "CustomRole"},
        }
        if name not in self.roles:
            self.unseen[name] = LAG
        self.roles[name] = value
        return Reply(201, value)

    def _check_unused(self, name: str) -> None:
        """https://learn.microsoft.com/azure/role-based-access-control/troubleshooting#custom-roles"""
        users = [
            assignment for assignment in self.assignments.values() if _role_name(assignment) == name
        ]
        if users:
            message = "There are existing role assignments referencing role."
            raise refused(400, "RoleDefinitionHasAssignments", message)

    def _list_assignments(self, call: Call, scope: str) -> Reply:
        filtered = call.query.get("$filter", "")
        assert filtered in ("", "atScope()"), filtered
        listing = [
            assignment
            for assignment in self.assignments.values()
            if _covers(assignment["properties"]["scope"], scope)
        ]
        return Reply(200, {"value": listing})

    def _assignment(self, call: Call, scope: str, name: str) -> Reply:
        path = call.path.lower()
        if call.method == "PUT":
            return self._assign(call, scope, name)
        if path not in self.assignments:
            return Reply(204)
        if call.method == "DELETE":
            return Reply(200, self.assignments.pop(path))
        return Reply(200, self.assignments[path])

    def _assign(self, call: Call, scope: str, name: str) -> Reply:
        properties = call.body["properties"]
        self._check_assignment(properties, scope)
        value = {
            "id": call.path,
            "name": name,
            "type": "Microsoft.Authorization/roleAssignments",
            "properties": {**properties, "scope": f"/{scope.strip('/')}"},
        }
        self.assignments[call.path.lower()] = value
        return Reply(201, value)

    def _check_assignment(self, properties: dict[str, Any], scope: str) -> None:
        """https://learn.microsoft.com/azure/role-based-access-control/troubleshooting

        A new principal is not found unless its type is given; a new role is not there yet. A role
        can be given at its assignable scopes and below alone (role-definitions, in the same place;
        the code is unverified). Giving it again is a 409 (Azure/azure-cli#8568); that some regions
        answer 200 (Azure/azure-cli#31995) is the kinder side.
        """
        role, principal = _role_name({"properties": properties}), properties["principalId"]
        if role not in self.roles or not self._looked(role):
            message = f"The specified role definition with ID '{role}' does not exist."
            raise refused(400, "RoleDefinitionDoesNotExist", message)
        if not properties.get("principalType") and not self.entra.principals.sees(principal):
            message = f"Principal {principal} does not exist in the directory."
            raise refused(400, "PrincipalNotFound", message)
        if not self.entra.exists(principal):
            raise refused(400, "PrincipalNotFound", f"Principal {principal} does not exist.")
        allowed = self.roles[role]["properties"]["assignableScopes"]
        if not any(_covers(entry, scope) for entry in allowed):
            message = f"The role is not assignable at {scope}"
            raise refused(400, "RoleDefinitionNotAssignableAtScope", message)
        for assignment in self.assignments.values():
            said = assignment["properties"]
            if (said["principalId"], _role_name(assignment)) == (principal, role) and _same(
                said["scope"], scope
            ):
                raise refused(409, "RoleAssignmentExists", "The role assignment already exists.")

    def _looked(self, name: str) -> bool:
        left = self.unseen.get(name, 0)
        self.unseen[name] = max(0, left - 1)
        return left == 0


def _covers(above: str, scope: str) -> bool:
    """Tell whether a scope is another one or lies below it."""
    outer, inner = above.lower().strip("/"), scope.lower().strip("/")
    return inner == outer or inner.startswith(f"{outer}/")


def _same(entry: str, other: str) -> bool:
    return entry.lower().strip("/") == other.lower().strip("/")


def _role_name(assignment: dict[str, Any]) -> str:
    return str(assignment["properties"]["roleDefinitionId"].rsplit("/", 1)[1])
