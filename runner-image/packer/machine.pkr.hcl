# The machine image of a run, as a version in an Azure compute gallery. Its data disk (LUN 0) travels
# with it and holds the golden Windows image. Sign in with `az login` first.

source "azure-arm" "machine" {
  use_azure_cli_auth = true
  subscription_id    = var.subscription

  # A group that exists: building asks for no right over the whole subscription.
  build_resource_group_name = var.resource_group

  vm_size         = var.build_size
  os_type         = "Linux"
  image_publisher = "Canonical"
  image_offer     = "ubuntu-24_04-lts"
  image_sku       = "server"

  os_disk_size_gb      = 64
  disk_additional_size = [var.golden_disk_gb]

  # A gallery version is made from a managed image of the same name, in the same group.
  managed_image_name                = "${var.image}-${var.version}"
  managed_image_resource_group_name = var.resource_group
  shared_image_gallery_destination {
    subscription        = var.subscription
    resource_group      = var.resource_group
    gallery_name        = var.gallery
    image_name          = var.image
    image_version       = var.version
    replication_regions = var.regions
  }

  # The version published has these too; `waa-matrix doctor` reads when its parts are over.
  azure_tags = {
    waa-image-build    = var.version
    waa-runner-version = var.runner_version
    waa-golden-expires = var.golden_expires
  }
}

build {
  sources = ["source.azure-arm.machine"]

  provisioner "file" {
    source      = var.source
    destination = "/tmp/source.tar"
  }

  provisioner "file" {
    source      = var.golden_url_file
    destination = "/tmp/golden-url"
  }

  provisioner "shell" {
    environment_vars = [
      "WAA_ARENA_IMAGE=${var.arena_image}",
      "WAA_RUNNER_VERSION=${var.runner_version}",
      "WAA_GOLDEN_SHA256=${var.golden_sha256}",
      "WAA_GOLDEN_DEVICE=${var.golden_sha256 == "" ? "" : "/dev/disk/azure/scsi1/lun0"}",
      "WAA_GOLDEN_URL_FILE=/tmp/golden-url",
      "WAA_SOURCE=/opt/waa-matrix/source",
    ]
    execute_command = "sudo env {{ .Vars }} bash -e {{ .Path }}"
    inline = [
      "cloud-init status --wait || true",
      "install -d /opt/waa-matrix/source",
      "tar -xf /tmp/source.tar -C /opt/waa-matrix/source",
      "/opt/waa-matrix/source/runner-image/provision/run",
      "rm -rf /opt/waa-matrix/source /tmp/source.tar /tmp/golden-url",
    ]
  }
}
