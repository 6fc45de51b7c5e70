"""The baseline that ``publish`` and ``compare`` find on GitHub, where no store keeps one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.e2e.command import call
from tests.fakes.github.tokens import JOB
from tests.report.run_documents import FINGERPRINT, document, tasks_of

if TYPE_CHECKING:
    from tests.cli.conftest import Workflow

NEWER_MODEL = FINGERPRINT | {"model": "gpt-5"}
OTHER_MACHINE = FINGERPRINT | {"machine_size": "Standard_D4s_v5"}


def pooled(workflow: Workflow, *flags: str, **environment: str) -> list[str]:
    """Publish, and return the runs of the baseline, oldest first."""
    out = workflow.path / "comparison"
    done = workflow.publish("--out", str(out), *flags, **environment)
    assert done.returncode == 0, done.stderr
    result = json.loads((out / "comparison.json").read_text())
    return [run["id"] for run in result["baseline"]["runs"]]


def not_compared(workflow: Workflow, *flags: str, **environment: str) -> str:
    """Publish a run that finds no baseline, and return why not."""
    done = workflow.publish(*flags, **environment)
    assert done.returncode == 0, done.stderr
    assert "No baseline" in workflow.comment
    return workflow.comment


def downloads(workflow: Workflow) -> int:
    return sum(request.path.endswith("/zip") for request in workflow.fake.seen)


def test_without_a_history_the_last_runs_on_github_are_pooled(workflow: Workflow) -> None:
    for number in range(401, 405):
        workflow.measured(number)
    workflow.report(range(10))
    assert pooled(workflow, "--last", "2") == ["waa-403", "waa-404"]
    assert "## 🔴 Worse than main" in workflow.comment
    assert workflow.check.values["conclusion"] == "failure"
    assert downloads(workflow) == 2


def test_only_runs_that_were_made_alike_are_pooled(workflow: Workflow) -> None:
    workflow.measured(401)
    workflow.measured(402, fingerprint=OTHER_MACHINE)
    workflow.measured(403)
    workflow.measured(404, fingerprint=OTHER_MACHINE)
    workflow.report(range(10))
    assert pooled(workflow) == ["waa-401", "waa-403"]


def test_the_newest_agent_of_the_branch_is_the_baseline(workflow: Workflow) -> None:
    workflow.measured(401)
    workflow.measured(402, fingerprint=NEWER_MODEL)
    workflow.measured(403, fingerprint=NEWER_MODEL)
    workflow.report(range(10))
    assert pooled(workflow) == ["waa-402", "waa-403"]


def test_pull_requests_forks_and_other_branches_are_no_baseline(workflow: Workflow) -> None:
    workflow.measured(401)
    workflow.measured(402, event="pull_request", fork=True)
    workflow.measured(403, event="push", fork=True)
    workflow.measured(404, event="pull_request")
    workflow.measured(405, event="pull_request_target")
    workflow.measured(406, branch="topic")
    workflow.measured(407, workflow="smoke.yml", event="workflow_dispatch", branch="topic")
    workflow.fake.add_run(408, workflow="baseline.yml", event="push")  # it still runs
    workflow.report(range(10))
    assert pooled(workflow) == ["waa-401"]


def test_what_is_not_kept_or_is_damaged_is_passed_over(workflow: Workflow) -> None:
    workflow.measured(401)
    workflow.measured(402, expired=True)
    workflow.measured(403, results=b"{")
    workflow.measured(404, results=b'{"schema": "other/1"}')
    workflow.measured(405)
    damaged = workflow.fake.add_run(406, workflow="baseline.yml", event="schedule")
    workflow.fake.finish_job(workflow.fake.add_job(damaged.id, "report", ["x"], hosted=True).id)
    workflow.fake.add_artifact(damaged.id, "report-1", b"no zip")
    workflow.report(range(10))
    assert pooled(workflow) == ["waa-401", "waa-405"]
    done = workflow.publish()
    for number in (403, 404, 406):
        assert f"warning: passed over GitHub run {number}: " in done.stderr
    assert "402" not in done.stderr


def test_a_file_in_the_evidence_is_not_taken_for_the_results(workflow: Workflow) -> None:
    planted = json.dumps(document(tasks_of(range(40)), "planted")).encode()
    workflow.measured(401, more={"evidence/chrome/a/results.json": planted})
    workflow.report(range(10))
    assert pooled(workflow) == ["waa-401"]
    assert pooled(workflow, "--against", "401") == ["waa-401"]


def test_no_more_than_four_times_the_wanted_runs_are_looked_at(workflow: Workflow) -> None:
    workflow.measured(401)
    for number in range(402, 414):
        workflow.measured(number, expired=True)
    workflow.report(range(10))
    said = not_compared(workflow, "--last", "2")
    assert "of the last 8 completed runs of baseline.yml on GitHub none has a report" in said
    looked_at = {
        request.path for request in workflow.fake.seen if request.path.endswith("/artifacts")
    }
    assert looked_at == {f"/actions/runs/{number}/artifacts" for number in range(406, 414)}
    assert pooled(workflow, "--last", "4") == ["waa-401"]


def test_a_run_that_was_resumed_counts_once_with_its_newest_report(workflow: Workflow) -> None:
    first, resumed = (document(tasks_of(range(wins)), "waa-401") for wins in (3, 24))
    workflow.measured(401, results=json.dumps(first).encode())
    workflow.measured(402, results=json.dumps(resumed).encode())
    workflow.report(range(10))
    assert pooled(workflow) == ["waa-401"]
    result = json.loads((workflow.path / "comparison" / "comparison.json").read_text())
    assert result["baseline"]["successes"] == 24


def test_the_run_itself_is_not_its_own_baseline(workflow: Workflow) -> None:
    workflow.measured(401)
    workflow.measured(502)
    workflow.report(range(10), "waa-502")
    assert pooled(workflow, GITHUB_RUN_ID="502") == ["waa-401"]


def test_a_history_comes_first_and_github_where_it_has_nothing(workflow: Workflow) -> None:
    workflow.measured(401)
    workflow.report(range(10))
    assert pooled(workflow, "--history", workflow.store) == ["waa-401"]
    workflow.earlier(range(24), "kept-1")
    before = downloads(workflow)
    assert pooled(workflow, "--history", workflow.store) == ["kept-1"]
    assert downloads(workflow) == before


def test_the_calling_workflow_is_the_baseline_where_there_is_no_baseline_yml(
    workflow: Workflow,
) -> None:
    workflow.measured(401, workflow="smoke.yml", event="workflow_dispatch")
    workflow.measured(402, workflow="nightly.yml", event="schedule")
    workflow.report(range(10))
    assert pooled(workflow) == ["waa-401"]
    assert pooled(workflow, "--baseline-workflow", "nightly.yml") == ["waa-402"]
    named = {"WAA_MATRIX_PUBLISH_BASELINE_WORKFLOW": "nightly.yml"}
    assert pooled(workflow, **named) == ["waa-402"]


def test_another_branch_is_looked_for_by_its_name(workflow: Workflow) -> None:
    workflow.measured(401)
    workflow.measured(402, branch="release/1")
    workflow.report(range(10))
    assert pooled(workflow, GITHUB_BASE_REF="release/1") == ["waa-402"]
    assert pooled(workflow, "--branch", "main", GITHUB_BASE_REF="release/1") == ["waa-401"]


def test_what_was_looked_for_in_vain_is_told(workflow: Workflow) -> None:
    workflow.report(range(10))
    said = not_compared(workflow, "--history", workflow.store)
    assert "no run of main is known to compare with" in said
    assert "the history keeps none that shares a task with it" in said
    assert "there is no workflow baseline.yml on GitHub" in said
    assert "there is no workflow smoke.yml on GitHub" in said
    workflow.fake.add_run(401, workflow="baseline.yml", event="push")
    assert "baseline.yml has no completed run on GitHub" in not_compared(workflow)
    others = [{**entry, "domain": "elsewhere"} for entry in tasks_of(range(10))]
    workflow.measured(402, results=json.dumps(document(others, "waa-402")).encode())
    said = not_compared(workflow)
    assert "of the last 1 completed runs of baseline.yml on GitHub none shares a task" in said
    assert "of the last 1 completed" in workflow.summary


def test_a_job_that_may_not_read_artifacts_says_which_permission_it_lacks(
    workflow: Workflow,
) -> None:
    workflow.measured(401)
    workflow.report(range(10))
    token = workflow.fake.tokens.personal(JOB - {"actions"}, "github-actions[bot]")
    done = workflow.publish(GITHUB_TOKEN=token)
    assert done.returncode == 4
    assert "error: the baseline: " in done.stderr
    assert "Needs: Actions: read on the repository" in done.stderr
    assert "the baseline could not be read" in workflow.comment


def test_outside_of_a_workflow_and_without_access_github_is_not_asked(workflow: Workflow) -> None:
    workflow.report(range(10))
    names = ("GITHUB_ACTIONS", "GITHUB_TOKEN", "GITHUB_STEP_SUMMARY", "WAA_MATRIX_GITHUB_TOKEN")
    done = workflow.publish(**dict.fromkeys(names, ""), WAA_MATRIX_APP_ID="")
    assert done.returncode == 0, done.stderr
    assert "GitHub was not asked, for there is no access to it" in done.stdout
    assert workflow.fake.seen == []


@pytest.mark.parametrize("last", ["0", "-1"])
def test_pooling_fewer_than_one_run_is_refused(workflow: Workflow, last: str) -> None:
    workflow.report(range(10))
    done = workflow.publish("--last", last)
    assert done.returncode == 2
    assert "--last" in done.stderr


def test_compare_finds_the_same_baseline_where_a_workflow_is_named(workflow: Workflow) -> None:
    workflow.fake.world.default_branch = "main"
    for number in range(401, 404):
        workflow.measured(number)
    workflow.report(range(10))
    access = {
        "GITHUB_TOKEN": workflow.fake.tokens.job(),
        "GITHUB_API_URL": workflow.fake.url,
        "GITHUB_REPOSITORY": workflow.fake.repository,
    }
    run = str(workflow.path / "report")
    done = call("compare", run, "--baseline-workflow", "baseline.yml", "--json", **access)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert [entry["id"] for entry in result["baseline"]["runs"]] == [
        "waa-401",
        "waa-402",
        "waa-403",
    ]
    assert result["candidates"][0]["verdict"]["value"] == "worse"
    again = call("compare", "402", run, "--baseline-workflow", "baseline.yml", "--json", **access)
    runs = json.loads(again.stdout)["baseline"]["runs"]
    assert [run["id"] for run in runs] == ["waa-401", "waa-403"]
    nothing = call("compare", run, "--baseline-workflow", "absent.yml", **access)
    assert nothing.returncode == 2
    assert "--baseline-workflow: no run of main is known to compare with" in nothing.stderr
    assert "there is no workflow absent.yml on GitHub" in nothing.stderr
