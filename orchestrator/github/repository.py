"""What a check of the set-up asks about a repository before anything is launched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from orchestrator.github.failures import FailureKind, GitHubError
from orchestrator.github.runners import NEEDS
from orchestrator.github.runs import Run, run_of, unix_seconds

if TYPE_CHECKING:
    from orchestrator.github.wire import Wire

_READ: Final = "Actions: read on the repository"
_RUNNER_SOURCE: Final = "/repos/actions/runner"
_REVIEWERS: Final = "required_reviewers"
_NO_RUNNER: Final = "/actions/runners/0"
"""GitHub counts runners from 1."""


@dataclass(frozen=True, slots=True)
class Environment:
    """A deployment environment. With reviewers, every job that names it waits for a person."""

    name: str
    has_reviewers: bool


@dataclass(frozen=True, slots=True)
class RunnerRelease:
    """A release of GitHub's runner ("2.330.0"); ``published_at`` is Unix seconds."""

    version: str
    published_at: float


class Repository:
    """The repository's own settings and history."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def default_branch(self) -> str:
        """Return the name of the repository's default branch ("Get a repository").

        Raises:
            GitHubError: of any kind.
        """
        return str(self._wire.get("", needs="Metadata: read on the repository")["default_branch"])

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

    def may_register_runners(self) -> bool:
        """Whether the caller has Administration: write, proved without making anything.

        A runner that cannot exist is deleted: who may do that is told that there is none, who may
        not is refused before it is looked for.

        Raises:
            GitHubError: the repository's runners cannot even be listed, or GitHub does not answer.
        """
        self._wire.get("/actions/runners", {"per_page": 1}, needs=NEEDS)
        try:
            self._wire.send("DELETE", _NO_RUNNER, needs=NEEDS)
        except GitHubError as error:
            if error.kind in (FailureKind.CREDENTIALS, FailureKind.NOT_FOUND):
                return error.kind is FailureKind.NOT_FOUND
            raise
        return True

    def runner_releases(self) -> list[RunnerRelease] | None:
        """Return the latest releases of GitHub's runner, newest first; None where not served.

        Drafts and pre-releases are left out. An Enterprise Server may not know the public
        repository that they are read from.
        """
        try:
            found = self._wire.get("/releases", {"per_page": 30}, root=_RUNNER_SOURCE)
        except GitHubError as error:
            if error.kind is not FailureKind.NOT_FOUND:
                raise
            return None
        return sorted(
            (one for item in found if (one := _release(item)) is not None),
            key=lambda release: release.published_at,
            reverse=True,
        )


def _release(item: dict[str, Any]) -> RunnerRelease | None:
    published = unix_seconds(item.get("published_at"))
    if item["draft"] or item["prerelease"] or published is None:
        return None
    return RunnerRelease(str(item["tag_name"]).removeprefix("v"), published)
