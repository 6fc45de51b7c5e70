"""Each scripted fault, read by the table of causes: the stand-in breaks as the real thing does."""

from __future__ import annotations

import json
import socket
import time
from typing import TYPE_CHECKING

import pytest

from orchestrator.arena.simulated.fake_container.draw import draw
from orchestrator.arena.simulated.fake_container.phrases import ANSWERS
from orchestrator.arena.simulated.fake_container.script import KINDS
from orchestrator.arena.simulated.fake_container.setting import address
from orchestrator.ledger.causes import Cause, Flag
from orchestrator.planning.plan import AgentSettings
from orchestrator.results.arguments import asked_of, differences, parse_arguments
from orchestrator.results.log import scan_file
from orchestrator.results.setup_log import TABLE, Weight
from orchestrator.results.task import read_task
from orchestrator.results.trajectory import steps_of
from orchestrator.results.tree import find_task_directories
from orchestrator.results.verdict import AttemptVerdict, ClientEnding, classify
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
    "wrapped-reset": Cause.SETUP,
    "wrapped-evaluate": Cause.EVALUATOR,
    "no-logs": Cause.AGENT,
    "no-text": Cause.AGENT,
}
STUCK = ("hang", "chatter", "unkillable")
HARMLESS = ("slow", "model-429", "setup-retry", "execute-retry", "several-actions")
ANSWERED = {
    "unreachable": Cause.PROVIDER,
    "400": Cause.AGENT,
    "401": Cause.MODEL,
    "404": Cause.MODEL,
    "413": Cause.AGENT,
    "429": Cause.PROVIDER,
    "500": Cause.PROVIDER,
    "503": Cause.PROVIDER,
    "no-quota": Cause.MODEL,
}
PHASES = {"reset-line": "reset", "setup-line": "set-up", "late-line": "after the first step"}


def test_every_kind_is_covered() -> None:
    others = ("never-ready", "getter-error", "old-result", "result", "model-error", "wrong-client")
    assert set(KINDS) == {*CRASHES, *STUCK, *HARMLESS, *PHASES, *others}
    assert set(ANSWERS) == set(ANSWERED)


@pytest.mark.parametrize(("kind", "cause"), CRASHES.items())
def test_a_fault_has_its_cause(stage: Callable[..., Stage], kind: str, cause: Cause) -> None:
    entry = stage({"kind": kind})
    task = entry.run()
    reading = read_task(task_directory(task), task.output)
    verdict = classify(reading, ClientEnding.EXITED, arena_ok=entry.arena.health().ok)
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


@pytest.mark.parametrize(("text", "cause"), ANSWERED.items())
def test_what_the_provider_answers_has_its_cause(
    stage: Callable[..., Stage], text: str, cause: Cause
) -> None:
    verdict = judged(stage({"kind": "model-error", "text": text}).run())

    assert verdict.cause is cause
    assert verdict.flags == ((Flag.BAD_REQUEST,) if text == "400" else ())


def test_an_outage_that_ends_while_the_client_tries_costs_nothing(
    stage: Callable[..., Stage],
) -> None:
    over = {"kind": "model-error", "text": "503", "until": time.time() - 1}
    brief = {"kind": "model-error", "text": "unreachable", "until": time.time() + 0.5}

    assert scored(stage(over).run()) == draw(7, "chrome", "demo-1", 0).score
    assert scored(stage(brief, speed=400.0).run()) == draw(7, "chrome", "demo-1", 0).score


@pytest.mark.parametrize("kind", PHASES)
def test_each_message_of_the_set_up_in_each_phase(stage: Callable[..., Stage], kind: str) -> None:
    faults = [
        {"kind": kind, "task": f"chrome/row-{number}", "text": row.example}
        for number, row in enumerate(TABLE)
    ]
    faults.append({"kind": "result", "task": "chrome/*", "text": "1"})
    entry = stage(*faults)

    for number, row in enumerate(TABLE):
        verdict = judged(entry.run(f"row-{number}"))

        weight = Weight.NOTHING if kind == "late-line" else row.weight
        if weight is Weight.OF_THE_STEP:
            weight = Weight.WARNING if kind == "reset-line" else Weight.VOID
        flags = (Flag.SETUP_WARNING,) if weight is Weight.WARNING else ()
        expected = (None, Cause.SETUP, ()) if weight is Weight.VOID else (1.0, None, flags)
        assert (verdict.score, verdict.cause, verdict.flags) == expected, row.example


def test_several_actions_of_a_turn_are_one_step(stage: Callable[..., Stage]) -> None:
    task = stage({"kind": "several-actions"}).run()
    steps = steps_of(task_directory(task))

    numbers = [step.number for step in steps]
    assert len(numbers) > len(set(numbers))
    assert read_task(task_directory(task), task.output).steps == max(numbers)


def test_the_client_says_what_it_was_started_with(stage: Callable[..., Stage]) -> None:
    arguments = ("--observation_type", "som", "--max_steps", "9")
    agent = AgentSettings(client_args=arguments)
    asked = asked_of(agent.name, agent.model, arguments)
    right = stage(client_args=arguments).run()
    wrong = stage({"kind": "wrong-client", "text": "gpt-3"}, client_args=arguments).run()

    said = [parse_arguments(scan_file(task.output).arguments) or {} for task in (right, wrong)]

    assert differences(asked, said[0]) == []
    assert differences(asked, said[1]) == ["model was asked as 'gpt-4o', the client has 'gpt-3'"]


def test_qemus_monitor_serves_one_client_at_a_time(stage: Callable[..., Stage]) -> None:
    entry = stage()
    where = address(json.loads((entry.root / "arena" / "guest.json").read_text())["qmp"])
    with socket.create_connection(where, 5.0) as first:
        assert b"QMP" in first.recv(4096)
        with socket.create_connection(where, 5.0) as second:
            second.settimeout(0.2)
            with pytest.raises(TimeoutError):
                second.recv(4096)
            first.close()
            second.settimeout(5.0)
            assert b"QMP" in second.recv(4096)
    assert entry.arena.health().ok


def test_a_rate_limit_is_heard_until_it_is_over(stage: Callable[..., Stage]) -> None:
    task = stage({"kind": "model-429", "seconds": 1e8}).launch()
    until(lambda: scan_file(task.output).throttled)
    assert task.poll() is None


def test_a_swallowed_getter_is_a_zero_with_a_flag(stage: Callable[..., Stage]) -> None:
    task = stage({"kind": "getter-error"}).run()
    reading = read_task(task_directory(task), task.output)
    verdict = classify(reading, ClientEnding.EXITED, arena_ok=True)
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


def judged(task: TaskProcess) -> AttemptVerdict:
    (directory,) = find_task_directories(task.results).values()
    return classify(read_task(directory, task.output), ClientEnding.EXITED, arena_ok=True)


def scored(task: TaskProcess) -> float | None:
    return judged(task).score
