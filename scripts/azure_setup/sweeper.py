"""The sweeper inside Azure: once an hour, by an identity that can only find and delete."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from scripts.azure_setup.target import FILES, TAG

if TYPE_CHECKING:
    from scripts.azure_setup.target import Setup

NAME = "waa-sweeper"
KIND = "Microsoft.Logic/workflows"
TEMPLATE_TAG = "waa-template"


def find_sweeper(setup: Setup) -> dict[str, Any] | None:
    """Return the Logic App, or None. A deployment's record says nothing: Azure drops old ones."""
    return setup.commands.az(
        *("resource", "show", "--resource-type", KIND, "--name", NAME),
        *("--resource-group", setup.target.group),
    )


def ensure_sweeper(setup: Setup) -> str:
    """Deploy the sweeper as its file says; return its principal."""
    template = FILES / "sweeper.json"
    digest = hashlib.sha256(template.read_bytes()).hexdigest()[:16]
    present = find_sweeper(setup)
    if ((present or {}).get("tags") or {}).get(TEMPLATE_TAG) != digest:
        tags = setup.write("tags.json", {TAG: setup.target.group, TEMPLATE_TAG: digest})
        setup.commands.change(
            *("az", "deployment", "group", "create", "--name", NAME),
            *("--resource-group", setup.target.group, "--template-file", str(template)),
            *("--parameters", f"tags=@{tags}"),
        )
        present = find_sweeper(setup)
    return str(present["identity"]["principalId"]) if present else "PRINCIPAL_OF_SWEEPER"
