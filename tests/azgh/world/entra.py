"""Entra: tokens, and the applications and service principals of Graph, which replicate late."""

from __future__ import annotations

import re
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.azgh.world.call import Call, RefusedError, Reply, Routes

if TYPE_CHECKING:
    from collections.abc import Iterator

TENANT = "11111111-1111-4111-8111-111111111111"
LAG = 2
"""How many looks miss what was just made. Entra says only "within minutes" (see Lagging)."""


@dataclass
class Lagging:
    """Objects that a look does not find until it was looked for ``LAG`` times.

    https://learn.microsoft.com/graph/best-practices-concept and azure-cli's own
    ``create_service_principal_for_rbac``, which tries 36 times for this reason.
    """

    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    unseen: dict[str, int] = field(default_factory=dict)
    lag: int = LAG

    def add(self, value: dict[str, Any]) -> None:
        self.objects[value["id"]] = value
        self.unseen[value["id"]] = self.lag

    def visible(self) -> Iterator[dict[str, Any]]:
        """Look at all of them."""
        for name in list(self.objects):
            if self.sees(name):
                yield self.objects[name]

    def sees(self, name: str) -> bool:
        """Look for one."""
        left = self.unseen.get(name, 0)
        self.unseen[name] = max(0, left - 1)
        return name in self.objects and left == 0


class Entra:
    """One directory."""

    def __init__(self) -> None:
        self.applications = Lagging()
        self.principals = Lagging()
        self.credentials: dict[str, list[dict[str, Any]]] = {}
        self._routes = Routes()
        add = self._routes.add
        add("GET", "/{tenant}/v2.0/.well-known/openid-configuration", _openid)
        add("GET", "/common/discovery/instance", _instance)
        add("POST", "/{tenant}/oauth2/v2.0/token", _token)
        add("GET", "/v1.0/applications", self._list_applications)
        add("POST", "/v1.0/applications", self._create_application)
        add("GET PATCH DELETE", "/v1.0/applications/{name}", self._application)
        credentials = "/v1.0/applications/{name}/federatedIdentityCredentials"
        add("GET POST", credentials, self._credentials)
        add("GET PATCH DELETE", credentials + "/{credential}", self._credential)
        add("GET", "/v1.0/servicePrincipals", self._list_principals)
        add("POST", "/v1.0/servicePrincipals", self._create_principal)
        add("GET", "/v1.0/servicePrincipals/{name}", self._principal)
        add("POST", "/v1.0/directoryObjects/getByIds", self._by_ids)

    def answer(self, call: Call) -> Reply | None:
        return self._routes.answer(call)

    def exists(self, principal: str) -> bool:
        """Tell whether there is such a principal at all, however late it is known."""
        return principal in self.principals.objects

    def _list_applications(self, call: Call) -> Reply:
        return _matching(call, self.applications.visible())

    def _create_application(self, call: Call) -> Reply:
        value = {
            "id": str(uuid.uuid4()),
            "appId": str(uuid.uuid4()),
            "createdDateTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "identifierUris": [],
            "passwordCredentials": [],
            "keyCredentials": [],
            **call.body,
        }
        self.applications.add(value)
        return Reply(201, value)

    def _application(self, call: Call, name: str) -> Reply:
        if not self.applications.sees(name):
            raise _missing(name)
        if call.method == "PATCH":
            self.applications.objects[name].update(call.body)
            return Reply(204)
        if call.method == "DELETE":
            # Its principal goes with it (https://learn.microsoft.com/graph/api/application-delete).
            gone = self.applications.objects.pop(name)
            for principal in list(self.principals.objects.values()):
                if principal["appId"] == gone["appId"]:
                    del self.principals.objects[principal["id"]]
            return Reply(204)
        return Reply(200, self.applications.objects[name])

    def _credentials(self, call: Call, name: str) -> Reply:
        if not self.applications.sees(name):
            raise _missing(name)
        present = self.credentials.setdefault(name, [])
        if call.method == "GET":
            return Reply(200, {"value": present})
        self._check_credential(call.body, present)
        value = {"id": str(uuid.uuid4()), **call.body}
        present.append(value)
        return Reply(201, value)

    def _credential(self, call: Call, name: str, credential: str) -> Reply:
        present = self.credentials.get(name, [])
        matches = [entry for entry in present if credential in (entry["id"], entry["name"])]
        if not matches or name not in self.applications.objects:
            raise _missing(credential)
        if call.method == "PATCH":
            others = [entry for entry in present if entry is not matches[0]]
            self._check_credential({**matches[0], **call.body, "name": ""}, others)
            matches[0].update(call.body)
            return Reply(204)
        if call.method == "DELETE":
            present.remove(matches[0])
            return Reply(204)
        return Reply(200, matches[0])

    def _check_credential(self, value: dict[str, Any], present: list[dict[str, Any]]) -> None:
        """At most 20; a name, and an issuer with a subject, are unique in an application.

        The codes are unverified but the last one: nothing depends on them.

        https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations
        """
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{2,119}|", value["name"]):
            raise _graph(400, "Request_BadRequest", "Invalid value specified for property 'name'")
        for name in ("subject", "issuer"):
            # Neither longer than 600 characters, nor with a wildcard; a space at the issuer's end
            # would be taken here and refuse every token later.
            if not re.fullmatch(r"[^*?]{1,600}", value[name]) or value[name] != value[name].strip():
                raise _graph(400, "Request_BadRequest", f"Invalid value of property '{name}'")
        if value["audiences"] != ["api://AzureADTokenExchange"]:
            raise _graph(400, "Request_BadRequest", "Invalid value specified for 'audiences'")
        if len(present) >= 20:
            raise _graph(400, "Request_BadRequest", "at most 20 federated identity credentials")
        for other in present:
            if other["name"] == value["name"]:
                message = f"FederatedIdentityCredential with name {value['name']} already exists."
                raise _graph(409, "Request_MultipleObjectsWithSameKeyValue", message)
            if (other["issuer"], other["subject"]) == (value["issuer"], value["subject"]):
                # Azure/azure-workload-identity#434.
                message = "The combination of issuer and subject must be unique."
                raise _graph(400, "InvalidFederatedIdentityCredentialValue", message)

    def _list_principals(self, call: Call) -> Reply:
        return _matching(call, self.principals.visible())

    def _principal(self, _call: Call, name: str) -> Reply:
        if not self.principals.sees(name):
            raise _missing(name)
        return Reply(200, self.principals.objects[name])

    def _create_principal(self, call: Call) -> Reply:
        app_id = call.body["appId"]
        owners = [entry for entry in self.applications.objects.values() if entry["appId"] == app_id]
        if not owners or not self.applications.sees(owners[0]["id"]):
            # The words that azure-cli's own create-for-rbac waits on (Azure/azure-cli#9585).
            message = (
                f"The appId '{app_id}' of the service principal does not reference a valid"
                " application object."
            )
            raise _graph(400, "Request_BadRequest", message)
        if any(entry["appId"] == app_id for entry in self.principals.objects.values()):
            message = "The service principal cannot be created: the name is already in use."
            # Azure/reliable-web-app-pattern-java#185.
            raise _graph(409, "Request_MultipleObjectsWithSameKeyValue", message)
        value = {
            "id": str(uuid.uuid4()),
            "appId": app_id,
            "displayName": owners[0]["displayName"],
            "servicePrincipalNames": [app_id],
        }
        self.principals.add(value)
        return Reply(201, value)

    def _by_ids(self, call: Call) -> Reply:
        kind = {"@odata.type": "#microsoft.graph.servicePrincipal"}
        visible = [entry for entry in self.principals.visible() if entry["id"] in call.body["ids"]]
        known = [{**kind, **entry} for entry in visible]
        return Reply(200, {"value": known})


