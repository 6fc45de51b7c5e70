"""A run whose machines never came, and a commit that gets no run: both are told, and why."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.cli.outputs.annotations import ANNOTATIONS_A_STEP, keep_failure
from tests.cli.conftest import EVENT, HEAD
from tests.report.hostile import CORPUS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Workflow
    from tests.cli.in_process import Commands, Done

INPUTS = {f"WAA_MATRIX_PROVISION_{name}": "x" for name in ("WORKERS", "TRIALS", "SAMPLE", "TTL")}


def provisioned(commands: Commands, path: Path) -> Done:
    """Press the button where nothing is set up, with inputs that are no numbers."""
    environment = {
        **INPUTS,
        "GITHUB_ACTIONS": "true",
        "GITHUB_STEP_SUMMARY": str(path / "provision.md"),
        "WAA_MATRIX_PROVISION_EVENTS": str(path / "events"),
    }
    done = commands("provision", environment=environment)
    assert done.returncode == 2
    return done


def published(
    commands: Commands, workflow: Workflow, *flags: str, event: Any = EVENT, **more: str
) -> Done:
    environment = {**workflow.environment(event), **more}
    return commands("publish", str(workflow.path / "report"), *flags, environment=environment)


def test_the_button_without_a_set_up_says_why_where_people_look(
    commands: Commands, tmp_path: Path
) -> None:
    done = provisioned(commands, tmp_path)
    lines = done.stderr.splitlines()
    assert len([line for line in lines if line.startswith("error: ")]) > ANNOTATIONS_A_STEP
    shown = [line for line in lines if line.startswith("::error ")]
    assert len(shown) == ANNOTATIONS_A_STEP
    assert all(line.startswith("::error title=waa-matrix provision::") for line in shown)
    summary = (tmp_path / "provision.md").read_text()
    for flag in ("--workers", "--trials", "--sample", "--ttl", "--region", "--store"):
        assert flag in "".join(shown)
        assert flag.strip("-") in summary
    assert re.search(r"and \d+ more:%0A", shown[-1])


def test_outside_of_a_workflow_errors_are_no_commands(commands: Commands) -> None:
    done = commands("provision", environment=INPUTS | {"GITHUB_ACTIONS": ""})
    assert done.returncode == 2
    assert "::" not in done.stderr


@pytest.mark.parametrize("layout", ["", "events-provision-1", "events-provision-10"])
def test_a_run_that_was_never_provisioned_is_told_with_its_reasons(
    commands: Commands, workflow: Workflow, layout: str
) -> None:
    """The artifact of the events lies in the directory, or in one of its own name."""
    provisioned(commands, workflow.path)
    target = workflow.path / "all" / layout
    target.mkdir(parents=True)
    (workflow.path / "events" / "problems.json").rename(target / "problems.json")
    if layout == "events-provision-10":
        keep_failure(workflow.path / "all" / "events-provision-9", ["an earlier one"])
    flags = ("--provision-result", "failure", "--provision-events", str(workflow.path / "all"))
    done = published(commands, workflow, *flags)
    assert done.returncode == 2
    for text in (workflow.comment, workflow.summary, workflow.check.values["output"]["summary"]):
        assert "Provision failed" in text
        assert "No result" not in text
        assert "is not a valid integer" in text
        assert "an earlier one" not in text
    assert workflow.check.values["conclusion"] == "failure"
    assert "error: Provision failed: --workers" in done.stderr


@pytest.mark.parametrize(
    ("result", "title", "conclusion"),
    [
        ("failure", "Provision failed", "failure"),
        ("cancelled", "Provision was cancelled", "failure"),
        ("skipped", "Provision was skipped", "neutral"),
        ("success", "No result", "failure"),
        ("", "No result", "failure"),
    ],
)
def test_without_reasons_the_result_is_told(
    commands: Commands, workflow: Workflow, result: str, title: str, conclusion: str
) -> None:
    done = published(
        commands,
        workflow,
        WAA_MATRIX_PUBLISH_PROVISION_RESULT=result,
        WAA_MATRIX_PUBLISH_PROVISION_EVENTS=str(workflow.path / "nothing"),
    )
    assert done.returncode == 2
    assert title in workflow.comment
    assert workflow.check.values["conclusion"] == conclusion


def test_an_earlier_result_is_shown_with_the_failure_of_this_attempt(
    commands: Commands, workflow: Workflow
) -> None:
    workflow.report(range(10))
    keep_failure(workflow.path / "events", ["no quota"])
    flags = ("--provision-result", "failure", "--provision-events", str(workflow.path / "events"))
    assert published(commands, workflow, *flags).returncode == 0
    assert "Provision failed in this attempt" in workflow.comment
    assert "no quota" in workflow.comment


def with_events(commands: Commands, workflow: Workflow, content: str) -> Done:
    events = workflow.path / "events"
    events.mkdir()
    (events / "problems.json").write_text(content)
    flags = ("--provision-result", "failure", "--provision-events", str(events))
    done = published(commands, workflow, *flags)
    assert done.returncode == 2
    return done


@pytest.mark.parametrize("hostile", CORPUS)
def test_hostile_reasons_are_inert(commands: Commands, workflow: Workflow, hostile: str) -> None:
    text = json.dumps({"problems": [f"x\n::stop-commands::y {hostile}", 7, None]})
    done = with_events(commands, workflow, text)
    assert not [line for line in done.stderr.splitlines() if line.lstrip().startswith("::")]
    for active in ("<script", "@everyone", "](http"):
        assert active not in workflow.comment.replace("[workflow run](http", "")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"problems": "x"}', "[" * 9000])
def test_damaged_reasons_say_nothing(commands: Commands, workflow: Workflow, content: str) -> None:
    with_events(commands, workflow, content)
    assert "Provision failed" in workflow.comment
    assert "The log of its job says why" in workflow.comment


def test_a_report_of_no_run_says_that_provision_failed(commands: Commands, tmp_path: Path) -> None:
    keep_failure(tmp_path / "events", ["no quota for 20 machines"])
    done = commands(
        *("report", "--store", str(tmp_path / "store"), "--run", "waa-1"),
        *("--out", str(tmp_path / "report"), "--provision-result", "failure"),
        *("--provision-events", str(tmp_path / "events")),
    )
    assert done.returncode == 2
    assert "holds no run" in done.stderr
    assert "Provision failed: no quota for 20 machines" in done.stderr


def no_run(commands: Commands, workflow: Workflow) -> Done:
    environment = workflow.environment(EVENT)
    return commands("publish", "--no-run", "It lacks the label `x`.", environment=environment)


def test_a_pull_request_without_a_run_has_a_neutral_check(
    commands: Commands, workflow: Workflow
) -> None:
    done = no_run(commands, workflow)
    assert done.returncode == 0, done.stderr
    check = workflow.check
    assert check.head_sha == HEAD
    assert check.values["name"] == "WAA Matrix verdict"
    assert (check.values["status"], check.values["conclusion"]) == ("completed", "neutral")
    assert "It lacks the label" in check.values["output"]["summary"]
    assert "It lacks the label" in workflow.summary
    assert workflow.fake.world.comments == {}


def test_a_verdict_that_is_there_is_not_hidden_by_no_run(
    commands: Commands, workflow: Workflow
) -> None:
    """The newest check of a name is the one that a branch requires."""
    assert published(commands, workflow).returncode == 2
    assert no_run(commands, workflow).returncode == 0
    assert workflow.check.values["conclusion"] == "failure"


def test_a_check_that_was_left_in_progress_is_ended(commands: Commands, workflow: Workflow) -> None:
    assert published(commands, workflow).returncode == 2
    workflow.check.values.update(status="in_progress", conclusion=None)
    assert no_run(commands, workflow).returncode == 0
    assert workflow.check.values["conclusion"] == "neutral"
    assert workflow.check.values["status"] == "completed"


def test_a_run_after_no_run_has_a_check_of_its_own(commands: Commands, workflow: Workflow) -> None:
    assert no_run(commands, workflow).returncode == 0
    workflow.report(range(10))
    assert published(commands, workflow).returncode == 0
    keys = [check.values["external_id"] for check in workflow.fake.world.checks.values()]
    assert keys == ["no-run", "run-500"]


def test_no_run_without_a_commit_is_an_error(commands: Commands, workflow: Workflow) -> None:
    environment = workflow.environment({}) | {"GITHUB_SHA": ""}
    done = commands("publish", "--no-run", "why", environment=environment)
    assert done.returncode == 4
    assert "--sha" in done.stderr
