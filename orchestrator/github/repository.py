"""What a check of the set-up asks about a repository before anything is launched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from orchestrator.github.failures import FailureKind, GitHubError
from orchestrator.github.runs import Run, run_of

if TYPE_CHECKING:
    from orchestrator.github.wire import Wire

_READ: Final = "Actions: read on the repository"
_RUNNER_SOURCE: Final = "/repos/actions/runner"
_REVIEWERS: Final = "required_reviewers"


@dataclass(frozen=True, slots=True)
class Environment:
    """A deployment environment. With reviewers, every job that names it waits for a person."""

    name: str
    has_reviewers: bool


class Repository:
    """The repository's own settings and history."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def environment(self, name: str) -> Environment | None:
        """Return the environment of this name, or None."""
        try:
            item = self._wire.get(f"/environments/{quote(name, safe='')}", needs=_READ)
        except GitHubError as error:
            if error.kind is not FailureKind.NOT_FOUND:
                raise
            return None
        rules = item.get("protection_rules") or []
        return Environment(item["name"], any(rule["type"] == _REVIEWERS for rule in rules))

    def last_success(self, workflow: str) -> Run | None:
        """Return the newest successful run of a workflow file such as ``reaper.yml``, or None."""
        path = f"/actions/workflows/{quote(workflow, safe='')}/runs"
        try:
            found = self._wire.get(path, {"status": "success", "per_page": 1}, needs=_READ)
        except GitHubError as error:
            if error.kind is not FailureKind.NOT_FOUND:
                raise
            return None
        return next((run_of(item) for item in found["workflow_runs"]), None)

    def newest_runner_version(self) -> str | None:
        """Return the newest release of GitHub's runner ("2.330.0"); None where it is not served.

        An Enterprise Server may not know the public repository that it is read from.
        """
        try:
            item = self._wire.get("/releases/latest", root=_RUNNER_SOURCE)
        except GitHubError as error:
            if error.kind is not FailureKind.NOT_FOUND:
                raise
            return None
        return str(item["tag_name"]).removeprefix("v")
