"""``publish`` in a workflow: summary, comment and check, on a GitHub that remembers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.cli.conftest import HEAD
from tests.fakes.github import Fault, Wound
from tests.report.run_documents import document, task, tasks_of

if TYPE_CHECKING:
    from tests.cli.conftest import Workflow


def test_a_worse_run_is_told_in_all_three_places(workflow: Workflow) -> None:
    workflow.earlier(range(24), "base-1")
    workflow.earlier(range(24), "base-2")
    workflow.report(range(10), missing=[30])
    done = workflow.publish("--history", workflow.store, "--artifact-url", "https://g.test/a/7")
    assert done.returncode == 0, done.stderr
    assert workflow.summary.startswith("## 🔴 Worse than main")
    assert "### Domains" in workflow.summary
    assert "[report](https://g.test/a/7)" in workflow.summary
    assert "## 🔴 Worse than main" in workflow.comment
    assert "<code>d0/t012</code> | 1, 1 | 0 |" in workflow.comment
    check = workflow.check
    assert check.head_sha == HEAD
    assert check.values["name"] == "WAA Matrix verdict"
    assert check.values["conclusion"] == "failure"
    assert check.values["details_url"] == "https://github.test/acme/bench/actions/runs/500"
    assert [annotation["annotation_level"] for annotation in check.annotations] == [
        "warning"
    ] * 14 + ["notice"]
    assert {annotation["path"] for annotation in check.annotations} == {
        ".github/workflows/smoke.yml"
    }


def test_the_next_time_the_same_comment_and_check_are_updated(workflow: Workflow) -> None:
    workflow.earlier(range(24), "base-1")
    workflow.fake.add_comment(3, "<!-- waa-matrix:verdict -->\nplanted", login="mallory")
    for wins in (range(10), range(38)):
        workflow.report(wins)
        assert workflow.publish("--history", workflow.store).returncode == 0
    bodies = [comment.body for comment in workflow.fake.world.comments.values()]
    assert len(bodies) == 2
    assert bodies[0].endswith("planted")
    assert "🟢 Better than main" in bodies[1]
    assert workflow.check.values["conclusion"] == "success"


def test_more_lost_tasks_than_a_request_may_annotate(workflow: Workflow) -> None:
    (workflow.path / "base.json").write_text(
        json.dumps(document(tasks_of(range(130), total=140), "base"))
    )
    workflow.report(range(5), total=140)
    done = workflow.publish("--against", str(workflow.path / "base.json"), "--fail-if", "worse")
    assert done.returncode == 1, done.stderr
    assert len(workflow.check.annotations) == 125
    assert len({annotation["message"] for annotation in workflow.check.annotations}) == 125


def test_without_a_baseline_the_run_is_published_and_kept(workflow: Workflow) -> None:
    workflow.report(range(10))
    flags = ("--history", workflow.store, "--keep")
    done = workflow.publish(*flags, GITHUB_HEAD_REF="", GITHUB_REF_NAME="main")
    assert done.returncode == 0, done.stderr
    assert "no run of main is known to compare with" in workflow.comment
    assert workflow.check.values["conclusion"] == "neutral"
    workflow.report(range(10), "501")
    assert workflow.publish(*flags).returncode == 0
    assert "Underpowered against main" in workflow.comment


def test_a_push_has_a_check_and_no_comment(workflow: Workflow) -> None:
    workflow.report(range(10))
    done = workflow.publish(
        GITHUB_EVENT_PATH="", GITHUB_REF="refs/heads/main", GITHUB_BASE_REF="", GITHUB_HEAD_REF=""
    )
    assert done.returncode == 0, done.stderr
    assert "no pull request" in done.stderr
    assert workflow.fake.world.comments == {}
    assert workflow.check.head_sha == "a" * 40


def test_a_run_without_results_replaces_the_earlier_verdict(workflow: Workflow) -> None:
    workflow.report(range(10))
    assert workflow.publish().returncode == 0
    (workflow.path / "report" / "results.json").write_text("{")
    done = workflow.publish()
    assert done.returncode == 2
    assert "No result" in workflow.comment
    assert workflow.check.values["conclusion"] == "failure"
    assert "No result" in workflow.summary


def test_what_cannot_be_published_is_named_and_keeps_nothing_back(workflow: Workflow) -> None:
    """A personal token may comment, and may write no check."""
    workflow.report(range(10))
    done = workflow.publish(
        "--against", "/does/not/exist", GITHUB_TOKEN=workflow.fake.tokens.personal()
    )
    assert done.returncode == 4
    assert "error: the check: " in done.stderr
    assert "as an App" in done.stderr
    assert "error: the baseline: /does/not/exist" in done.stderr
    assert "the baseline cannot be used: /does/not/exist: is no file" in workflow.comment
    assert workflow.summary


def test_a_lost_reply_writes_nothing_twice(workflow: Workflow) -> None:
    workflow.report(range(10))
    for call_ in ("POST /issues/3/comments", "POST /check-runs"):
        workflow.fake.faults.add(Fault(call_, Wound.DROP_AFTER))
    done = workflow.publish()
    assert done.returncode == 0, done.stderr
    assert workflow.comment
    assert workflow.check


def test_outside_of_a_workflow_the_summary_is_printed(workflow: Workflow) -> None:
    workflow.report(range(10))
    names = ("GITHUB_ACTIONS", "GITHUB_TOKEN", "GITHUB_STEP_SUMMARY", "WAA_MATRIX_GITHUB_TOKEN")
    done = workflow.publish(**dict.fromkeys(names, ""), WAA_MATRIX_APP_ID="")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("## ⚪ No baseline")
    assert "no comment, no check" in done.stderr


def test_no_token_is_printed(workflow: Workflow) -> None:
    workflow.report(range(10))
    done = workflow.publish()
    said = done.stdout + done.stderr + workflow.summary + workflow.comment
    assert not [token for token in workflow.fake.tokens.given() if token in said]


def test_mean_scores_decide_where_that_is_asked(workflow: Workflow) -> None:
    for name, score in (("base", 0.0), ("run", 0.5)):
        tasks = [task(f"t{n}", score if n < 9 else 1.0) for n in range(40)]
        (workflow.path / f"{name}.json").write_text(json.dumps(document(tasks, name)))
    workflow.path.joinpath("report").mkdir(exist_ok=True)
    (workflow.path / "run.json").rename(workflow.path / "report" / "results.json")
    done = workflow.publish("--against", str(workflow.path / "base.json"), "--on", "score")
    assert done.returncode == 0, done.stderr
    assert "Better" in workflow.comment
    assert "mean score +11.2 points, 9 of 40 tasks differ (exact permutation" in workflow.comment
    assert "mean score +11.2 points" in str(workflow.check.values["output"])
