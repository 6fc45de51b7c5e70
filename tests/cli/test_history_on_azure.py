"""Runs kept in Blob Storage: a real Azurite over TLS, opened as a workflow's own identity."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.comparison.history import DEFAULT_NAME
from orchestrator.store import KEY_VARIABLE, SAS_VARIABLE
from tests.e2e.command import call
from tests.fleet.blob_stand import BlobStand, blob_standing
from tests.report.run_documents import document, tasks_of

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.azurite


@dataclass(frozen=True, slots=True)
class Job:
    """A job of a workflow that may sign in and has no key; the account is the history's."""

    blobs: BlobStand
    path: Path

    @property
    def environment(self) -> dict[str, str]:
        """What GitHub and the workflow give it: whom to be, and nothing that opens the store."""
        arm = self.blobs.stand.arm
        return {
            **self.blobs.stand.environment,
            "AZURE_AUTHORITY_HOST": arm.url,
            "GITHUB_TOKEN": self.blobs.stand.fake.tokens.job(),
            "GITHUB_STEP_SUMMARY": str(self.path / "summary.md"),
            KEY_VARIABLE: "",
            SAS_VARIABLE: "",
        }

    @property
    def store(self) -> str:
        """The account's URL."""
        return self.blobs.store

    def call(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command that opens the history."""
        trusted = ("--store-ca", str(self.blobs.ca_file))
        return call(*arguments, *trusted, **{**self.environment, **environment})

    def results(self, name: str, wins: range, **changes: Any) -> str:
        """Write a run's ``results.json``; return where."""
        path = self.path / f"{name}.json"
        path.write_text(json.dumps(document(tasks_of(wins), name, **changes)))
        return str(path)

    def keep(self, name: str, wins: range, started: float) -> subprocess.CompletedProcess[str]:
        """Keep a run with ``history add``."""
        results = self.results(name, wins, started=started)
        return self.call("history", "add", results, "--store", self.store, "--commit", "c" * 40)

    def shown(self) -> list[dict[str, Any]]:
        """Return the runs that ``history show`` tells a script of."""
        done = self.call("history", "show", "--store", self.store, "--json")
        assert done.returncode == 0, done.stderr
        runs = json.loads(done.stdout)["runs"]
        assert isinstance(runs, list)
        return runs


@pytest.fixture
def job(tmp_path: Path) -> Iterator[Job]:
    with blob_standing(tmp_path) as blobs:
        blobs.stand.fake.world.default_branch = "main"
        yield Job(blobs, tmp_path)


def test_runs_are_kept_shown_and_a_baseline_without_a_key(job: Job) -> None:
    for number in range(2):
        kept = job.keep(f"r{number}", range(24), 1.7e9 + number)
        assert kept.returncode == 0, kept.stderr
        assert f"-r{number}.json" in kept.stdout
    assert [(run["id"], run["successes"]) for run in job.shown()] == [("r0", 24), ("r1", 24)]
    process = job.call("history", "show", "--store", job.store, "--branch", "main")
    assert process.returncode == 0, process.stderr
    assert [line.split()[3] for line in process.stdout.splitlines()[1:]] == ["r0", "r1"]
    lower = job.results("lower", range(10))
    done = job.call("compare", lower, "--history", job.store, "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert [run["id"] for run in result["baseline"]["runs"]] == ["r0", "r1"]
    assert result["candidates"][0]["verdict"]["value"] == "worse"


def test_a_run_that_is_kept_again_replaces_itself(job: Job) -> None:
    """The minted key may write over what is there, and has to delete nothing for it."""
    assert job.keep("r0", range(24), 1.7e9).returncode == 0
    again = job.keep("r0", range(20), 1.7e9)
    assert again.returncode == 0, again.stderr
    assert [(run["id"], run["successes"]) for run in job.shown()] == [("r0", 20)]


def test_publish_keeps_the_run_that_the_next_is_compared_with(job: Job) -> None:
    pushed = {"GITHUB_ACTIONS": "true", "GITHUB_SHA": "a" * 40, "GITHUB_REF_NAME": "main"}
    flags = ("--keep", "--history", job.store)
    first = job.call("publish", job.results("r0", range(24)), *flags, **pushed)
    assert first.returncode == 0, first.stderr
    assert "kept as runs/main-" in first.stdout
    assert "no run of main is known to compare with" in (job.path / "summary.md").read_text()
    second = job.call("publish", job.results("r1", range(10)), *flags, **pushed)
    assert second.returncode == 0, second.stderr
    assert "Worse than main" in (job.path / "summary.md").read_text()
    assert [run["id"] for run in job.shown()] == ["r0", "r1"]
    assert {run["commit"] for run in job.shown()} == {"a" * 40}


def test_a_history_is_a_container_beside_the_runs(job: Job) -> None:
    assert job.keep("r0", range(24), 1.7e9).returncode == 0
    kept = job.blobs.opened(DEFAULT_NAME)
    (path,) = [entry.path for entry in kept.list("")]
    assert path.startswith("runs/main-")
    assert job.blobs.stand.store.list("runs/") == []


def test_a_history_that_is_not_there_is_named(job: Job) -> None:
    done = job.call("history", "show", "--store", job.store, "--history-name", "nothing-kept")
    assert done.returncode == 4, done.stderr
    assert "nothing-kept" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_identity_that_is_refused_is_told_so_and_shows_nothing(job: Job) -> None:
    results = job.results("r0", range(24))
    refused = {"ACTIONS_ID_TOKEN_REQUEST_TOKEN": "another-jobs-token"}
    done = job.call("history", "add", results, "--store", job.store, **refused)
    assert done.returncode == 4, done.stderr
    assert "Traceback" not in done.stderr
    assert "another-jobs-token" not in done.stdout + done.stderr
