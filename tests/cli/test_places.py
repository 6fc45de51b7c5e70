"""A path lands where it was named, whatever is in it; what names no place is refused."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from orchestrator.errors import BadInputError
from orchestrator.store import (
    StoreCredentials,
    check_store_url,
    directory_of,
    file_url,
    open_store,
)
from tests.e2e.command import RunDirectory, call, quick

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.in_process import Commands

ODD = ["a space", "a#b", "100%", "%41", "what?", "ü", "a&b=c", "a;b", "az:", "[x]", "~"]


@pytest.mark.parametrize("name", ODD)
def test_a_directory_and_its_url_are_one_place(tmp_path: Path, name: str) -> None:
    directory = tmp_path / name
    assert directory_of(file_url(directory)) == directory
    for named in (str(directory), file_url(directory)):
        store = open_store(named, "run", StoreCredentials(), timeout_s=9, create=True)
        assert store.create(f"x/{len(named)}.json", b"1")
    assert len(list((directory / "run" / "x").iterdir())) == 2
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(
    "url",
    [
        *(
            "az:/account",
            "az:account",
            "s3:/bucket",
            "gs://bucket",
            "s3://",
            "file:/tmp/x",
            "http:/x",
        ),
        *("file:///a#b", "file:///a?b", "file://host/a", "file:///", "azure://x", "az://", "az:"),
        *("https://x.blob.core.windows.net", "C:\\runs"),
    ],
)
def test_what_names_no_place_is_refused(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slash that is missing must not make a directory called ``az:``."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInputError, match="--store"):
        check_store_url(url)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("out", ["az:/x", "s3:/x", "az://account", "file:///tmp/x"])
def test_a_url_is_no_directory_to_write_to(
    out: str, tmp_path: Path, commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for arguments in (("run", "--out", out), ("report", "x", "--out", out, "--artifacts", out)):
        done = commands(*arguments)
        assert done.returncode == 2
        assert f"--out: '{out}' looks like a URL" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_run_directory_of_any_name_runs_moves_and_reports(
    tmp_path: Path, commands: Commands
) -> None:
    run = RunDirectory(tmp_path / "ü 100% #1?")
    assert call(*quick(run.path, tasks=2, workers=1)).returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == [run.path.name]
    assert (run.ledger / "plan.json").is_file()
    moved = tmp_path / "moved %23 here"
    shutil.move(run.path, moved)
    for arguments in (
        ("report", str(moved), "--out", str(tmp_path / "a report")),
        ("report", "--store", str(moved / "ledger"), "--run", "run", "--out", str(moved)),
        ("report", "--artifacts", str(moved / "workers"), "--out", str(tmp_path / "b?#")),
        ("status", str(moved), "--json"),
        ("compare", file_url(moved / "ledger" / "run"), "--baseline", "navi"),
    ):
        done = commands(*arguments)
        assert done.returncode == 0, f"{arguments}: {done.stderr}"
    twice = commands("compare", str(moved), file_url(moved / "ledger" / "run"))
    assert twice.returncode == 2
    assert "is the same run as" in twice.stderr
    assert (tmp_path / "b?#" / "report.html").is_file()
    assert list((tmp_path / "a report" / "evidence").rglob("traj.jsonl"))


def test_evidence_of_several_tasks_lies_apart(tmp_path: Path, commands: Commands) -> None:
    run = RunDirectory(tmp_path / "out")
    assert call(*quick(run.path, tasks=2, workers=1)).returncode == 0
    tasks = [str(planned.task) for planned in run.plan.tasks]
    for task in tasks:
        done = commands("evidence", "get", task, "--from", str(run.path), "--to", str(tmp_path))
        assert done.returncode == 0, done.stderr
    for task in tasks:
        assert list((tmp_path / task / "0").glob("1-*/traj.jsonl"))
