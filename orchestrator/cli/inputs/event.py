"""The workflow run that a command is called in, as its environment tells it."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.cli.options.github import github_problems

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from orchestrator.cli.options.github import GitHubOptions
    from orchestrator.github import GitHub

    _Json = dict[str, object]

_PULL = re.compile(r"refs/pull/(\d{1,9})/")
_ELSEWHERE = frozenset({"workflow_run", "issue_comment", "check_run", "check_suite", "status"})
"""Events about a commit that is not the one the workflow was started on."""

_NO_REPOSITORY = "main"
_SHA = re.compile(r"[0-9a-f]{40}\Z")
_WORKFLOW = re.compile(r"[^/]+/[^/]+/(\.github/workflows/[A-Za-z0-9._-]+)@")


@dataclass(frozen=True, slots=True)
class WorkflowEvent:
    """What the run is of. ``pull_request`` is None outside of one; texts are "" where unknown.

    ``head_sha`` is the commit that a reader sees checks on: of a pull request its head, neither the
    merge that was checked out nor (``pull_request_target``) the base branch. ``workflow`` is the
    file of the workflow that was started, in the repository whose run it is: a called one tells its
    caller's, for the event, the comments and the checks are the caller's.
    """

    pull_request: int | None
    head_sha: str
    base_branch: str
    default_branch: str
    branch: str
    run_id: str
    run_url: str
    workflow: str
    in_actions: bool


def tell_jobs(outputs: Mapping[str, str]) -> None:
    """Write outputs of this step, for the jobs after it; outside of a workflow nothing."""
    target = os.environ.get("GITHUB_OUTPUT")
    if target:
        with Path(target).open("a", encoding="utf-8") as stream:
            stream.writelines(f"{name}={value}\n" for name, value in outputs.items())


def workflow_event(repository: str) -> WorkflowEvent:
    """Read the environment that GitHub Actions sets, and the event's payload."""
    payload = _payload(os.environ.get("GITHUB_EVENT_PATH", ""))
    request = _dict(payload.get("pull_request"))
    default = _text(_dict(payload.get("repository")).get("default_branch"))
    run = os.environ.get("GITHUB_RUN_ID", "")
    server = os.environ.get("GITHUB_SERVER_URL", "https://github.com")
    workflow = _WORKFLOW.match(os.environ.get("GITHUB_WORKFLOW_REF", ""))
    return WorkflowEvent(
        pull_request=_number(request.get("number")),
        head_sha=_head_sha(payload, request),
        base_branch=os.environ.get("GITHUB_BASE_REF")
        or _text(_dict(request.get("base")).get("ref"))
        or default,
        default_branch=default,
        branch=_fork_branch(request)
        or os.environ.get("GITHUB_HEAD_REF")
        or os.environ.get("GITHUB_REF_NAME", ""),
        run_id=run,
        run_url=f"{server}/{repository}/actions/runs/{run}" if run and repository else "",
        workflow=workflow.group(1) if workflow else "",
        in_actions=os.environ.get("GITHUB_ACTIONS") == "true",
    )


def default_branch(
    event: WorkflowEvent, options: GitHubOptions, github: Callable[[], GitHub]
) -> str:
    """Return the repository's default branch: as the event tells it, else as GitHub does.

    A schedule's event tells none. Where there is no repository to ask, it is what git itself calls
    a first branch by GitHub's advice.

    Raises:
        GitHubError: It could not be asked.
    """
    if event.default_branch:
        return event.default_branch
    return _NO_REPOSITORY if github_problems(options) else github().repository.default_branch()


def _head_sha(payload: _Json, request: _Json) -> str:
    """Return the commit of the event; "" where only its payload could tell and does not.

    GITHUB_SHA is the base branch's newest commit on ``pull_request_target``, a merge that nobody
    looks at on ``pull_request``, and the default branch's on the others ("Events that trigger
    workflows"): a verdict there would be another commit's.
    """
    event = os.environ.get("GITHUB_EVENT_NAME", "")
    reported = _dict(request.get("head")).get("sha")
    reported = reported or _dict(payload.get("workflow_run")).get("head_sha")
    if not reported and not (request or event.startswith("pull_request") or event in _ELSEWHERE):
        reported = os.environ.get("GITHUB_SHA", "")
    return reported if isinstance(reported, str) and _SHA.match(reported) else ""


def _fork_branch(request: _Json) -> str:
    """Return OWNER:BRANCH for a fork's branch, which may be named like ours; "" for ours."""
    head, base = (_dict(request.get(side)) for side in ("head", "base"))
    ours, theirs = (_dict(side.get("repo")).get("id") for side in (base, head))
    return _text(head.get("label")) if ours is not None and ours != theirs else ""


def _payload(path: str) -> _Json:
    """Return the event's payload; it only fills in defaults, so a damaged one is an empty one."""
    try:
        return _dict(json.loads(Path(path).read_bytes())) if path else {}
    except (OSError, ValueError, RecursionError):
        return {}


def _dict(value: object) -> _Json:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _number(value: object) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    matched = _PULL.match(os.environ.get("GITHUB_REF", ""))
    return int(matched.group(1)) if matched else None


def summary_path() -> str:
    """Return where a step's summary goes, "" outside of GitHub Actions."""
    return os.environ.get("GITHUB_STEP_SUMMARY", "")


def summary_size() -> int:
    """Return the bytes that are in the step's summary already."""
    try:
        return Path(summary_path()).stat().st_size if summary_path() else 0
    except OSError:
        return 0


def uses_job_token() -> bool:
    """Whether the job's own token is there, whose comments are the Actions account's."""
    return bool(os.environ.get("GITHUB_TOKEN"))
