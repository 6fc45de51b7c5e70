"""Where doctor's values come from when nobody gives them: the checkout, gh, the repository."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.inputs.checkout import gh_token, repository_here
from orchestrator.cli.options.compute import (
    cloud_access,
    cloud_connection,
    cloud_values,
    has_access,
)
from orchestrator.cli.options.variables import fill, lacking
from orchestrator.errors import MatrixError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.compute.findings import Finding
    from orchestrator.github import GitHubRetryPolicy
    from orchestrator.github.access import Access

VARIABLES = "repository's variables"

_NEEDED = ("subscription", "resource_group", "regions", "subnets", "machine_image", "store")
"""Options without which hardly anything can be looked at."""


@dataclass(frozen=True, slots=True)
class Values:
    """Who calls GitHub, None for nobody; and what was seen of the repository's variables."""

    access: Access | None
    finding: Finding


def complete(options: dict[str, Any], policy: GitHubRetryPolicy) -> Values:
    """Give ``options`` what they lack, as far as this machine and the repository can say it."""
    if not options["repository"]:
        options["repository"] = repository_here(options["github_api"])
    access = cloud_access() if has_access() else _of_gh(options)
    return Values(access, _filled(options, access, policy))


def _filled(options: dict[str, Any], access: Access | None, policy: GitHubRetryPolicy) -> Finding:
    """Fill in the repository's variables where an option that is needed was not given."""
    from orchestrator.compute.findings import CheckStatus, Finding

    context = click.get_current_context()
    if not lacking(context, _NEEDED):
        return Finding(VARIABLES, CheckStatus.OK, "not needed: each option is given")
    try:
        variables = _read(options, access, policy)
        used = fill(context, options, variables)
    except click.BadParameter as error:
        fix = "Correct it: gh variable set NAME."
        return Finding(VARIABLES, CheckStatus.FAIL, error.format_message(), fix, input=True)
    except MatrixError as error:
        fix = "Give the token Variables: read, or sign in by gh auth login; or give the options."
        return Finding(VARIABLES, CheckStatus.WARN, f"not read: {error}", fix)
    said = f"{len(variables)} in {options['repository']}; used: {', '.join(used) or 'none'}"
    return Finding(VARIABLES, CheckStatus.OK, said)


def _read(
    options: dict[str, Any], access: Access | None, policy: GitHubRetryPolicy
) -> dict[str, str]:
    """Return the variables, by the token in the environment, or else by gh's.

    Raises:
        MatrixError: Neither may read them, or there is neither, or no repository is known.
    """
    from orchestrator.github import open_github

    refusal = MatrixError("no repository is known, or nobody is signed in to GitHub")
    for caller in _callers(options, access):
        try:
            connection = cloud_connection(cloud_values(options), caller)
            with open_github(connection, policy=policy) as door:
                return door.repository.variables()
        except MatrixError as error:
            refusal = error
    raise refusal


def _callers(options: dict[str, Any], access: Access | None) -> Iterator[Access]:
    """Yield who may be able to read the variables; gh is asked only where another was refused."""
    if access is None or not options["repository"]:
        return
    yield access
    if has_access() and (of_gh := _of_gh(options)) is not None:
        yield of_gh


def _of_gh(options: dict[str, Any]) -> Access | None:
    from orchestrator.github import TokenAccess

    token = gh_token(options["github_api"])
    return None if token is None else TokenAccess(token)