def _matching(call: Call, objects: Iterator[dict[str, Any]]) -> Reply:
    """Answer the filters that az asks by; another is unknown."""
    text = call.query.get("$filter", "")
    equal = re.fullmatch(r"(\w+) eq '([^']*)'", text)
    among = re.fullmatch(r"(\w+)/any\(\w:\w eq '([^']*)'\)", text)
    starts = re.fullmatch(r"startswith\((\w+),'([^']*)'\)", text)
    if starts:
        chosen = [entry for entry in objects if entry[starts[1]].startswith(starts[2])]
    elif equal:
        chosen = [entry for entry in objects if entry[equal[1]] == equal[2]]
    elif among:
        chosen = [entry for entry in objects if among[2] in entry[among[1]]]
    else:
        raise AssertionError(text)
    return Reply(200, {"value": chosen})


def _graph(status: int, code: str, message: str) -> RefusedError:
    return RefusedError(Reply(status, {"error": {"code": code, "message": message}}))


def _missing(name: str) -> RefusedError:
    """https://learn.microsoft.com/graph/errors and resolve-auth-errors: 404, by this code."""
    message = (
        f"Resource '{name}' does not exist or one of its queried reference-property objects are"
        " not present."
    )
    return _graph(404, "Request_ResourceNotFound", message)


def _openid(_call: Call, tenant: str) -> Reply:
    base = f"https://login.microsoftonline.com/{tenant}"
    return Reply(
        200,
        {
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
            "issuer": f"{base}/v2.0",
        },
    )


def _instance(_call: Call) -> Reply:
    return Reply(200, {"tenant_discovery_endpoint": "", "metadata": []})


def _token(_call: Call, tenant: str) -> Reply:  # noqa: ARG001 - of any directory
    return Reply(200, {"token_type": "Bearer", "expires_in": 3600, "access_token": "a-token"})
