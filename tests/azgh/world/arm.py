"""Azure Resource Manager: groups and resources of any kind, by the rules of the kinds here."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Any

from tests.azgh.world.access import Access
from tests.azgh.world.call import Call, RefusedError, Reply, Routes
from tests.azgh.world.catalogue import SUBSCRIPTION, Catalogue
from tests.azgh.world.deployments import workflow_of
from tests.azgh.world.rules import check_delete, check_put, refused

if TYPE_CHECKING:
    from tests.azgh.world.entra import Entra

Resource = dict[str, Any]


class Arm:
    """One subscription."""

    def __init__(self, entra: Entra) -> None:
        self.catalogue = Catalogue()
        self.access = Access(entra)
        self.entra = entra
        self.groups: dict[str, Resource] = {}
        self.resources: dict[str, Resource] = {}
        self.deployments: dict[str, Resource] = {}
        self.taken_accounts: set[str] = set()
        self.pending: dict[str, str] = {}
        self.still_nested: dict[str, bool] = {}
        self._routes = self._add_routes()

    def answer(self, call: Call) -> Reply | None:
        for part in (self.catalogue, self.access):
            reply = part.answer(call)
            if reply is not None:
                return reply
        return self._routes.answer(call)

    def of_kind(self, kind: str) -> list[Resource]:
        """Return the resources of a kind: ``Microsoft.Network/natGateways``."""
        return [
            resource
            for resource in self.resources.values()
            if resource["type"].lower() == kind.lower()
        ]

    def put(self, path: str, body: Resource) -> Resource:
        """Make a resource as it would be made by somebody else."""
        value = {**body, "id": path, "name": path.rsplit("/", 1)[1], "type": _kind(path)}
        self.resources[path.lower()] = value
        return value

    def _add_routes(self) -> Routes:
        routes, group = Routes(), "/subscriptions/{subscription}/resourcegroups/{group}"
        routes.add("GET PUT PATCH DELETE HEAD", group, self._group)
        routes.add("GET", "/subscriptions/{subscription}/resources", self._list)
        deployment = f"{group}/providers/Microsoft.Resources/deployments/{{name}}"
        routes.add("POST", f"{deployment}/validate", _validate)
        routes.add("GET PUT DELETE HEAD", deployment, self._deployment)
        routes.add("GET", f"{deployment}/operationStatuses/{{number}}", _succeeded)
        tags = f"{group}/providers/Microsoft.Resources/tags/default"
        routes.add("PATCH", tags, self._tags)
        routes.add("GET", f"{group}/providers/{{rest*}}", self._get)
        routes.add("PUT", f"{group}/providers/{{rest*}}", self._put)
        routes.add("PATCH", f"{group}/providers/{{rest*}}", self._patch)
        routes.add("DELETE", f"{group}/providers/{{rest*}}", self._delete)
        routes.add("GET", "/subscriptions/{subscription}/operations/{number}", self._operation)
        names = "/subscriptions/{subscription}/providers/Microsoft.Storage/checkNameAvailability"
        routes.add("POST", names, self._name_available)
        return routes

    def _name_available(self, call: Call, subscription: str) -> Reply:  # noqa: ARG002
        """https://learn.microsoft.com/rest/api/storagerp/storage-accounts/check-name-availability"""
        name = call.body["name"]
        taken = name in self.taken_accounts or any(
            entry["name"] == name for entry in self.of_kind("Microsoft.Storage/storageAccounts")
        )
        if not taken:
            return Reply(200, {"nameAvailable": True})
        message = f"The storage account named {name} is already taken."
        return Reply(200, {"nameAvailable": False, "reason": "AlreadyExists", "message": message})

    def _group(self, call: Call, subscription: str, group: str) -> Reply:
        key = group.lower()
        if call.method == "PUT":
            self.catalogue.check_location(call.body["location"], "resourceGroups")
            present = self.groups.get(key, {})
            value = {
                "id": f"/subscriptions/{subscription}/resourceGroups/{group}",
                "name": group,
                "type": "Microsoft.Resources/resourceGroups",
                "location": call.body["location"],
                "tags": call.body.get("tags") or {},
                "properties": {"provisioningState": "Succeeded"},
            }
            self.groups[key] = value
            return Reply(200 if present else 201, value)
        if key not in self.groups:
            raise _no_group(group)
        if call.method == "DELETE":
            del self.groups[key]
            for name in [
                resource for resource in self.resources if f"/resourcegroups/{key}/" in resource
            ]:
                del self.resources[name]
            return Reply(202, None, self._later(call, ""))
        return Reply(204 if call.method == "HEAD" else 200, self.groups[key])

    def _list(self, call: Call, subscription: str) -> Reply:
        """List a group's resources with their tags; of the children those of galleries alone.

        az asks the subscription, by a filter: a group that is not there has none.
        """
        match = re.fullmatch(r"resourceGroup eq '([^']+)'", call.query["$filter"])
        assert match is not None
        prefix = f"/subscriptions/{subscription}/resourcegroups/{match[1]}/providers/".lower()
        within = [
            {key: entry[key] for key in ("id", "name", "type", "location", "tags") if key in entry}
            for name, entry in self.resources.items()
            if name.startswith(prefix) and (entry["type"].count("/") == 1 or "galleries" in name)
        ]
        return Reply(200, {"value": within})

    def _get(self, call: Call, subscription: str, group: str, rest: str) -> Reply:  # noqa: ARG002
        self._need_group(group)
        path = call.path.lower()
        if len(rest.split("/")) % 2 == 0:
            children = [
                entry
                for name, entry in self.resources.items()
                if name.startswith(f"{path}/") and "/" not in name.removeprefix(f"{path}/")
            ]
            return Reply(200, {"value": children})
        if path not in self.resources:
            raise _missing(call.path)
        return Reply(200, self.resources[path])

    def _put(self, call: Call, subscription: str, group: str, rest: str) -> Reply:  # noqa: ARG002
        self._need_group(group)
        path, body = call.path, call.body
        present = self.resources.get(path.lower())
        self.catalogue.check_provider(rest.split("/", maxsplit=1)[0])
        if "location" in body:
            self.catalogue.check_location(body["location"], _kind(path))
        check_put(self, path, body, present)
        value = {
            **body,
            "id": path,
            "name": path.rsplit("/", 1)[1],
            "type": _kind(path),
            "etag": 'W/"1"',
            "properties": {**body.get("properties", {}), "provisioningState": "Succeeded"},
        }
        self.resources[path.lower()] = value
        if _kind(path).lower() == "microsoft.storage/storageaccounts" and present is None:
            # 202 and an address to ask, which then answers 200 with the account.
            return Reply(202, None, self._later(call, path.lower()))
        policy = _kind(path).lower() == "microsoft.storage/storageaccounts/managementpolicies"
        return Reply(200 if present or policy else 201, value)

    def _patch(self, call: Call, subscription: str, group: str, rest: str) -> Reply:  # noqa: ARG002
        present = self.resources.get(call.path.lower())
        if present is None:
            raise _missing(call.path)
        properties = {**present.get("properties", {}), **call.body.get("properties", {})}
        present.update({**call.body, "properties": properties})
        return Reply(200, present)

    def _delete(self, call: Call, subscription: str, group: str, rest: str) -> Reply:  # noqa: ARG002
        path = call.path.lower()
        if path not in self.resources:
            return Reply(204)
        check_delete(self, path)
        for name in [
            resource
            for resource in self.resources
            if resource == path or resource.startswith(f"{path}/")
        ]:
            del self.resources[name]
        self.still_nested[path.rsplit("/", 2)[0]] = True
        return Reply(200)

    def _deployment(self, call: Call, subscription: str, group: str, name: str) -> Reply:
        self._need_group(group)
        key = call.path.lower()
        if call.method == "PUT":
            self.catalogue.check_provider("Microsoft.Logic")
            scope = f"/subscriptions/{subscription}/resourceGroups/{group}"
            flow = workflow_of(call.body["properties"], scope, self.groups[group.lower()])
            present = self.resources.get(flow["id"].lower(), {})
            flow["identity"] = present.get("identity") or self._identity()
            self.resources[flow["id"].lower()] = flow
            outputs = {"principal": {"type": "String", "value": flow["identity"]["principalId"]}}
            properties = {"provisioningState": "Succeeded", "outputs": outputs}
            value = {"id": call.path, "name": name, "properties": properties}
            self.deployments[key] = value
            return Reply(200, value)
        if key not in self.deployments:
            raise _missing(call.path)
        if call.method == "DELETE":
            del self.deployments[key]
            return Reply(204)
        return Reply(204 if call.method == "HEAD" else 200, self.deployments[key])

    def _identity(self) -> Resource:
        principal = str(uuid.uuid4())
        self.entra.principals.add(
            {"id": principal, "appId": str(uuid.uuid4()), "servicePrincipalNames": []}
        )
        return {"type": "SystemAssigned", "principalId": principal}

    def _tags(self, call: Call, subscription: str, group: str) -> Reply:  # noqa: ARG002
        self._need_group(group)
        present = self.groups[group.lower()]
        if call.body["operation"] != "Merge":
            raise AssertionError(call.body)
        present["tags"] = {**present["tags"], **call.body["properties"]["tags"]}
        return Reply(200, {"id": call.path, "properties": {"tags": present["tags"]}})

    def _later(self, call: Call, path: str) -> dict[str, str]:
        number = str(uuid.uuid4())
        self.pending[number] = path
        where = f"https://{call.host}/subscriptions/{SUBSCRIPTION}/operations/{number}"
        return {"Location": f"{where}?api-version=2023-01-01", "Retry-After": "0"}

    def _operation(self, _call: Call, subscription: str, number: str) -> Reply:  # noqa: ARG002
        path = self.pending[number]
        return Reply(200, self.resources[path] if path else None)

    def _need_group(self, group: str) -> None:
        if group.lower() not in self.groups:
            raise _no_group(group)


def _kind(path: str) -> str:
    parts = re.split("/providers/", path, flags=re.IGNORECASE)[-1].split("/")
    return "/".join([parts[0], *parts[1::2]])


def _no_group(group: str) -> RefusedError:
    """https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-not-found"""
    message = f"Resource group '{group}' could not be found."
    return refused(404, "ResourceGroupNotFound", message)


def _missing(path: str) -> RefusedError:
    """https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-not-found"""
    message = f"The Resource '{path}' was not found."
    return refused(404, "ResourceNotFound", message)


def _validate(_call: Call, **_names: str) -> Reply:
    return Reply(200, {"properties": {"provisioningState": "Succeeded"}})


def _succeeded(_call: Call, **_names: str) -> Reply:
    return Reply(200, {"status": "Succeeded"})
