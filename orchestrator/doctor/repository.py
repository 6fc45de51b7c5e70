"""Checks of the GitHub side: the token, its permission, the runner group."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from orchestrator.doctor.diagnosis import Check, Finding, Status
from orchestrator.doctor.wanted import TOKEN
from orchestrator.github.failures import FailureKind, GitHubError
from orchestrator.github.runners import DEFAULT_GROUP

if TYPE_CHECKING:
    from orchestrator.doctor.wanted import Questions, Wanted
    from orchestrator.github import About, GitHub

PERMISSION, RUNNER_GROUP = "GitHub permission", "runner group"
LABEL = "waa-doctor"

_ACCESS_FIX = (
    "Use a GitHub App, or a fine-grained token, with Administration: write on this repository;"
    " a job's GITHUB_TOKEN never has it."
)


def repository_checks(wanted: Wanted, asked: Questions) -> list[Check]:
    """Return the checks of the repository, which own the token."""
    return [
        Check(TOKEN, lambda: [_token(asked.about.own())], _ACCESS_FIX),
        Check(PERMISSION, lambda: [_permission(asked.github.get())], _ACCESS_FIX),
        Check(RUNNER_GROUP, lambda: [_group(asked.github.get(), wanted.runner_group)], _ACCESS_FIX),
    ]


def _token(about: About) -> Finding:
    return Finding(TOKEN, Status.OK, f"valid for {about.full_name}")


def _permission(door: GitHub) -> Finding:
    if door.repository.may_register_runners():
        return Finding(PERMISSION, Status.OK, "Administration: write")
    return Finding(PERMISSION, Status.FAIL, "may read runners, and not register them", _ACCESS_FIX)


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
