"""The accounts: one for ledgers, which go after 90 days, one for golden images, which stay."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from scripts.azure_setup.target import TAG, filled

if TYPE_CHECKING:
    from scripts.azure_setup.commands import Commands
    from scripts.azure_setup.target import Setup


def account_name(commands: Commands, subscription: str, group: str, repository: str) -> str:
    """Return the store's name: that of the account that is there, else a new one.

    A name is the world's, so that a digest makes it; of the repository's name too, which changes
    when the repository is renamed: what is there counts more.
    """
    accounts = commands.az("storage", "account", "list", "--resource-group", group) or []
    ours = [
        account["name"] for account in accounts if (account.get("tags") or {}).get(TAG) == group
    ]
    if len(ours) == 1:
        return str(ours[0])
    text = f"{subscription} {repository} {group}"
    return f"waa{hashlib.sha256(text.encode()).hexdigest()[:14]}"


def storage(setup: Setup) -> None:
    """Make both accounts; the golden one beside the gallery, where no run's identity reaches."""
    target = setup.target
    _account(setup, target.account, target.group)
    _account(setup, target.golden_account, target.image_group)
    policy = setup.write("lifecycle.json", filled(target, "lifecycle.json"))
    setup.ensure_resource(
        "storage account management-policy",
        *("--account-name", target.account, "--resource-group", target.group),
        extra=("--policy", f"@{policy}"),
    )


def _account(setup: Setup, name: str, group: str) -> None:
    setup.ensure_resource(
        *("storage account", "--name", name, "--resource-group", group),
        extra=(
            *("--location", setup.target.regions[0], "--tags", setup.target.tags),
            *("--sku", "Standard_LRS", "--kind", "StorageV2", "--https-only", "true"),
            *("--min-tls-version", "TLS1_2", "--allow-blob-public-access", "false"),
            *("--allow-shared-key-access", "false"),
        ),
    )
