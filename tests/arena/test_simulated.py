from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from orchestrator.arena.simulated.arena import SimulatedArena, SimulatedSettings, check_faults
from orchestrator.arena.simulated.fake_container.draw import draw
from orchestrator.errors import ArenaError, BadInputError
from orchestrator.planning.plan import AgentSettings, ArenaSettings
from tests.arena.conftest import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.arena.port import TaskProcess
    from tests.arena.conftest import Stage


def task_directory(task: TaskProcess, name: str = "demo-1", trial: int = 0) -> Path:
    return task.results / "pyautogui" / "a11y_tree" / "gpt-4o" / str(trial) / "chrome" / name


def result(task: TaskProcess) -> bytes:
    return (task_directory(task) / "result.txt").read_bytes()


def test_a_task_is_scored_as_drawn(stage: Callable[..., Stage]) -> None:
    entry = stage()
    assert entry.arena.health().ok

    task = entry.run()

    assert task.poll() == 0
    drawn = draw(7, "chrome", "demo-1", 0)
    assert result(task) == drawn.result.encode() + b"\n"
    lines = (task_directory(task) / "traj.jsonl").read_text().splitlines()
    assert [json.loads(line)["step_num"] for line in lines] == list(range(drawn.steps + 1))
    assert "Finished chrome/demo-1" in task.output.read_text()


def test_trials_differ_in_directory_and_draw(stage: Callable[..., Stage]) -> None:
    task = stage().run(trial=1)
    lines = (task_directory(task, trial=1) / "traj.jsonl").read_text().splitlines()
    assert len(lines) == draw(7, "chrome", "demo-1", 1).steps + 1


def test_the_users_arguments_reach_the_client_verbatim(stage: Callable[..., Stage]) -> None:
    task = stage(client_args=("--observation_type", "som", "--max_steps=1")).run()
    (trajectory,) = task.results.glob("pyautogui/som/gpt-4o/0/chrome/demo-1/traj.jsonl")
    assert len(trajectory.read_text().splitlines()) == 2


def test_progress_is_visible_while_a_task_runs(stage: Callable[..., Stage]) -> None:
    task = stage({"kind": "hang", "step": 1}).launch()
    until(lambda: len(list(task_directory(task).glob("screenshot-step_*"))) == 2)
    assert task.poll() is None


def test_a_hung_client_is_killed(stage: Callable[..., Stage]) -> None:
    entry = stage({"kind": "hang", "step": 0})
    task = entry.launch()
    until(lambda: task_directory(task).exists())
    assert task.kill(5.0)
    assert task.poll() is not None
    assert entry.arena.health().ok


def test_a_fault_strikes_the_attempt_it_names(stage: Callable[..., Stage]) -> None:
    entry = stage({"kind": "die", "attempt": 1, "task": "chrome/*"})
    first, second = entry.run(attempt=1), entry.run(attempt=2)
    assert first.poll() == -signal.SIGKILL
    assert not (task_directory(first) / "result.txt").exists()
    assert second.poll() == 0
    assert result(second)


def test_an_unkillable_client_and_what_it_detached_are_killed(stage: Callable[..., Stage]) -> None:
    task = stage({"kind": "unkillable", "step": 0}).launch()
    until(lambda: len(processes_in(task.results.parent)) == 2)
    assert task.kill(2.0)
    assert processes_in(task.results.parent) == []


def test_a_dead_qemu_is_seen_and_a_reset_cures_it(stage: Callable[..., Stage]) -> None:
    entry = stage({"kind": "qemu-dead", "boot": 1})
    task = entry.run()
    last = (task_directory(task) / "traj.jsonl").read_text().splitlines()[-1]
    assert "env.step(" in json.loads(last)["Traceback"]
    health = entry.arena.health()
    assert not health.ok
    assert "/probe: no answer" in health.detail
    assert "QMP: no answer" in health.detail

    entry.arena.reset(30.0, threading.Event())

    assert entry.arena.health().ok
    assert result(entry.run(attempt=2))


def test_a_guest_that_never_comes_up_is_an_error(stage: Callable[..., Stage]) -> None:
    entry = stage({"kind": "never-ready", "boot": 1}, start=False)
    with pytest.raises(ArenaError, match=r"not ready within 0\.3 s.*(?s:.)*Waiting for a response"):
        entry.arena.start(0.3, threading.Event())
    entry.arena.reset(30.0, threading.Event())
    assert entry.arena.health().ok


def test_starting_stops_when_asked(stage: Callable[..., Stage]) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(ArenaError, match="stopped"):
        stage(start=False).arena.start(30.0, stop)


def test_stopping_leaves_no_process(stage: Callable[..., Stage]) -> None:
    entry = stage({"kind": "unkillable", "step": 0})
    entry.launch()
    until(lambda: len(processes_in(entry.root)) == 3)
    entry.arena.stop()
    assert processes_in(entry.root) == []
    assert not entry.arena.health().ok
    entry.arena.stop()


def test_a_killed_worker_leaves_no_process(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.arena.test_simulated", str(tmp_path)]
    worker = subprocess.Popen(command, cwd=Path(__file__).parents[2])
    until(lambda: len(processes_in(tmp_path)) == 3)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    until(lambda: processes_in(tmp_path) == [])


def test_a_wrong_script_names_every_problem(tmp_path: Path) -> None:
    text = '[{"kind": "explode"}, {"kind": "hang", "attempt": "x", "colour": 1}]'
    problems = [str(problem) for problem in check_faults(text)]
    assert len(problems) == 3
    assert "explode" in problems[0]
    settings = SimulatedSettings(ArenaSettings(faults=text), AgentSettings(), 1.0, "w0", tmp_path)
    with pytest.raises(BadInputError, match="explode"):
        SimulatedArena(settings)


def test_the_fingerprint_says_simulated(stage: Callable[..., Stage]) -> None:
    fingerprint = stage(start=False).arena.fingerprint()
    assert fingerprint["arena"] == "simulated"
    assert all(isinstance(value, str) for value in fingerprint.values())


def processes_in(directory: Path) -> list[int]:
    """Return the processes whose working directory lies in this one."""
    match = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                where = (entry / "cwd").readlink()
            except OSError:
                continue
            if where.is_relative_to(directory):
                match.append(int(entry.name))
    return match


if __name__ == "__main__":
    from tests.arena.conftest import Stage

    doomed = Stage(Path(sys.argv[1]), [{"kind": "unkillable", "step": 0}])
    doomed.start()
    doomed.launch()
    signal.pause()
    os._exit(0)
