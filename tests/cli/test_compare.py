"""``compare`` and ``history`` as a user calls them: every kind of input, hostile ones too."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.command import RunDirectory, call, quick
from tests.fakes.github import FakeGitHub, zipped
from tests.report.run_documents import document, task, tasks_of

if TYPE_CHECKING:
    from pathlib import Path


def written(path: Path, wins: range, name: str, **changes: Any) -> str:
    path.write_text(json.dumps(document(tasks_of(wins), name, **changes)))
    return str(path)


@pytest.fixture
def base(tmp_path: Path) -> str:
    return written(tmp_path / "base.json", range(24), "base")


@pytest.fixture
def lower(tmp_path: Path) -> str:
    return written(tmp_path / "lower.json", range(10), "lower")


def test_a_worse_run_is_told_and_fails_where_that_is_asked(
    base: str, lower: str, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    done = call("compare", base, lower, "--fail-if", "worse", "--out", str(out))
    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith("lower against base: Worse: 0 gained, 14 lost of 40 tasks")
    result = json.loads((out / "comparison.json").read_text())
    assert result["candidates"][0]["verdict"]["value"] == "worse"
    assert (out / "comparison.md").read_text().startswith("## 🔴 Worse")
    assert "lower" in (out / "comparison.html").read_text()
    printed = call("compare", lower, base, "--fail-if", "worse", "--json")
    assert printed.returncode == 0
    assert json.loads(printed.stdout)["candidates"][0]["verdict"]["value"] == "better"


def test_a_run_directory_its_results_and_its_ledger_are_one_run(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path / "run")
    assert call(*quick(run.path, tasks=6)).returncode == 0
    results = run.path / "results.json"
    places = [str(results), str(run.path), run.ledger.as_uri()]
    texts = [call("compare", place, "--baseline", "navi", "--json").stdout for place in places]
    sides = [json.loads(text)["baseline"] for text in texts]
    assert len({(side["scored"], side["successes"], side["mean"]) for side in sides}) == 1
    twice = call("compare", *places)
    assert twice.returncode == 2
    assert twice.stderr.count("is the same run as") == 2
    results.unlink()
    folded = call("compare", str(run.path), run.ledger.as_uri())
    assert folded.returncode == 2
    assert "is the same run as" in folded.stderr


def test_a_github_run_is_its_report_or_its_ledgers(base: str, tmp_path: Path) -> None:
    run = RunDirectory(tmp_path / "run")
    assert call(*quick(run.path, tasks=6)).returncode == 0
    ledger = {
        file.relative_to(run.ledger.parent).as_posix(): file.read_bytes()
        for file in run.ledger.rglob("*.json")
    }
    report = json.dumps(document(tasks_of(range(10)), "500")).encode()
    with FakeGitHub() as fake:
        for number in (500, 501, 502, 503):
            fake.add_run(number)
        fake.add_artifact(500, "ledger-1-0", zipped({"plan.json": b"{}"}))
        fake.add_artifact(500, "report-1", zipped({"results.json": report, "junit.xml": b""}))
        bare = fake.add_artifact(503, "results-1", zipped({"results.json": report}))
        large = fake.add_artifact(503, "report-1", b"not looked at: large with its screenshots")
        fake.add_artifact(501, "ledger-1-0", zipped(ledger))
        access = {
            "GITHUB_TOKEN": fake.tokens.job(),
            "GITHUB_API_URL": fake.url,
            "GITHUB_REPOSITORY": fake.repository,
        }
        process = call("compare", base, "500", **access)
        folded = call("compare", "501", "--baseline", "navi", "--json", **access)
        nothing = call("compare", base, "502", **access)
        by_itself = call("compare", base, "503", **access)
        fetched = {
            request.path.split("/")[-2] for request in fake.seen if request.path.endswith("/zip")
        }
    assert process.returncode == 0, process.stderr
    assert process.stdout.startswith("500 against base: Worse")
    assert by_itself.stdout == process.stdout
    assert str(bare.id) in fetched
    assert str(large.id) not in fetched
    assert folded.returncode == 0, folded.stderr
    assert json.loads(folded.stdout)["baseline"]["scored"] == 6
    assert nothing.returncode == 2
    assert "GitHub run 502: has no artifact that is still kept" in nothing.stderr


def test_a_github_run_needs_access_and_says_so(base: str) -> None:
    empty = dict.fromkeys(("GITHUB_TOKEN", "WAA_MATRIX_GITHUB_TOKEN", "GITHUB_REPOSITORY"), "")
    done = call("compare", base, "500", **empty, WAA_MATRIX_APP_ID="")
    assert done.returncode == 2
    assert "--repository: is missing" in done.stderr
    assert "GitHub access: is missing" in done.stderr


def test_every_run_that_cannot_be_used_is_named(base: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "not.json").write_text("{")
    (tmp_path / "deep.json").write_text("[" * 100_000)
    (tmp_path / "other.json").write_text('{"schema": "other/1"}')
    names = [str(tmp_path / name) for name in ("empty", "not.json", "deep.json", "other.json")]
    done = call("compare", base, *names, str(tmp_path / "none"), "file:///nowhere")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 6
    assert "Traceback" not in done.stderr
    assert all(f"error: {name}" in done.stderr for name in names)


def test_a_single_run_needs_something_to_be_compared_with(base: str) -> None:
    assert "nothing to compare it with" in call("compare", base).stderr
    done = call("compare", base, "--baseline", "navi")
    assert done.returncode == 0, done.stderr
    assert "Better: 24/40 = 60.0% against 19.5% (Navi, as published)" in done.stdout
    assert call("compare", base, "--baseline", "nobody").returncode == 2


def test_runs_that_are_kept_are_a_baseline_a_trend_and_a_memory(lower: str, tmp_path: Path) -> None:
    store = (tmp_path / "kept").as_uri()
    for number in range(5):
        path = written(tmp_path / f"{number}.json", range(24), f"r{number}", started=1.7e9 + number)
        kept = call("history", "add", path, "--store", store)
        assert kept.returncode == 0, kept.stderr
    done = call("compare", lower, "--history", store, "--last", "3", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert [run["id"] for run in result["baseline"]["runs"]] == ["r2", "r3", "r4"]
    assert result["candidates"][0]["verdict"]["value"] == "worse"
    shown = call("history", "show", "--store", store, "--branch", "main")
    assert "no trend is seen" in shown.stdout
    runs = json.loads(call("history", "show", "--store", store, "--json").stdout)["runs"]
    assert [run["successes"] for run in runs] == [24] * 5
    other = call("compare", lower, "--history", store, "--branch", "nobody")
    assert other.returncode == 2
    assert "--history: no run of nobody is known" in other.stderr


def test_durations_that_are_kept_feed_the_next_plan(tmp_path: Path) -> None:
    tasks = [
        {**entry, "domain": "vlc", "name": f"demo-vlc-{number:02d}", "seconds": 100.0 * number}
        for number, entry in enumerate(tasks_of(range(9), total=9), 1)
    ]
    (tmp_path / "run.json").write_text(json.dumps(document(tasks, "r1")))
    store = (tmp_path / "kept").as_uri()
    assert call("history", "add", str(tmp_path / "run.json"), "--store", store).returncode == 0
    done = call("plan", "--offline", "--json", "--domains", "vlc", "--durations-from", store)
    assert done.returncode == 0, done.stderr
    expected = {entry["task"]: entry["expected_s"] for entry in json.loads(done.stdout)["tasks"]}
    assert expected["vlc/demo-vlc-03"] == 300.0
    assert expected["vlc/demo-vlc-09"] == 900.0


def test_mean_scores_decide_where_that_is_asked(tmp_path: Path) -> None:
    for name, score in (("first", 0.0), ("second", 0.5)):
        tasks = [task(f"t{n}", score if n < 9 else 1.0) for n in range(40)]
        (tmp_path / f"{name}.json").write_text(json.dumps(document(tasks, name)))
    paths = [str(tmp_path / f"{name}.json") for name in ("first", "second")]
    done = call("compare", *paths, "--on", "score", "--fail-if", "better")
    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith("second against first: Better: mean score +11.2 points")
    assert call("compare", *paths, "--fail-if", "better").returncode == 0


def test_what_flips_on_the_branch_is_named_and_what_to_run_again(tmp_path: Path) -> None:
    store = (tmp_path / "kept").as_uri()
    for name, wins in (("1", range(3, 24)), ("2", range(24)), ("3", range(24))):
        path = written(tmp_path / f"{name}.json", wins, name)
        kept = call("history", "add", path, "--store", store, "--branch", "main")
        assert kept.returncode == 0, kept.stderr
    new = tmp_path / "new.json"
    new.write_text(json.dumps(document(tasks_of(range(6, 24), missing=[38]), "new")))
    last = ("--history", store, "--branch", "main", "--last", "1")
    done = call("compare", str(new), *last)
    assert done.returncode == 0, done.stderr
    lines = [line.strip() for line in done.stdout.splitlines()]
    assert (
        "3 of the 6 lost tasks flip on main by themselves: "
        "d0/t000 (2 of 3), d1/t001 (2 of 3), d2/t002 (2 of 3)."
    ) in lines
    assert (
        "Run again what has no score, then compare again: 1 trial of new (candidate). "
        "waa-matrix run --resume --rerun-undecided --out DIR"
    ) in lines
