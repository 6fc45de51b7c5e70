"""The image's template against the plugin it is for: Packer itself is not run against Azure here.

The names are the fields of ``azure-arm`` in packer-plugin-azure 2.6.3, by its source
(``builder/azure/arm/config.hcl2spec.go``), of sign-in, disks, groups, images and waiting. A field
that is none of them is refused by the plugin when a build starts, which no check here would see.
"""

from __future__ import annotations

import re

from tests.image.machine import IMAGE

TEMPLATE = (IMAGE / "packer" / "machine.pkr.hcl").read_text()

FIELDS = """
async_resourcegroup_delete azure_tags build_resource_group_name client_cert_path client_id
client_jwt client_secret cloud_environment_name custom_managed_image_name
custom_managed_image_resource_group_name custom_resource_build_prefix disk_additional_luns
disk_additional_size disk_caching_type disk_controller_type disk_encryption_set_id
encryption_at_host image_offer image_publisher image_sku image_url image_version keep_os_disk
location managed_image_name managed_image_resource_group_name managed_image_storage_account_type
managed_image_zone_resilient metadata_host object_id oidc_request_token oidc_request_url
os_disk_size_gb os_type polling_duration_timeout public_ip_sku secure_boot_enabled security_type
shared_gallery_image_version_end_of_life_date shared_gallery_image_version_exclude_from_latest
shared_image_gallery_replica_count shared_image_gallery_timeout skip_create_image ssh_timeout
subscription_id temp_compute_name temp_nic_name temp_os_disk_name temp_resource_group_name
tenant_id use_azure_cli_auth virtual_network_name virtual_network_resource_group_name
virtual_network_subnet_name vm_size vtpm_enabled
"""
DESTINATION = """
subscription resource_group gallery_name image_name image_version replication_regions
storage_account_type specialized use_shallow_replication confidential_vm_image_encryption_type
"""


def block(head: str) -> str:
    """The text between a block's braces."""
    start = TEMPLATE.index("{", TEMPLATE.index(head)) + 1
    depth, at = 1, start
    while depth:
        depth += {"{": 1, "}": -1}.get(TEMPLATE[at], 0)
        at += 1
    return TEMPLATE[start : at - 1]


def fields(text: str, indent: int) -> dict[str, str]:
    return dict(re.findall(rf"(?m)^ {{{indent}}}([\w-]+) += (.*)$", text))


def test_every_field_is_one_that_the_plugin_knows() -> None:
    source = fields(block('source "azure-arm"'), 2)
    destination = fields(block("shared_image_gallery_destination"), 4)
    assert len(source) > 10
    assert set(source) <= set(FIELDS.split())
    assert set(destination) <= set(DESTINATION.split())


def test_the_plugin_is_one_that_has_these_fields() -> None:
    plugins = (IMAGE / "packer" / "plugins.pkr.hcl").read_text()
    assert '"~> 2.6, >= 2.6.1"' in plugins


def test_a_workflows_build_signs_in_by_itself_and_a_persons_by_az() -> None:
    source = fields(block('source "azure-arm"'), 2)
    assert source["use_azure_cli_auth"] == 'var.oidc_request_url == ""'
    for name in ("oidc_request_url", "oidc_request_token", "client_id", "tenant_id"):
        assert source[name] == f"var.{name}"


def test_a_version_is_made_from_the_machine_and_leaves_no_managed_image() -> None:
    source = fields(block('source "azure-arm"'), 2)
    assert not {"managed_image_name", "managed_image_resource_group_name"} & set(source)
    assert "shared_image_gallery_destination" in block('source "azure-arm"')


def test_everything_that_a_build_makes_has_the_tag_that_cleaning_goes_by() -> None:
    assert fields(block("azure_tags"), 4)["waa-image-build"] == "var.version"
    script = (IMAGE.parent / "scripts" / "clean-image").read_text()
    assert '[?tags.\\"waa-image-build\\"]' in script


def test_the_golden_disk_is_of_premium_storage_and_a_p10() -> None:
    source = fields(block('source "azure-arm"'), 2)
    assert source["managed_image_storage_account_type"] == '"Premium_LRS"'
    variables = (IMAGE / "packer" / "variables.pkr.hcl").read_text()
    golden = variables[variables.index('"golden_disk_gb"') :]
    assert re.search(r"default += 128\b", golden[: golden.index("}")])
