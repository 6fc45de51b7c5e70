"""Every workflow and composite action keeps to the rules, and each rule can be broken."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from orchestrator.cli.inputs.baseline import BASELINE_WORKFLOW
from tests.tiers import ROOT
from tests.workflow_breaches import BREACHES, OTHER_BREACHES, SMOKE_BREACHES
from tests.workflow_rules import problems, ungranted
from tests.workflow_trust import SAME_REPOSITORY, holds_a_key, outside_parentheses, triggers

if TYPE_CHECKING:
    from pathlib import Path

WORKFLOWS = ROOT / ".github" / "workflows"
FILES = sorted([*WORKFLOWS.glob("*.yml"), *(ROOT / ".github" / "actions").glob("*/action.yml")])
BENCHMARK = (WORKFLOWS / "benchmark.yml").read_text()


def document(name: str) -> dict[Any, Any]:
    result = yaml.safe_load((WORKFLOWS / name).read_text())
    assert isinstance(result, dict)
    return result


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT / ".github")))
def test_it_keeps_to_the_rules(file: Path) -> None:
    assert problems(file.read_text()) == []


@pytest.mark.parametrize("name", BREACHES)
def test_a_breach_is_found(name: str) -> None:
    assert_found(BENCHMARK, *BREACHES[name])


@pytest.mark.parametrize("name", SMOKE_BREACHES)
def test_a_breach_of_the_gate_is_found(name: str) -> None:
    assert_found((WORKFLOWS / "smoke.yml").read_text(), *SMOKE_BREACHES[name])


@pytest.mark.parametrize("name", OTHER_BREACHES)
def test_a_breach_elsewhere_is_found(name: str) -> None:
    file, *breach = OTHER_BREACHES[name]
    assert_found((WORKFLOWS / file).read_text(), *breach)


def assert_found(text: str, right: str, wrong: str, said: str) -> None:
    assert right in text
    texts = problems(text.replace(right, wrong, 1))
    assert any(said in entry for entry in texts), texts


CALLERS = ("smoke.yml", "baseline.yml")


@pytest.mark.parametrize("name", CALLERS)
def test_a_called_workflow_has_every_right_that_its_jobs_ask_for(name: str) -> None:
    caller, called = document(name)["jobs"]["run"], document("benchmark.yml")
    assert caller["uses"] == "./.github/workflows/benchmark.yml"
    assert ungranted(caller, called) == []
    for right in caller["permissions"]:
        less = {key: value for key, value in caller["permissions"].items() if key != right}
        assert any(right in entry for entry in ungranted({**caller, "permissions": less}, called))
    read = dict.fromkeys(caller["permissions"], "read")
    assert "report asks for checks: write" in ungranted({**caller, "permissions": read}, called)


def test_the_job_that_publishes_may_read_the_baselines_reports() -> None:
    report = document("benchmark.yml")["jobs"]["report"]
    assert report["steps"][-1]["uses"] == "./.github/actions/publish"
    granted = report["permissions"]
    assert {
        "actions": "read",
        "checks": "write",
        "pull-requests": "write",
    }.items() <= granted.items()
    events = {"push", "schedule", "workflow_dispatch", "workflow_call"}
    assert set(document(BASELINE_WORKFLOW)[True]) == events


def test_the_button_and_the_call_take_the_same_inputs() -> None:
    triggers = document("benchmark.yml")[True]
    pressed, called = (triggers[name]["inputs"] for name in ("workflow_dispatch", "workflow_call"))
    assert len(pressed) <= 25
    assert {*called} - {*pressed} == {"keep", "shard-commit"}
    for name, given in pressed.items():
        assert called[name]["default"] == given["default"], name
        assert called[name]["type"] == "string", name


def test_a_run_is_in_no_group_and_its_report_always_comes() -> None:
    run = document("benchmark.yml")
    assert "concurrency" not in run
    assert not any("concurrency" in job for job in run["jobs"].values())
    report = run["jobs"]["report"]
    # But a second call's in one workflow run: the machines are the first's.
    assert report["if"] == "always() && needs.provision.outputs.stands-aside != 'true'"
    assert set(report["needs"]) == {"provision", "benchmark", "supervise"}
    # What deletes needs no output: a job that was killed has none.
    deletes = [step for step in report["steps"] if "teardown" in step.get("run", "")]
    assert len(deletes) == 2
    assert "needs.provision" not in str([report["env"], deletes])


def test_no_job_that_deletes_waits_for_a_reviewer() -> None:
    environments = {
        (name, job): str(body["environment"])
        for name in ("benchmark.yml", "reaper.yml", "smoke.yml")
        for job, body in document(name)["jobs"].items()
        if "environment" in body
    }
    gated = {where for where, environment in environments.items() if "-gate" in environment}
    assert gated == {("smoke.yml", "gate")}


def test_a_forks_code_never_reaches_the_fleet() -> None:
    smoke = document("smoke.yml")
    assert set(smoke[True]) == {"pull_request_target"}
    gate, run = smoke["jobs"]["gate"], smoke["jobs"]["run"]
    assert gate["if"].startswith(SAME_REPOSITORY)
    assert "||" not in outside_parentheses(gate["if"])
    assert run["needs"] == "gate"
    assert "if" not in run  # skipped with the gate
    assert "reviewers" in gate["steps"][0]["run"]


def test_the_shard_runs_the_commit_that_was_let_through_and_no_other_job_does() -> None:
    run = document("smoke.yml")["jobs"]["run"]
    assert run["with"]["shard-commit"] == "${{ github.event.pull_request.head.sha }}"
    jobs = document("benchmark.yml")["jobs"]
    assert {name for name, job in jobs.items() if "shard-commit" in str(job)} == {"benchmark"}
    assert {name for name, job in jobs.items() if not holds_a_key(job)} == {"benchmark"}


def test_only_smoke_has_the_trigger_that_gives_rights_to_a_pull_request() -> None:
    has = {
        file.name
        for file in WORKFLOWS.glob("*.yml")
        if "pull_request_target" in triggers(document(file.name))
    }
    assert has == {"smoke.yml"}


def test_what_stops_a_smoke_run_takes_its_place() -> None:
    smoke = document("smoke.yml")
    assert {"unlabeled", "closed", "synchronize"} <= set(
        smoke[True]["pull_request_target"]["types"]
    )
    jobs = smoke["jobs"]
    groups = {name: jobs[name]["concurrency"]["group"] for name in ("gate", "run", "stop")}
    assert len(set(groups.values())) == 1
    assert all(jobs[name]["concurrency"]["cancel-in-progress"] for name in groups)
    assert jobs["clear"]["concurrency"]["group"] not in groups.values()


@pytest.mark.parametrize("name", ["benchmark.yml", "baseline.yml", "reaper.yml", "image.yml"])
def test_a_repository_without_a_fork_can_call_it(name: str) -> None:
    called = document(name)
    assert "workflow_call" in called[True]
    groups = [
        job["concurrency"]["group"] for job in called["jobs"].values() if "concurrency" in job
    ]
    # A caller's own group of the same name would be a deadlock.
    assert all(group.startswith("waa-matrix-") for group in groups)
    secrets = {
        name for job in called["jobs"].values() for name in re.findall(r"secrets\.(\w+)", str(job))
    }
    call = called[True]["workflow_call"] or {}
    assert secrets == set(call.get("secrets", {}))


def test_a_baseline_passes_on_all_that_a_caller_may_say() -> None:
    baseline = document("baseline.yml")
    said = set(baseline[True]["workflow_call"]["inputs"])
    passed = baseline["jobs"]["run"]["with"]
    assert said == {name for name, value in passed.items() if f"inputs.{name}" in str(value)}
    taken = document("benchmark.yml")[True]["workflow_call"]["inputs"]
    assert set(passed) <= set(taken)


def examples() -> list[dict[Any, Any]]:
    """The README's callers."""
    results = re.findall(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    return [yaml.safe_load(text) for text in results]


@pytest.mark.parametrize("example", examples(), ids=lambda entry: entry["name"])
def test_the_readmes_callers_grant_pass_and_say_what_there_is(example: dict[Any, Any]) -> None:
    assert example["permissions"] == {}
    (job,) = example["jobs"].values()
    name, _, tag = job["uses"].removeprefix("OWNER/waa-matrix/.github/workflows/").partition("@")
    assert tag == "v1"
    called = document(name)
    assert ungranted(job, called) == []
    call = called[True]["workflow_call"]
    assert set(job["secrets"]) <= set(call["secrets"])
    assert set(job.get("with", {})) <= set(call["inputs"])
