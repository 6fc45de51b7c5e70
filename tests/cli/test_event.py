"""What each event says of the commit, the pull request and the branch that a run is of."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import EVENT, HEAD
from tests.cli.test_unprovisioned import published
from tests.report.run_documents import document, tasks_of

if TYPE_CHECKING:
    from tests.cli.conftest import Workflow
    from tests.cli.in_process import Commands

BARE = {"GITHUB_BASE_REF": "", "GITHUB_HEAD_REF": "", "GITHUB_REF": "refs/heads/trunk"}


def test_a_pull_request_target_is_judged_at_its_own_head(
    commands: Commands, workflow: Workflow
) -> None:
    workflow.report(range(10))
    done = published(
        commands,
        workflow,
        GITHUB_EVENT_NAME="pull_request_target",
        GITHUB_REF="refs/heads/main",
        GITHUB_REF_NAME="main",
    )
    assert done.returncode == 0, done.stderr
    assert workflow.check.head_sha == HEAD
    assert workflow.comment


@pytest.mark.parametrize(
    "event", ["pull_request", "pull_request_target", "workflow_run", "issue_comment"]
)
def test_no_verdict_stands_on_a_commit_that_was_not_run(
    commands: Commands, workflow: Workflow, event: str
) -> None:
    """Without the payload the commit is not known: GITHUB_SHA is the base branch's, or a merge."""
    workflow.report(range(10))
    done = published(commands, workflow, event={}, GITHUB_EVENT_NAME=event)
    assert done.returncode == 0, done.stderr
    assert workflow.fake.world.checks == {}
    assert "no commit is known" in done.stderr


@pytest.mark.parametrize("event", ["push", "schedule", "workflow_dispatch", "merge_group"])
def test_other_events_are_judged_at_their_commit(
    commands: Commands, workflow: Workflow, event: str
) -> None:
    workflow.report(range(10))
    payload = {"repository": {"default_branch": "trunk"}}
    done = published(commands, workflow, event=payload, GITHUB_EVENT_NAME=event, **BARE)
    assert done.returncode == 0, done.stderr
    assert workflow.check.head_sha == "a" * 40
    assert workflow.fake.world.comments == {}
    assert "no run of trunk is known" in workflow.summary


def test_a_called_workflow_publishes_in_its_caller_s_repository(
    commands: Commands, workflow: Workflow
) -> None:
    """The run, its event and its checks are the caller's, whose file an annotation stands at."""
    workflow.report(range(10), missing=[30])
    caller = f"{workflow.fake.repository}/.github/workflows/mine.yml@refs/pull/3/merge"
    done = published(commands, workflow, GITHUB_WORKFLOW_REF=caller)
    assert done.returncode == 0, done.stderr
    (annotation,) = workflow.check.annotations
    assert annotation["path"] == ".github/workflows/mine.yml"


def test_the_default_branch_is_asked_for_where_the_event_does_not_tell(
    commands: Commands, workflow: Workflow
) -> None:
    workflow.fake.world.default_branch = "trunk"
    workflow.report(range(10))
    payload = {"schedule": "0 3 * * *"}
    done = published(commands, workflow, event=payload, GITHUB_EVENT_NAME="schedule", **BARE)
    assert done.returncode == 0, done.stderr
    assert "no run of trunk is known" in workflow.summary


def test_compare_and_history_go_by_the_repository_s_default_branch(
    commands: Commands, workflow: Workflow
) -> None:
    workflow.fake.world.default_branch = "trunk"
    environment = workflow.environment({}) | BARE
    path = workflow.path / "kept.json"
    path.write_text(json.dumps(document(tasks_of(range(24)), "earlier")))
    store = ("--store", workflow.store)
    added = commands("history", "add", str(path), *store, environment=environment)
    assert added.returncode == 0, added.stderr
    assert "runs/trunk-" in added.stdout
    workflow.report(range(10))
    arguments = ("compare", str(workflow.path / "report"), "--history", workflow.store)
    done = commands(*arguments, environment=environment)
    assert done.returncode == 0, done.stderr
    assert "earlier" in done.stdout


def test_a_fork_s_branch_is_not_kept_under_our_branch_s_name(
    commands: Commands, workflow: Workflow
) -> None:
    head = {"sha": HEAD, "label": "mallory:main", "repo": {"id": 7}}
    request = {**EVENT["pull_request"], "head": head, "base": {"repo": {"id": 1}}}
    workflow.report(range(10))
    flags = ("--history", workflow.store, "--keep")
    event = {"pull_request": request}
    done = published(commands, workflow, *flags, event=event, GITHUB_HEAD_REF="main")
    assert done.returncode == 0, done.stderr
    assert "kept as runs/mallory-main-" in done.stdout
