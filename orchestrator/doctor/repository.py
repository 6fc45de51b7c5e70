"""Checks of the GitHub side: the token, its permission, the runner group."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from orchestrator.compute.findings import Answer, Check, CheckStatus, Finding, given
from orchestrator.github.failures import FailureKind, GitHubError
from orchestrator.github.runners import DEFAULT_GROUP

if TYPE_CHECKING:
    from orchestrator.compute.kit import CheckRequest
    from orchestrator.github import About, GitHub

TOKEN, PERMISSION, RUNNER_GROUP = "GitHub token", "GitHub permission", "runner group"
LABEL = "waa-doctor"

_ACCESS_FIX = (
    "Use a GitHub App, or a fine-grained token, with Administration: write on this repository;"
    " a job's GITHUB_TOKEN never has it."
)


def repository_answers(github: GitHub | None) -> tuple[Answer[About], Answer[GitHub]]:
    """Return what is known of the repository, and GitHub once that is; ``github`` None: not given.

    Nothing is asked yet.
    """

    def known() -> About:
        return given(github, "a token").repository.about()

    about = Answer(TOKEN, known)

    def opened() -> GitHub:
        about.get()
        return given(github, "a token")

    return about, Answer(TOKEN, opened)


def repository_checks(request: CheckRequest) -> list[Check]:
    """Return the checks of the repository, which own the token."""
    return [
        Check(TOKEN, lambda: [_token(request.about.own())], _ACCESS_FIX),
        Check(PERMISSION, lambda: [_permission(request.github.get())], _ACCESS_FIX),
        Check(
            RUNNER_GROUP,
            lambda: [_group(request.github.get(), request.runner_group)],
            _ACCESS_FIX,
        ),
    ]


def _token(about: About) -> Finding:
    return Finding(TOKEN, CheckStatus.OK, f"valid for {about.full_name}")


def _permission(door: GitHub) -> Finding:
    if door.repository.may_register_runners():
        return Finding(PERMISSION, CheckStatus.OK, "Administration: write")
    return Finding(
        PERMISSION, CheckStatus.FAIL, "may read runners, and not register them", _ACCESS_FIX
    )


def _group(door: GitHub, group: int) -> Finding:
    """Judge the runner group: any but the first is tried by a runner that is deleted at once."""
    if group == DEFAULT_GROUP:
        return Finding(RUNNER_GROUP, CheckStatus.OK, f"{group}, which every repository has")
    try:
        minted = door.runners.mint(f"{LABEL}-{secrets.token_hex(4)}", [LABEL], group=group)
    except GitHubError as error:
        if error.kind not in (FailureKind.NOT_FOUND, FailureKind.CONFIGURATION):
            raise
        what = f"{group} is no group that this repository may use"
        return Finding(
            RUNNER_GROUP, CheckStatus.FAIL, what, "Correct --runner-group; 1 is always there."
        )
    door.runners.delete(minted.runner.id)
    return Finding(RUNNER_GROUP, CheckStatus.OK, f"{group} takes this repository's runners")
