"""Routes for comments and check runs: what a reader of a pull request sees."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from tests.fakes.github.call import Answer, Call, RefusedError, Route, page
from tests.fakes.github.schema import complete, instant
from tests.fakes.github.state import CheckEntry, CommentEntry

_PAGED = frozenset({"per_page", "page"})
_BODY_LIMIT = 65_536
_ANNOTATIONS_LIMIT = 50


def comment_document(entry: CommentEntry) -> dict[str, Any]:
    return complete(
        "IssueComment",
        {
            "id": entry.id,
            "body": entry.body,
            "user": complete("SimpleUser", {"login": entry.login}),
            "html_url": f"https://github.test/comments/{entry.id}",
            "created_at": instant(entry.created_at),
            "updated_at": instant(entry.updated_at),
        },
    )


def check_document(entry: CheckEntry) -> dict[str, Any]:
    values, output = entry.values, entry.values.get("output", {})
    shown = {
        "title": output.get("title"),
        "summary": output.get("summary"),
        "text": output.get("text"),
        "annotations_count": len(entry.annotations),
        "annotations_url": f"https://api.github.test/check-runs/{entry.id}/annotations",
    }
    fields = {
        "id": entry.id,
        "head_sha": entry.head_sha,
        "name": values["name"],
        "external_id": values.get("external_id"),
        "details_url": values.get("details_url"),
        "status": values.get("status", "queued"),
        "conclusion": values.get("conclusion"),
        "output": shown,
    }
    return complete("CheckRun", fields)


def list_comments(call: Call) -> Answer:
    number = call.number("number")
    items = [comment_document(c) for c in call.world.comments.values() if c.number == number]
    return page(call, items, f"/issues/{number}/comments", None, "IssueComment")


def create_comment(call: Call) -> Answer:
    _bounded(call.body["body"])
    now = call.world.clock.now()
    number = call.world.new_id()
    entry = CommentEntry(number, call.number("number"), call.body["body"], call.login, now, now)
    call.world.comments[number] = entry
    return Answer(201, comment_document(entry), "IssueComment")


def update_comment(call: Call) -> Answer:
    _bounded(call.body["body"])
    entry = call.world.comments.get(call.number("id"))
    if entry is None:
        raise RefusedError(404, "Not Found")
    changed = replace(entry, body=call.body["body"], updated_at=call.world.clock.now())
    call.world.comments[entry.id] = changed
    return Answer(200, comment_document(changed), "IssueComment")


def list_checks(call: Call) -> Answer:
    sha, name = call.parts["sha"], call.query.get("check_name")
    entries = [c for c in call.world.checks.values() if c.head_sha == sha]
    if call.world.ignores_filters:
        name = None
    items = [check_document(c) for c in entries if name in (None, c.values["name"])]
    model = "ReposOwnerRepoCommitsRefCheckRunsGetResponse200"
    return page(call, items, f"/commits/{sha}/check-runs", "check_runs", model)


def create_check(call: Call) -> Answer:
    values = dict(call.body)
    entry = CheckEntry(call.world.new_id(), values.pop("head_sha"), values)
    return _stored(call, entry, 201)


def update_check(call: Call) -> Answer:
    entry = call.world.checks.get(call.number("id"))
    if entry is None:
        raise RefusedError(404, "Not Found")
    changed = replace(entry, values={**entry.values, **call.body})
    return _stored(call, changed, 200)


def _stored(call: Call, entry: CheckEntry, status: int) -> Answer:
    """Keep the check; annotations of every call are appended."""
    if not call.login.endswith("[bot]"):
        raise RefusedError(403, "You must authenticate via a GitHub App.")
    new = call.body.get("output", {}).get("annotations", [])
    if len(new) > _ANNOTATIONS_LIMIT:
        raise RefusedError(422, "Invalid request. No more than 50 items are allowed.")
    kept = replace(entry, annotations=(*entry.annotations, *new))
    call.world.checks[entry.id] = kept
    return Answer(status, check_document(kept), "CheckRun")


def _bounded(body: str) -> None:
    if len(body) > _BODY_LIMIT:
        raise RefusedError(422, "Body is too long (maximum is 65536 characters)")


_COMMENTS = r"/issues/(?P<number>\d+)/comments"

ROUTES = (
    Route("GET", re.compile(_COMMENTS), list_comments, "pull_requests", _PAGED | {"since"}),
    Route(
        "POST",
        re.compile(_COMMENTS),
        create_comment,
        "pull_requests",
        body=("ReposOwnerRepoIssuesIssueNumberCommentsPostBody",),
    ),
    Route(
        "PATCH",
        re.compile(r"/issues/comments/(?P<id>\d+)"),
        update_comment,
        "pull_requests",
        body=("ReposOwnerRepoIssuesCommentsCommentIdPatchBody",),
    ),
    Route(
        "GET",
        re.compile(r"/commits/(?P<sha>[0-9a-f]{40})/check-runs"),
        list_checks,
        "checks",
        _PAGED | {"check_name", "status", "filter", "app_id"},
    ),
    Route(
        "POST",
        re.compile(r"/check-runs"),
        create_check,
        "checks",
        body=("ReposOwnerRepoCheckRunsPostBodyOneof0", "ReposOwnerRepoCheckRunsPostBodyOneof1"),
    ),
    Route(
        "PATCH",
        re.compile(r"/check-runs/(?P<id>\d+)"),
        update_check,
        "checks",
        body=(
            "ReposOwnerRepoCheckRunsCheckRunIdPatchBodyAnyof0",
            "ReposOwnerRepoCheckRunsCheckRunIdPatchBodyAnyof1",
        ),
    ),
)
