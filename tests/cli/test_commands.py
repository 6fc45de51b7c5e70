"""Each command through its entry point: help, output for people and for scripts, exits."""

from __future__ import annotations

import importlib
import json
import re
import shutil
import tarfile
from typing import TYPE_CHECKING, Any

import click
import pytest

from orchestrator.cli import COMMANDS, cli
from tests.e2e.command import RunDirectory, call, quick
from tests.tiers import waa_data

if TYPE_CHECKING:
    from pathlib import Path


def walk(command: click.Command, name: str) -> list[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        return [(name, command)]
    inner = [(f"{name} {entry}", command.commands[entry]) for entry in command.commands]
    return [(name, command), *(pair for label, command in inner for pair in walk(command, label))]


EVERY = [
    pair
    for name, (module, attribute, _) in COMMANDS.items()
    for pair in walk(getattr(importlib.import_module(module), attribute), name)
]


@pytest.mark.parametrize(("name", "command"), EVERY, ids=[name for name, _ in EVERY])
def test_every_command_has_help_with_an_example(name: str, command: click.Command) -> None:
    text = command.get_help(click.Context(command, info_name=f"waa-matrix {name}"))
    assert re.search(r"^ *Example(:|, .+:)$", text, re.MULTILINE)
    assert f"waa-matrix {name.split(maxsplit=1)[0]}" in text
    for option in command.params:
        if isinstance(option, click.Option) and not option.hidden:
            assert option.help or option.name in {"to", "workers"}, option.name


def test_help_lists_every_command_and_the_exit_codes() -> None:
    done = call("--help")
    assert done.returncode == 0
    for name in COMMANDS:
        assert f"\n  {name} " in done.stdout
    assert "5 machines left behind" in done.stdout
    assert isinstance(cli, click.Group)


def test_an_unknown_command_and_an_unknown_option_are_bad_input() -> None:
    assert call("fly").returncode == 2
    done = call("run", "--no-such-option")
    assert done.returncode == 2
    assert "No such option" in done.stderr


def test_the_version_is_the_packages() -> None:
    from orchestrator import __version__

    assert __version__ in call("--version").stdout


def test_options_can_be_set_in_the_environment(tmp_path: Path) -> None:
    done = call("suite", "list", WAA_MATRIX_SUITE_LIST_DOMAINS="clock")
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 4
    del tmp_path


def test_a_suite_is_listed_and_checked() -> None:
    listed = call("suite", "list", "--domains", "notepad", "--json")
    assert json.loads(listed.stdout) == {"notepad": ["demo-notepad-01", "demo-notepad-02"]}
    checked = call("suite", "check")
    assert "154  tasks, 13 of them infeasible" in checked.stdout


def test_a_bad_suite_is_exit_2_with_every_problem(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text('{"a": ["x", "x", "../y"], "A": ["z"]}')
    done = call("suite", "check", "--suite", str(tmp_path / "bad.json"))
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 3


def test_nothing_to_run_is_exit_3(tmp_path: Path) -> None:
    flags = ("--domains", "clock", "--tasks", "vlc/demo-vlc-01")
    done = call("run", "--out", str(tmp_path / "out"), *flags)
    assert done.returncode == 3
    assert "leaves no task" in done.stderr


def plan_of(*flags: str) -> dict[str, Any]:
    done = call("plan", "--offline", "--json", "--max-workers", "20", *flags)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert isinstance(result, dict)
    return result


def test_a_plan_predicts_and_chooses() -> None:
    document = plan_of("--deadline", "3h", "--workers", "3")
    assert len(document["tasks"]) == 154
    assert sum(map(len, document["homes"])) == 154
    times = [entry["makespan_s"] for entry in document["predictions"]]
    assert times[0] > times[-1]
    chosen = document["chosen_workers"]
    high = {entry["workers"]: entry["makespan_high_s"] for entry in document["predictions"]}
    assert high[chosen] <= 180 * 60 < high[chosen - 1]


def test_a_plan_that_cannot_be_had_names_the_nearest() -> None:
    done = call("plan", "--offline", "--max-workers", "4", "--deadline", "10m")
    assert done.returncode == 2
    assert "--deadline" in done.stderr


def test_history_changes_what_is_expected(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path / "out")
    assert call(*quick(run.path, tasks=4)).returncode == 0
    document = plan_of("--durations-from", str(run.path / "results.json"))
    assert len({entry["expected_s"] for entry in document["tasks"]}) > 1


def test_simulate_prints_a_table_and_data() -> None:
    flags = ("--draws", "3", "--workers", "4,10")
    table = call("simulate", *flags)
    assert "contiguous slices (WAA)" in table.stdout
    assert "N=10" in table.stdout
    rows = json.loads(call("simulate", *flags, "--json").stdout)
    assert all(row["ratio"] >= 1.0 for row in rows if row["overheads"].startswith("no boot"))


def test_what_a_run_left_can_be_looked_at_from_everywhere(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path / "out")
    done = call(*quick(run.path, tasks=5))
    assert done.returncode == 0
    assert "\x1b" not in done.stdout, "colours where there is no terminal"
    status = call("status", str(run.path), "--json")
    assert status.returncode == 0
    assert json.loads(status.stdout)["scored"] == 5
    store = (run.path / "ledger").as_uri()
    assert call("status", "--store", store, "--run", "run").returncode == 0
    watched = call("watch", str(run.path), "--screens", str(tmp_path / "screens"))
    assert watched.returncode == 0
    assert "5/5 tasks" in watched.stdout
    task = str(run.plan.tasks[0].task)
    fetched = call("evidence", "get", task, "--from", str(run.path), "--to", str(tmp_path / "ev"))
    assert fetched.returncode == 0
    assert list((tmp_path / "ev").rglob("traj.jsonl"))
    again = call("report", str(run.path), "--out", str(tmp_path / "again"))
    assert again.returncode == 0
    assert json.loads((tmp_path / "again" / "results.json").read_text())["counts"]["scored"] == 5


def test_workers_own_ledgers_fold_into_the_run(tmp_path: Path) -> None:
    """The artifacts of the shards, without the shared store, tell the same."""
    run = RunDirectory(tmp_path / "out")
    assert call(*quick(run.path, tasks=6, workers=2)).returncode == 0
    places = [str(place) for place in (run.path / "workers").iterdir()]
    assert call("report", *places, "--out", str(tmp_path / "union")).returncode == 0
    union = json.loads((tmp_path / "union" / "results.json").read_text())
    assert union["counts"] == run.results()["counts"]


def test_ledgers_of_other_plans_are_not_folded_together(tmp_path: Path) -> None:
    places = []
    for number in (3, 4):
        run = RunDirectory(tmp_path / f"out{number}")
        assert call(*quick(run.path, tasks=number)).returncode == 0
        places.append(str(run.path))
    done = call("report", *places, "--out", str(tmp_path / "both"))
    assert done.returncode == 2
    assert "is of another plan" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("status", "/does/not/exist"),
        ("watch", "/does/not/exist"),
        ("report", "/does/not/exist", "--out", "/tmp/never-made"),
        ("report", "--tree", "/does/not/exist", "--out", "/tmp/never-made"),
        ("status",),
        ("evidence", "get", "x", "--from", "/does/not/exist"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_what_is_not_there_is_bad_input(arguments: tuple[str, ...]) -> None:
    done = call(*arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr


@pytest.mark.waa
def test_the_real_clients_tree_is_read_right(tmp_path: Path) -> None:
    data = waa_data()
    assert data is not None
    with tarfile.open(data / "tree.tar.gz") as archive:
        archive.extractall(tmp_path / "tree", filter="data")
    out, suite = str(tmp_path / "out"), str(data / "test_all.json")
    done = call("report", "--tree", str(tmp_path / "tree"), "--suite", suite, "--out", out)
    assert done.returncode == 1
    document = json.loads((tmp_path / "out" / "results.json").read_text())
    counts = {"expected": 154, "scored": 12, "infrastructure": 5, "missing": 137}
    assert document["counts"] == counts
    assert document["score"]["mean"] == 0.625
    chrome = [task for task in document["tasks"] if task["status"] != "missing"]
    assert {task["domain"] for task in chrome} == {"chrome"}
    assert sum(task["score"] or 0.0 for task in chrome) == 7.5
    causes = [task["cause"] for task in chrome if task["cause"]]
    assert sorted(causes) == ["evaluator"] * 3 + ["setup"] * 2


def test_trials_of_a_tree_that_were_not_asked_for_are_named(tmp_path: Path) -> None:
    for number in range(2):
        where = tmp_path / "tree" / "pyautogui" / "som" / "m" / str(number) / "d" / "one"
        where.mkdir(parents=True)
        (where / "result.txt").write_text("1")
    suite = tmp_path / "suite.json"
    suite.write_text('{"d": ["one"]}')
    flags = ("--tree", str(tmp_path / "tree"), "--suite", str(suite), "--out", str(tmp_path / "o"))

    done = call("report", *flags)
    both = call("report", *flags, "--trials", "2")

    assert done.returncode == 1
    assert "trials 1 are in the tree and were not asked for: give --trials" in done.stderr
    assert both.returncode == 0, both.stderr


def test_a_client_that_would_ignore_our_flags_is_refused_before_anything(tmp_path: Path) -> None:
    client = tmp_path / "client"
    client.mkdir()
    flags = ("agent", "model", "test_all_meta_path", "result_dir", "trial_id", "worker_id")
    text = "".join(f'parser.add_argument("--{flag}")\n' for flag in (*flags, "num_workers"))
    (client / "run.py").write_text(text)
    suite = tmp_path / "suite.json"
    suite.write_text('{"d": ["one"]}')
    plan = ("plan", "--suite", str(suite), "--arena", "winarena", "--image", "i")

    stock = call(*plan, "--client", str(client), "--client-profile", "waa")
    mapped = call(*plan, "--client", str(client))

    assert stock.returncode == 2
    assert "does not know --agent_name" in stock.stderr
    assert mapped.returncode == 0, mapped.stderr


def test_models_of_a_tree_without_trials_are_refused(tmp_path: Path) -> None:
    for model in ("a", "b"):
        where = tmp_path / "tree" / "pyautogui" / "som" / model / "d" / "one"
        where.mkdir(parents=True)
        (where / "result.txt").write_text("1")
    suite = tmp_path / "suite.json"
    suite.write_text('{"d": ["one"]}')

    done = call(
        *("report", "--tree", str(tmp_path / "tree"), "--suite", str(suite)),
        *("--trials", "2", "--out", str(tmp_path / "out")),
    )

    assert done.returncode == 2
    assert "pyautogui/som/a, pyautogui/som/b" in done.stderr


def test_a_worker_on_a_machine_without_an_arena_looks_and_leaves(tmp_path: Path) -> None:
    out = RunDirectory(tmp_path / "out")
    assert call(*quick(out.path, tasks=4, workers=1)).returncode == 0
    store = (tmp_path / "out" / "ledger").as_uri()
    flags = ("--store", store, "--run", "run", "--session", "later-1", "--shard", "0")
    scratch = tmp_path / "scratch"
    done = call("worker", *flags, "--shards", "1", "--scratch", str(scratch), "--role", "drain")
    assert done.returncode == 0, done.stderr
    assert "4 of 4 tasks are scored" in done.stdout
    assert not scratch.exists()
    assert not (tmp_path / "out" / "ledger" / "run" / "sessions" / "later-1.json").exists()


def test_a_report_folds_in_what_artifacts_hold_beside_the_store(tmp_path: Path) -> None:
    """A worker's own ledger has outcomes that an outage of the store kept from it."""
    run = RunDirectory(tmp_path / "out")
    assert call(*quick(run.path, tasks=6, workers=1)).returncode == 0
    artifact = tmp_path / "artifacts" / "ledger-1-0" / "run"
    shutil.copytree(run.ledger, artifact)
    lost = min((run.ledger / "outcomes").rglob("*.json"))
    lost.unlink()
    store = ("--store", (run.path / "ledger").as_uri(), "--run", "run")
    alone = call("report", *store, "--out", str(tmp_path / "alone"))
    assert alone.returncode == 1
    both = ("--artifacts", str(tmp_path / "artifacts"), "--out", str(tmp_path / "both"))
    done = call("report", *store, *both)
    assert done.returncode == 0, done.stdout + done.stderr
