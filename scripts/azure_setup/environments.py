"""The repository's environments: who may use each, and what it holds.

A job has an identity in Azure only in the environment of the same name. Without a branch policy
that is any branch that somebody with write access pushes: each takes the default branch alone. None
has reviewers here: every job that names one would wait, the one that deletes machines too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scripts.azure_setup.commands import SetupError

if TYPE_CHECKING:
    from scripts.azure_setup.target import Setup

# https://docs.github.com/actions/reference/workflows-and-actions/deployments-and-environments
PLANS = (
    "Environments in private repositories need GitHub Pro, Team or Enterprise; required reviewers"
    " in them need Enterprise. Change the plan, or make the repository public."
)


@dataclass(frozen=True)
class Environment:
    """An environment that azure-setup makes, named ``GROUP-NAME``.

    Args:
        name: The last part of its name.
        roles: The role of its identity, and ``GROUP`` or ``IMAGE`` or ``SUBSCRIPTION``, where.
        registers_runners: Whether it holds the App's key or the token.
    """

    name: str
    roles: tuple[tuple[str, str], ...]
    registers_runners: bool


ENVIRONMENTS = (
    Environment("run", (("run", "GROUP"), ("offers", "SUBSCRIPTION")), registers_runners=True),
    Environment("reaper", (("reaper", "GROUP"),), registers_runners=True),
    Environment("image", (("image", "IMAGE"),), registers_runners=False),
)


def ensure_environment(setup: Setup, name: str) -> None:
    """Make an environment that takes the default branch alone; prove that it does.

    Raises:
        SetupError: GitHub refused, or did not do it: in a private repository that is the plan.
    """
    path = f"repos/{setup.target.repository.name}/environments/{name}"
    try:
        present = setup.commands.gh(path)
        if not _is_custom(present):
            body = setup.write(f"environment-{name}.json", _body(present))
            setup.commands.change(
                "gh", "api", "--silent", "--method", "PUT", path, "--input", str(body)
            )
        _only_default_branch(setup, path)
    except SetupError as error:
        raise _with_plans(setup, error) from error
    if setup.commands.asks and not _takes_default_branch_alone(setup, path):
        problem = f"GitHub did not restrict the environment {name} to the default branch."
        raise _with_plans(setup, SetupError(problem))


def branches(setup: Setup, path: str) -> dict[str, dict[str, Any]]:
    """Return an environment's branch policies, by the pattern of each."""
    answer = setup.commands.gh(f"{path}/deployment-branch-policies?per_page=100") or {}
    return {policy["name"]: policy for policy in answer.get("branch_policies", ())}


def _only_default_branch(setup: Setup, path: str) -> None:
    default = setup.target.repository.default_branch
    present = branches(setup, path)
    for name, policy in present.items():
        if not _is_default(policy, default):
            where = f"{path}/deployment-branch-policies/{policy['id']}"
            setup.say(f"{name} is not the default branch, {default}: it loses {path}")
            setup.commands.change("gh", "api", "--silent", "--method", "DELETE", where)
    if not any(_is_default(policy, default) for policy in present.values()):
        setup.commands.change(
            *("gh", "api", "--silent", "--method", "POST", f"{path}/deployment-branch-policies"),
            *("--raw-field", f"name={default}", "--raw-field", "type=branch"),
        )


def _takes_default_branch_alone(setup: Setup, path: str) -> bool:
    default = setup.target.repository.default_branch
    policies = branches(setup, path).values()
    return _is_custom(setup.commands.gh(path)) and [
        _is_default(policy, default) for policy in policies
    ] == [True]


def _is_default(policy: dict[str, Any], default: str) -> bool:
    return bool(policy["name"] == default and policy.get("type", "branch") == "branch")


def _is_custom(environment: dict[str, Any] | None) -> bool:
    policy = (environment or {}).get("deployment_branch_policy") or {}
    return bool(policy.get("custom_branch_policies"))


def _body(present: dict[str, Any] | None) -> dict[str, Any]:
    """Return what to put: what a rule already says stays, and a field that none says is left out.

    A field of a plan that the repository lacks is refused at its default even
    (https://github.com/alchemy-run/alchemy/pull/1373).
    """
    policy = {"protected_branches": False, "custom_branch_policies": True}
    body: dict[str, Any] = {"deployment_branch_policy": policy}
    for rule in (present or {}).get("protection_rules", ()):
        if rule["type"] == "wait_timer":
            body["wait_timer"] = rule["wait_timer"]
        if rule["type"] == "required_reviewers":
            body["prevent_self_review"] = rule.get("prevent_self_review", False)
            body["reviewers"] = [
                {"type": entry["type"], "id": entry["reviewer"]["id"]}
                for entry in rule["reviewers"]
            ]
    return body


def _with_plans(setup: Setup, error: SetupError) -> SetupError:
    repository = setup.target.repository
    if repository.visibility == "public":
        return error
    return SetupError(f"{error}\n{repository.name} is {repository.visibility}. {PLANS}")
