"""Checks of the GitHub side: the token, its permission, the environments, the runner group."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from orchestrator.doctor.diagnosis import Check, Finding, Status
from orchestrator.doctor.wanted import TOKEN
from orchestrator.github.failures import FailureKind, GitHubError
from orchestrator.github.runners import DEFAULT_GROUP

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.doctor.wanted import Questions, Wanted
    from orchestrator.github import GitHub
    from orchestrator.github.repository import Environment

PERMISSION, RUNNER_GROUP = "GitHub permission", "runner group"
LABEL = "waa-doctor"

_ACCESS_FIX = (
    "Use a GitHub App, or a fine-grained token, with Administration: write on this repository;"
    " a job's GITHUB_TOKEN never has it."
)


def repository_checks(wanted: Wanted, asked: Questions) -> list[Check]:
    """Return the checks of the repository, which own the token."""

    def environments() -> Iterator[Finding]:
        door = asked.github.get()
        for name in wanted.environments:
            yield environment_finding(name, door.repository.environment(name))

    return [
        Check(TOKEN, lambda: [_token(asked.github.own())], _ACCESS_FIX),
        Check(PERMISSION, lambda: [_permission(asked.github.get())], _ACCESS_FIX),
        Check("environments", environments, "Give the token Actions: read.", unseen=Status.WARN),
        Check(RUNNER_GROUP, lambda: [_group(asked.github.get(), wanted.runner_group)], _ACCESS_FIX),
    ]


def _token(_door: GitHub) -> Finding:
    return Finding(TOKEN, Status.OK, "valid; the repository's runners can be listed")


def _permission(door: GitHub) -> Finding:
    if door.repository.may_register_runners():
        return Finding(PERMISSION, Status.OK, "Administration: write")
    return Finding(PERMISSION, Status.FAIL, "may read runners, and not register them", _ACCESS_FIX)


def environment_finding(name: str, found: Environment | None) -> Finding:
    """Judge an environment whose jobs sign in to Azure, the one that deletes machines included."""
    if found is None:
        what = f"{name} does not exist: its jobs have no identity"
        fix = "Run scripts/azure-setup, or name the one in use by --environment."
        return Finding("environments", Status.WARN, what, fix)
    if found.has_reviewers:
        what = f"{name} has reviewers: each of its jobs waits for a person, clean-up too"
        fix = (
            "Take the required reviewers off it (Settings, Environments); gate one job by another."
        )
        return Finding("environments", Status.FAIL, what, fix)
    return Finding("environments", Status.OK, f"{name} has no reviewers")


def _group(door: GitHub, group: int) -> Finding:
    """Judge the runner group: any but the first is tried by a runner that is deleted at once."""
    if group == DEFAULT_GROUP:
        return Finding(RUNNER_GROUP, Status.OK, f"{group}, which every repository has")
    try:
        minted = door.runners.mint(f"{LABEL}-{secrets.token_hex(4)}", [LABEL], group=group)
    except GitHubError as error:
        if error.kind not in (FailureKind.NOT_FOUND, FailureKind.CONFIGURATION):
            raise
        what = f"{group} is no group that this repository may use"
        return Finding(
            RUNNER_GROUP, Status.FAIL, what, "Correct --runner-group; 1 is always there."
        )
    door.runners.delete(minted.runner.id)
    return Finding(RUNNER_GROUP, Status.OK, f"{group} takes this repository's runners")
