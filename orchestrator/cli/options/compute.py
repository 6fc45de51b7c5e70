"""The cloud and GitHub as the fleet commands reach them: their options, and what they open."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from orchestrator.cli.command import add_options
from orchestrator.cli.options.variables import missing, shared_option
from orchestrator.compute import registry
from orchestrator.compute.kit import machines_of
from orchestrator.errors import BadInputError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from orchestrator.clock import Clock
    from orchestrator.compute.base import MachineEngine
    from orchestrator.compute.keys import ContainerKeys
    from orchestrator.compute.kit import EngineAccount, EngineKit, Setting, Site
    from orchestrator.compute.retry import RetryPolicy
    from orchestrator.fleet.cleanup import Cleaner
    from orchestrator.github import Connection, GitHub
    from orchestrator.github.access import Access

F = TypeVar("F", bound="Callable[..., Any]")

ENGINE = registry.AZURE_VM
"""The engine whose machines the fleet commands launch."""

github_run_option = click.option(
    "--github-run",
    envvar="GITHUB_RUN_ID",
    type=int,
    required=True,
    help="The workflow run whose machines are meant.  [env: GITHUB_RUN_ID]",
)

_OPTIONS = [
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


def engine_kit() -> EngineKit:
    """Return what the engine of the fleet commands brings."""
    return registry.load(ENGINE)


def cloud_options(function: F) -> F:
    """Add the options that name a cloud account and a repository."""
    usual = [_option(setting) for setting in engine_kit().settings if not setting.checks]
    return add_options([*usual, *_OPTIONS], function)


def check_options(function: F) -> F:
    """Add the engine's options that only the checks of a set-up need."""
    only = [_option(setting) for setting in engine_kit().settings if setting.checks]
    return add_options(only, function)


def _option(setting: Setting) -> Callable[[F], F]:
    declared = shared_option if setting.shared else click.option
    attributes: dict[str, Any] = {"envvar": setting.variable} if setting.variable else {}
    return declared(
        setting.flag,
        default=setting.default,
        show_default=setting.shown,
        help=setting.text,
        **attributes,
    )


@dataclass(frozen=True, slots=True)
class CloudOptions:
    """The options of ``cloud_options``, read.

    ``lacking`` has a problem for each that is needed and was not given.
    """

    account: EngineAccount
    repository: str
    github_api: str
    ca_file: str | None
    lacking: tuple[Problem, ...]


def cloud_values(options: Mapping[str, Any]) -> CloudOptions:
    """Return what the cloud options among a command's keywords say; nothing is asked yet."""
    kit = engine_kit()
    needed = {
        setting.name: missing(setting.flag, setting.name, setting.variable)
        for setting in kit.settings
        if setting.required
    }
    needed["repository"] = missing("--repository", "", "GITHUB_REPOSITORY")
    return CloudOptions(
        kit.account(options, os.environ, options["cloud_ca"]),
        options["repository"],
        options["github_api"],
        options["cloud_ca"],
        tuple(problem for name, problem in needed.items() if not options[name]),
    )


def account_here(kit: EngineKit, ca_file: str | None) -> EngineAccount:
    """Return the account that the environment describes, by the engine's own variable names."""
    values = {setting.name: os.environ.get(setting.variable) for setting in kit.settings}
    given = {name: value for name, value in values.items() if value}
    return kit.account(given, os.environ, ca_file)


@dataclass(frozen=True, slots=True)
class Clients:
    """The cloud and GitHub, open, the account that the cloud was opened with, and the time."""

    cloud: MachineEngine
    github: GitHub
    account: EngineAccount
    clock: Clock

    def container_keys(
        self, account_url: str, patience: RetryPolicy | None = None
    ) -> ContainerKeys:
        """As ``KeySource.container_keys``, by the login of the cloud."""
        return self.account.container_keys(account_url, patience)


@contextmanager
def open_clients(
    options: CloudOptions, sites: Mapping[str, Site], *, brief: bool = False
) -> Iterator[Clients]:
    """Open the cloud and GitHub.

    ``brief``: one call that hangs must not keep the others from being made within a minute.

    Raises:
        BadInputError: Naming everything that is missing.
    """
    from orchestrator.compute.retry import RetryPolicy
    from orchestrator.github import GitHubRetryPolicy, open_github

    problems = cloud_problems(options)
    if problems:
        raise BadInputError(problems)
    connection = cloud_connection(options)
    patience = brief_patience() if brief else RetryPolicy()
    policy = GitHubRetryPolicy(tries=2, patience_s=20.0) if brief else GitHubRetryPolicy()
    clock = fleet_clock()
    with (
        options.account.open(sites, patience, clock) as engine,
        open_github(connection, clock=clock, policy=policy) as github,
    ):
        yield Clients(machines_of(engine), github, options.account, clock)


def brief_patience() -> RetryPolicy:
    """Return how often a call is tried by a command that somebody waits for."""
    from orchestrator.compute.retry import RetryPolicy

    return RetryPolicy(attempts=2, total_s=20.0, longest_wait_s=10.0)


@contextmanager
def open_cleaner(
    options: CloudOptions, say: Callable[[str], None]
) -> Iterator[tuple[Cleaner, GitHub]]:
    """Open both for deleting.

    Raises:
        BadInputError: Naming everything that is missing.
    """
    from orchestrator.fleet.cleanup import Cleaner

    with open_clients(options, {}, brief=True) as clients:
        yield Cleaner(clients.cloud, clients.github.runners, clients.clock, say), clients.github


def fleet_clock() -> Clock:
    """Return the clock that the command line was run with: the machine's, unless one was given."""
    from orchestrator.clock import SystemClock

    given: Clock | None = click.get_current_context().obj
    return SystemClock() if given is None else given


def cloud_connection(options: CloudOptions, access: Access | None = None) -> Connection:
    """Return how GitHub is reached and who calls it: whom the environment names unless given.

    Raises:
        BadInputError: No token and no App is given.
    """
    from orchestrator.github import Connection

    ca_bundle = options.ca_file if options.github_api.startswith("https://") else None
    return Connection(
        options.repository,
        access or cloud_access(),
        options.github_api,
        ca_bundle=ca_bundle,
    )


def cloud_problems(options: CloudOptions) -> list[Problem]:
    """Return everything that is missing to reach the cloud and GitHub."""
    access = [] if has_access() else [no_access()]
    return [*options.lacking, *access, *engine_kit().missing()]


def has_access() -> bool:
    """Whether the environment says who calls GitHub."""
    return any(os.environ.get(name) for name in (*TOKEN_VARIABLES, APP_VARIABLES[0]))


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
