"""The cloud and GitHub as the fleet commands reach them: their options, and what they open."""

from __future__ import annotations

import functools
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from orchestrator.errors import BadInputError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from orchestrator.cloud.azure.credentials import Login
    from orchestrator.fleet.clear import Broom
    from orchestrator.github import GitHub
    from orchestrator.github.access import Access

F = TypeVar("F", bound="Callable[..., Any]")

_OPTIONS = [
    click.option(
        "--subscription", envvar="AZURE_SUBSCRIPTION_ID", default="", help="Azure subscription."
    ),
    click.option("--resource-group", default="", help="The resource group of the machines."),
    click.option(
        "--tenant", envvar="AZURE_TENANT_ID", default="", help="Azure tenant, for a workflow."
    ),
    click.option(
        "--client-id", envvar="AZURE_CLIENT_ID", default="", help="Azure identity of a workflow."
    ),
    click.option(
        "--arm-endpoint",
        default="https://management.azure.com",
        show_default=True,
        help="Azure Resource Manager.",
    ),
    click.option(
        "--authority",
        default="https://login.microsoftonline.com",
        show_default=True,
        help="Who signs in.",
    ),
    click.option("--cloud-ca", default=None, help="Certificate authorities (PEM) of both."),
    click.option(
        "--repository", envvar="GITHUB_REPOSITORY", default="", help="The repository, owner/name."
    ),
    click.option(
        "--github-api",
        envvar="GITHUB_API_URL",
        default="https://api.github.com",
        show_default=True,
        help="GitHub's API.",
    ),
]

TOKEN_VARIABLES = ("WAA_MATRIX_GITHUB_TOKEN", "GITHUB_TOKEN")
APP_VARIABLES = ("WAA_MATRIX_APP_ID", "WAA_MATRIX_APP_PRIVATE_KEY")


def cloud_options(function: F) -> F:
    """Add the options that name a cloud account and a repository."""
    return functools.reduce(lambda wrapped, option: option(wrapped), reversed(_OPTIONS), function)


@contextmanager
def opened_broom(
    options: dict[str, Any], say: Callable[[str], None]
) -> Iterator[tuple[Broom, GitHub]]:
    """Open both sides for deleting, as the cloud options in ``options`` say.

    Raises:
        BadInputError: Naming everything that is missing.
    """
    from orchestrator.cloud.azure.adapter import AzureCloud
    from orchestrator.cloud.azure.settings import AzureSettings, Endpoints
    from orchestrator.cloud.retry import Patience
    from orchestrator.fleet.clear import Broom
    from orchestrator.github import Connection, RetryPolicy, SystemClock, open_github

    _check(options)
    ca_file = options["cloud_ca"]
    endpoints = Endpoints(
        arm=options["arm_endpoint"],
        authority=options["authority"],
        known_authority=options["authority"] != "https://login.microsoftonline.com",
        ca_file=ca_file,
    )
    settings = AzureSettings(options["subscription"], options["resource_group"], {}, endpoints)
    connection = Connection(options["repository"], _access(), api_url=options["github_api"])
    # One delete that hangs must not keep the others from being submitted within a minute.
    brief = Patience(attempts=2, total_s=20.0, longest_wait_s=10.0)
    policy = RetryPolicy(tries=2, patience_s=20.0)
    cloud = AzureCloud(settings, _login(options), brief)
    try:
        with open_github(connection, policy=policy) as github:
            yield Broom(cloud, github.runners, SystemClock(), say), github
    finally:
        cloud.close()


def _check(options: dict[str, Any]) -> None:
    needed = {
        "--subscription": options["subscription"],
        "--resource-group": options["resource_group"],
        "--repository": options["repository"],
    }
    problems = [
        Problem(flag, "is missing", "Give it, or set its variable; see --help.")
        for flag, value in needed.items()
        if not value
    ]
    if not any(os.environ.get(name) for name in (*TOKEN_VARIABLES, APP_VARIABLES[0])):
        fix = f"Set {TOKEN_VARIABLES[0]}, or {APP_VARIABLES[0]} and {APP_VARIABLES[1]}."
        problems.append(Problem("GitHub access", "is missing", fix))
    if problems:
        raise BadInputError(problems)


def _access() -> Access:
    from orchestrator.github import AppAccess, Secret, TokenAccess

    app, key = (os.environ.get(name, "") for name in APP_VARIABLES)
    if app:
        return AppAccess(app, Secret(key))
    token = next(value for name in TOKEN_VARIABLES if (value := os.environ.get(name)))
    return TokenAccess(Secret(token))


def _login(options: dict[str, Any]) -> Login:
    """Sign in as the workflow where GitHub offers that, else as whoever is logged in here."""
    from orchestrator.cloud.azure.credentials import Ambient, Federated

    url = os.environ.get("ACTIONS_ID_TOKEN_REQUEST_URL", "")
    token = os.environ.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "")
    if url and token and options["client_id"]:
        ca_file = options["cloud_ca"]
        return Federated(options["tenant"], options["client_id"], url, token, ca_file=ca_file)
    return Ambient(options["tenant"] or None)
