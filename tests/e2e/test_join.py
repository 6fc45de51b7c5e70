"""``waa-matrix join``: a second machine on the same run, by real processes over one store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orchestrator.ledger.causes import Status
from orchestrator.ledger.reader import LedgerReader
from orchestrator.store import StoreCredentials, open_store
from tests.e2e.command import call, output_of, quick, start, until

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.store import Store

NAME = "run-1"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    store = tmp_path / "store"
    store.mkdir()
    return store


def opened(root: Path) -> Store:
    return open_store(root.as_uri(), NAME, StoreCredentials(), timeout_s=5.0)


def there(root: Path) -> tuple[str, ...]:
    return ("--store", root.as_uri(), "--run", NAME)


def test_a_second_machine_works_on_the_same_run_in_its_session(root: Path, tmp_path: Path) -> None:
    first = start(*quick(tmp_path / "first", *there(root), "--speed", "300", tasks=12, workers=1))
    until((root / NAME / "outcomes").is_dir, "the run to have an outcome")
    joined = call("join", *there(root), "--out", str(tmp_path / "second"), "--workers", "2")
    assert joined.returncode == 0, joined.stdout + joined.stderr
    assert "12 of 12 tasks are scored" in joined.stdout
    assert first.wait(120) == 0, output_of(first)
    output_of(first)

    folded = LedgerReader(opened(root)).fold()
    assert folded.count(Status.SCORED) == 12
    assert [len(result.attempts) for result in folded.results] == [1] * 12
    assert len(folded.sessions) == 1
    by = {result.attempts[0].worker for result in folded.results}
    second = {path.name for path in (tmp_path / "second" / "workers").iterdir()}
    assert len(second) == 2
    assert by & second
    assert by - second
    assert (tmp_path / "first" / "report.html").is_file()


def attempts_in(root: Path) -> list[int]:
    return [len(result.attempts) for result in LedgerReader(opened(root)).fold().results]


def test_joining_gives_no_task_a_fresh_budget(root: Path, tmp_path: Path) -> None:
    more = ("--faults", '[{"kind": "evaluate-error"}]')
    tried = call(*quick(tmp_path / "first", *there(root), *more, tasks=3, workers=1))
    assert tried.returncode == 1, tried.stdout + tried.stderr
    before = attempts_in(root)
    assert min(before) > 1
    joined = call("join", *there(root), "--out", str(tmp_path / "second"), "--workers", "1")
    assert joined.returncode == 1, joined.stdout + joined.stderr
    assert attempts_in(root) == before


def test_a_complete_run_is_joined_by_doing_nothing(root: Path, tmp_path: Path) -> None:
    assert call(*quick(tmp_path / "first", *there(root), tasks=2, workers=1)).returncode == 0
    joined = call("join", *there(root), "--out", str(tmp_path / "second"))
    assert joined.returncode == 0
    assert "is complete: there is nothing to run" in joined.stdout
    assert not (tmp_path / "second").exists()


def test_everything_that_is_wrong_is_said_before_a_worker_starts(
    root: Path, tmp_path: Path
) -> None:
    bare = call("join")
    assert bare.returncode == 2
    assert "--store: is missing" in bare.stderr
    assert "--run: is missing" in bare.stderr

    unknown = call("join", *there(root))
    assert unknown.returncode == 2
    assert "holds no run" in unknown.stderr

    client = tmp_path / "client"
    client.mkdir()
    (client / "run.py").touch()
    faults = '[{"kind": "never-ready"}]'
    more = ("--faults", faults, "--arena-start-deadline", "1")
    call(*quick(tmp_path / "first", *there(root), *more, tasks=2, workers=1))
    wrong = call(
        *("join", *there(root), "--out", str(tmp_path / "second")),
        *("--workers", "0", "--evidence", "al", "--client", str(client)),
    )
    assert wrong.returncode == 2
    for text in ("--workers: is 0", "--evidence: 'al' is not", "is not the run's client"):
        assert text in wrong.stderr
    assert not (tmp_path / "second" / "workers").exists()
