"""What Azure refuses in how a machine's body, its size and its image version go together.

Each rule stands with the public report or page that it is taken from. Two are not reported anywhere
that we know of, and say so: they are refused here because nothing says that they work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fakes.arm.reply import Json, RefusalError

if TYPE_CHECKING:
    from tests.fakes.arm.catalogue import Size
    from tests.fakes.arm.gallery import Gallery, Version


def check_image(properties: Json, region: str, size: Size, gallery: Gallery) -> None:
    """Refuse what cannot be made of this image on this size, or return."""
    storage = properties["storageProfile"]
    image = storage["imageReference"].get("id", "")
    version = gallery.named(image)
    if version is None or region not in gallery.regions(image) or region in version.failed:
        # dotnet/arcade#4718, Azure/AKS#3096
        text = (
            f"The gallery image {image} is not available in {region} region. Please contact image"
            " owner to replicate to this region, or change your requested region."
        )
        raise RefusalError(404, "GalleryImageNotFound", text)
    _boots(size, gallery)
    _controller(storage.get("diskControllerType"), size, gallery)
    _security(properties, gallery)
    _os_disk(storage["osDisk"], size, version)
    _data_disks(storage.get("dataDisks") or [], size, version)
    _storage_types(storage, size)


def _boots(size: Size, gallery: Gallery) -> None:
    # jenkinsci/azure-vm-agents-plugin#305, loft-sh/devpod#731
    if gallery.generation not in size.generations.split(","):
        number = gallery.generation.removeprefix("V")
        text = (
            f"The selected VM size '{size.name}' cannot boot Hypervisor Generation '{number}'. If"
            " this was a Create operation please check that the Hypervisor Generation of the Image"
            " matches the Hypervisor Generation of the selected VM Size."
        )
        raise RefusalError(400, "BadRequest", text)
    # ADO and blog reports of Standard_B2pts_v2 with an x64 image
    if gallery.architecture != size.architecture:
        text = (
            f"Cannot create a VM of size '{size.name}' because this VM size only supports a CPU"
            f" Architecture of '{size.architecture}', but an image or disk with CPU Architecture"
            f" '{gallery.architecture}' was given."
        )
        raise RefusalError(400, "BadRequest", text)


def _controller(wanted: str | None, size: Size, gallery: Gallery) -> None:
    of_size, of_image = _words(size.controllers), _words(gallery.controllers)
    # Azure/FederalAVD#20
    if wanted is not None and wanted not in of_size:
        text = (
            f"The VM size '{size.name}' cannot boot with DiskControllerType '{wanted}'. Please"
            " check that the disk controller type provided is one of the supported disk controller"
            " types for the VM size."
        )
        raise RefusalError(400, "InvalidParameter", text)
    # kubernetes-sigs/image-builder#1875, openshift/installer#9232
    if not of_image & ({wanted} if wanted else of_size):
        text = (
            f"The VM size '{size.name}' cannot boot with OS image or disk. Please check that disk"
            " controller types supported by the OS image or disk is one of the supported disk"
            " controller types for the VM size."
        )
        raise RefusalError(400, "InvalidParameter", text)


def _security(properties: Json, gallery: Gallery) -> None:
    # hashicorp/terraform-provider-azurerm#23148, Azure/build-vm-image#32
    wanted = properties.get("securityProfile", {}).get("securityType", "Standard")
    asked = gallery.security_type
    if asked in ("TrustedLaunch", "ConfidentialVM") and wanted != asked:
        text = (
            "The provided gallery image only supports creation of VMs and VM Scale Sets with"
            f" '{asked}' security type."
        )
        raise RefusalError(400, "BadRequest", text)


def _os_disk(disk: Json, size: Size, version: Version) -> None:
    _is_large_enough(disk, version.os_gb, "osDisk.diskSizeGB")
    place = disk.get("diffDiskSettings", {}).get("placement")
    if place is None:
        return
    room = {"CacheDisk": size.cache_gb, "ResourceDisk": size.local_gb}.get(place, 0)
    if not room:
        # microsoft/lisa#2289
        text = (
            f"The Diff Disk Placement of type '{place}' is not supported for VM size {size.name}."
        )
        raise RefusalError(400, "NotSupported", text)
    if disk.get("diskSizeGB", version.os_gb) > room:
        # cloudfoundry/bosh-azure-cpi-release#674
        text = (
            f"OS disk of Ephemeral VM with size greater than {room} GB is not allowed for VM size"
            f" {size.name} when the DiffDiskPlacement is {place}."
        )
        raise RefusalError(400, "NotSupported", text)


def _data_disks(disks: list[Json], size: Size, version: Version) -> None:
    luns = [disk["lun"] for disk in disks]
    if len(disks) > size.disks:
        # hashicorp/terraform-provider-azurerm, virtual_machine_data_disk_attachment: a 409
        text = (
            "The maximum number of data disks allowed to be attached to a VM of this size is"
            f" {size.disks}."
        )
        raise RefusalError(409, "OperationNotAllowed", text)
    from_image = {disk["lun"] for disk in disks if disk.get("createOption") == "FromImage"}
    if not set(version.luns) <= from_image:
        # hashicorp/terraform-provider-azurerm#12877, #7460, #30550; Azure/azure-powershell#12599
        text = (
            "StorageProfile.dataDisks.lun does not have required value(s) for image specified in"
            " storage profile."
        )
        raise RefusalError(400, "InvalidParameter", text)
    if len(set(luns)) < len(luns):
        # "must be unique for each data disk" (Virtual Machines - Create Or Update); code unverified
        raise RefusalError(400, "InvalidParameter", "A LUN is used by more than one data disk.")
    if not from_image <= set(version.luns):
        # Unverified: nothing says what a disk from an image would hold that the image has not.
        text = f"The image has no data disk at LUN {sorted(from_image - set(version.luns))}."
        raise RefusalError(400, "InvalidParameter", text)
    for disk in disks:
        if disk["lun"] in version.luns:
            _is_large_enough(disk, version.data_gb, "dataDisk.diskSizeGB")


def _is_large_enough(disk: Json, image_gb: int, target: str) -> None:
    # hitachienergy/epiphany#1049, Azure/avdaccelerator#523; a 409 in skypilot-org/skypilot#2219
    wanted = disk.get("diskSizeGB", image_gb)
    if wanted < image_gb:
        text = (
            f"The specified disk size {wanted} GB is smaller than the size of the corresponding"
            f" disk in the VM image: {image_gb} GB. This is not allowed. Please choose equal or"
            f" greater size or do not specify an explicit size. (Target: {target})"
        )
        raise RefusalError(409, "OperationNotAllowed", text)


def _storage_types(storage: Json, size: Size) -> None:
    # Reported with Standard_D4_v3, A2_v2 and D2_v2 in Terraform and AKS
    for disk in (storage["osDisk"], *(storage.get("dataDisks") or [])):
        kind = disk.get("managedDisk", {}).get("storageAccountType", "")
        if kind.startswith("Premium") and not size.premium:
            text = (
                f"Requested operation cannot be performed because the VM size {size.name} does not"
                f" support the storage account type {kind} of disk '{disk.get('name')}'. Consider"
                " updating the VM to a size that supports Premium storage."
            )
            raise RefusalError(400, "InvalidParameter", text)


def _words(listed: str) -> set[str]:
    return {word.strip() for word in listed.split(",")}
