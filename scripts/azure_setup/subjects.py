"""The subjects that a job's identity may come with, and whose they are.

GitHub's documentation (https://docs.github.com/actions/reference/security/oidc): by name,
``repo:OWNER/REPO:environment:E``; by number as well, ``repo:OWNER@ID/REPO@ID:environment:E``, of
repositories made, renamed or transferred after 2026-07-15 and of those that opted in; or as a
template of the organisation or the repository says.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from scripts.azure_setup.commands import SetupError

if TYPE_CHECKING:
    from scripts.azure_setup.commands import Commands
    from scripts.azure_setup.target import Repository, Setup

DEFAULT_KEYS = ("repo", "context")


def subject_prefixes(commands: Commands, repository: Repository, given: str) -> tuple[str, ...]:
    """Return what a subject begins with, ``:environment:E`` left off: every form that may come.

    Raises:
        SetupError: A template's subjects cannot be told beforehand.
    """
    if given:
        return (given,)
    answer = commands.gh(f"repos/{repository.name}/actions/oidc/customization/sub") or {}
    keys = _template(commands, repository, answer)
    if keys != DEFAULT_KEYS:
        return (_custom_prefix(repository, keys),)
    # The prefix is what comes (azure-dev#9382: the other flag said no, and numbers came). A
    # repository of the older form comes by number from the day that it is renamed or opts in.
    prefix = answer.get("sub_claim_prefix") or ""
    if "@" in prefix and answer.get("use_immutable_subject"):
        return (prefix,)
    numbered = by_number(repository) if repository.number else ""
    return tuple(dict.fromkeys(filter(None, (prefix, by_name(repository), numbered))))


def by_name(repository: Repository) -> str:
    """Return the older form."""
    return f"repo:{repository.name}"


def by_number(repository: Repository) -> str:
    """Return the form that a rename does not change."""
    owner = f"{repository.owner}@{repository.owner_id}"
    return f"repo:{owner}/{repository.short_name}@{repository.number}"


def is_ours(setup: Setup, subject: str) -> bool:
    """Tell whether a subject is this repository's: by number, or by a name that leads to it."""
    target = setup.target
    if any(subject.startswith(f"{prefix}:environment:") for prefix in target.subject_prefixes):
        return True
    match = re.match(r"repo:([^/:@]+)(@\d+)?/([^/:@]+)(@\d+)?:", subject)
    if match is None:
        return f"repository_id:{target.repository.number}:" in subject
    if match[4]:
        return match[4] == f"@{target.repository.number}"
    answer = setup.commands.gh(f"repos/{match[1]}/{match[3]}")
    return answer is not None and bool(answer["id"] == target.repository.number)


def _template(
    commands: Commands, repository: Repository, answer: dict[str, Any]
) -> tuple[str, ...]:
    """Return the claims of the template in force.

    ``use_default`` true is GitHub's own, whatever the organisation says; false with keys is the
    repository's; false without any is the organisation's, where it has one.
    """
    if answer.get("use_default", True):
        return DEFAULT_KEYS
    keys = answer.get("include_claim_keys")
    if not keys:
        organisation = commands.gh(f"orgs/{repository.owner}/actions/oidc/customization/sub") or {}
        keys = organisation.get("include_claim_keys")
    return tuple(keys) if keys else DEFAULT_KEYS


def _custom_prefix(repository: Repository, keys: tuple[str, ...]) -> str:
    """Return the prefix of a template of claims that the repository alone decides."""
    claims = {
        "repo": by_name(repository),
        "repository": f"repository:{repository.name}",
        "repository_id": f"repository_id:{repository.number}",
        "repository_owner": f"repository_owner:{repository.owner}",
        "repository_owner_id": f"repository_owner_id:{repository.owner_id}",
        "repository_visibility": f"repository_visibility:{repository.visibility}",
    }
    *first, last = keys
    if last != "context" or not first or any(key not in claims for key in first):
        raise SetupError(
            f"the subjects of {repository.name} follow a template of their own ({', '.join(keys)}),"
            " whose values azure-setup cannot tell beforehand. Give what they begin with, before"
            " :environment:NAME, by --subject-prefix, or let the template end with context after"
            f" claims of the repository ({', '.join(claims)})."
        )
    return ":".join(claims[key] for key in first)
