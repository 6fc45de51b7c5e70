"""Which action of Azure's role-based access control a request asks for.

The rule is the documented shape of an action, ``Company.Provider/type/subtype/verb`` ("Understand
Azure role definitions: Actions format"): the types of the path in order, without their names, and
``read`` for GET, ``write`` for PUT and PATCH, ``delete`` for DELETE, and for POST the path's last
word with ``action`` behind it. What Resource Manager itself answers is Microsoft.Resources'
("Azure permissions for Management and governance").
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_VERBS = {"GET": "read", "HEAD": "read", "PUT": "write", "PATCH": "write", "DELETE": "delete"}
_OWN = "Microsoft.Resources/subscriptions"
_GROUP = "resourceGroups"
_FEATURE = re.compile(r"/providers/[^/]+/features/[^/]+", re.IGNORECASE)


def action_of(verb: str, path: str) -> str:
    """Return the action that a request of Resource Manager asks for."""
    scope, _, below = path.partition("/providers/")
    if not below:
        return f"{_of_manager(scope.strip('/').split('/'))}/{_VERBS[verb]}"
    namespace, *rest = below.split("/")
    if namespace.lower() == "microsoft.features" and _FEATURE.search(below):
        return f"Microsoft.Features/providers/features/{_VERBS[verb]}"
    if not rest:
        return f"{_OWN}/providers/{_VERBS[verb]}"
    types = rest[::2]
    if verb == "POST":
        return "/".join([namespace, *types, "action"])
    return "/".join([namespace, *types, _VERBS[verb]])


def _of_manager(words: list[str]) -> str:
    """Return the type of what is below no provider: a subscription, a group, a group's contents."""
    if len(words) <= 2:
        return _OWN
    inside = [_OWN, _GROUP]
    return "/".join([*inside, "resources"] if len(words) == 5 else inside)


def linked_actions(verb: str, path: str, body: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the action and the resource of each further check that creating a machine makes.

    Without one of them it is 403 ``LinkedAuthorizationFailed``: subnets/join/action is reported so
    (Azure/aad-pod-identity#550), networkSecurityGroups/join/action likewise (Azure/ARO-RP#423), the
    read of the gallery's image in Azure/azure-cli#16674.
    """
    if verb != "PUT" or "/virtualmachines/" not in path.lower():
        return
    properties = body["properties"]
    image = properties["storageProfile"]["imageReference"].get("id")
    if image:
        yield action_of("GET", image), image
    for nic in properties["networkProfile"].get("networkInterfaceConfigurations", ()):
        group = (nic["properties"].get("networkSecurityGroup") or {}).get("id")
        if group:
            yield "Microsoft.Network/networkSecurityGroups/join/action", group
        for address in nic["properties"]["ipConfigurations"]:
            subnet = address["properties"]["subnet"]["id"]
            yield "Microsoft.Network/virtualNetworks/subnets/join/action", subnet
