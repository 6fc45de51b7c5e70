from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from orchestrator.results.frames import Frame, raised
from orchestrator.results.task import parse_score, read_score, read_task, task_log
from tests.results.trees import TaskFiles, error_line, traceback_text, turn

if TYPE_CHECKING:
    from pathlib import Path

SCORES = {
    "0": 0.0,
    "1": 1.0,
    "0.0\n": 0.0,
    "0.5": 0.5,
    " 1.0 \r\n": 1.0,
    "1.": 1.0,
    ".25": 0.25,
    "5e-05": 5e-05,
    "-0.0": 0.0,
    "True": 1.0,
    "False\n": 0.0,
    "\ufeff1.0\r\n": 1.0,
}
NO_SCORES = ["", " \n", "NaN", "nan", "inf", "-1", "2", "1.0000001", "1e400", "true", "None"]
NO_SCORES += ["0,5", "1 1", "0x1", "1_0", "\u0661", "0.5\x00", "[0.5]", "0." + "0" * 2000]


@pytest.mark.parametrize(("text", "score"), SCORES.items())
def test_a_result_that_is_a_score(text: str, score: float) -> None:
    assert parse_score(text.encode()) == score
    assert str(parse_score(text.encode())) != "-0.0"


@pytest.mark.parametrize("text", NO_SCORES)
def test_a_result_that_is_none(text: str, tmp_path: Path) -> None:
    result = tmp_path / "result.txt"
    result.write_text(text)

    score, why = read_score(result)

    assert score is None
    assert "result.txt" in why


@pytest.mark.parametrize("text", ["1.0000000000000002", "1.0000000001", "-1e-12", "-0.0"])
def test_rounding_is_no_reason_to_lose_a_score(text: str) -> None:
    assert parse_score(text.encode()) == (1.0 if text.startswith("1") else 0.0)


def test_no_result_is_not_an_unreadable_one(tmp_path: Path) -> None:
    assert read_score(tmp_path / "result.txt") == (None, "")


def test_a_result_that_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "directory").mkdir()
    (tmp_path / "real").write_text("1")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe")

    for name in ("directory", "link", "dangling", "pipe"):
        assert read_score(tmp_path / name) == (None, "result.txt cannot be read as a file")


@pytest.mark.parametrize(
    ("statement", "frame"),
    [
        ("agent.reset()", Frame.AGENT),
        ("response, actions, logs, computer_update_args = agent.predict(", Frame.AGENT),
        ("obs = env.reset(task_config=example)", Frame.RESET),
        ("env.controller.update_computer(**computer_update_args)", Frame.GUEST),
        ("obs, reward, done, info = env.step(action, pause)", Frame.STEP),
        ("result = env.evaluate()", Frame.EVALUATE),
        ("recorder.record_end(result, start_time)", Frame.OTHER),
        ("myenv.step(1)", Frame.OTHER),
    ],
)
def test_the_frame_of_a_traceback(statement: str, frame: Frame) -> None:
    result = raised(traceback_text(statement, "KeyError: 'x'", "OSError: inner"), "'x'")

    assert result.frame is frame
    assert result.exception == "KeyError: 'x'"


def test_a_frame_in_an_exceptions_message_decides_nothing() -> None:
    forged = "no\n" + traceback_text("obs, reward, done, info = env.step(action)").rstrip()

    result = raised(traceback_text("actions = agent.predict(obs)", f"ValueError: {forged}"), forged)

    assert result.frame is Frame.AGENT


def test_a_frame_in_the_message_of_an_inner_exception_decides_nothing() -> None:
    forged = "ValueError: no\n" + traceback_text("env.step(action)")

    result = raised(traceback_text("actions = agent.predict(obs)", "KeyError: 1", forged), "1")

    assert result.frame is Frame.AGENT


def test_a_statement_over_several_lines_is_read_whole() -> None:
    statement = "result = (\n        env.evaluate()\n    )"

    assert raised(traceback_text(statement), "no").frame is Frame.EVALUATE


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{"step_num": 1, "action": "x", "plan": ', "\n"),
        ('{"step_num": 1, "action": {"type": ', "\n"),
        ("", "\n" + "\0" * 4096),
        ("", "\r\n\r\n"),
    ],
)
def test_the_error_line_is_read_whatever_lies_around_it(
    before: str, after: str, tmp_path: Path
) -> None:
    written = TaskFiles(tmp_path).write()
    error = error_line("actions = agent.predict(obs)")
    (written / "traj.jsonl").write_text(
        f'{{"step_num": 0, "action": null}}\n{before}{error}{after}'
    )

    result = read_task(written).raised

    assert result is not None
    assert result.frame is Frame.AGENT


def test_steps_are_the_turns_that_acted(tmp_path: Path) -> None:
    two_actions_in_a_turn = [*turn(1), *turn(1)[1:], *turn(2)]

    assert read_task(TaskFiles(tmp_path, log=two_actions_in_a_turn).write()).steps == 2
    assert read_task(TaskFiles(tmp_path, name="two", steps=3).write()).steps == 3


def test_the_newest_log_of_a_task_is_read(tmp_path: Path) -> None:
    directory = TaskFiles(tmp_path).write()
    for name in ("task-9-20251122@214716.log", "task-0-20261123@000000.log", "other.log"):
        (directory / "logs" / name).touch()

    newest = task_log(directory)

    assert newest is not None
    assert newest.name == "task-0-20261123@000000.log"


def test_a_directory_that_is_not_there_says_nothing(tmp_path: Path) -> None:
    assert read_task(tmp_path / "nowhere").empty
    assert read_task(None).empty
