"""The cloud and GitHub as the fleet commands reach them: their options, and what they open."""

from __future__ import annotations

import functools
import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from orchestrator.errors import BadInputError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from orchestrator.clock import Clock
    from orchestrator.cloud.azure.adapter import AzureCloud
    from orchestrator.cloud.azure.credentials import Login
    from orchestrator.cloud.azure.settings import Endpoints, Site
    from orchestrator.fleet.clear import Broom
    from orchestrator.github import GitHub
    from orchestrator.github.access import Access

F = TypeVar("F", bound="Callable[..., Any]")

PUBLIC_AUTHORITY = "https://login.microsoftonline.com"

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
        "--arm-scope",
        default="https://management.azure.com/.default",
        show_default=True,
        help="What a token for it is asked for.",
    ),
    click.option(
        "--authority",
        default=PUBLIC_AUTHORITY,
        show_default=True,
        help="Who signs in.",
    ),
    click.option(
        "--storage-scope",
        default="https://storage.azure.com/.default",
        show_default=True,
        help="What a token for Blob Storage is asked for.",
    ),
    click.option("--cloud-ca", default=None, help="Certificate authorities (PEM) of all of these."),
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
    import stamina

    from orchestrator.cloud.azure.adapter import AzureCloud
    from orchestrator.cloud.azure.settings import AzureSettings
    from orchestrator.cloud.retry import Patience
    from orchestrator.github import Connection, RetryPolicy, open_github

    problems = cloud_problems(options)
    if problems:
        raise BadInputError(problems)
    stamina.instrumentation.set_on_retry_hooks([])  # its bare "retry_scheduled" tells nobody much
    endpoints = cloud_endpoints(options)
    settings = AzureSettings(options["subscription"], options["resource_group"], sites, endpoints)
    ca_bundle = options["cloud_ca"] if options["github_api"].startswith("https://") else None
    connection = Connection(
        options["repository"], cloud_access(), options["github_api"], ca_bundle=ca_bundle
    )
    patience = Patience(attempts=2, total_s=20.0, longest_wait_s=10.0) if brief else Patience()
    policy = RetryPolicy(tries=2, patience_s=20.0) if brief else RetryPolicy()
    login = cloud_login(options)
    cloud = AzureCloud(settings, login, patience)
    clock = fleet_clock()
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


def cloud_endpoints(options: Mapping[str, Any]) -> Endpoints:
    """Return the servers that the cloud options name."""
    from orchestrator.cloud.azure.settings import Endpoints

    return Endpoints(
        arm=options["arm_endpoint"],
        arm_scope=options["arm_scope"],
        authority=options["authority"],
        storage_scope=options["storage_scope"],
        known_authority=options["authority"] != PUBLIC_AUTHORITY,
        ca_file=options["cloud_ca"],
    )


def cloud_problems(options: Mapping[str, Any]) -> list[Problem]:
    """Return everything that is missing to reach both sides."""
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
    return problems


def cloud_access() -> Access:
    """Return who calls GitHub: an App, else a token."""
    from orchestrator.github import AppAccess, Secret, TokenAccess

    app, key = (os.environ.get(name, "") for name in APP_VARIABLES)
    if app:
        return AppAccess(app, Secret(key))
    token = next(value for name in TOKEN_VARIABLES if (value := os.environ.get(name)))
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
