from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from orchestrator.ledger.causes import Cause, Status
from orchestrator.ledger.fold import fold
from orchestrator.planning.suite import TaskKey, Unit
from orchestrator.results.progress import TaskWatch
from orchestrator.results.trajectory import Trajectory, read_trajectory, steps_of
from orchestrator.results.tree import find_task_directories, list_tasks, read_tree
from tests.results.trees import CONFIGURATION, STAMP, TaskFiles, log_text, turn

if TYPE_CHECKING:
    from pathlib import Path

ONE, TWO = TaskKey("chrome", "one"), TaskKey("clock", "two")


def two_tasks(root: Path, **more: str) -> None:
    TaskFiles(root, "chrome", "one", result="0.5", **more).write()  # type: ignore[arg-type]
    TaskFiles(root, "clock", "two", result="1", **more).write()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("level", "configuration"),
    [
        (".", "pyautogui/a11y_tree/org/model/v1"),
        ("pyautogui/a11y_tree", "org/model/v1"),
        ("pyautogui/a11y_tree/org", "model/v1"),
        ("pyautogui/a11y_tree/org/model/v1", ""),
        ("pyautogui/a11y_tree/org/model/v1/0", ""),
    ],
)
def test_a_tree_may_be_given_at_any_level(level: str, configuration: str, tmp_path: Path) -> None:
    two_tasks(tmp_path, configuration="pyautogui/a11y_tree/org/model/v1")

    directories = list_tasks(tmp_path / level)

    assert [(directory.task, directory.trial) for directory in directories] == [
        (ONE, "0"),
        (TWO, "0"),
    ]
    assert {directory.configuration for directory in directories} == {configuration}


def test_a_domain_or_a_task_may_be_given(tmp_path: Path) -> None:
    two_tasks(tmp_path)
    trial = tmp_path / CONFIGURATION / "0"

    assert list(find_task_directories(trial / "clock")) == [TWO]
    assert find_task_directories(trial / "clock" / "two") == {TWO: trial / "clock" / "two"}


def test_what_is_no_task_is_not_found(tmp_path: Path) -> None:
    two_tasks(tmp_path)
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / f"normal-0-{STAMP}.log").touch()
    (tmp_path / CONFIGURATION / "0" / "chrome" / "emptied").mkdir()
    TaskFiles(tmp_path, "chrome", "a name", result="1").write()

    assert list(find_task_directories(tmp_path)) == [ONE, TWO]


def test_links_are_not_followed(tmp_path: Path) -> None:
    two_tasks(tmp_path / "elsewhere")
    TaskFiles(tmp_path / "tree", "chrome", "own", result="1").write()
    chrome = tmp_path / "tree" / CONFIGURATION / "0" / "chrome"
    (chrome / "out").symlink_to(tmp_path / "elsewhere" / CONFIGURATION / "0" / "chrome" / "one")
    (chrome / "round").symlink_to(tmp_path / "tree")

    assert [task.task.name for task in list_tasks(tmp_path / "tree")] == ["own"]


def test_a_tree_folds_like_a_ledger(tmp_path: Path) -> None:
    two_tasks(tmp_path)
    TaskFiles(tmp_path, "chrome", "broken", result="").write()
    TaskFiles(tmp_path, "chrome", "stranger", result="1").write()
    broken, never = TaskKey("chrome", "broken"), TaskKey("vlc", "never")
    units = [Unit(task, 0) for task in (ONE, TWO, broken, never)]

    tree = read_tree(tmp_path, units)
    folded = fold(units, tree.snapshot())

    assert [result.status for result in folded.results] == [
        Status.SCORED,
        Status.SCORED,
        Status.INFRASTRUCTURE,
        Status.MISSING,
    ]
    assert [result.score for result in folded.results] == [0.5, 1.0, None, None]
    assert folded.results[2].cause is Cause.ARENA
    assert [directory.task.name for directory in tree.unexpected] == ["stranger"]
    assert tree.configurations == (CONFIGURATION,)


def test_trials_are_numbered_in_the_order_of_their_names(tmp_path: Path) -> None:
    for trial, score in (("10", "1"), ("9", "0.5"), ("final", "0")):
        TaskFiles(tmp_path, trial=trial, result=score).write()
    units = [Unit(ONE, number) for number in range(3)]

    tree = read_tree(tmp_path, units)

    assert {outcome.unit.trial: outcome.score for outcome in tree.outcomes} == {
        0: 0.5,
        1: 1.0,
        2: 0.0,
    }


def test_several_configurations_are_told_apart(tmp_path: Path) -> None:
    for model in ("a", "b"):
        TaskFiles(tmp_path, result="1", configuration=f"pyautogui/som/{model}").write()

    tree = read_tree(tmp_path, [Unit(ONE, 0)])

    assert tree.configurations == ("pyautogui/som/a", "pyautogui/som/b")
    assert [outcome.attempt for outcome in tree.outcomes] == [1, 2]


def laid_out(root: Path, *directories: str) -> None:
    for directory in directories:
        (root / directory).mkdir(parents=True)
        (root / directory / "result.txt").write_text("1")


