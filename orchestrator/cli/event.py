"""The workflow run that a command is called in, as its environment tells it."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PULL = re.compile(r"refs/pull/(\d{1,9})/")
_SHA = re.compile(r"[0-9a-f]{40}\Z")
_WORKFLOW = re.compile(r"[^/]+/[^/]+/(\.github/workflows/[A-Za-z0-9._-]+)@")


@dataclass(frozen=True, slots=True)
class WorkflowEvent:
    """What the run is of. ``pull_request`` is None outside of one; texts are "" where unknown.

    ``head_sha`` is the commit that a reader sees checks on: of a pull request its head, not the
    merge that was checked out. ``workflow`` is the workflow's file in the repository.
    """

    pull_request: int | None
    head_sha: str
    base_branch: str
    branch: str
    run_id: str
    run_url: str
    workflow: str
    in_actions: bool


def workflow_event(repository: str) -> WorkflowEvent:
    """Read the environment that GitHub Actions sets, and the event's payload."""
    payload = _payload(os.environ.get("GITHUB_EVENT_PATH", ""))
    request = _dict(payload.get("pull_request"))
    default = _dict(payload.get("repository")).get("default_branch")
    sha = _dict(request.get("head")).get("sha") or os.environ.get("GITHUB_SHA", "")
    run = os.environ.get("GITHUB_RUN_ID", "")
    server = os.environ.get("GITHUB_SERVER_URL", "https://github.com")
    workflow = _WORKFLOW.match(os.environ.get("GITHUB_WORKFLOW_REF", ""))
    return WorkflowEvent(
        pull_request=_number(request.get("number")),
        head_sha=sha if isinstance(sha, str) and _SHA.match(sha) else "",
        base_branch=os.environ.get("GITHUB_BASE_REF")
        or (default if isinstance(default, str) else ""),
        branch=os.environ.get("GITHUB_HEAD_REF") or os.environ.get("GITHUB_REF_NAME", ""),
        run_id=run,
        run_url=f"{server}/{repository}/actions/runs/{run}" if run and repository else "",
        workflow=workflow.group(1) if workflow else "",
        in_actions=os.environ.get("GITHUB_ACTIONS") == "true",
    )


def _payload(path: str) -> dict[str, Any]:
    """Return the event's payload; it only fills in defaults, so a damaged one is an empty one."""
    try:
        return _dict(json.loads(Path(path).read_bytes())) if path else {}
    except (OSError, ValueError, RecursionError):
        return {}


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _number(value: Any) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    found = _PULL.match(os.environ.get("GITHUB_REF", ""))
    return int(found.group(1)) if found else None


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
