"""Each scripted fault, read by the table of causes: the stand-in breaks as the real thing does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orchestrator.arena.standin.draw import draw
from orchestrator.arena.standin.script import KINDS
from orchestrator.causes import Cause, Flag
from orchestrator.results.log import scan_file
from orchestrator.results.task import read_task
from orchestrator.results.verdict import Ending, classify
from tests.arena.conftest import until
from tests.arena.test_simulated import task_directory

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.arena.port import TaskProcess
    from tests.arena.conftest import Stage

CRASHES = {
    "reset-error": Cause.SETUP,
    "truncated-cache": Cause.SETUP,
    "setup-logged": Cause.SETUP,
    "agent-error": Cause.AGENT,
    "model-401": Cause.MODEL,
    "step-error": Cause.ARENA,
    "qemu-dead": Cause.ARENA,
    "no-observation": Cause.ARENA,
    "die": Cause.ARENA,
    "empty-result": Cause.ARENA,
    "garbage-result": Cause.ARENA,
    "evaluate-error": Cause.EVALUATOR,
}
STUCK = ("hang", "chatter", "unkillable")
HARMLESS = ("slow", "model-429")


def test_every_kind_is_covered() -> None:
    others = ("never-ready", "getter-error", "old-result", "result")
    assert set(KINDS) == {*CRASHES, *STUCK, *HARMLESS, *others}


@pytest.mark.parametrize(("kind", "cause"), CRASHES.items())
def test_a_fault_has_its_cause(stage: Callable[..., Stage], kind: str, cause: Cause) -> None:
    one = stage({"kind": kind})
    task = one.run()
    reading = read_task(task_directory(task), task.output)
    verdict = classify(reading, Ending.EXITED, arena_ok=one.arena.health().ok)
    assert verdict.cause is cause
    assert task.poll() == (-9 if kind == "die" else 0)


@pytest.mark.parametrize("kind", STUCK)
def test_a_stuck_client_never_ends_by_itself(stage: Callable[..., Stage], kind: str) -> None:
    task = stage({"kind": kind, "step": 1}).launch()
    until(lambda: scan_file(task.output).steps == 1)
    if kind == "chatter":
        seen = task.output.stat().st_size
        until(lambda: task.output.stat().st_size > seen)
    assert task.poll() is None
    assert task.kill(2.0)


@pytest.mark.parametrize("kind", HARMLESS)
def test_a_delay_changes_no_score(stage: Callable[..., Stage], kind: str) -> None:
    assert (
        scored(stage({"kind": kind, "seconds": 200}).run()) == draw(7, "chrome", "demo-1", 0).score
    )


def test_a_rate_limit_is_heard_until_it_is_over(stage: Callable[..., Stage]) -> None:
    task = stage({"kind": "model-429", "seconds": 1e8}).launch()
    until(lambda: scan_file(task.output).throttled)
    assert task.poll() is None


def test_a_swallowed_getter_is_a_zero_with_a_flag(stage: Callable[..., Stage]) -> None:
    task = stage({"kind": "getter-error"}).run()
    reading = read_task(task_directory(task), task.output)
    verdict = classify(reading, Ending.EXITED, arena_ok=True)
    assert (verdict.score, verdict.flags) == (0.0, (Flag.EVALUATOR,))


def test_an_old_result_is_skipped(stage: Callable[..., Stage]) -> None:
    task = stage({"kind": "old-result"}).run()
    assert task.poll() == 0
    assert [path.name for path in task_directory(task).iterdir()] == ["result.txt"]


@pytest.mark.parametrize(("text", "score"), [("False", 0.0), ("0.25", 0.25), ("True\n", 1.0)])
def test_a_result_can_be_dictated(stage: Callable[..., Stage], text: str, score: float) -> None:
    assert scored(stage({"kind": "result", "text": text}).run()) == score


def test_a_fault_waits_for_its_step(stage: Callable[..., Stage]) -> None:
    task = stage({"kind": "step-error", "step": 3}).run()
    assert read_task(task_directory(task), task.output).steps >= 3


def scored(task: TaskProcess) -> float | None:
    reading = read_task(task_directory(task), task.output)
    return classify(reading, Ending.EXITED, arena_ok=True).score
