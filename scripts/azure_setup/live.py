"""Whether a run is live, which a removal would leave without its identity and its network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scripts.azure_setup.commands import SetupError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scripts.azure_setup.target import Setup

MACHINE = "microsoft.compute/virtualmachines"
RUN_TAGS = frozenset({"waa-run", "waa-github-run"})
# Their files here; a repository that calls them has files of other names, and names these.
WORKFLOWS = ("benchmark.yml", "baseline.yml", "smoke.yml", "image.yml")
# https://docs.github.com/rest/actions/workflow-runs: every status of a run that is not over.
UNFINISHED = ("queued", "in_progress", "waiting", "pending", "requested")


def refuse_live(setup: Setup) -> None:
    """Go on only where neither Azure nor GitHub shows a run.

    Raises:
        SetupError: One is live, or left something behind.
    """
    signs = [*_machines(setup), *_runs(setup)]
    if signs:
        raise SetupError(
            "a run is live, or left something behind:\n  " + "\n  ".join(signs) + "\nNothing was"
            " removed. Let it end or cancel it, then `waa-matrix reap`, and run this again."
        )


def _machines(setup: Setup) -> Iterator[str]:
    for group in (setup.target.group, setup.target.image_group):
        for resource in setup.commands.az("resource", "list", "--resource-group", group) or []:
            tags = resource.get("tags") or {}
            if resource["type"].lower() == MACHINE or RUN_TAGS & tags.keys():
                yield f"{resource['type']} {resource['name']} in {group}"


def _runs(setup: Setup) -> Iterator[str]:
    path = f"repos/{setup.target.repository.name}/actions/runs"
    for status in UNFINISHED:
        answer = setup.commands.gh(f"{path}?status={status}&per_page=100") or {}
        for run in answer.get("workflow_runs", ()):
            if any(file.endswith(WORKFLOWS) for file in _files(run)):
                yield f"workflow run {run['id']} ({run['path']}) is {run['status']}"


def _files(run: dict[str, Any]) -> Iterator[str]:
    """Yield the workflow files that a run is made of, without the commit behind ``@``."""
    yield run["path"].partition("@")[0]
    for called in run.get("referenced_workflows") or ():
        yield called["path"].partition("@")[0]
