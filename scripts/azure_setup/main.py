"""The steps, in order; what goes wrong ends with a sentence and an exit code."""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.azure_setup.commands import Commands, SetupError
from scripts.azure_setup.environments import ENVIRONMENTS, Environment, ensure_environment
from scripts.azure_setup.identities import ensure_identity
from scripts.azure_setup.idle_costs import idle_costs
from scripts.azure_setup.images import gallery
from scripts.azure_setup.network import network, resource_groups
from scripts.azure_setup.options import InputError, Options, parse
from scripts.azure_setup.providers import register_services, request_feature, spread_feature
from scripts.azure_setup.removal import remove
from scripts.azure_setup.requirements import Findings, judge
from scripts.azure_setup.roles import ROLES, ensure_assignment, ensure_role
from scripts.azure_setup.settings import CLIENT_ID, github_settings, set_variable
from scripts.azure_setup.storage import account_name, storage
from scripts.azure_setup.subjects import subject_prefixes
from scripts.azure_setup.sweeper import ensure_sweeper
from scripts.azure_setup.target import Repository, Setup, Target

if TYPE_CHECKING:
    from collections.abc import Sequence

FIRST_NETWORK = 40
# Five minutes: what Entra and roles are documented to take to be known everywhere.
TRIES, PAUSE_S = 21, 15.0


def main(arguments: Sequence[str]) -> int:
    """Run the command; return 0, 2 where the input is not right, 4 where a command failed."""
    try:
        options = parse(arguments)
        _run(options)
    except InputError as error:
        for problem in error.problems:
            _say(f"azure-setup: {problem}")
        return 2
    except SetupError as error:
        _say(f"azure-setup: {error}")
        return 4
    return 0


def set_up(setup: Setup, options: Options) -> None:
    """Make and correct everything."""
    register_services(setup)
    request_feature(setup)
    resource_groups(setup)
    for number, region in enumerate(setup.target.regions, FIRST_NETWORK):
        network(setup, region, number)
    gallery(setup)
    storage(setup)
    role_ids = {role: ensure_role(setup, role) for role in ROLES}
    for environment in ENVIRONMENTS:
        _environment(setup, environment, role_ids)
    scope = setup.target.group_scope(setup.target.group)
    ensure_assignment(setup, ensure_sweeper(setup), role_ids["reaper"], scope)
    github_settings(setup, options)
    spread_feature(setup)
    _report(idle_costs(len(setup.target.regions)))


def _environment(setup: Setup, environment: Environment, role_ids: dict[str, str]) -> None:
    name = f"{setup.target.group}-{environment.name}"
    client_id, principal = ensure_identity(setup, name)
    for role, where in environment.roles:
        ensure_assignment(setup, principal, role_ids[role], _scope(setup.target, where))
    ensure_environment(setup, name)
    set_variable(setup, CLIENT_ID, client_id, name)


def _scope(target: Target, where: str) -> str:
    return {
        "GROUP": target.group_scope(target.group),
        "IMAGE": target.group_scope(target.image_group),
        "SUBSCRIPTION": target.scope,
    }[where]


def _run(options: Options) -> None:
    pause_s = float(os.environ.get("AZURE_SETUP_PAUSE", PAUSE_S))
    asking = Commands(asks=True, changes=False, pause_s=pause_s, tries=TRIES, report=_report)
    findings = judge(asking, options)
    if findings.problems or (findings.unasked and not options.dry_run):
        raise InputError(*findings.problems, *findings.unasked)
    for line in findings.unasked:
        _say(f"azure-setup: not judged: {line}")
    target = _target(asking, options, findings)
    changes = not options.dry_run
    commands = replace(asking, asks=changes or options.remove, changes=changes)
    with tempfile.TemporaryDirectory(prefix="azure-setup.") as work:
        setup = Setup(target, commands, Path(work), _say)
        if options.remove:
            remove(setup, options)
        else:
            set_up(setup, options)


def _target(asking: Commands, options: Options, findings: Findings) -> Target:
    """Return the names and scopes; placeholders stand for what a dry run could not ask."""
    subscription = findings.subscription or "SUBSCRIPTION"
    repository = findings.repository or Repository.unasked(options.repository)
    if repository.name.lower() != options.repository.lower():
        _say(f"azure-setup: {options.repository} is {repository.name} now")
    azure = replace(asking, asks=bool(findings.subscription))
    github = replace(asking, asks=findings.repository is not None)
    return Target(
        subscription=subscription,
        tenant=findings.tenant or "TENANT",
        group=options.group,
        account=options.account
        or account_name(azure, subscription, options.group, options.repository),
        regions=options.regions,
        repository=repository,
        subject_prefixes=subject_prefixes(github, repository, options.subject_prefix),
    )


def _report(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
