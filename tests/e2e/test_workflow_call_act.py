"""A run tells the same whoever calls it, and on however many machines: act runs the real files.

The caller is the README's own example, in a repository that is no fork of this one.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.e2e.act.checks import assert_nothing_is_left, failed, kill_everything
from tests.e2e.act.runs import Act
from tests.e2e.act.stage import REPOSITORY, RUN, staged
from tests.e2e.act.trees import WORKFLOWS, as_act_reads, repository_of
from tests.tiers import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.act.runs import Played
    from tests.e2e.act.trees import Tree

pytestmark = pytest.mark.act

TASKS = 8
PRODUCT = "vendor/waa-matrix"
"""Where the tree under test is when another repository calls it."""

ELSEWHERE = "exit 1 # the caller's own file, which no job may run"


def chosen(act: Act, shards: int) -> dict[str, str]:
    return {
        "suite": "demo",
        "sample": str(TASKS),
        "workers": str(shards),
        "arena": "simulated",
        "store": act.store.as_uri(),
    }


def example() -> dict[str, Any]:
    """The caller's workflow, as the README shows it."""
    (text,) = re.findall(
        r"```yaml\n(name: Benchmark\n.*?)```", (ROOT / "README.md").read_text(), re.DOTALL
    )
    result = yaml.safe_load(text.replace("OWNER/waa-matrix", PRODUCT))
    result["on"] = result.pop(True)  # as YAML 1.1 reads it
    assert isinstance(result, dict)
    return result


def caller_of(act: Act, shards: int) -> Tree:
    """An agent's repository: its client, the README's workflow, and files named like ours."""
    workflow = example()
    (job,) = workflow["jobs"].values()
    job["with"] = {**job["with"], **chosen(act, shards), "client-path": "agent"}
    token = {"WAA_MATRIX_GITHUB_TOKEN": "${{ secrets.WAA_MATRIX_GITHUB_TOKEN }}"}
    job["secrets"] = {**job["secrets"], **token}  # the stage has no App
    action = {"runs": {"using": "composite", "steps": [{"shell": "bash", "run": ELSEWHERE}]}}
    return repository_of(
        act.repositories,
        REPOSITORY,
        {
            ".github/workflows/benchmark.yml": yaml.safe_dump(workflow),
            ".github/actions/waa-matrix/action.yml": yaml.safe_dump({"name": "Not ours", **action}),
            ".github/actions/publish/action.yml": yaml.safe_dump({"name": "Not ours", **action}),
            "scripts/shard": f"#!/bin/sh\n{ELSEWHERE}\n",
            "agent/run.py": "raise SystemExit('no arena here asks for it')\n",
        },
    )


def play(act: Act, workflow: str, started: dict[str, str]) -> tuple[Played, str]:
    """Run to the end, the shared store's outcomes emptied before the report begins."""
    outcomes = act.store / f"waa-{RUN}" / "outcomes"
    emptied = []

    def empty() -> None:
        emptied.append(sum(1 for _ in outcomes.rglob("*.json")))
        shutil.rmtree(outcomes, ignore_errors=True)

    act.stage.before["report"] = empty
    played = act.start(workflow, started).played()
    assert emptied == [TASKS], played.tail
    assert failed(played) == [], played.tail
    assert_nothing_is_left(act)
    return played, digest(act)


def digest(act: Act) -> str:
    """What became of each task, by the proved report, as one value."""
    text = (act.artifacts_of() / "report-proved-1" / "results.json").read_text()
    tasks = json.loads(text)["tasks"]
    kept = [[task[key] for key in ("domain", "name", "trial", "status", "score")] for task in tasks]
    assert [status for *_, status, _ in kept] == ["scored"] * TASKS
    return hashlib.sha256(json.dumps(sorted(kept)).encode()).hexdigest()


def played_alone(place: Path, shards: int) -> str:
    place.mkdir()
    with staged(place) as stage:
        act = Act(place, stage)
        try:
            return play(act, "benchmark.yml", chosen(act, shards))[1]
        finally:
            kill_everything(act)


def played_for_a_pull_request(place: Path, shards: int) -> str:
    """Let the shards, and no other job, run a commit that the workflows are not of."""
    place.mkdir()
    with staged(place) as stage:
        act = Act(place, stage)
        job = yaml.safe_load((WORKFLOWS / "smoke.yml").read_text())["jobs"]["run"]
        kept = {"uses": job["uses"], "permissions": job["permissions"], "secrets": job["secrets"]}
        head = act.code.commits({"README.md": "What the pull request changes."})
        given = {**chosen(act, shards), "shard-commit": head.commit}
        workflow = {"on": "workflow_dispatch", "jobs": {"run": {**kept, "with": given}}}
        (act.source / ".github" / "workflows" / "pull.yml").write_text(yaml.safe_dump(workflow))
        try:
            played, result = play(act, "pull.yml", {})
        finally:
            kill_everything(act)
    assert {(job, commit) for job, _, commit, _ in act.checkouts} == {
        (job, head.commit if job == "benchmark" else act.code.commit) for job in played.jobs
    }
    return result


def played_by_a_caller(place: Path, shards: int) -> str:
    place.mkdir()
    with staged(place) as stage:
        act = Act(place, stage, PRODUCT)
        caller = caller_of(act, shards)
        act.read(caller)
        try:
            played, result = play(act, "benchmark.yml", {})
        finally:
            kill_everything(act)
    assert played.jobs == {"provision": 1, "benchmark": shards, "supervise": 1, "report": 1}
    ours = (PRODUCT, act.code.commit, ".")
    theirs = (REPOSITORY, caller.commit, "client")
    assert act.checkouts == {
        *((job, *ours) for job in played.jobs),
        *((job, *theirs) for job in ("provision", "benchmark")),
    }
    return result


def test_one_shard_two_and_a_caller_tell_the_same_by_their_artifacts_alone(tmp_path: Path) -> None:
    entry = played_alone(tmp_path / "one", 1)
    assert played_for_a_pull_request(tmp_path / "two", 2) == entry
    assert played_by_a_caller(tmp_path / "called", 2) == entry


def test_a_workflow_whose_own_commit_is_not_named_runs_nothing(tmp_path: Path) -> None:
    with staged(tmp_path) as stage:
        act = Act(tmp_path, stage)
        act.source = as_act_reads(act.code, tmp_path / "unnamed", None)
        try:
            played = act.start("reaper.yml", {}).played()
        finally:
            kill_everything(act)
    assert failed(played)[0] == ("reap", "Refuse to run an unknown tree")
    assert "job.workflow_sha is empty" in played.text
    assert not (tmp_path / "checkouts.txt").exists()


def test_a_run_that_cannot_begin_says_why_where_people_look(tmp_path: Path) -> None:
    with staged(tmp_path) as stage:
        act = Act(tmp_path, stage)
        try:
            played = act.start("benchmark.yml", {**chosen(act, 1), "workers": "many"}).played()
        finally:
            kill_everything(act)
        assert played.jobs == {"provision": 1, "report": 1}, played.tail
        assert failed(played)[0] == ("provision", "Plan the run and launch its machines")
        (check,) = stage.github.world.checks.values()
        assert check.values["output"]["title"] == "Provision failed"
        assert "many" in check.values["output"]["summary"]
        assert_nothing_is_left(act)
