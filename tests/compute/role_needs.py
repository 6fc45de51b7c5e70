"""What a role needs beside the requests that a test can watch, each with where that is known from.

Nothing here was tried on a live subscription: what no document says outright is marked unverified.
"""

from __future__ import annotations

from collections.abc import Mapping

_MACHINES = "Microsoft.Compute/virtualMachines"
_DISKS = "Microsoft.Compute/disks"
_NICS = "Microsoft.Network/networkInterfaces"
_IPS = "Microsoft.Network/publicIPAddresses"
_NETWORKS = "Microsoft.Network/virtualNetworks"
_IMAGES = "Microsoft.Compute/galleries/images"
_BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"

_LISTED = (
    "the listing of a resource group shows it: whether to a caller who may not read its type is not"
    " documented (unverified)"
)
_MADE = (
    "made by Azure with the machine, in the caller's name (unverified): the built-in role Virtual"
    " Machine Contributor has it for that"
)

Needs = Mapping[str, str]
"""Actions, and the source of each."""

RUN: Needs = {
    f"{_MACHINES}/read": _LISTED,
    f"{_DISKS}/read": _LISTED,
    f"{_NICS}/read": _LISTED,
    f"{_IPS}/read": _LISTED,
    f"{_DISKS}/write": _MADE,
    f"{_NICS}/write": _MADE,
    f"{_NICS}/join/action": _MADE,
    f"{_IPS}/write": f"{_MADE}; only with --public-ip",
    f"{_IPS}/join/action": f"{_MADE}; only with --public-ip",
}
"""A run's, beside what ``linked_actions`` says of a create."""

RUN_DATA: Needs = {
    f"{_BLOBS}/read": "a machine's SAS is never more than its signer ('Create a user delegation"
    " SAS'): Get Blob and List Blobs ('Permissions for data operations')",
    f"{_BLOBS}/write": "the same: Put Blob on what exists (a worker's heartbeat)",
    f"{_BLOBS}/add/action": "the same: Put Blob, create-only",
}

REAPER: Needs = {
    f"{_MACHINES}/read": _LISTED,
    f"{_DISKS}/read": _LISTED,
    f"{_NICS}/read": _LISTED,
    f"{_IPS}/read": _LISTED,
}

_PACKER = "packer-plugin-azure 2.x, builder/azure/arm"
_DEPLOYED = f"{_PACKER}/step_deploy_template.go"
IMAGE: Needs = {
    "Microsoft.Resources/subscriptions/resourceGroups/read": f"{_PACKER}/builder.go: its group",
    "Microsoft.Resources/subscriptions/resourceGroups/resources/read": (
        "scripts/clean-image: az resource list, of its group (documented; effect unverified)"
    ),
    "Microsoft.Resources/deployments/validate/action": f"{_PACKER}/step_validate_template.go",
    "Microsoft.Resources/deployments/write": _DEPLOYED,
    "Microsoft.Resources/deployments/read": f"{_DEPLOYED}, polling",
    "Microsoft.Resources/deployments/operationstatuses/read": f"{_DEPLOYED}, polling",
    "Microsoft.Resources/deployments/operations/read": f"{_DEPLOYED}, clean-up",
    "Microsoft.Resources/deployments/delete": f"{_DEPLOYED}, clean-up",
    f"{_MACHINES}/write": f"{_PACKER}/template: the machine",
    f"{_MACHINES}/read": f"{_PACKER}/step_get_os_disk.go",
    f"{_MACHINES}/deallocate/action": f"{_PACKER}/step_power_off_compute.go",
    f"{_MACHINES}/generalize/action": f"{_PACKER}/step_capture_image.go",
    f"{_MACHINES}/delete": f"{_DEPLOYED}, clean-up",
    f"{_DISKS}/write": _MADE,
    f"{_DISKS}/delete": f"{_DEPLOYED}, clean-up",
    f"{_NICS}/write": f"{_PACKER}/template",
    f"{_NICS}/join/action": f"{_PACKER}/template: the machine's",
    f"{_NICS}/read": f"{_PACKER}/step_get_ip_address.go",
    f"{_NICS}/delete": f"{_DEPLOYED}, clean-up",
    f"{_IPS}/write": f"{_PACKER}/template",
    f"{_IPS}/join/action": f"{_PACKER}/template: the interface's",
    f"{_IPS}/read": f"{_PACKER}/step_get_ip_address.go",
    f"{_IPS}/delete": f"{_DEPLOYED}, clean-up",
    f"{_NETWORKS}/write": f"{_PACKER}/template, its subnet in it",
    f"{_NETWORKS}/subnets/join/action": f"{_PACKER}/template: the interface's",
    f"{_NETWORKS}/delete": f"{_DEPLOYED}, clean-up",
    f"{_IMAGES}/read": f"{_PACKER}/builder.go: the destination exists",
    f"{_IMAGES}/versions/read": f"{_PACKER}/builder.go: the version does not exist yet",
    f"{_IMAGES}/versions/write": f"{_PACKER}/step_publish_to_shared_image_gallery.go",
    "Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey/action": (
        "scripts/build-image: az storage blob generate-sas --as-user"
    ),
}
"""Packer's and the build script's. Packer cannot be run against Azure here (unverified), so the
role has whole types where Packer makes, reads and deletes them, in a group that holds nothing else.
"""

IMAGE_DATA: Needs = {f"{_BLOBS}/read": "the SAS of golden.tar, as its signer"}
