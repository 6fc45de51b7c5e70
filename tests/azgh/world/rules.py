"""What Azure refuses of the kinds of resources that azure-setup makes, each with its source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.azgh.world.call import RefusedError, Reply

if TYPE_CHECKING:
    from tests.azgh.world.arm import Arm


def refused(status: int, code: str, message: str) -> RefusedError:
    """Return an error as Resource Manager words it."""
    return RefusedError(Reply(status, {"error": {"code": code, "message": message}}))


def check_put(arm: Arm, path: str, body: dict[str, Any], present: dict[str, Any] | None) -> None:
    """Refuse what cannot be made, or made so."""
    _check_parent(arm, path)
    if present and body.get("location", present.get("location")) != present.get("location"):
        # https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-invalid-resource-location
        raise refused(409, "InvalidResourceLocation", f"{path} is in {present['location']}")
    kind, name = path.lower().split("/")[-2:]
    if kind == "storageaccounts" and present is None:
        _check_account(arm, name)
    if kind == "subnets":
        _check_references(arm, body["properties"])


def check_delete(arm: Arm, path: str) -> None:
    """Refuse to delete what something else uses."""
    kind = path.split("/")[-2]
    codes = {
        # Parts in use stay: pulumi/pulumi-azure-native#3051 (security groups), azurerm#20831 (NAT
        # gateways; its code is made up here, nothing depends on it), azurerm#688 (the other two).
        "networksecuritygroups": "InUseNetworkSecurityGroupCannotBeDeleted",
        "natgateways": "NatGatewayInUseBySubnet",
        "publicipaddresses": "PublicIPAddressCannotBeDeleted",
        "virtualnetworks": "InUseSubnetCannotBeDeleted",
    }
    if kind in codes and _users(arm, path):
        raise refused(400, codes[kind], f"{path} is in use by {', '.join(_users(arm, path))}")
    nested = [resource for resource in arm.resources if resource.startswith(f"{path}/")]
    if kind in ("galleries", "images") and (nested or arm.still_nested.pop(path, False)):
        # Azure/azure-sdk-for-python#25506; for seconds after the last of them went too
        # (Azure/azure-rest-api-specs#19686, of applications: the same service and code).
        raise refused(409, "CannotDeleteResource", "Can not delete resource before nested ones.")


def _check_parent(arm: Arm, path: str) -> None:
    """https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-parent-resource"""
    parts = path.lower().split("/providers/")[-1].split("/")
    if len(parts) <= 3 or parts[-2] == "managementpolicies":
        return
    parent = path.lower().rsplit("/", 2)[0]
    if parent not in arm.resources:
        raise refused(404, "ParentResourceNotFound", f"{parent} is the parent and not there")


def _check_account(arm: Arm, name: str) -> None:
    """https://learn.microsoft.com/rest/api/storagerp/srp_error_codes_common: the world's names."""
    if name in arm.taken_accounts:
        message = f"The storage account named {name} is already taken."
        raise refused(409, "StorageAccountAlreadyTaken", message)
    if not (name.isalnum() and name == name.lower() and 3 <= len(name) <= 24):
        raise refused(400, "AccountNameInvalid", f"{name} is not a valid storage account name.")


def _check_references(arm: Arm, properties: dict[str, Any]) -> None:
    """hashicorp/terraform-provider-azurerm#14344: a subnet whose security group is not there."""
    for part in ("natGateway", "networkSecurityGroup"):
        wanted = (properties.get(part) or {}).get("id", "")
        if wanted and wanted.lower() not in arm.resources:
            raise refused(400, "InvalidResourceReference", f"{wanted} was not found")


def _users(arm: Arm, path: str) -> list[str]:
    """Return who names a resource as a part of its own, or the machines in a network."""
    return [
        name
        for name, entry in arm.resources.items()
        if not name.startswith(path) and f'"{path}' in _text(entry)
    ]


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(_text(entry) for entry in value.values())
    if isinstance(value, list):
        return " ".join(_text(entry) for entry in value)
    return f'"{value}"'.lower()
