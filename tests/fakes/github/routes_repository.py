"""Routes that tell how a repository is set up."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.fakes.github.call import Answer, Call, RefusedError, Route, page
from tests.fakes.github.routes_actions import run_document
from tests.fakes.github.schema import complete, instant

if TYPE_CHECKING:
    from tests.fakes.github.state import RunEntry


def environment(call: Call) -> Answer:
    name = call.parts["name"]
    if name not in call.world.environments:
        raise RefusedError(404, "Not Found")
    rules: list[dict[str, object]] = [{"id": 2, "node_id": "-", "type": "branch_policy"}]
    if call.world.environments[name]:
        rules.append({"id": 1, "node_id": "-", "type": "required_reviewers", "reviewers": []})
    document = complete("Environment", {"name": name, "protection_rules": rules})
    return Answer(200, document, "Environment")


def workflow_runs(call: Call) -> Answer:
    """A file's runs, newest first; what ``World.workflows`` names succeeded without any job."""
    world, name = call.world, call.parts["file"]
    named = world.workflows.get(name)
    found = [run for run in world.runs.values() if name == run.workflow or run.id == named]
    if named is None and not found:
        raise RefusedError(404, "Not Found")
    shown = [
        run_document(world, run)
        for run in sorted(found, key=lambda run: (run.created_at, run.id), reverse=True)
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


def repository(call: Call) -> Answer:
    document = complete("FullRepository", {"default_branch": call.world.default_branch})
    return Answer(200, document, "FullRepository")


ROUTES = (
    Route("GET", re.compile(r""), repository, "metadata"),
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
