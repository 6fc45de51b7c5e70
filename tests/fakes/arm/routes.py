"""The control plane's requests: which there are, and what each does."""

from __future__ import annotations

import copy
import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from azure.mgmt.compute.models import ResourceSku, Usage
from azure.mgmt.resource.resources.models import GenericResourceExpanded

from tests.fakes.arm.admission import used_cores
from tests.fakes.arm.catalogue import GROUP, SUBSCRIPTION
from tests.fakes.arm.listing import entries, page
from tests.fakes.arm.reply import Json, RefusalError, Reply, gone
from tests.fakes.arm.schema import unknown_keys, violations
from tests.fakes.arm.versions import check_version, too_new
from tests.fakes.arm.world import DISK, IP, MACHINE, NIC, Item, World

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.fakes.arm.catalogue import Catalogue
    from tests.fakes.arm.machines import Machines, Operation

_PARTS = {kind.lower(): kind for kind in (NIC, IP, DISK)}
_GROUP = rf"/subscriptions/{SUBSCRIPTION}/resourceGroups/(?P<group>[^/]+)"
_ALL = rf"/subscriptions/{SUBSCRIPTION}"
_MACHINE = rf"{_GROUP}/providers/{MACHINE}/(?P<name>[^/]+)"
_IMAGE = rf"{_GROUP}/providers/Microsoft.Compute/galleries/[^/]+/images/[^/]+"
_PART = rf"{_GROUP}/providers/(?P<kind>[^/]+/[^/]+)/(?P<name>[^/]+)"


@dataclass(frozen=True, slots=True)
class Request:
    verb: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.url).query))

    @property
    def call(self) -> str:
        """``VERB type/name``: what faults match."""
        tail = re.sub(r"^.*?/providers/[^/]+/", "", self.path)
        tail = re.sub(rf"^{_GROUP}/", "", tail, flags=re.IGNORECASE)
        return f"{self.verb} {tail.lstrip('/')}"

    @property
    def machine(self) -> str | None:
        match = re.fullmatch(_MACHINE, self.path, re.IGNORECASE)
        return match["name"] if match else None


