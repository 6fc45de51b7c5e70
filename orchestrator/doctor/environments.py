"""Checks of the environments, in which alone a job has an identity: who may be in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.compute.findings import Check, CheckStatus, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.compute.kit import CheckRequest
    from orchestrator.github import About, Environment

ENVIRONMENTS = "environments"

PLANS = (
    "in a private repository environments need GitHub Pro, Team or Enterprise, and required"
    " reviewers Enterprise"
)
"""What GitHub's plans hold back ("Managing environments for deployment: availability")."""


def environment_checks(request: CheckRequest) -> list[Check]:
    """Return the check of each environment whose jobs sign in to the engine."""

    def look() -> Iterator[Finding]:
        door, about = request.github.get(), request.about.get()
        for name in request.environments:
            yield from environment_findings(name, door.repository.environment(name), about)

    return [Check(ENVIRONMENTS, look, "Give the token Actions: read.", unseen=CheckStatus.WARN)]


def environment_findings(
    name: str, environment: Environment | None, about: About
) -> Iterator[Finding]:
    """Judge an environment by its reviewers, and by the branches that it admits."""
    if environment is None:
        what = f"{name} does not exist: its jobs have no identity"
        plans = f"; {PLANS}" if about.private else ""
        fix = "Run scripts/azure-setup, or name the one in use by --environment."
        yield Finding(ENVIRONMENTS, CheckStatus.WARN, f"{what}{plans}", fix)
        return
    if environment.has_reviewers:
        what = f"{name} has reviewers: each of its jobs waits for a person, clean-up too"
        fix = (
            "Take the required reviewers off it (Settings, Environments); gate one job by another."
        )
        yield Finding(ENVIRONMENTS, CheckStatus.FAIL, what, fix)
    else:
        yield Finding(ENVIRONMENTS, CheckStatus.OK, f"{name} has no reviewers")
    yield _admission(environment, about)


def _admission(environment: Environment, about: About) -> Finding:
    """Judge who may be in it: the default branch's jobs, and no other's."""
    branch = about.default_branch
    wrong = _what_is_wrong(environment, branch)
    if not wrong:
        return Finding(ENVIRONMENTS, CheckStatus.OK, f"{environment.name} admits {branch} alone")
    api = f"repos/{about.full_name}/environments/{environment.name}"
    fix = (
        f"Run scripts/azure-setup, or: Settings, Environments, {environment.name}, Deployment"
        f" branches: selected branches, {branch} alone (gh api -X PUT {api} with"
        " custom_branch_policies)."
    )
    return Finding(ENVIRONMENTS, CheckStatus.FAIL, f"{environment.name} {wrong}", fix)


def _what_is_wrong(environment: Environment, branch: str) -> str:
    if environment.protected:
        # Without any protected branch every branch is admitted ("Deployment branches and tags").
        return "admits every protected branch, or all where none is protected"
    if environment.admits is None:
        return "has no branch policy: whoever may push a branch has its identity and its secrets"
    if branch not in environment.admits:
        return f"does not admit {branch}, the default branch: no run has an identity"
    more = ", ".join(name for name in environment.admits if name != branch)
    return f"admits more than {branch}: {more}" if more else ""
