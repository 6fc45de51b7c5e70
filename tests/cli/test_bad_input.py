"""What cannot be compared, or only in part: named by every command that compares, all at once."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.report.run_documents import document, task, tasks_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Workflow
    from tests.cli.in_process import Commands

PLANNED = {"plan_digest": "a" * 64, "suite_digest": "b" * 64}


class Runs:
    """Writes runs into a directory."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __call__(self, name: str, tasks: list[dict[str, Any]], file: str = "", **run: Any) -> str:
        path = self.path / f"{file or name}.json"
        path.write_text(json.dumps(document(tasks, name, **{**PLANNED, **run})))
        return str(path)


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path)


def of_domain(domain: str, wins: range = range(10)) -> list[dict[str, Any]]:
    return [{**entry, "domain": domain} for entry in tasks_of(wins)]


def test_a_run_is_counted_once_whatever_it_is_called(commands: Commands, runs: Runs) -> None:
    """By its plan and start, through another file and under another name; else by its id."""
    base = runs("base", tasks_of(range(24)), started=1.7e9)
    again = runs("renamed", tasks_of(range(24)), started=1.7e9)
    partly = runs("base", tasks_of(range(24), missing=range(30)), "partly", plan_digest="")
    other = runs("other", tasks_of(range(10)), started=1.7e9 + 5)
    for arguments in (
        (base, again),
        (base, base),
        (base, other, "--pool", again),
        (base, other, "--pool", base),
        (base, other, again),
        (base, other, other),
        (base, partly),
        (other, base, "--pool", base),
    ):
        done = commands("compare", *arguments)
        assert done.returncode == 2, (arguments, done.stdout)
        assert "is the same run as" in done.stderr
        assert done.stdout == ""


def test_runs_of_one_name_that_are_not_one_run_are_compared_and_told_apart(
    commands: Commands, runs: Runs
) -> None:
    base = runs("nightly", tasks_of(range(24)), "base", started=1.7e9)
    other = runs("nightly", tasks_of(range(10)), "other", started=1.7e9 + 5)
    done = commands("compare", base, other)
    assert done.returncode == 0, done.stderr
    assert f"Two runs are called nightly: {base} and {other}." in done.stdout


def test_every_problem_is_named_at_once(commands: Commands, runs: Runs, tmp_path: Path) -> None:
    base = runs("base", tasks_of(range(24)))
    newer = tmp_path / "newer.json"
    newer.write_text(json.dumps({"schema": "waa-matrix/results/9", "tasks": []}))
    done = commands("compare", base, str(newer), base, "--pool", str(tmp_path / "none"))
    assert done.returncode == 2
    assert "is of the format waa-matrix/results/9" in done.stderr
    assert "none: is no file" in done.stderr
    assert "is the same run as" in done.stderr
    strange = runs("strange", of_domain("vlc"), started=1.7e9 + 1)
    stranger = runs("stranger", of_domain("clock"), started=1.7e9 + 2)
    done = commands("compare", base, strange, stranger, stranger)
    assert done.returncode == 2
    assert "strange: has no task in common with base (40 tasks against 40" in done.stderr
    assert "stranger: has no task in common with base" in done.stderr
    assert "is the same run as" in done.stderr


def test_a_pooled_run_without_a_common_task_is_no_part_of_a_baseline(
    commands: Commands, runs: Runs
) -> None:
    base = runs("base", tasks_of(range(24)))
    other = runs("x", tasks_of(range(9)), started=1.7e9 + 1)
    strange = runs("strange", of_domain("vlc"), started=1.7e9 + 2)
    done = commands("compare", base, other, "--pool", strange)
    assert done.returncode == 2
    assert "strange: has no task in common with any run that is judged" in done.stderr


def test_a_pool_beside_a_history_is_refused_not_dropped(commands: Commands, runs: Runs) -> None:
    base = runs("base", tasks_of(range(24)))
    store = (runs.path / "kept").as_uri()
    assert commands("history", "add", base, "--store", store, "--branch", "main").returncode == 0
    other = runs("other", tasks_of(range(10)), started=1.7e9 + 1)
    done = commands("compare", other, "--pool", base, "--history", store, "--branch", "main")
    assert done.returncode == 2
    assert "--pool: is not used with --history or --baseline-workflow" in done.stderr


def test_lists_that_differ_are_named_with_what_was_left_out(commands: Commands, runs: Runs) -> None:
    base = runs("base", tasks_of(range(24)))
    other = runs("other", [*tasks_of(range(10))[:36], *of_domain("vlc")[:2]], started=1.7e9 + 1)
    for shape in ((), ("--markdown",), ("--json",)):
        done = commands("compare", base, other, *shape)
        assert done.returncode == 0, done.stderr
        said = done.stdout.replace("&#40;", "(").replace("&#41;", ")").replace("&#47;", "/")
        assert "36 tasks are compared. Left out: 4 that only base has (d0/t036" in said
        assert "2 that only other has (vlc/t000, vlc/t001)" in said
    left_out = json.loads(done.stdout)["candidates"][0]["left_out"]
    assert left_out["baseline"] == ["d0/t036", "d1/t037", "d2/t038", "d3/t039"]
    assert left_out["candidate"] == ["vlc/t000", "vlc/t001"]


