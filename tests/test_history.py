"""Runs that are kept: by branch, in order, and whatever else lies there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orchestrator.errors import BadInputError
from orchestrator.history import History
from orchestrator.report.comparison import read_record
from orchestrator.report.comparison.trend import history_document, points_of, render_history, slope
from orchestrator.store import Store, StoreCredentials, open_store
from tests.report.run_documents import FINGERPRINT, document, tasks_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path) -> Store:
    url = tmp_path.as_uri()
    return open_store(url, "waa-history", StoreCredentials(), timeout_s=10.0, create=True)


def keep(store: Store, name: str, started: float, branch: str = "main", wins: int = 10) -> str:
    found = document(tasks_of(range(wins)), name, started=started)
    return History(store).keep(found, branch, "c" * 40)


def test_the_last_runs_of_a_branch_come_oldest_first(store: Store) -> None:
    for number in (3, 1, 2, 9):
        keep(store, f"r{number}", 1.7e9 + number)
    keep(store, "other", 1.8e9, branch="main-2")
    history = History(store)
    assert [one.document["run"]["id"] for one in history.last("main", 3)] == ["r2", "r3", "r9"]
    assert [one.document["run"]["id"] for one in history.last(count=2)] == ["r9", "other"]
    assert history.last("none") == []


def test_a_run_that_is_kept_again_replaces_itself(store: Store) -> None:
    keep(store, "r1", 1.7e9, wins=1)
    keep(store, "r1", 1.7e9, wins=30)
    (one,) = History(store).last("main")
    assert sum(task["score"] == 1.0 for task in one.document["tasks"]) == 30
    assert (one.branch, one.commit) == ("main", "c" * 40)


@pytest.mark.parametrize("name", ["../../etc", "a/b", "x" * 300, "é", "a\0b", "r1"])
def test_any_name_and_branch_make_a_path_below_the_runs(store: Store, name: str) -> None:
    path = keep(store, name, 1.7e9, branch=name)
    assert path.startswith("runs/")
    assert path.count("/") == 2
    assert ".." not in path.split("/")
    assert [one.branch for one in History(store).last(name)] == [name]


def test_names_that_look_alike_stay_apart(store: Store) -> None:
    assert len({keep(store, name, 1.7e9) for name in ("a/b", "a-b", "a b")}) == 3


def test_what_is_no_kept_run_is_passed_over(store: Store) -> None:
    path = keep(store, "r1", 1.7e9)
    folder = path.rpartition("/")[0]
    for number, data in enumerate(
        (b"", b"{}", b"[1]", b"\xff", b'{"schema": "waa-matrix/history/1"}')
    ):
        store.put(f"{folder}/99999999999{number}-x.json", data)
    assert [one.document["run"]["id"] for one in History(store).last("main")] == ["r1"]


def test_a_document_without_its_run_is_refused(store: Store) -> None:
    with pytest.raises(BadInputError, match="does not name its run"):
        History(store).keep({"run": {}}, "main")


def test_the_trend_shows_intervals_and_where_conditions_changed() -> None:
    records = [
        read_record(
            document(
                tasks_of(range(10 + 3 * number)),
                f"r{number}",
                started=1.7e9 + number,
                fingerprint={**FINGERPRINT, "model": "o3" if number > 3 else "gpt-4o"},
            ),
            "kept",
        )
        for number in range(6)
    ]
    points = points_of([(record, "main", "") for record in records])
    text = render_history(points)
    assert "10/40" not in text
    assert text.splitlines()[5].endswith("changed: model")
    assert "Trend +7.5 points a run (95%: +7.5 to +7.5)." in text
    found = history_document(points)
    assert [one["successes"] for one in found["runs"]] == [10, 13, 16, 19, 22, 25]
    assert all(one["low"] < one["rate"] < one["high"] for one in found["runs"])
    assert slope(points[:3]) is None
    assert render_history([]) == "No run is kept here.\n"
