"""GitHub alone, for commands that need no cloud: its options, and what opens it."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, ClassVar

from orchestrator.cli.options.compute import APP_VARIABLES, TOKEN_VARIABLES
from orchestrator.cli.options.values import option, option_values
from orchestrator.errors import BadInputError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.github import GitHub
    from orchestrator.github.access import Access

# The job's own first: it may write comments and checks, which a machine-minting token need not.
_TOKENS = TOKEN_VARIABLES[::-1]


@option_values
class GitHubOptions:
    """A repository on GitHub."""

    heading: ClassVar[str] = "GitHub"
    repository: Annotated[
        str, option("--repository", envvar="GITHUB_REPOSITORY", help="The repository, owner/name.")
    ] = ""
    github_api: Annotated[
        str, option("--github-api", envvar="GITHUB_API_URL", help="GitHub's API.")
    ] = "https://api.github.com"
    github_ca: Annotated[
        str | None, option("--github-ca", help="Certificate authorities (PEM) of GitHub.")
    ] = None


def github_problems(options: GitHubOptions) -> list[Problem]:
    """Return everything that is missing to reach GitHub."""
    problems = []
    if not options.repository:
        fix = "Give owner/name, or set GITHUB_REPOSITORY."
        problems.append(Problem("--repository", "is missing", fix))
    if not any(os.environ.get(name) for name in (*_TOKENS, APP_VARIABLES[0])):
        fix = f"Set {_TOKENS[0]} or {_TOKENS[1]}."
        problems.append(Problem("GitHub access", "is missing", fix))
    return problems


def _access() -> Access:
    """Return who calls: the job's own token, another one, else the App."""
    from orchestrator.github import AppAccess, Secret, TokenAccess

    for name in _TOKENS:
        if token := os.environ.get(name):
            return TokenAccess(Secret(token))
    app, key = (os.environ.get(name, "") for name in APP_VARIABLES)
    return AppAccess(app, Secret(key))


@contextmanager
def opened_github(options: GitHubOptions) -> Iterator[GitHub]:
    """Open the repository that the options name.

    Raises:
        BadInputError: Naming everything that is missing.
    """
    from orchestrator.github import Connection, open_github

    if problems := github_problems(options):
        raise BadInputError(problems)
    connection = Connection(
        options.repository,
        _access(),
        options.github_api,
        ca_bundle=options.github_ca,
    )
    with open_github(connection) as github:
        yield github