def test_lists_of_the_same_names_and_other_contents_are_named(
    commands: Commands, runs: Runs
) -> None:
    base = runs("base", tasks_of(range(24)))
    other = runs("other", tasks_of(range(10)), started=1.7e9 + 1, suite_digest="c" * 64)
    said = "the names are the same, the contents are not (bbbbbbbbbbbb → cccccccccccc)"
    assert said in commands("compare", base, other).stdout
    like = runs("like", tasks_of(range(10)), started=1.7e9 + 2)
    assert "contents" not in commands("compare", base, like).stdout


def test_a_pool_of_unlike_lists_is_named(commands: Commands, runs: Runs) -> None:
    base = runs("base", tasks_of(range(24)))
    part = runs("part", tasks_of(range(9))[:30], started=1.7e9 + 1)
    other = runs("other", tasks_of(range(10)), started=1.7e9 + 2)
    done = commands("compare", base, other, "--pool", part)
    assert "The pooled runs have unlike lists: of 40 tasks 30 are in all of them" in done.stdout


def test_a_run_that_has_not_ended_is_named_beside_the_verdict(
    commands: Commands, runs: Runs, tmp_path: Path
) -> None:
    base = runs("base", tasks_of(range(24)))
    never = [task(f"t{n:03d}", None, domain=f"d{n % 4}", cause="") for n in range(30, 40)]
    stopped = document([*tasks_of(range(10))[:30], *never], "stopped", started=1.7e9 + 1)
    going = copy.deepcopy(stopped)
    going["run"]["id"] = "going"
    going["workers"] = [
        {"id": "w0", "left_at": None, "died": False},
        {"id": "w1", "left_at": 1.7e9},
    ]
    of = "10 of 40 expected"
    for name, result, said in (
        ("stopped", stopped, f"stopped was not finished: {of} never ended an attempt."),
        (
            "going",
            going,
            f"going may be still going (1 worker had not ended when it was read): {of}",
        ),
    ):
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(result))
        done = commands("compare", base, str(path))
        assert done.returncode == 0, done.stderr
        assert said in done.stdout
    whole = runs("x", tasks_of([1]), started=1e9)
    assert "not finished" not in commands("compare", base, whole).stdout


def test_unequal_trials_are_named(commands: Commands, runs: Runs) -> None:
    twice = [
        task(f"t{n:03d}", float(n < 24), domain=f"d{n % 4}", trial=k)
        for n in range(40)
        for k in (0, 1)
    ]
    base, other = runs("base", twice), runs("other", tasks_of(range(10)), started=1.7e9 + 1)
    said = "The runs tried each task unlike often: 2 trials in base; 1 trial in other."
    assert said in commands("compare", base, other).stdout
    like = runs("like", tasks_of(range(24)), started=1.7e9 + 2)
    assert "unlike often" not in commands("compare", other, like).stdout


def test_simulated_beside_real_is_named_run_by_run(commands: Commands, runs: Runs) -> None:
    base = runs("base", tasks_of(range(24)))
    other = runs("other", tasks_of(range(10)), started=1.7e9 + 1, simulated=True)
    done = commands("compare", base, other, "--fail-if", "none")
    assert done.returncode == 1
    assert "No verdict: a simulated run says nothing about a real one" in done.stdout
    assert "(simulated: other; real: base): no verdict is given" in done.stdout
    mixed = commands("compare", base, runs("new", tasks_of([1]), started=1e9), "--pool", other)
    assert "No verdict" in mixed.stdout
    assert "(simulated: other; real: base, new)" in mixed.stdout


def test_a_kept_run_under_another_name_is_no_baseline_of_itself(
    commands: Commands, runs: Runs
) -> None:
    store = (runs.path / "kept").as_uri()
    branch = ("--branch", "main")
    mine = runs("mine", tasks_of(range(10)), started=1.7e9 + 9)
    for path in (
        runs("part", tasks_of(range(24), missing=[30, 31])),
        runs("whole", tasks_of(range(24))),
        runs("half", tasks_of(range(24), missing=range(20, 40))),
        runs("copy", tasks_of(range(10)), started=1.7e9 + 9),
    ):
        assert commands("history", "add", path, "--store", store, *branch).returncode == 0
    done = commands("compare", mine, "--history", store, *branch, "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert [entry["id"] for entry in result["baseline"]["runs"]] == ["whole"]
    for number in range(4):
        path = runs(f"r{number}", tasks_of(range(24)), started=1.7e9 - 9 - number)
        assert commands("history", "add", path, "--store", store, *branch).returncode == 0
    shown = commands("history", "show", "--store", store, *branch)
    assert "over 6 runs like the newest on their 40 common tasks" in shown.stdout
    assert "Left out: 2 kept twice." in shown.stdout


def test_publish_says_what_is_wrong_with_its_baseline(workflow: Workflow) -> None:
    workflow.report(range(10))
    done = workflow.publish("--against", str(workflow.path / "report" / "results.json"))
    assert done.returncode != 0
    assert "is the same run as" in workflow.comment
    assert "No baseline" in workflow.comment
    strange = workflow.path / "strange.json"
    strange.write_text(json.dumps(document(of_domain("vlc"), "strange")))
    workflow.publish("--against", str(strange))
    assert "has no task in common with strange" in workflow.comment


def test_a_list_that_is_not_the_published_one_is_named_everywhere(
    commands: Commands, runs: Runs
) -> None:
    base = runs("base", tasks_of(range(24)))
    for shape in ((), ("--markdown",), ("--json",)):
        done = commands("compare", base, "--baseline", "navi", *shape)
        assert "The run has 40 tasks, the published list 154." in done.stdout
