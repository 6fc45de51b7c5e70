"""The cloud and GitHub as the fleet commands reach them: their options, and what they open."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from orchestrator.cli.command import add_options
from orchestrator.cli.variables import missing, shared_option
from orchestrator.errors import BadInputError, Problem
from orchestrator.extra import azure_problems

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from orchestrator.clock import Clock
    from orchestrator.cloud.azure.adapter import AzureCloud
    from orchestrator.cloud.azure.credentials import Login
    from orchestrator.cloud.azure.settings import Endpoints, Site
    from orchestrator.fleet.clear import Broom
    from orchestrator.github import Connection, GitHub
    from orchestrator.github.access import Access

F = TypeVar("F", bound="Callable[..., Any]")

PUBLIC_AUTHORITY = "https://login.microsoftonline.com"
AUTHORITY_VARIABLE = "AZURE_AUTHORITY_HOST"

github_run_option = click.option(
    "--github-run",
    envvar="GITHUB_RUN_ID",
    type=int,
    required=True,
    help="The workflow run whose machines are meant.  [env: GITHUB_RUN_ID]",
)

_OPTIONS = [
    click.option(
        "--subscription",
        envvar="AZURE_SUBSCRIPTION_ID",
        default="",
        help="Azure subscription.  [env: AZURE_SUBSCRIPTION_ID]",
    ),
    shared_option("--resource-group", default="", help="Resource group of the machines."),
    click.option(
        "--tenant",
        envvar="AZURE_TENANT_ID",
        default="",
        help="Azure tenant of the login.  [env: AZURE_TENANT_ID]",
    ),
    click.option(
        "--client-id",
        envvar="AZURE_CLIENT_ID",
        default="",
        help="Identity of a workflow's job, which needs id-token: write; without one the login of"
        " this machine is used (az login).  [env: AZURE_CLIENT_ID]",
    ),
    click.option(
        "--arm-endpoint",
        default="https://management.azure.com",
        show_default=True,
        help="Azure Resource Manager's address (sovereign clouds).",
    ),
    click.option(
        "--arm-scope",
        default="https://management.azure.com/.default",
        show_default=True,
        help="Scope of a token for Resource Manager.",
    ),
    click.option(
        "--authority",
        envvar=AUTHORITY_VARIABLE,
        default=PUBLIC_AUTHORITY,
        show_default=True,
        help="Address of the sign-in service.",
    ),
    click.option(
        "--storage-scope",
        default="https://storage.azure.com/.default",
        show_default=True,
        help="Scope of a token for Blob Storage.",
    ),
    click.option(
        "--cloud-ca",
        default=None,
        help="File of the certificate authorities (PEM) to trust, instead of the usual ones.",
    ),
    click.option(
        "--repository",
        envvar="GITHUB_REPOSITORY",
        default="",
        help="The repository whose runs these are, owner/name.  [env: GITHUB_REPOSITORY]",
    ),
    click.option(
        "--github-api",
        envvar="GITHUB_API_URL",
        default="https://api.github.com",
        show_default=True,
        help="GitHub's API (Enterprise Server: https://HOST/api/v3).  [env: GITHUB_API_URL]",
    ),
]

TOKEN_VARIABLES = ("WAA_MATRIX_GITHUB_TOKEN", "GITHUB_TOKEN")
APP_VARIABLES = ("WAA_MATRIX_APP_ID", "WAA_MATRIX_APP_PRIVATE_KEY")


def cloud_options(function: F) -> F:
    """Add the options that name a cloud account and a repository."""
    return add_options(_OPTIONS, function)


@dataclass(frozen=True, slots=True)
class Sides:
    """Both sides of a fleet, open, the endpoints and login they were opened with, and the time."""

    cloud: AzureCloud
    github: GitHub
    endpoints: Endpoints
    login: Login
    clock: Clock


@contextmanager
def opened_sides(
    options: Mapping[str, Any], sites: Mapping[str, Site], *, brief: bool = False
) -> Iterator[Sides]:
    """Open the cloud and GitHub, as the cloud options in ``options`` say.

    ``brief``: one call that hangs must not keep the others from being made within a minute.

    Raises:
        BadInputError: Naming everything that is missing.
    """
    from orchestrator.cloud.azure.adapter import AzureCloud
    from orchestrator.cloud.azure.settings import AzureSettings
    from orchestrator.cloud.retry import Patience, hush
    from orchestrator.github import RetryPolicy, open_github

    problems = cloud_problems(options)
    if problems:
        raise BadInputError(problems)
    hush()
    endpoints = cloud_endpoints(options)
    settings = AzureSettings(options["subscription"], options["resource_group"], sites, endpoints)
    connection = cloud_connection(options)
    patience = Patience(attempts=2, total_s=20.0, longest_wait_s=10.0) if brief else Patience()
    policy = RetryPolicy(tries=2, patience_s=20.0) if brief else RetryPolicy()
    login = cloud_login(options)
    clock = fleet_clock()
    cloud = AzureCloud(settings, login, patience, clock)
    try:
        with open_github(connection, clock=clock, policy=policy) as github:
            yield Sides(cloud, github, endpoints, login, clock)
    finally:
        cloud.close()


@contextmanager
def opened_broom(
    options: Mapping[str, Any], say: Callable[[str], None]
) -> Iterator[tuple[Broom, GitHub]]:
    """Open both sides for deleting.

    Raises:
        BadInputError: Naming everything that is missing.
    """
    from orchestrator.fleet.clear import Broom

    with opened_sides(options, {}, brief=True) as sides:
        yield Broom(sides.cloud, sides.github.runners, sides.clock, say), sides.github


def fleet_clock() -> Clock:
    """Return the clock that the command line was run with: the machine's, unless one was given."""
    from orchestrator.clock import SystemClock

    given: Clock | None = click.get_current_context().obj
    return SystemClock() if given is None else given


