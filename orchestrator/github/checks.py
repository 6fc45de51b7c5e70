"""Check runs: the verdict that a branch can require, with annotations.

Only an App can write them: a job's ``GITHUB_TOKEN`` or an installation token, no personal token.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from orchestrator.github.failures import FailureKind, GitHubError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from orchestrator.github.wire import Wire

ANNOTATIONS_A_CALL: Final = 50
"""GitHub takes no more in one call; further calls append."""

TEXT_LIMIT: Final = 65_535
"""Characters of a summary, and of a text."""

NEEDS: Final = "Checks: write on the repository, as an App or a job's GITHUB_TOKEN"

_TITLE_LIMIT: Final = 255
_TRIES: Final = 4


class Level(StrEnum):
    """How an annotation is shown."""

    NOTICE = "notice"
    WARNING = "warning"
    FAILURE = "failure"


class Conclusion(StrEnum):
    """How a check ended."""

    SUCCESS = "success"
    FAILURE = "failure"
    NEUTRAL = "neutral"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"
    ACTION_REQUIRED = "action_required"


@dataclass(frozen=True, slots=True)
class Annotation:
    """A remark at a line of a file of the repository; lines count from 1."""

    path: str
    line: int
    level: Level
    message: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class CheckRun:
    """A check run as it should be.

    ``key`` finds it again among the commit's checks of this ``name``; ``conclusion`` None leaves
    it in progress. Annotations are only ever appended: a later value must start with the earlier.
    """

    name: str
    head_sha: str
    key: str
    title: str
    summary: str
    conclusion: Conclusion | None = None
    text: str = ""
    details_url: str = ""
    annotations: Sequence[Annotation] = field(default_factory=tuple)


class Checks:
    """The repository's check runs."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def put(self, check: CheckRun) -> int:
        """Create the check run, or make the one with its key so; return its id.

        Raises:
            GitHubError: of any kind.
        """
        for failed in range(1, _TRIES):
            try:
                return self._put_once(check)
            except GitHubError as error:
                if error.kind is not FailureKind.TRANSIENT:
                    raise
                self._wire.clock.sleep(self._wire.policy.backoff(failed))
        return self._put_once(check)

    def conclusions(self, head_sha: str, name: str) -> dict[str, str | None]:
        """Return the checks of this name on a commit: each one's key, and how it ended.

        None stands for one that has not ended: a branch that requires it waits for it.

        Raises:
            GitHubError: of any kind.
        """
        items = self._named(head_sha, name)
        return {str(item["external_id"] or item["id"]): item["conclusion"] for item in items}

    def _put_once(self, check: CheckRun) -> int:
        """Look, then write. A call with annotations appends, so none is repeated blindly."""
        result = self._find(check)
        if result is None:
            item = self._write("POST", "/check-runs", check, 0)
        else:
            item = self._write("PATCH", _path(result), check, _annotated(result))
        while _annotated(item) < len(check.annotations):
            item = self._write("PATCH", _path(item), check, _annotated(item))
        return int(item["id"])

    def _find(self, check: CheckRun) -> dict[str, Any] | None:
        items = self._named(check.head_sha, check.name)
        return next((item for item in items if _is(item, check)), None)

    def _named(self, head_sha: str, name: str) -> Iterable[dict[str, Any]]:
        query = {"check_name": name, "filter": "all"}
        path = f"/commits/{head_sha}/check-runs"
        return self._wire.pages(path, "check_runs", query, needs=NEEDS)

    def _write(self, verb: str, path: str, check: CheckRun, annotated: int) -> dict[str, Any]:
        batch = check.annotations[annotated : annotated + ANNOTATIONS_A_CALL]
        body = _body(check, batch)
        if verb == "POST":
            body["head_sha"] = check.head_sha
        reply = self._wire.send(verb, path, body, needs=NEEDS, idempotent=False)
        item: dict[str, Any] = reply.body
        if batch and _annotated(item) <= annotated:  # counted late: trust what was accepted
            item["output"]["annotations_count"] = annotated + len(batch)
        return item


def _is(item: dict[str, Any], check: CheckRun) -> bool:
    """Whether a listed check run is this one, whatever the server made of the question."""
    return (item["external_id"], item["name"]) == (check.key, check.name)


def _path(item: dict[str, Any]) -> str:
    return f"/check-runs/{item['id']}"


def _annotated(item: dict[str, Any]) -> int:
    return int(item["output"]["annotations_count"])


def _body(check: CheckRun, batch: Sequence[Annotation]) -> dict[str, Any]:
    output: dict[str, Any] = {
        "title": check.title[:_TITLE_LIMIT],
        "summary": check.summary[:TEXT_LIMIT],
    }
    if check.text:
        output["text"] = check.text[:TEXT_LIMIT]
    if batch:
        output["annotations"] = [_annotation(annotation) for annotation in batch]
    body: dict[str, Any] = {"name": check.name, "external_id": check.key, "output": output}
    if check.details_url:
        body["details_url"] = check.details_url
    if check.conclusion is None:
        return body | {"status": "in_progress"}
    return body | {"status": "completed", "conclusion": check.conclusion.value}


def _annotation(annotation: Annotation) -> dict[str, Any]:
    item = {
        "path": annotation.path,
        "start_line": annotation.line,
        "end_line": annotation.line,
        "annotation_level": annotation.level.value,
        "message": annotation.message[:TEXT_LIMIT],
    }
    return item | ({"title": annotation.title[:_TITLE_LIMIT]} if annotation.title else {})
