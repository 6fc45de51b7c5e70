"""Resource groups, and a network for each region."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scripts.azure_setup.target import Setup


def resource_groups(setup: Setup) -> None:
    """Make both groups, in the first region."""
    for name in (setup.target.group, setup.target.image_group):
        setup.ensure_resource(
            *("group", "--name", name),
            extra=("--location", setup.target.regions[0], "--tags", setup.target.tags),
        )


def network(setup: Setup, region: str, octet: int) -> None:
    """Make a region's network: a NAT gateway to go out by, and nothing that lets anything in."""
    name, here = f"waa-{region}", ("--resource-group", setup.target.group)
    common = ("--location", region, "--tags", setup.target.tags)
    setup.ensure_resource("network nsg", "--name", name, *here, extra=common)
    setup.ensure_resource(
        *("network nsg rule", "--name", "nothing-in", "--nsg-name", name, *here),
        extra=(
            *("--priority", "4096", "--direction", "Inbound", "--access", "Deny"),
            *("--protocol", "*", "--source-address-prefixes", "*", "--source-port-ranges", "*"),
            *("--destination-address-prefixes", "*", "--destination-port-ranges", "*"),
        ),
    )
    setup.ensure_resource(
        *("network public-ip", "--name", f"{name}-out", *here),
        extra=(*common, "--sku", "Standard", "--allocation-method", "Static"),
    )
    setup.ensure_resource(
        *("network nat gateway", "--name", name, *here),
        extra=(*common, "--public-ip-addresses", f"{name}-out", "--idle-timeout", "10"),
    )
    setup.ensure_resource(
        *("network vnet", "--name", name, *here),
        extra=(*common, "--address-prefixes", f"10.{octet}.0.0/16"),
    )
    setup.ensure_resource(
        *("network vnet subnet", "--name", "machines", "--vnet-name", name, *here),
        extra=(
            *("--address-prefixes", f"10.{octet}.0.0/20", "--nat-gateway", name),
            *("--network-security-group", name, "--default-outbound-access", "false"),
        ),
    )
