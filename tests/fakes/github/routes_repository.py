"""Routes that tell how a repository is set up."""

from __future__ import annotations

import re

from tests.fakes.github.call import Answer, Call, RefusedError, Route
from tests.fakes.github.routes_actions import run_document
from tests.fakes.github.schema import complete, instant


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
    run_id = call.world.workflows.get(call.parts["file"])
    if run_id is None:
        raise RefusedError(404, "Not Found")
    found = [run for run in call.world.runs.values() if run.id == run_id]
    shown = [run_document(call.world, run) for run in found]
    document = {"total_count": len(shown), "workflow_runs": shown}
    return Answer(200, document, "ReposOwnerRepoActionsWorkflowsWorkflowIdRunsGetResponse200")


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


ROUTES = (
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
