"""A job that publishes a report, on a GitHub that remembers."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.in_process import Commands
from tests.e2e.command import call
from tests.fakes.github import FakeGitHub, zipped
from tests.report.run_documents import document, tasks_of

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator, Mapping
    from pathlib import Path

HEAD = "b" * 40
EVENT: dict[str, Any] = {
    "pull_request": {"number": 3, "head": {"sha": HEAD}},
    "repository": {"default_branch": "main"},
}


@dataclass
class Workflow:
    """A job of a pull request's workflow run, with a report and a history."""

    fake: FakeGitHub
    path: Path

    def report(self, wins: range, name: str = "500", **changes: Any) -> None:
        result = document(tasks_of(wins, **changes), name)
        self.path.joinpath("report").mkdir(exist_ok=True)
        self.path.joinpath("report", "results.json").write_text(json.dumps(result))

    def earlier(self, wins: range, name: str) -> None:
        path = self.path / f"{name}.json"
        path.write_text(json.dumps(document(tasks_of(wins), name)))
        assert call("history", "add", str(path), "--store", self.store).returncode == 0

    def measured(
        self,
        run_id: int,
        wins: range = range(24),
        *,
        results: bytes | None = None,
        expired: bool = False,
        more: Mapping[str, bytes] | None = None,
        workflow: str = "baseline.yml",
        event: str = "push",
        fingerprint: Mapping[str, str] | None = None,
        **of: Any,
    ) -> None:
        """Let a run on GitHub have ended, with a report as its artifact; ``of`` says of what.

        ``more`` are further files of the artifact.
        """
        fake = self.fake
        fake.add_run(run_id, workflow=workflow, event=event, **of)
        fake.finish_job(fake.add_job(run_id, "report", ["ubuntu-latest"], hosted=True).id)
        result = document(tasks_of(wins), f"waa-{run_id}", fingerprint=fingerprint)
        data = json.dumps(result).encode() if results is None else results
        entry = fake.add_artifact(
            run_id, "report-1", zipped({**(more or {}), "results.json": data})
        )
        if expired:
            fake.world.artifacts[entry.id] = replace(entry, expired=True)

    @property
    def store(self) -> str:
        return (self.path / "kept").as_uri()

    @property
    def summary(self) -> str:
        return (self.path / "summary.md").read_text()

    def publish(self, *flags: str, **environment: str) -> subprocess.CompletedProcess[str]:
        result = self.environment(EVENT)
        return call("publish", str(self.path / "report"), *flags, **{**result, **environment})

    def environment(self, event: Any) -> dict[str, str]:
        """Return what a job of a pull request's run is given, with this event's payload."""
        (self.path / "event.json").write_text(json.dumps(event))
        return {
            "GITHUB_ACTIONS": "true",
            "GITHUB_TOKEN": self.fake.tokens.job(),
            "GITHUB_API_URL": self.fake.url,
            "GITHUB_REPOSITORY": self.fake.repository,
            "GITHUB_SERVER_URL": "https://github.test",
            "GITHUB_RUN_ID": "500",
            "GITHUB_SHA": "a" * 40,
            "GITHUB_BASE_REF": "main",
            "GITHUB_REF": "refs/pull/3/merge",
            "GITHUB_REF_NAME": "3/merge",
            "GITHUB_HEAD_REF": "topic",
            "GITHUB_WORKFLOW_REF": "acme/bench/.github/workflows/smoke.yml@refs/pull/3/merge",
            "GITHUB_EVENT_PATH": str(self.path / "event.json"),
            "GITHUB_STEP_SUMMARY": str(self.path / "summary.md"),
        }

    @property
    def comment(self) -> str:
        (entry,) = self.fake.world.comments.values()
        return entry.body

    @property
    def check(self) -> Any:
        (entry,) = self.fake.world.checks.values()
        return entry


@pytest.fixture
def commands(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Commands:
    """Commands in a bare environment."""
    for name in ("GITHUB_RUN_ID", "GITHUB_REPOSITORY", "GITHUB_TOKEN", "AZURE_SUBSCRIPTION_ID"):
        monkeypatch.delenv(name, raising=False)
    return Commands(capsys, monkeypatch)


@pytest.fixture
def workflow(tmp_path: Path) -> Iterator[Workflow]:
    with FakeGitHub() as fake:
        fake.add_run(500)
        yield Workflow(fake, tmp_path)