def cloud_connection(options: Mapping[str, Any], access: Access | None = None) -> Connection:
    """Return how GitHub is reached and who calls it: whom the environment names unless given.

    Raises:
        BadInputError: No token and no App is given.
    """
    from orchestrator.github import Connection

    ca_bundle = options["cloud_ca"] if options["github_api"].startswith("https://") else None
    return Connection(
        options["repository"],
        access or cloud_access(),
        options["github_api"],
        ca_bundle=ca_bundle,
    )


def cloud_endpoints(options: Mapping[str, Any]) -> Endpoints:
    """Return the servers that the cloud options name."""
    from orchestrator.cloud.azure.settings import GRAPH, Endpoints

    return Endpoints(
        arm=options["arm_endpoint"],
        arm_scope=options["arm_scope"],
        authority=options["authority"],
        storage_scope=options["storage_scope"],
        graph=options.get("graph_endpoint") or GRAPH,
        known_authority=options["authority"] != PUBLIC_AUTHORITY,
        ca_file=options["cloud_ca"],
    )


def cloud_problems(options: Mapping[str, Any]) -> list[Problem]:
    """Return everything that is missing to reach both sides."""
    access = [] if has_access() else [no_access()]
    return option_problems(options) + access + azure_problems()


def has_access() -> bool:
    """Whether the environment says who calls GitHub."""
    return any(os.environ.get(name) for name in (*TOKEN_VARIABLES, APP_VARIABLES[0]))


def option_problems(options: Mapping[str, Any]) -> list[Problem]:
    """Return each option that is missing to reach both sides."""
    needed = {
        "--subscription": missing("--subscription", "", "AZURE_SUBSCRIPTION_ID"),
        "--resource-group": missing("--resource-group", "resource_group"),
        "--repository": missing("--repository", "", "GITHUB_REPOSITORY"),
    }
    names = {flag: flag.strip("-").replace("-", "_") for flag in needed}
    return [problem for flag, problem in needed.items() if not options[names[flag]]]


def no_access() -> Problem:
    """Return the problem that nobody is named who calls GitHub."""
    fix = f"Set {TOKEN_VARIABLES[0]}, or {APP_VARIABLES[0]} and {APP_VARIABLES[1]}."
    return Problem("GitHub access", "is missing", fix)


def cloud_access() -> Access:
    """Return who calls GitHub: an App, else a token.

    Raises:
        BadInputError: Neither is given.
    """
    from orchestrator.github import AppAccess, Secret, TokenAccess

    app, key = (os.environ.get(name, "") for name in APP_VARIABLES)
    if app:
        return AppAccess(app, Secret(key))
    token = next((value for name in TOKEN_VARIABLES if (value := os.environ.get(name))), "")
    if not token:
        raise BadInputError([no_access()])
    return TokenAccess(Secret(token))


def cloud_login(options: Mapping[str, Any]) -> Login:
    """Sign in as the workflow where GitHub offers that, else as whoever is logged in here."""
    from orchestrator.cloud.azure.credentials import Ambient, Federated

    url = os.environ.get("ACTIONS_ID_TOKEN_REQUEST_URL", "")
    token = os.environ.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "")
    if url and token and options["client_id"]:
        ca_file = options["cloud_ca"]
        return Federated(options["tenant"], options["client_id"], url, token, ca_file=ca_file)
    return Ambient(options["tenant"] or None)
