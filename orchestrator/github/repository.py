"""What a check of the set-up asks about a repository before anything is launched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from orchestrator.github.failures import FailureKind, GitHubError
from orchestrator.github.runners import NEEDS
from orchestrator.github.runs import WorkflowRun, run_of, unix_seconds

if TYPE_CHECKING:
    from orchestrator.github.wire import Wire

_READ: Final = "Actions: read on the repository"
_VARIABLES_READ: Final = "Variables: read on the repository"
_VARIABLES: Final = 30
"""The most that one page of variables holds ("REST API endpoints for Actions variables")."""
_RUNNER_SOURCE: Final = "/repos/actions/runner"
_REVIEWERS: Final = "required_reviewers"
_NO_RUNNER: Final = "/actions/runners/0"
"""GitHub counts runners from 1."""


@dataclass(frozen=True, slots=True)
class About:
    """What a repository is: its name now (it may have been renamed), its numbers, its branch."""

    full_name: str
    id: int
    owner_id: int
    owner_is_organization: bool
    default_branch: str
    private: bool


@dataclass(frozen=True, slots=True)
class Environment:
    """A deployment environment. With reviewers, every job that names it waits for a person.

    ``admits`` are the names of the branches, and patterns of them, whose jobs may be in it, tags as
    ``refs/tags/…``; None without a policy, which admits every branch that anybody pushes.
    ``protected`` admits whatever branch is protected.
    """

    name: str
    has_reviewers: bool
    admits: tuple[str, ...] | None = None
    protected: bool = False


@dataclass(frozen=True, slots=True)
class SubjectForm:
    """How the subject of a job's identity is made ("OpenID Connect reference").

    ``claims`` are a template's own, empty for the usual ``repo:…:environment:…``. ``prefix`` is
    what GitHub says that the usual one begins with, empty where it does not say.
    ``default`` false without claims leaves it to the organisation's template.
    """

    default: bool
    claims: tuple[str, ...]
    prefix: str


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
        """Return the name of the repository's default branch.

        Raises:
            GitHubError: of any kind.
        """
        return self.about().default_branch

    def about(self) -> About:
        """Return what the repository is; this proves the token."""
        item = self._wire.get("", needs="access to the repository")
        owner = item["owner"]
        return About(
            full_name=item["full_name"],
            id=item["id"],
            owner_id=owner["id"],
            owner_is_organization=owner["type"] == "Organization",
            default_branch=item["default_branch"],
            private=item["private"],
        )

    def environment(self, name: str) -> Environment | None:
        """Return the environment of this name, or None."""
        path = f"/environments/{quote(name, safe='')}"
        item = self._found(path, needs=_READ)
        if item is None:
            return None
        rules = item.get("protection_rules") or []
        policy = item.get("deployment_branch_policy") or {}
        return Environment(
            item["name"],
            any(rule["type"] == _REVIEWERS for rule in rules),
            self._admitted(path) if policy.get("custom_branch_policies") else None,
            bool(policy.get("protected_branches")),
        )

    def subject_form(self) -> SubjectForm:
        """Return how the subjects of this repository's jobs are made."""
        item = self._wire.get("/actions/oidc/customization/sub", needs=_READ)
        claims = tuple(item.get("include_claim_keys") or ())
        usual = bool(item["use_default"])
        return SubjectForm(usual, () if usual else claims, item.get("sub_claim_prefix") or "")

    def variables(self) -> dict[str, str]:
        """Return the repository's own variables."""
        pages = self._wire.pages(
            "/actions/variables", "variables", {"per_page": _VARIABLES}, needs=_VARIABLES_READ
        )
        return {item["name"]: item["value"] for item in pages}

    def environment_variable(self, environment: str, name: str) -> str:
        """Return an environment's variable, empty where there is none."""
        path = f"/environments/{quote(environment, safe='')}/variables/{quote(name, safe='')}"
        item = self._found(path, needs="Environments: read on the repository")
        return "" if item is None else str(item["value"])

    def last_success(self, workflow: str) -> WorkflowRun | None:
        """Return the newest successful run of a workflow file such as ``reaper.yml``, or None."""
        path = f"/actions/workflows/{quote(workflow, safe='')}/runs"
        try:
            result = self._wire.get(path, {"status": "success", "per_page": 1}, needs=_READ)
        except GitHubError as error:
            if error.kind is not FailureKind.NOT_FOUND:
                raise
            return None
        return next((run_of(item) for item in result["workflow_runs"]), None)

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
            result = self._wire.get("/releases", {"per_page": 30}, root=_RUNNER_SOURCE)
        except GitHubError as error:
            if error.kind is not FailureKind.NOT_FOUND:
                raise
            return None
        return sorted(
            (runner_release for item in result if (runner_release := _release(item)) is not None),
            key=lambda release: release.published_at,
            reverse=True,
        )

    def _admitted(self, path: str) -> tuple[str, ...]:
        """Return the branches and tags of an environment's own policy."""
        items = self._wire.pages(
            f"{path}/deployment-branch-policies", "branch_policies", needs=_READ
        )
        return tuple(_admitted(item) for item in items)

    def _found(self, path: str, *, needs: str) -> dict[str, Any] | None:
        try:
            result: dict[str, Any] = self._wire.get(path, needs=needs)
        except GitHubError as error:
            if error.kind is not FailureKind.NOT_FOUND:
                raise
            return None
        return result


def _admitted(item: dict[str, Any]) -> str:
    return f"refs/tags/{item['name']}" if item.get("type") == "tag" else str(item["name"])


def _release(item: dict[str, Any]) -> RunnerRelease | None:
    published = unix_seconds(item.get("published_at"))
    if item["draft"] or item["prerelease"] or published is None:
        return None
    return RunnerRelease(str(item["tag_name"]).removeprefix("v"), published)
