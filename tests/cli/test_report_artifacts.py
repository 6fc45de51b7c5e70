"""``report --artifacts``: every layout of unpacked artifacts, and nothing left out unsaid.

``actions/download-artifact`` from v5 on unpacks the only artifact that matches straight into
``path``, and several into directories of their own (actions/download-artifact#416, #419).
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from orchestrator.cli import invoke
from tests.e2e.command import RunDirectory, call, quick

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RUN = "waa-123"


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    """A complete run of six tasks, by one worker."""
    run = RunDirectory(tmp_path_factory.mktemp("original") / "out")
    assert call(*quick(run.path, tasks=6, workers=1)).returncode == 0
    return run


@pytest.fixture
def shared(original: RunDirectory, tmp_path: Path) -> Path:
    """The run's ledger in a store, which lacks one outcome."""
    ledger = tmp_path / "store" / RUN
    shutil.copytree(original.ledger, ledger)
    min((ledger / "outcomes").rglob("*.json")).unlink()
    return ledger


def single(own: Path, target: Path) -> None:
    """One artifact: its content lies straight in the directory."""
    shutil.copytree(own, target / RUN)


def several(own: Path, target: Path) -> None:
    """Two artifacts, each in a directory of its own; the first holds the plan alone."""
    (target / "ledger-1-0" / RUN).mkdir(parents=True)
    shutil.copy(own / "plan.json", target / "ledger-1-0" / RUN)
    shutil.copytree(own, target / "ledger-1-1" / RUN)


def mixed(own: Path, target: Path) -> None:
    """A later download of several beside an earlier one of a single artifact."""
    (target / RUN).mkdir(parents=True)
    shutil.copy(own / "plan.json", target / RUN)
    shutil.copytree(own, target / "ledger-2-0" / RUN)


def itself(own: Path, target: Path) -> None:
    """The directory is a ledger: a run's own was uploaded, without the directory above."""
    shutil.copytree(own, target)


def each_itself(own: Path, target: Path) -> None:
    """Several such artifacts."""
    shutil.copytree(own, target / "ledger-1-0")


def deeper(own: Path, target: Path) -> None:
    """Whole workers' directories."""
    shutil.copytree(own, target / "w0" / "ledger" / RUN)


LAYOUTS = [single, several, mixed, itself, each_itself, deeper]


@dataclass(frozen=True, slots=True)
class Done:
    """What a command said, and its exit code."""

    returncode: int
    stdout: str
    stderr: str


@dataclass(frozen=True, slots=True)
class Report:
    """The command within this process: the same, without the start of a Python each time."""

    path: Path
    said: pytest.CaptureFixture[str]

    def __call__(self, *flags: str) -> Done:
        code = invoke(["report", *flags, "--screenshots", "none", "--out", str(self.path)])
        out, err = self.said.readouterr()
        return Done(code, out, err)


@pytest.fixture
def report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Report:
    return Report(tmp_path / "report", capsys)


def from_store(tmp_path: Path) -> tuple[str, ...]:
    return ("--store", str(tmp_path / "store"), "--run", RUN)


