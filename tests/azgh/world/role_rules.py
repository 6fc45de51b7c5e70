"""What Azure refuses in a role definition.

The actions are those of "Azure permissions", its page of each service and of the built-in roles, as
far as roles here may want them. One that no provider lists refuses the whole role
(MicrosoftDocs/azure-docs#102571, hashicorp/terraform-provider-azurerm#32845). The root scope is
refused by https://learn.microsoft.com/azure/role-based-access-control/custom-roles.
"""

from __future__ import annotations

import fnmatch
from typing import TYPE_CHECKING, Any

from tests.azgh.world.rules import refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_VERBS = ("read", "write", "delete")


def _listed(kind: str, *more: str) -> Iterator[str]:
    """Yield a type's read, write and delete, and what else its page lists."""
    yield from (f"{kind}/{word}" for word in (*_VERBS, *more))


_BLOBS = "Microsoft.Storage/storageAccounts/blobServices"
_RESOURCES = "Microsoft.Resources"
KNOWN = frozenset(
    (
        *_listed("Microsoft.Compute/disks", "beginGetAccess/action", "endGetAccess/action"),
        *_listed("Microsoft.Compute/galleries/images"),
        *_listed("Microsoft.Compute/galleries/images/versions"),
        "Microsoft.Compute/locations/operations/read",
        "Microsoft.Compute/locations/usages/read",
        "Microsoft.Compute/skus/read",
        *_listed(
            "Microsoft.Compute/virtualMachines",
            *("instanceView/read", "deallocate/action", "generalize/action", "start/action"),
            *("powerOff/action", "simulateEviction/action"),
        ),
        "Microsoft.Features/features/read",
        "Microsoft.Features/providers/features/read",
        "Microsoft.Features/providers/features/register/action",
        *_listed("Microsoft.Logic/workflows", "run/action", "runs/read"),
        *_listed("Microsoft.Network/natGateways", "join/action"),
        *_listed("Microsoft.Network/networkInterfaces", "join/action"),
        *_listed("Microsoft.Network/networkSecurityGroups", "join/action"),
        *_listed("Microsoft.Network/publicIPAddresses", "join/action"),
        *_listed("Microsoft.Network/virtualNetworks"),
        *_listed("Microsoft.Network/virtualNetworks/subnets", "join/action"),
        *_listed(f"{_RESOURCES}/deployments", "validate/action", "operations/read"),
        f"{_RESOURCES}/deployments/operationstatuses/read",
        f"{_RESOURCES}/subscriptions/read",
        f"{_RESOURCES}/subscriptions/providers/read",
        f"{_RESOURCES}/subscriptions/resources/read",
        *_listed(f"{_RESOURCES}/subscriptions/resourceGroups"),
        f"{_RESOURCES}/subscriptions/resourceGroups/resources/read",
        *_listed(f"{_BLOBS}/containers"),
        f"{_BLOBS}/generateUserDelegationKey/action",
    )
)
KNOWN_DATA = frozenset(_listed(f"{_BLOBS}/containers/blobs", "add/action", "move/action"))


def check_role(properties: dict[str, Any]) -> None:
    """Refuse a role of an action that nobody knows, or for every directory there is."""
    for permission in properties["permissions"]:
        _check_actions(permission, ("actions", "notActions"), KNOWN)
        _check_actions(permission, ("dataActions", "notDataActions"), KNOWN_DATA)
    if "/" in properties["assignableScopes"]:
        # The code is unverified.
        raise refused(400, "InvalidAssignableScopes", "A custom role cannot be assigned at /.")


def _check_actions(permission: dict[str, Any], names: Iterable[str], known: frozenset[str]) -> None:
    listed = [entry.lower() for entry in known]
    for action in (action for name in names for action in permission.get(name) or ()):
        if not fnmatch.filter(listed, action.lower()):
            message = f"'{action}' does not match any of the actions supported by the providers."
            raise refused(400, "InvalidActionOrNotAction", message)
