"""Routes that tell how a repository is set up."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.fakes.github.call import REPOSITORY_ID, Answer, Call, RefusedError, Route, page
from tests.fakes.github.routes_actions import run_document
from tests.fakes.github.schema import complete, instant

if TYPE_CHECKING:
    from tests.fakes.github.state import RunEntry


OWNER_ID = 55


def repository(call: Call) -> Answer:
    """What the repository is; a name that it had leads here too."""
    owner, _, name = (call.world.full_name or call.parts["name"]).partition("/")
    document = complete(
        "FullRepository",
        {
            "id": REPOSITORY_ID,
            "name": name,
            "full_name": f"{owner}/{name}",
            "owner": complete("SimpleUser", {"login": owner, "id": OWNER_ID, "type": "User"}),
            "private": call.world.private,
            "default_branch": call.world.default_branch,
        },
    )
    return Answer(200, document, "FullRepository")


def environment(call: Call) -> Answer:
    """An environment. Without a policy it has no rule of that kind, and admits every branch."""
    name, world = call.parts["name"], call.world
    if name not in world.environments:
        raise RefusedError(404, "Not Found")
    rules: list[dict[str, object]] = []
    policy: dict[str, bool] | None = None
    if name in world.policies:
        rules.append({"id": 2, "node_id": "-", "type": "branch_policy"})
        own = world.policies[name] is not None
        policy = {"protected_branches": not own, "custom_branch_policies": own}
    if world.environments[name]:
        rules.append({"id": 1, "node_id": "-", "type": "required_reviewers", "reviewers": []})
    document = complete(
        "Environment",
        {"name": name, "protection_rules": rules, "deployment_branch_policy": policy},
    )
    return Answer(200, document, "Environment")


def branch_policies(call: Call) -> Answer:
    """An environment's own policies; one that admits what is protected has none to list."""
    name = call.parts["name"]
    if name not in call.world.environments:
        raise RefusedError(404, "Not Found")
    shown = [
        {
            "id": number,
            "node_id": "-",
            "name": said.removeprefix("tag:"),
            "type": "tag" if said.startswith("tag:") else "branch",
        }
        for number, said in enumerate(call.world.policies.get(name) or ())
    ]
    path = f"/environments/{name}/deployment-branch-policies"
    model = "ReposOwnerRepoEnvironmentsEnvironmentNameDeploymentBranchPoliciesGetResponse200"
    return page(call, shown, path, "branch_policies", model)


def subject(call: Call) -> Answer:
    return Answer(200, dict(call.world.subject), "OidcCustomSubRepo")


def variables(call: Call) -> Answer:
    """The repository's variables, at most 30 a page."""
    if int(call.query.get("per_page", "10")) > 30:
        raise RefusedError(422, "per_page is at most 30")
    shown = [_variable(name, value) for name, value in sorted(call.world.variables.items())]
    model = "ReposOwnerRepoActionsVariablesGetResponse200"
    return page(call, shown, "/actions/variables", "variables", model)


def environment_variable(call: Call) -> Answer:
    key = (call.parts["environment"], call.parts["name"])
    if key not in call.world.environment_variables:
        raise RefusedError(404, "Not Found")
    return Answer(200, _variable(key[1], call.world.environment_variables[key]), "ActionsVariable")


def _variable(name: str, value: str) -> dict[str, object]:
    return complete("ActionsVariable", {"name": name, "value": value})


def workflow_runs(call: Call) -> Answer:
    """A file's runs, newest first; what ``World.workflows`` names succeeded without any job."""
    world, name = call.world, call.parts["file"]
    named = world.workflows.get(name)
    entries = [run for run in world.runs.values() if name == run.workflow or run.id == named]
    if named is None and not entries:
        raise RefusedError(404, "Not Found")
    shown = [
        run_document(world, run)
        for run in sorted(entries, key=lambda run: (run.created_at, run.id), reverse=True)
        if run.id == named or world.ignores_filters or _fits(call, run)
    ]
    path = f"/actions/workflows/{name}/runs"
    model = "ReposOwnerRepoActionsWorkflowsWorkflowIdRunsGetResponse200"
    return page(call, shown, path, "workflow_runs", model)


def _fits(call: Call, run: RunEntry) -> bool:
    status, branch, event = (call.query.get(name) for name in ("status", "branch", "event"))
    return (
        status in (None, *call.world.run_status(run))
        and branch in (None, run.branch)
        and event in (None, run.event)
    )


def runner_releases(call: Call) -> Answer:
    known = sorted(call.world.runner_releases.items(), key=lambda item: -item[1])
    shown = [
        complete(
            "Release",
            {"tag_name": f"v{version}", "published_at": instant(published)},
        )
        for version, published in known[: int(call.query.get("per_page", "30"))]
    ]
    return Answer(200, shown, "Release")


_PAGED = frozenset({"per_page", "page"})
ROUTES = (
    Route(
        "GET",
        re.compile(r"/repos/(?P<name>[^/]+/[^/]+)"),
        repository,
        "metadata",
        whole=True,
    ),
    Route(
        "GET",
        re.compile(r"/environments/(?P<name>[^/]+)/deployment-branch-policies"),
        branch_policies,
        "actions",
        _PAGED,
    ),
    Route("GET", re.compile(r"/actions/oidc/customization/sub"), subject, "actions"),
    Route("GET", re.compile(r"/actions/variables"), variables, "variables", _PAGED),
    Route(
        "GET",
        re.compile(r"/environments/(?P<environment>[^/]+)/variables/(?P<name>[^/]+)"),
        environment_variable,
        "environments",
    ),
    Route("GET", re.compile(r"/environments/(?P<name>[^/]+)"), environment, "actions"),
    Route(
        "GET",
        re.compile(r"/actions/workflows/(?P<file>[^/]+)/runs"),
        workflow_runs,
        "actions",
        frozenset({"per_page", "page", "status", "branch", "event"}),
    ),
    Route(
        "GET",
        re.compile(r"/repos/actions/runner/releases"),
        runner_releases,
        "metadata",
        frozenset({"per_page", "page"}),
        whole=True,
    ),
)
