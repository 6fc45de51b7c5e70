"""Runs that are kept: by branch, in order, and whatever else lies there."""

from __future__ import annotations

from itertools import combinations, permutations
from statistics import median
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator import stats
from orchestrator.comparison import read_record
from orchestrator.comparison.history import History
from orchestrator.errors import BadInputError
from orchestrator.report.formats.trend import history_document, points_of, render_history, slope
from orchestrator.store import Store, StoreCredentials, open_store
from tests.report.run_documents import FINGERPRINT, document, tasks_of

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.comparison import RunRecord


@pytest.fixture
def store(tmp_path: Path) -> Store:
    url = tmp_path.as_uri()
    return open_store(url, "waa-history", StoreCredentials(), timeout_s=10.0, create=True)


def keep(store: Store, name: str, started: float, branch: str = "main", wins: int = 10) -> str:
    result = document(tasks_of(range(wins)), name, started=started)
    return History(store).keep(result, branch, "c" * 40)


def test_the_last_runs_of_a_branch_come_oldest_first(store: Store) -> None:
    for number in (3, 1, 2, 9):
        keep(store, f"r{number}", 1.7e9 + number)
    keep(store, "other", 1.8e9, branch="main-2")
    history = History(store)
    assert [kept_run.document["run"]["id"] for kept_run in history.last("main", 3)] == [
        "r2",
        "r3",
        "r9",
    ]
    assert [kept_run.document["run"]["id"] for kept_run in history.last(count=2)] == ["r9", "other"]
    assert history.last("none") == []


def test_a_run_that_is_kept_again_replaces_itself(store: Store) -> None:
    keep(store, "r1", 1.7e9, wins=1)
    keep(store, "r1", 1.7e9, wins=30)
    (kept_run,) = History(store).last("main")
    assert sum(task["score"] == 1.0 for task in kept_run.document["tasks"]) == 30
    assert (kept_run.branch, kept_run.commit) == ("main", "c" * 40)


@pytest.mark.parametrize("name", ["../../etc", "a/b", "x" * 300, "é", "a\0b", "r1"])
def test_any_name_and_branch_make_a_path_below_the_runs(store: Store, name: str) -> None:
    path = keep(store, name, 1.7e9, branch=name)
    assert path.startswith("runs/")
    assert path.count("/") == 2
    assert ".." not in path.split("/")
    assert [kept_run.branch for kept_run in History(store).last(name)] == [name]


def test_names_that_look_alike_stay_apart(store: Store) -> None:
    assert len({keep(store, name, 1.7e9) for name in ("a/b", "a-b", "a b")}) == 3


def test_what_is_no_kept_run_is_passed_over(store: Store) -> None:
    path = keep(store, "r1", 1.7e9)
    folder = path.rpartition("/")[0]
    for number, data in enumerate(
        (b"", b"{}", b"[1]", b"\xff", b'{"schema": "waa-matrix/history/1"}')
    ):
        store.put(f"{folder}/99999999999{number}-x.json", data)
    assert [kept_run.document["run"]["id"] for kept_run in History(store).last("main")] == ["r1"]


def test_a_document_without_its_run_is_refused(store: Store) -> None:
    with pytest.raises(BadInputError, match="does not name its run"):
        History(store).keep({"run": {}}, "main")


WINS = (39, 13, 18, 20, 22, 26)
"""A first run of another model, which no line through the others may bend to."""


def run_of(name: int, tasks: list[dict[str, Any]], **fingerprint: str) -> RunRecord:
    result = document(
        tasks, f"r{name}", started=1.7e9 + name, fingerprint={**FINGERPRINT, **fingerprint}
    )
    return read_record(result, "kept")


def test_a_trend_is_of_like_runs_on_common_tasks_and_of_five_at_least() -> None:
    """The slope is the median of all pairs', of the rates on the tasks that all have scored."""
    wins, missing = (10, 11, 13, 16, 20), ((), (0, 1), (39,), (), (5,))
    like = [
        run_of(2 * n, tasks_of(range(won), missing=gone))
        for n, (won, gone) in enumerate(zip(wins, missing, strict=True))
    ]
    others = [
        run_of(1, tasks_of(range(40)), model="o3"),
        run_of(3, tasks_of(range(9), total=12)),  # a sample
        run_of(5, tasks_of(range(40), missing=range(5, 40))),  # mostly lost
    ]
    records = sorted([*like, *others], key=lambda run: run.started or 0.0)
    points = points_of([(record, "main", "") for record in records])
    common = set(range(40)) - {0, 1, 39, 5}
    rates = [sum(task < won for task in common) / len(common) for won in wins]
    slopes = [(rates[b] - rates[a]) / (b - a) for a, b in combinations(range(5), 2)]
    result = slope(points)
    assert result is not None
    assert result.slope == pytest.approx(median(slopes))
    text = render_history(points)
    assert "over 5 runs like the newest on their 36 common tasks" in text
    assert "Left out: 1 made otherwise, 1 mostly without scores, 1 of other tasks." in text
    trend = history_document(points)["trend"]
    assert (trend["runs"], trend["tasks"]) == (5, 36)
    assert slope(points_of([(record, "main", "") for record in like[1:]])) is None


def test_runs_in_any_order_are_seldom_a_trend() -> None:
    """Of all orders of five like runs: how often a line would be seen, by enumeration."""
    results = [stats.trend([float(value) for value in order]) for order in permutations(range(5))]
    seen = sum(trend is not None and (trend.low > 0 or trend.high < 0) for trend in results)
    assert 0 < seen / len(results) <= 0.05
    assert all(
        stats.trend([float(value) for value in order]) is None for order in permutations(range(4))
    )


def test_the_trend_shows_intervals_and_where_conditions_changed() -> None:
    records = [
        read_record(
            document(
                tasks_of(range(WINS[number])),
                f"r{number}",
                started=1.7e9 + number,
                fingerprint={**FINGERPRINT, "model": "o3" if number else "gpt-4o"},
            ),
            "kept",
        )
        for number in range(6)
    ]
    points = points_of([(record, "main", "") for record in records])
    text = render_history(points)
    assert "10/40" not in text
    assert text.splitlines()[2].endswith("changed: model")
    assert (
        "Trend +7.5 points a run (95%: +5.0 to +12.5), over 5 runs like the newest on their "
        "40 common tasks. Left out: 1 made otherwise.\n"
    ) in text
    result = history_document(points)
    assert [entry["successes"] for entry in result["runs"]] == list(WINS)
    assert all(entry["low"] < entry["rate"] < entry["high"] for entry in result["runs"])
    assert slope(points[:3]) is None
    assert render_history([]) == "No run is kept here.\n"