class Routes:
    """Answers requests that were admitted. ``base`` is the server's own address."""

    def __init__(self, world: World, catalogue: Catalogue, machines: Machines) -> None:
        self._world = world
        self._catalogue = catalogue
        self._machines = machines
        self.base = ""
        self.page_size = 100
        self.ignores_filters = False
        self.violations: list[str] = []
        self._table: list[tuple[str, str, Callable[..., Reply]]] = [
            ("PUT", _MACHINE, self._put_machine),
            ("GET", _MACHINE, self._get_machine),
            ("DELETE", _MACHINE, self._delete_machine),
            ("GET", rf"{_MACHINE}/instanceView", self._instance_view),
            ("POST", rf"{_MACHINE}/simulateEviction", self._evict),
            ("GET", rf"{_GROUP}/resources", self._list),
            ("DELETE", _PART, self._delete_part),
            ("GET", rf"{_ALL}/providers/Microsoft.Compute/skus", self._skus),
            (
                "GET",
                rf"{_ALL}/providers/Microsoft.Compute/locations/(?P<region>\w+)/usages",
                self._usages,
            ),
            (
                "GET",
                rf"{_ALL}/providers/Microsoft.Compute/locations/\w+/operations/(?P<operation>[\w-]+)",
                self._operation,
            ),
            ("GET", rf"(?P<image>{_IMAGE})(?:/versions(?:/(?P<version>[^/]+))?)?", self._image),
            ("GET", r"/.*", self._static),
        ]

    def answer(self, request: Request) -> Reply:
        """Answer a request, checking both sides; unknown requests are violations."""
        if "api-version" not in request.query:
            raise RefusalError(400, "MissingApiVersionParameter", "The api-version is required.")
        for verb, pattern, handler in self._table:
            match = re.fullmatch(pattern, request.path, re.IGNORECASE)
            if verb == request.verb and match:
                group = match.groupdict().pop("group", None)
                if group is not None and group.lower() != GROUP:
                    text = f"Resource group '{group}' could not be found."
                    raise RefusalError(404, "ResourceGroupNotFound", text)
                check_version(request.path, request.query["api-version"])
                return handler(request, match)
        self.violations.append(f"unknown request {request.verb} {request.path}")
        raise RefusalError(404, "InvalidResourceType", "The resource type could not be found.")

    def _checked(self, name: str, body: Json) -> Json:
        self.violations += [f"reply {name}: {line}" for line in violations(name, body)]
        return body

    def _known(self, model: Any, body: Json) -> Json:
        self.violations += [f"reply {line}" for line in unknown_keys(model, body)]
        return body

    def _put_machine(self, request: Request, match: re.Match[str]) -> Reply:
        body = json.loads(request.body)
        wrong = violations("VirtualMachine", body)
        if wrong:
            self.violations += [f"request {line}" for line in wrong]
            raise RefusalError(400, "InvalidRequestContent", "; ".join(wrong))
        if unknown := too_new(request.query["api-version"], body):
            text = f"Could not find member {', '.join(unknown)} on object of type 'VirtualMachine'."
            raise RefusalError(400, "InvalidRequestContent", text)
        only_new = request.headers.get("If-None-Match") == "*"
        machine, operation = self._machines.create(match["name"], body, only_new=only_new)
        headers = self._tracking(operation) if operation else {}
        return Reply(201 if operation else 200, self._shown(machine), headers)

    def _get_machine(self, _request: Request, match: re.Match[str]) -> Reply:
        return Reply(200, self._shown(self._existing(match["name"])))

    def _delete_machine(self, _request: Request, match: re.Match[str]) -> Reply:
        if self._world.find(MACHINE, match["name"]) is None:
            return Reply(204)
        return Reply(202, None, self._tracking(self._machines.delete(match["name"])))

    def _instance_view(self, _request: Request, match: re.Match[str]) -> Reply:
        machine = self._existing(match["name"])
        body = {"statuses": self._machines.statuses(machine)}
        return Reply(200, self._checked("VirtualMachineInstanceView", body))

    def _evict(self, _request: Request, match: re.Match[str]) -> Reply:
        self._machines.evict(match["name"])
        return Reply(204)

    def _list(self, request: Request, _found: re.Match[str]) -> Reply:
        listed = [
            self._known(GenericResourceExpanded, entry)
            for entry in entries(list(self._world.listed()), request.query)
        ]
        url = f"{self.base}{request.path}"
        return Reply(200, page(listed, request.query, url, self.page_size))

    def _delete_part(self, _request: Request, match: re.Match[str]) -> Reply:
        kind = _PARTS.get(match["kind"].lower())
        if kind is None:
            raise gone(match["kind"])
        if self._world.find(kind, match["name"]) is None:
            return Reply(204)
        self._machines.delete_part(kind, match["name"])
        return Reply(200 if kind == DISK else 202)

    def _skus(self, request: Request, _found: re.Match[str]) -> Reply:
        region = re.fullmatch(r"location eq '(\w+)'", request.query.get("$filter", ""))
        if region is None:
            raise RefusalError(400, "InvalidFilter", "Only a filter by location is supported.")
        sizes = [
            self._known(ResourceSku, size.listed(region[1]))
            for size in self._catalogue.sizes.values()
            if region[1] in size.regions
        ]
        if self.ignores_filters:
            sizes += [
                self._known(ResourceSku, {**size.listed("elsewhere"), "name": f"{size.name}_x"})
                for size in self._catalogue.sizes.values()
            ]
        other: Json = {"resourceType": "disks", "name": "Premium_LRS", "locations": [region[1]]}
        return Reply(200, {"value": [other, *sizes]})

    def _usages(self, _request: Request, match: re.Match[str]) -> Reply:
        region = match["region"]
        used = used_cores(self._world, self._catalogue, region)
        limits = {
            "cores": self._catalogue.cores.get(region, 0),
            "lowPriorityCores": self._catalogue.spot_cores.get(region, 0),
        }
        for size in self._catalogue.sizes.values():
            limits[size.family] = self._catalogue.family_limit(region, size.family)
        value = [
            {
                "unit": "Count",
                "currentValue": used.get(name.lower(), 0),
                "limit": limit,
                "name": {"value": name, "localizedValue": name},
            }
            for name, limit in limits.items()
        ]
        return Reply(200, {"value": [self._known(Usage, entry) for entry in value]})

    def _operation(self, _request: Request, match: re.Match[str]) -> Reply:
        operation = self._machines.operations.get(match["operation"])
        if operation is None:
            raise gone(match["operation"])
        body: Json = {"name": operation.id, "status": operation.status}
        if operation.error is not None:
            body["error"] = operation.error
        return Reply(200, body)

    def _image(self, request: Request, match: re.Match[str]) -> Reply:
        version = match["version"] or ("" if request.path.endswith("/versions") else None)
        expand = request.query.get("$expand", "")
        reply, wrong = self._catalogue.gallery.answer(match["image"], version, expand)
        self.violations += [f"reply {line}" for line in wrong]
        return reply

    def _static(self, request: Request, _found: re.Match[str]) -> Reply:
        body = self._catalogue.statics.get(request.path.lower())
        if body is None:
            raise gone(request.path)
        return Reply(200, body)

    def _existing(self, name: str) -> Item:
        machine = self._world.find(MACHINE, name)
        if machine is None:
            raise gone(f"{MACHINE}/{name}")
        return machine

    def _tracking(self, operation: Operation) -> dict[str, str]:
        path = f"{_ALL}/providers/Microsoft.Compute/locations/{operation.region}/operations"
        url = f"{self.base}{path}/{operation.id}?api-version=2026-04-01"
        return {"Azure-AsyncOperation": url, "Location": f"{url}&monitor=true"}

    def _shown(self, machine: Item) -> Json:
        """A machine as Azure shows it: custom data is write-only."""
        properties = copy.deepcopy(machine.properties)
        properties.pop("failed", None)
        properties.pop("stopped", None)
        properties["osProfile"].pop("customData", None)
        properties["provisioningState"] = machine.state
        body: Json = {
            "id": machine.id,
            "name": machine.name,
            "type": machine.kind,
            "location": machine.location,
            "tags": dict(machine.tags),
            "zones": list(machine.zones),
            "properties": {
                **properties,
                "timeCreated": datetime.fromtimestamp(machine.created, UTC).isoformat(),
            },
        }
        return self._checked("VirtualMachine", body)
