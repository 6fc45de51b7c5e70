"""An application in Entra for each environment, which its jobs sign in as without any password."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scripts.azure_setup.commands import SetupError
from scripts.azure_setup.subjects import is_ours

if TYPE_CHECKING:
    from scripts.azure_setup.target import Setup

ISSUER = "https://token.actions.githubusercontent.com"
AUDIENCE = "api://AzureADTokenExchange"


def applications(setup: Setup, name: str) -> list[dict[str, Any]]:
    """Return the applications of a name; Entra lets several have one."""
    listing = setup.commands.az("ad", "app", "list", "--filter", f"displayName eq '{name}'")
    return [entry for entry in listing or [] if entry["displayName"] == name]


def credentials(setup: Setup, application: dict[str, Any]) -> list[dict[str, Any]]:
    """Return an application's federated credentials."""
    listing = setup.commands.az(
        "ad", "app", "federated-credential", "list", "--id", application["id"]
    )
    return list(listing or [])


def foreign_signs(setup: Setup, application: dict[str, Any]) -> list[str]:
    """Return what says that an application is not this repository's alone."""
    signs = [
        f"it has {len(application[kind])} {word}"
        for kind, word in (("passwordCredentials", "passwords"), ("keyCredentials", "certificates"))
        if application.get(kind)
    ]
    subjects = [credential["subject"] for credential in credentials(setup, application)]
    return [
        *signs,
        *(f"{subject} signs in as it" for subject in subjects if not is_ours(setup, subject)),
    ]


def ensure_identity(setup: Setup, name: str) -> tuple[str, str]:
    """Make an application, its service principal and its credentials; return both ids.

    Raises:
        SetupError: There is one of this name that others sign in as: it gets no rights.
    """
    application = setup.commands.ensure(
        lambda: _ours(setup, name),
        *("az", "ad", "app", "create", "--display-name", name),
        *("--sign-in-audience", "AzureADMyOrg"),
        replicates=True,
    ) or {"appId": f"APP_ID_OF_{name}", "id": f"OBJECT_ID_OF_{name}"}
    principal = setup.commands.ensure(
        lambda: setup.commands.az("ad", "sp", "show", "--id", application["appId"]),
        *("az", "ad", "sp", "create", "--id", application["appId"]),
        replicates=True,
    ) or {"id": f"PRINCIPAL_OF_{name}"}
    for prefix in setup.target.subject_prefixes:
        _ensure_credential(setup, application, name, prefix)
    return application["appId"], principal["id"]


def _ours(setup: Setup, name: str) -> dict[str, Any] | None:
    matches = applications(setup, name)
    foreign = [(match, signs) for match in matches if (signs := foreign_signs(setup, match))]
    if foreign:
        application, signs = foreign[0]
        raise SetupError(
            f"the application {name} ({application['appId']}) is not this repository's alone:"
            f" {'; '.join(signs)}. It gets no rights here: choose another --group, or delete it."
        )
    return min(matches, key=lambda entry: entry["createdDateTime"]) if matches else None


def _ensure_credential(setup: Setup, application: dict[str, Any], name: str, prefix: str) -> None:
    """Let a subject sign in; a credential's name is unique, and each form has its own."""
    label = "github-by-number" if "@" in prefix else "github"
    subject = f"{prefix}:environment:{name}"
    value = {"name": label, "issuer": ISSUER, "subject": subject, "audiences": [AUDIENCE]}
    path = setup.write(f"federated-{name}-{label}.json", value)
    present = {credential["name"]: credential for credential in credentials(setup, application)}
    if any(entry["subject"] == subject for entry in present.values()):
        return
    words = ("--id", application["id"], "--parameters", f"@{path}")
    if label in present:
        setup.commands.change(
            *("az", "ad", "app", "federated-credential", "update", *words),
            *("--federated-credential-id", label),
        )
        return
    setup.commands.ensure(
        lambda: [
            credential
            for credential in credentials(setup, application)
            if credential["subject"] == subject
        ],
        *("az", "ad", "app", "federated-credential", "create", *words),
        replicates=True,
    )
