"""Whose code a workflow's jobs run, and beside which keys: as functions of its parsed text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Job = Mapping[str, Any]

MODEL_KEYS = frozenset({"OPENAI_API_KEY", "AZURE_API_KEY", "AZURE_ENDPOINT"})
"""The only secrets that a job on the fleet may have."""

SAME_REPOSITORY = "github.event.pull_request.head.repo.full_name == github.repository"
OWN_TREE = ("${{ job.workflow_repository }}", "${{ job.workflow_sha }}")
"""Where the workflow's own file is from. A plain checkout takes the caller's tree."""

SHARD_TREE = (
    "${{ inputs.shard-commit && github.repository || job.workflow_repository }}",
    "${{ inputs.shard-commit || job.workflow_sha }}",
)
_HOSTED = "ubuntu-latest"
_HEAD = re.compile(r"shard-commit|pull_request\.head|head_ref|refs/pull|merge_commit_sha")
_COMMIT = re.compile(r"pull_request\.head\.(?:sha|ref|label)|head_ref|merge_commit_sha|refs/pull")
_FETCHES = re.compile(r"\b(?:git\s+(?:fetch|clone|pull|checkout)|gh\s+(?:pr|repo)\s+\w+)")
_SECRET = re.compile(r"\bsecrets\b(?:\.(\w+))?")


def triggers(document: Mapping[Any, Any]) -> set[str]:
    """Return the names of a workflow's events. YAML 1.1 reads the key ``on`` as true."""
    on = document.get(True, {})
    return {on} if isinstance(on, str) else set(on)


def holds_a_key(job: Job) -> bool:
    """Whether a job has an identity, an environment, or a secret that is no model's."""
    permissions = job.get("permissions") or {}
    identity = permissions == "write-all" or "id-token" in permissions
    secrets = set(_SECRET.findall(str(job))) - MODEL_KEYS
    return bool(identity or "environment" in job or secrets)


def trust_problems(document: Mapping[Any, Any]) -> Iterator[str]:
    """Return everything by which a job could run the wrong code, or run it beside a key."""
    jobs = document.get("jobs", {})
    events = triggers(document)
    if _SECRET.search(str(document.get("env", ""))):
        yield "every job has a secret"
    for name, job in jobs.items():
        on_fleet = job.get("runs-on", _HOSTED) != _HOSTED
        if events & {"workflow_call", "pull_request_target"}:
            yield from (f"{name}: {tree}" for tree in _trees(job, on_fleet=on_fleet))
        if holds_a_key(job):
            yield from (f"{name}: {entry}" for entry in _beside_a_key(job))
        if on_fleet and holds_a_key(job):
            yield f"{name}: a job on the fleet has a key that is no model's"
    if "pull_request_target" in events:
        yield from _forks(jobs)


def _trees(job: Job, *, on_fleet: bool) -> Iterator[str]:
    """A called workflow's checkout takes the caller's tree unless it is told."""
    asked = False
    for step in job.get("steps", []):
        condition = step.get("if", "")
        asked |= all(f"{name} == ''" in condition for name in _names(OWN_TREE))
        if "actions/checkout@" not in step.get("uses", ""):
            continue
        given = step.get("with", {})
        if given.get("path") == "client":
            continue
        if (given.get("repository"), given.get("ref")) not in (
            {OWN_TREE} | ({SHARD_TREE} if on_fleet else set())
        ):
            yield "checks out another tree than the workflow's own"
        if not asked:
            yield "does not refuse to run where its own commit is not named"


def _names(tree: tuple[str, str]) -> list[str]:
    return [text.strip("${} ") for text in tree]


def _beside_a_key(job: Job) -> Iterator[str]:
    """Nothing of a pull request is checked out, and no script fetches code, beside a key."""
    for step in job.get("steps", []):
        if _HEAD.search(str(step.get("with", ""))):
            yield "checks a pull request out beside a key"
        if _FETCHES.search(step.get("run", "")):
            yield "fetches code beside a key"
    passed = {key: value for key, value in job.get("with", {}).items() if key != "shard-commit"}
    if _HEAD.search(str(passed)):
        yield "hands a pull request's commit to more than the shard"


def _forks(jobs: Mapping[str, Job]) -> Iterator[str]:
    """What a fork can start has no key, calls nothing, and writes checks at most."""
    ours = {name for name, job in jobs.items() if _is_ours_alone(job)}
    for name, job in jobs.items():
        if name in ours or _follows(job, ours):
            continue
        rights = job.get("permissions")
        writes = {right for right, level in (rights or {}).items() if level == "write"}
        if holds_a_key(job) or "uses" in job or rights is None or writes - {"checks"}:
            yield f"{name}: pull_request_target runs a fork's code with this repository's rights"
        if _COMMIT.search(str(job)):
            yield f"{name}: knows a commit of a fork's"


def _is_ours_alone(job: Job) -> bool:
    condition = outside_parentheses(job.get("if", ""))
    return SAME_REPOSITORY in condition and "||" not in condition


def outside_parentheses(condition: str) -> str:
    """Return a condition without what is in parentheses; without ``||`` all of it must hold."""
    inner = re.sub(r"\([^()]*\)", "", condition)
    return condition if inner == condition else outside_parentheses(inner)


def _follows(job: Job, ours: set[str]) -> bool:
    needs = job.get("needs", [])
    needed = {needs} if isinstance(needs, str) else set(needs)
    if "if" not in job:
        return bool(needed & ours)
    condition = job["if"]
    succeeded = any(f"needs.{name}.result == 'success'" in condition for name in needed & ours)
    return succeeded and "||" not in outside_parentheses(condition)
