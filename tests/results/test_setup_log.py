"""Each message of the client's set-up, in each phase of a task in which it can be logged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orchestrator.ledger.causes import Cause, Flag
from orchestrator.results.log import scan_file
from orchestrator.results.setup_log import TABLE, SetupLine, Weight
from orchestrator.results.task import read_task
from orchestrator.results.verdict import AttemptVerdict, classify
from tests.results.trees import EVALUATING, Record, TaskFiles, log_text, turn

if TYPE_CHECKING:
    from pathlib import Path

TIDYING = ("activate_window", "close_all", "close_window", "clear_task_files")
GENERIC = "An error occurred while trying to send the request: ('Connection aborted.')"
LAUNCH = 'Failed to launch application. Status code: {"status": "error"}'
OK: Record = ("INFO", "setup", 'Command executed successfully: {"status": "success"}')


def env(message: str, level: str = "INFO") -> Record:
    return (level, "desktop_env", message)


REVERTING = env("Not implemented! Reverting to snapshot is not supported for remote VMs!", "ERROR")
EMULATOR, TASK_INFO = env("Starting emulator..."), env("Setting task info...")
SETTING_UP, SET_UP = env("Setting up environment..."), env("Environment setup complete.")


def done(step: str) -> Record:
    return ("INFO", "setup", f"SETUP: _{step}_setup({{}})")


def error(message: str) -> Record:
    return ("ERROR", "setup", message)


def judged(root: Path, *log: Record) -> AttemptVerdict:
    return classify(read_task(TaskFiles(root, result="1", log=list(log)).write()))


def expected(weight: Weight) -> tuple[Cause | None, tuple[Flag, ...]]:
    if weight is Weight.VOID:
        return Cause.SETUP, ()
    return None, (Flag.SETUP_WARNING,) if weight is Weight.WARNING else ()


ENDED = [*turn(1), EVALUATING]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.example[:40])
@pytest.mark.parametrize("phase", ["reset", "set-up", "after the first step"])
def test_each_message_in_each_phase(row: SetupLine, phase: str, tmp_path: Path) -> None:
    line = error(row.example)
    logs = {
        "reset": [REVERTING, line, EMULATOR, TASK_INFO, SETTING_UP, SET_UP, *ENDED],
        "set-up": [REVERTING, EMULATOR, TASK_INFO, SETTING_UP, line, SET_UP, *ENDED],
        "after the first step": [REVERTING, EMULATOR, TASK_INFO, SETTING_UP, SET_UP, *ENDED, line],
    }
    weight = row.weight
    if phase == "after the first step":
        weight = Weight.NOTHING
    elif weight is Weight.OF_THE_STEP:  # what reset itself calls is closing the windows
        weight = Weight.WARNING if phase == "reset" else Weight.VOID

    verdict = judged(tmp_path, *logs[phase])

    assert (verdict.cause, verdict.flags) == expected(weight)
    assert verdict.cause is not None or verdict.score == 1.0
    if weight in (Weight.VOID, Weight.WARNING):
        assert row.example[:40] in verdict.message


@pytest.mark.parametrize("step", [*TIDYING, "upload_file", "download", "launch", "open", "nobody"])
def test_words_that_many_steps_share_are_judged_by_the_step(step: str, tmp_path: Path) -> None:
    verdict = judged(tmp_path, SETTING_UP, error(GENERIC), done(step), SET_UP, *ENDED)

    weight = Weight.WARNING if step in TIDYING else Weight.VOID
    assert (verdict.cause, verdict.flags) == expected(weight)


@pytest.mark.parametrize(
    ("call", "cause"), [("activate_window", None), ("launch", Cause.SETUP), ("x", Cause.SETUP)]
)
def test_the_call_that_a_message_names_comes_first(
    call: str, cause: Cause | None, tmp_path: Path
) -> None:
    said = f"{GENERIC} Max retries exceeded with url: /setup/{call} (Caused by"

    assert judged(tmp_path, SETTING_UP, error(said), SET_UP, *ENDED).cause is cause


@pytest.mark.parametrize("step", ["execute", "command"])
def test_an_execution_that_succeeded_in_the_end_did(step: str, tmp_path: Path) -> None:
    held = judged(
        tmp_path / "held", SETTING_UP, error(LAUNCH), error(GENERIC), OK, done(step), *ENDED
    )
    failed = judged(tmp_path / "failed", SETTING_UP, OK, error(LAUNCH), done(step), *ENDED)

    assert (held.cause, held.flags) == (None, ())
    assert failed.cause is Cause.SETUP


def test_one_files_success_does_not_undo_anothers_failure(tmp_path: Path) -> None:
    verdict = judged(tmp_path, SETTING_UP, error(GENERIC), OK, done("download"), *ENDED)

    assert verdict.cause is Cause.SETUP


def test_a_steps_success_does_not_undo_the_one_before(tmp_path: Path) -> None:
    log = [SETTING_UP, error(LAUNCH), done("launch"), OK, done("execute"), SET_UP]

    assert judged(tmp_path, *log, *ENDED).cause is Cause.SETUP


def test_a_window_that_was_not_there_is_the_same_fact_at_any_level(tmp_path: Path) -> None:
    soft = ("INFO", "setup", "Failed to activate window Calculator. Status code: not found")

    verdict = judged(tmp_path, SETTING_UP, soft, done("activate_window"), SET_UP, *ENDED)

    assert (verdict.score, verdict.flags) == (1.0, (Flag.SETUP_WARNING,))


def test_what_nobody_has_judged_yet_voids_the_task(tmp_path: Path) -> None:
    assert judged(tmp_path, error("Failed in a new way"), *ENDED).cause is Cause.SETUP


def test_a_set_up_that_is_not_over_is_judged_as_far_as_it_came(tmp_path: Path) -> None:
    log = tmp_path / "task.log"
    log.write_bytes(log_text(SETTING_UP, error(LAUNCH)))

    assert scan_file(log).setup_error == LAUNCH


def test_rows_are_told_apart_by_how_they_begin() -> None:
    for row in TABLE:
        fitting = [other for other in TABLE if other.begins.match(row.example)]
        assert fitting == [row]
        assert row.lines
