"""Which artifacts of a run on GitHub, or in a directory of downloads, tell what came out."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NoReturn

import pytest

from orchestrator.cli.inputs.artifact_names import newest_first
from orchestrator.cli.inputs.runs import RunFinder
from orchestrator.errors import BadInputError, MatrixError
from orchestrator.github import open_github
from tests.e2e.command import RunDirectory, call, quick
from tests.fakes.github import FakeGitHub, zipped
from tests.report.run_documents import document, tasks_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from orchestrator.cli.inputs.runs import LoadedResults

PLANTED = {"evidence/os/t1/0/1-w0/results.json": b'{"run": {"id": "planted"}}'}


def at(result: LoadedResults, part: str, name: str) -> object:
    """Return one value of a results.json."""
    inner = result.content[part]
    assert isinstance(inner, dict)
    return inner[name]


@dataclass
class GitHubRun:
    """A run on a GitHub that remembers, and what reads it."""

    fake: FakeGitHub
    finder: RunFinder
    run: int = 500

    def keep(self, name: str, said: str, *, complete: bool = True) -> None:
        """Upload an artifact with a report in it that calls its run so."""
        self.upload(name, {"results.json": report(said, complete=complete)})

    def upload(self, name: str, files: Mapping[str, bytes]) -> None:
        self.fake.add_artifact(self.run, name, zipped(files))

    def expire(self, name: str) -> None:
        for entry in list(self.fake.world.artifacts.values()):
            if entry.name == name:
                self.fake.world.artifacts[entry.id] = replace(entry, expired=True)

    def reported(self) -> str:
        """Return what the run's report calls it, as a comparison and a baseline find it."""
        loaded = self.finder.reported(self.run)
        assert loaded is not None
        assert self.finder.find(str(self.run)).document == loaded.document
        return str(at(loaded, "run", "id"))


def report(said: str, *, complete: bool = True) -> bytes:
    return json.dumps(document(tasks_of(range(3), 4), said, complete=complete)).encode()


@pytest.fixture
def github_run() -> Iterator[GitHubRun]:
    with FakeGitHub() as fake:
        fake.add_run(500)
        with open_github(fake.connection(), clock=fake.clock) as adapter:
            yield GitHubRun(fake, RunFinder(lambda: adapter))


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = RunDirectory(tmp_path_factory.mktemp("original") / "out")
    assert call(*quick(run.path, tasks=3, workers=1)).returncode == 0
    return run.ledger


def test_the_results_are_preferred_to_the_proved_report_and_that_to_the_first() -> None:
    names = ["report-1", "ledger-1-0", "report-proved-1", "events-provision-1", "results-1"]
    assert newest_first(names, str, lambda _: 0.0) == [["results-1", "report-proved-1", "report-1"]]


def test_attempts_are_numbers_and_names_of_others_come_last() -> None:
    names = ["report", "report-9", "results-10", "report-proved-2", "reporter", "results.json"]
    attempts = newest_first(names, str, lambda _: 0.0)
    assert [attempt[0] for attempt in attempts[:3]] == ["results-10", "report-9", "report-proved-2"]
    assert set(attempts[3]) == {"report", "results.json"}


@pytest.mark.parametrize("name", ["report-1", "report-proved-1", "results-1", "report"])
def test_a_report_by_any_of_its_names_is_read(github_run: GitHubRun, name: str) -> None:
    github_run.keep(name, "waa-500")
    assert github_run.reported() == "waa-500"


def test_the_newest_attempt_is_the_highest_number(github_run: GitHubRun) -> None:
    """Names are compared as numbers, and whichever was uploaded last counts for nothing."""
    github_run.keep("results-10", "tenth")
    github_run.fake.clock.sleep(60)
    github_run.keep("results-9", "ninth")
    assert github_run.reported() == "tenth"


def test_an_attempt_that_was_cancelled_early_does_not_hide_a_complete_one(
    github_run: GitHubRun,
) -> None:
    github_run.keep("results-1", "first")
    github_run.keep("report-2", "second", complete=False)
    assert github_run.reported() == "first"


def test_of_incomplete_attempts_the_newest_counts(github_run: GitHubRun) -> None:
    github_run.keep("results-1", "first", complete=False)
    github_run.keep("report-2", "second", complete=False)
    assert github_run.reported() == "second"


def test_what_is_damaged_or_expired_is_passed_over(github_run: GitHubRun) -> None:
    github_run.fake.add_artifact(500, "results-2", b"no zip")
    github_run.keep("report-proved-2", "never read")
    github_run.expire("report-proved-2")
    github_run.keep("report-2", "the first report")
    assert github_run.reported() == "the first report"


def test_only_expired_reports_are_none(github_run: GitHubRun) -> None:
    github_run.keep("results-1", "waa-500")
    github_run.expire("results-1")
    assert github_run.finder.reported(500) is None
    with pytest.raises(BadInputError, match="no artifact that is still kept"):
        github_run.finder.find("500")


def test_only_damaged_reports_are_an_error(github_run: GitHubRun) -> None:
    github_run.fake.add_artifact(500, "results-1", b"no zip")
    with pytest.raises(MatrixError, match="damaged"):
        github_run.finder.reported(500)


def test_what_evidence_calls_results_is_no_report(github_run: GitHubRun) -> None:
    github_run.upload("report-2", PLANTED)
    github_run.upload("ledger-2-0", {f"waa-500/{name}": data for name, data in PLANTED.items()})
    github_run.keep("results-1", "waa-500")
    assert github_run.reported() == "waa-500"


@pytest.mark.parametrize("above", ["", "waa-500/"])
def test_without_a_report_the_ledgers_are_folded(
    github_run: GitHubRun, ledger: Path, above: str
) -> None:
    """An artifact holds the run's directory, or what is in it."""
    files = {
        above + path.relative_to(ledger).as_posix(): path.read_bytes()
        for path in ledger.rglob("*.json")
    }
    planted = {f"{above}{name}": data for name, data in PLANTED.items()}
    github_run.upload("ledger-1-0", files | planted)
    github_run.upload("ledger-1-1", {"waa-500/plan.json": files[f"{above}plan.json"]})
    loaded = github_run.finder.find("500")
    assert at(loaded, "counts", "scored") == 3


def unpacked(directory: Path, **names: str) -> Path:
    for name, said in names.items():
        (directory / name.replace("_", "-")).mkdir(parents=True)
        (directory / name.replace("_", "-") / "results.json").write_bytes(report(said))
    return directory


def test_a_directory_of_downloads_is_its_newest_report(tmp_path: Path) -> None:
    root = unpacked(tmp_path / "all", report_1="old", results_9="ninth", results_10="tenth")
    assert at(RunFinder(no_github).find(str(root)), "run", "id") == "tenth"


@pytest.mark.parametrize("layout", ["waa-500", "ledger-1-0/waa-500", "ledger-1-0"])
def test_a_directory_of_downloads_without_a_report_is_its_ledgers(
    ledger: Path, tmp_path: Path, layout: str
) -> None:
    shutil.copytree(ledger, tmp_path / "some downloads" / layout)
    loaded = RunFinder(no_github).find(str(tmp_path / "some downloads"))
    assert at(loaded, "counts", "scored") == 3


def test_a_directory_with_nothing_in_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="holds neither"):
        RunFinder(no_github).find(str(tmp_path))


def no_github() -> NoReturn:
    raise AssertionError("GitHub is asked")
