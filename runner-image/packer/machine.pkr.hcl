# The machine image of a run, as a version in an Azure compute gallery. Its data disk (LUN 0) travels
# with it and holds the golden Windows image. By hand, sign in with `az login` first; a workflow gives
# oidc_request_url and the rest, and Packer fetches an assertion for each token by itself: az keeps the
# one it signed in with, and is out after an hour (AADSTS700024, hashicorp/packer-plugin-azure#507).

source "azure-arm" "machine" {
  use_azure_cli_auth = var.oidc_request_url == ""
  oidc_request_url   = var.oidc_request_url
  oidc_request_token = var.oidc_request_token
  client_id          = var.client_id
  tenant_id          = var.tenant_id
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
  # Of the build machine's disks: there is no managed image. What a version is made of says nothing
  # of the disks of machines, which orchestrator/compute/azure_vm/body.py states.
  managed_image_storage_account_type = "Premium_LRS"

  # Without managed_image_name the version is made from the build machine itself, and nothing else
  # is left. Copying its disks to each region is waited for.
  shared_image_gallery_timeout = "120m"
  shared_image_gallery_destination {
    subscription        = var.subscription
    resource_group      = var.resource_group
    gallery_name        = var.gallery
    image_name          = var.image
    image_version       = var.version
    replication_regions = var.regions
  }

  # On everything that a build makes: what one leaves behind is found by the first
  # (scripts/build-image). The version has them too; `waa-matrix doctor` reads when its parts are over.
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
      "WAA_GOLDEN_LUN=${var.golden_sha256 == "" ? "" : "0"}",
      "WAA_GOLDEN_GB=${var.golden_disk_gb}",
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
