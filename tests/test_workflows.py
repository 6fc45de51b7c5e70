"""Every workflow and composite action keeps to the rules, and each rule can be broken."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from orchestrator.cli.baseline import BASELINE_WORKFLOW
from tests.tiers import ROOT
from tests.workflow_rules import problems, ungranted

if TYPE_CHECKING:
    from pathlib import Path

WORKFLOWS = ROOT / ".github" / "workflows"
FILES = sorted([*WORKFLOWS.glob("*.yml"), *(ROOT / ".github" / "actions").glob("*/action.yml")])
BENCHMARK = (WORKFLOWS / "benchmark.yml").read_text()


def document(name: str) -> dict[Any, Any]:
    found = yaml.safe_load((WORKFLOWS / name).read_text())
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT / ".github")))
def test_it_keeps_to_the_rules(file: Path) -> None:
    assert problems(file.read_text()) == []


BREACHES = {
    "an input in a script": (
        "run: exec scripts/shard work",
        "run: exec scripts/shard work ${{ inputs.model }}",
        "an expression is part of a script",
    ),
    "a command without exec": (
        "run: exec .venv/bin/waa-matrix supervise",
        "run: .venv/bin/waa-matrix supervise",
        "does not exec what may take long",
    ),
    "a command in the middle of a script": (
        "run: exec .venv/bin/waa-matrix provision",
        "run: |\n          .venv/bin/waa-matrix provision\n          true",
        "does not exec what may take long",
    ),
    "rights at the top": ("permissions: {}", "permissions: write-all", "at the top are not empty"),
    "a tag instead of a commit": (
        "@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1",
        "@v7",
        "not pinned to a commit",
    ),
    "an identity on the fleet": (
        "    permissions:\n      contents: read\n    strategy:",
        "    permissions:\n      contents: read\n      id-token: write\n    strategy:",
        "a job on the fleet may read contents, and no more",
    ),
    "no timeout": ("    timeout-minutes: 45\n", "", "report: no timeout-minutes"),
    "one lost shard cancels the rest": ("fail-fast: false", "fail-fast: true", "fail-fast"),
    "a secret in an output": (
        "label: ${{ steps.provision.outputs.label }}",
        "label: ${{ secrets.WAA_MATRIX_GITHUB_TOKEN }}",
        "output label is not a step's own",
    ),
    "a token left in the checkout": (
        "persist-credentials: false",
        "persist-credentials: true",
        "keeps the token in the checkout",
    ),
    "an option that is not there": (
        "WAA_MATRIX_SUPERVISE_SHARDS",
        "WAA_MATRIX_SUPERVISE_SHARD",
        "sets no option of any command",
    ),
    "a secret for an action": (
        "pattern: ledger-*",
        "pattern: ${{ secrets.OPENAI_API_KEY }}",
        "a secret is handed to an action",
    ),
    "a fork's code": ("workflow_dispatch:", "pull_request_target:", "runs a fork's code"),
}


@pytest.mark.parametrize("name", BREACHES)
def test_a_breach_is_found(name: str) -> None:
    right, wrong, said = BREACHES[name]
    assert right in BENCHMARK
    found = problems(BENCHMARK.replace(right, wrong, 1))
    assert any(said in one for one in found), found


CALLERS = ("smoke.yml", "baseline.yml")


@pytest.mark.parametrize("name", CALLERS)
def test_a_called_workflow_has_every_right_that_its_jobs_ask_for(name: str) -> None:
    caller, called = document(name)["jobs"]["run"], document("benchmark.yml")
    assert caller["uses"] == "./.github/workflows/benchmark.yml"
    assert ungranted(caller, called) == []
    for right in caller["permissions"]:
        less = {key: value for key, value in caller["permissions"].items() if key != right}
        assert any(right in one for one in ungranted({**caller, "permissions": less}, called))
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
    assert set(document(BASELINE_WORKFLOW)[True]) == {"push", "schedule", "workflow_dispatch"}


def test_the_button_and_the_call_take_the_same_inputs() -> None:
    triggers = document("benchmark.yml")[True]
    pressed, called = (triggers[name]["inputs"] for name in ("workflow_dispatch", "workflow_call"))
    assert len(pressed) <= 25
    assert {*called} - {*pressed} == {"keep"}
    for name, given in pressed.items():
        assert called[name]["default"] == given["default"], name
        assert called[name]["type"] == "string", name


def test_a_run_is_in_no_group_and_its_report_always_comes() -> None:
    run = document("benchmark.yml")
    assert "concurrency" not in run
    assert not any("concurrency" in job for job in run["jobs"].values())
    report = run["jobs"]["report"]
    assert report["if"] == "always()"
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
    assert set(smoke[True]) == {"pull_request"}
    gate, run = smoke["jobs"]["gate"], smoke["jobs"]["run"]
    same = "github.event.pull_request.head.repo.full_name == github.repository"
    assert gate["if"].startswith(same)
    assert "||" not in re.sub(r"\([^)]*\)", "", gate["if"])
    assert run["needs"] == "gate"
    assert "if" not in run  # skipped with the gate
    assert "reviewers" in gate["steps"][0]["run"]
