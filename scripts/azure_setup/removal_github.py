"""What is taken away at GitHub: environments, their secrets, and the repository's variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scripts.azure_setup.environments import ENVIRONMENTS
from scripts.azure_setup.identities import applications
from scripts.azure_setup.settings import (
    CEILING,
    CLIENT_ID,
    GROUP_VARIABLE,
    SECRETS,
    read_variable,
    variables,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scripts.azure_setup.removal import Command, Kept, Proofs
    from scripts.azure_setup.target import Setup

# Names that other workflows of the repository may use too: these go only with our value.
SHARED = ("AZURE_SUBSCRIPTION_ID", "AZURE_TENANT_ID")


def github_removals(setup: Setup, kept: Kept, proofs: Proofs) -> Iterator[Command]:
    """Yield what deletes environments, then variables; the one that names the group last.

    ``proofs`` gains that it does: it is gone when the next pass looks, and what stays then is
    still what it was.
    """
    proofs.variables |= read_variable(setup, GROUP_VARIABLE) == setup.target.group
    ours = proofs.variables
    for environment in ENVIRONMENTS:
        yield from _environment(setup, f"{setup.target.group}-{environment.name}", kept, proof=ours)
    if ours:
        yield from _variables(setup, kept)


def _environment(setup: Setup, name: str, kept: Kept, *, proof: bool) -> Iterator[Command]:
    """Where the repository names our group, or the identity is ours, so is the environment."""
    path = f"repos/{setup.target.repository.name}/environments/{name}"
    if setup.commands.gh(path) is None:
        return
    client_id = read_variable(setup, CLIENT_ID, name)
    if not proof and client_id not in [
        application["appId"] for application in applications(setup, name)
    ]:
        kept.keep(f"environment {name}", "nothing shows that azure-setup made it")
        return
    foreign = sorted(_names(setup, path, "variables") - {CLIENT_ID})
    foreign += sorted(_names(setup, path, "secrets") - set(SECRETS))
    if not foreign:
        yield _delete(path)
        return
    kept.keep(f"environment {name}", f"it also holds {', '.join(foreign)}")
    for kind, ours in (("variables", {CLIENT_ID}), ("secrets", set(SECRETS))):
        for item in sorted(_names(setup, path, kind) & ours):
            yield _delete(f"{path}/{kind}/{item}")


def _variables(setup: Setup, kept: Kept) -> Iterator[Command]:
    said = variables(setup, "any")
    path = f"repos/{setup.target.repository.name}/actions/variables"
    for name in (*(entry for entry in said if entry != GROUP_VARIABLE), CEILING, GROUP_VARIABLE):
        value = read_variable(setup, name)
        if name in SHARED and value not in (None, said[name]):
            kept.keep(f"variable {name}", "its value is another than azure-setup's")
        elif value is not None:
            yield _delete(f"{path}/{name}")


def _names(setup: Setup, path: str, kind: str) -> set[str]:
    answer = setup.commands.gh(f"{path}/{kind}?per_page=30") or {}
    return {entry["name"] for entry in answer.get(kind, ())}


def _delete(path: str) -> Command:
    return ("gh", "api", "--include", "--method", "DELETE", path)