def outcomes(directory: Path) -> object:
    result = json.loads((directory / "results.json").read_text())
    return result["tasks"], result["counts"]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_is_folded_in_beside_the_store(
    report: Report,
    original: RunDirectory,
    shared: Path,
    tmp_path: Path,
    layout: Callable[[Path, Path], None],
) -> None:
    assert shared.is_dir()
    layout(original.ledger, tmp_path / "artifacts")
    done = report(*from_store(tmp_path), "--artifacts", str(tmp_path / "artifacts"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warning" not in done.stderr
    assert outcomes(tmp_path / "report") == outcomes(original.path)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_is_a_run_without_a_store(
    report: Report, original: RunDirectory, tmp_path: Path, layout: Callable[[Path, Path], None]
) -> None:
    layout(original.ledger, tmp_path / "artifacts")
    done = report("--run", RUN, "--artifacts", str(tmp_path / "artifacts"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert outcomes(tmp_path / "report") == outcomes(original.path)


def test_without_a_name_the_only_run_in_the_artifacts_is_taken(
    report: Report, original: RunDirectory, tmp_path: Path
) -> None:
    several(original.ledger, tmp_path / "artifacts")
    done = report("--artifacts", str(tmp_path / "artifacts"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads((tmp_path / "report" / "results.json").read_text())["run"]["id"] == RUN


def test_without_a_name_two_runs_in_the_artifacts_are_refused(
    report: Report, original: RunDirectory, tmp_path: Path
) -> None:
    for name in (RUN, "waa-124"):
        shutil.copytree(original.ledger, tmp_path / "artifacts" / f"ledger-{name}" / name)
    done = report("--artifacts", str(tmp_path / "artifacts"))
    assert done.returncode == 2
    assert f"{RUN}, waa-124" in done.stderr


def nothing(target: Path) -> None:
    """The download matched no artifact, and made no directory."""


def empty(target: Path) -> None:
    target.mkdir()


def packed(target: Path) -> None:
    """Downloaded in a browser."""
    target.mkdir()
    (target / "ledger-1-0.zip").write_bytes(b"PK")


def damaged(target: Path) -> None:
    (target / RUN).mkdir(parents=True)
    (target / RUN / "plan.json").write_text("{")


UNUSABLE = [
    (nothing, "there is no such directory"),
    (empty, "holds no ledger"),
    (packed, "ledger-1-0.zip"),
    (damaged, "plan.json"),
]


@pytest.mark.parametrize(("layout", "said"), UNUSABLE)
def test_artifacts_without_a_ledger_are_a_warning_beside_a_store(
    report: Report, shared: Path, tmp_path: Path, layout: Callable[[Path], None], said: str
) -> None:
    assert shared.is_dir()
    layout(tmp_path / "artifacts")
    done = report(*from_store(tmp_path), "--artifacts", str(tmp_path / "artifacts"))
    assert done.returncode == 1, done.stdout + done.stderr  # the outcome that the store lacks
    assert (tmp_path / "report" / "report.html").is_file()
    (warning,) = [line for line in done.stderr.splitlines() if line.startswith("warning: ")]
    assert "--artifacts" in warning
    assert said in warning


@pytest.mark.parametrize(("layout", "said"), UNUSABLE)
def test_artifacts_without_a_ledger_are_refused_where_nothing_else_is_named(
    report: Report, tmp_path: Path, layout: Callable[[Path], None], said: str
) -> None:
    layout(tmp_path / "artifacts")
    done = report("--run", RUN, "--artifacts", str(tmp_path / "artifacts"))
    assert done.returncode == 2
    assert "--artifacts" in done.stderr
    assert said in done.stderr
    assert not (tmp_path / "report").exists()


def test_another_runs_ledger_is_not_folded_in_and_is_named(
    report: Report, original: RunDirectory, shared: Path, tmp_path: Path
) -> None:
    """It has the same plan: only its name tells."""
    shutil.copytree(original.ledger, tmp_path / "artifacts" / "ledger-1-0" / "waa-999")
    done = report(*from_store(tmp_path), "--artifacts", str(tmp_path / "artifacts"))
    assert done.returncode == 1, f"{shared}: {done.stdout}{done.stderr}"
    assert "waa-999" in done.stderr


def test_a_ledger_of_another_plan_keeps_the_report_of_the_store(
    report: Report, shared: Path, tmp_path: Path
) -> None:
    """A shard's artifact is what its machine says: it cannot take the report away."""
    other = RunDirectory(tmp_path / "other")
    assert call(*quick(other.path, tasks=3, workers=1)).returncode == 0
    single(other.ledger, tmp_path / "artifacts")
    done = report(*from_store(tmp_path), "--artifacts", str(tmp_path / "artifacts"))
    assert done.returncode == 1, f"{shared}: {done.stdout}{done.stderr}"
    assert "is of another plan" in done.stderr


@pytest.mark.parametrize("emptied", ["gone", "without a plan"])
def test_the_artifacts_are_enough_when_the_store_has_lost_the_run(
    report: Report, original: RunDirectory, tmp_path: Path, emptied: str
) -> None:
    store = tmp_path / "store" / RUN
    (store if emptied == "without a plan" else store.parent).mkdir(parents=True)
    several(original.ledger, tmp_path / "artifacts")
    done = report(*from_store(tmp_path), "--artifacts", str(tmp_path / "artifacts"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warning: " in done.stderr
    assert "holds no run" in done.stderr
    assert outcomes(tmp_path / "report") == outcomes(original.path)


def test_what_evidence_calls_a_plan_is_no_ledger(
    report: Report, original: RunDirectory, shared: Path, tmp_path: Path
) -> None:
    """What an agent left may have any name, the run's own too."""
    several(original.ledger, tmp_path / "artifacts")
    planted = tmp_path / "artifacts" / "ledger-1-1" / RUN / "evidence" / "x" / RUN
    planted.mkdir(parents=True)
    (planted / "plan.json").write_text("{")
    done = report(*from_store(tmp_path), "--artifacts", str(tmp_path / "artifacts"))
    assert done.returncode == 0, f"{shared}: {done.stdout}{done.stderr}"
    assert "warning" not in done.stderr


def test_a_directory_with_a_space_is_read(
    report: Report, original: RunDirectory, tmp_path: Path
) -> None:
    single(original.ledger, tmp_path / "the shards' own")
    done = report("--artifacts", str(tmp_path / "the shards' own"))
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_run_directory_takes_artifacts_as_well(
    report: Report, original: RunDirectory, tmp_path: Path
) -> None:
    """Its run is called ``run``, whether or not ``--run`` says so."""
    shutil.copytree(original.path, tmp_path / "out")
    min((tmp_path / "out" / "ledger" / "run" / "outcomes").rglob("*.json")).unlink()
    shutil.copytree(original.ledger, tmp_path / "artifacts" / "run")
    done = report(str(tmp_path / "out"), "--artifacts", str(tmp_path / "artifacts"))
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_run_directory_is_not_passed_over_for_a_store(
    report: Report, original: RunDirectory, shared: Path, tmp_path: Path
) -> None:
    shutil.copytree(original.path / "ledger" / "run", tmp_path / "mine" / "ledger" / RUN)
    done = report(str(tmp_path / "mine"), *from_store(tmp_path))
    assert done.returncode == 0, f"{shared}: {done.stdout}{done.stderr}"


@pytest.mark.parametrize("beside", [("somewhere",), ("--artifacts", "somewhere")])
def test_a_tree_is_reported_alone(report: Report, tmp_path: Path, beside: tuple[str, ...]) -> None:
    (tmp_path / "tree").mkdir()
    done = report("--tree", str(tmp_path / "tree"), *beside)
    assert done.returncode == 2
    assert "--tree" in done.stderr