LAYOUTS = {
    "stock": ("pyautogui/som/a/0", "pyautogui/som/b/0"),
    "stock, nested models": ("pyautogui/som/org/a/0", "pyautogui/som/org/b/0"),
    "OSWorld's": ("pyautogui/som/a", "pyautogui/som/b"),
    "V2's": ("0/a", "0/b"),
    "V2's, below a folder": ("results/0/a", "results/0/b"),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_two_models_are_never_two_trials(layout: str, tmp_path: Path) -> None:
    laid_out(tmp_path, *(f"{where}/chrome/one" for where in LAYOUTS[layout]))

    tree = read_tree(tmp_path, [Unit(ONE, 0), Unit(ONE, 1)])

    assert len(tree.configurations) == 2
    assert {outcome.unit.trial for outcome in tree.outcomes} == {0}


@pytest.mark.parametrize(
    ("layout", "configuration"),
    [
        ("pyautogui/som/m/{}", "pyautogui/som/m"),
        ("{}/navi-gpt-4o", "navi-gpt-4o"),
        ("results/{}/navi", "results/navi"),
    ],
)
def test_trials_are_found_in_each_layout(layout: str, configuration: str, tmp_path: Path) -> None:
    laid_out(tmp_path, *(f"{layout.format(number)}/chrome/one" for number in range(3)))

    tree = read_tree(tmp_path, [Unit(ONE, 0), Unit(ONE, 1)])

    assert tree.configurations == (configuration,)
    assert {outcome.unit.trial for outcome in tree.outcomes} == {0, 1}
    assert tree.extra_trials == ("2",)
    assert {unit.trial: path.parts for unit, path in tree.directories.items()} == {
        number: (tmp_path / layout.format(number) / "chrome" / "one").parts for number in range(2)
    }


def test_a_tree_without_trials_is_one(tmp_path: Path) -> None:
    laid_out(tmp_path, "pyautogui/som/gpt-4o/chrome/one")

    tree = read_tree(tmp_path, [Unit(ONE, 0)])

    assert [(outcome.unit.trial, outcome.score) for outcome in tree.outcomes] == [(0, 1.0)]
    assert tree.configurations == ("pyautogui/som/gpt-4o",)
    assert [task.trial for task in list_tasks(tmp_path)] == ["0"]


def test_a_screenshot_in_a_directory_of_its_own_shows(tmp_path: Path) -> None:
    directory = TaskFiles(tmp_path).write()
    (directory / "screenshot").mkdir()
    (directory / "screenshot" / "screenshot-step_0_1.png").touch()
    (directory / "elsewhere").symlink_to(directory / "screenshot")
    names = ["screenshot/screenshot-step_0_1.png", "elsewhere/screenshot-step_0_1.png", "a/b/c.png"]
    lines = [json.dumps({"step_num": 1, "action": "a", "screenshot": name}) for name in names]
    (directory / "traj.jsonl").write_text("\n".join(lines))

    assert [step.screenshot for step in steps_of(directory)] == [names[0], "", ""]


def test_nothing_is_found_in_nothing(tmp_path: Path) -> None:
    assert read_tree(tmp_path, [Unit(ONE, 0)]).outcomes == ()
    assert read_tree(tmp_path / "nowhere", [Unit(ONE, 0)]).outcomes == ()
    (tmp_path / "file").touch()
    assert list_tasks(tmp_path / "file") == []


def test_steps_are_what_the_trajectory_recorded(tmp_path: Path) -> None:
    directory = TaskFiles(tmp_path, steps=2).write()

    steps = steps_of(directory)

    assert [step.number for step in steps] == [0, 1, 2]
    assert [step.action for step in steps] == [
        "",
        "computer.mouse.move(1,2)",
        "computer.mouse.move(2,2)",
    ]
    assert [step.done for step in steps] == [False, False, True]
    assert {step.at for step in steps} == {STAMP}
    assert all((directory / step.screenshot).is_file() for step in steps)


def test_a_step_with_the_keys_of_an_error_is_a_step(tmp_path: Path) -> None:
    directory = TaskFiles(tmp_path).write()
    line = {"step_num": 1, "action": "a", "Error": "", "Exception": "", "Traceback": "x"}
    (directory / "traj.jsonl").write_text(json.dumps(line))

    assert read_trajectory(directory) == Trajectory(steps=1, raised=None)


@pytest.mark.parametrize(
    "name", ["../secret.png", "/etc/passwd", "link.png", "gone.png", "dir.png", "x.html", 7, None]
)
def test_a_screenshot_is_a_file_of_the_task_or_nothing(name: object, tmp_path: Path) -> None:
    directory = TaskFiles(tmp_path).write()
    (directory.parent / "secret.png").touch()
    (directory / "x.html").touch()
    (directory / "dir.png").mkdir()
    (directory / "link.png").symlink_to(directory.parent / "secret.png")
    line = json.dumps({"step_num": 1, "action": "a", "screenshot": name})
    (directory / "traj.jsonl").write_text(line)

    (step,) = steps_of(directory)

    assert step.screenshot == ""


def test_a_watch_sees_growth_and_the_log(tmp_path: Path) -> None:
    client_log = tmp_path / "client.log"
    watch = TaskWatch(tmp_path / "results", ONE, client_log)
    before = watch.poll()
    assert watch.directory is None
    assert watch.poll() == before

    client_log.write_text("loading models\n")
    started = watch.poll()
    assert started.mark != before.mark

    files = TaskFiles(tmp_path / "results", log=turn(1))
    files.write()
    acting = watch.poll()
    assert watch.directory == files.path
    assert acting.mark != started.mark
    assert acting.signals.steps == 1
    assert watch.poll() == acting

    with (files.path / "logs" / f"task-0-{STAMP}.log").open("ab") as log:
        log.write(log_text(*turn(2)))
    assert watch.poll().mark != acting.mark
    assert watch.poll().signals.steps == 2


def test_a_watch_sees_only_its_own_task(tmp_path: Path) -> None:
    two_tasks(tmp_path)
    watch = TaskWatch(tmp_path, replace(ONE, name="three"), tmp_path / "client.log")

    assert watch.poll().signals.records == 0
    assert watch.directory is None
