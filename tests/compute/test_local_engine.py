"""The engine ``local``: what it keeps of a process, and that it means that very process."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from orchestrator.compute.base import Instance, InstanceState
from orchestrator.compute.failures import FailureKind
from orchestrator.compute.job import Job, MachineNeeds, RunnerBootstrap, WorkerBootstrap
from orchestrator.compute.local.engine import LEAVE_S, NO_ROOM, LocalEngine
from orchestrator.compute.local.process import ProcessId, identify, is_alive, send

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LABELS = {"waa-run": "r"}
SLEEPS = "import time; print('up', flush=True); time.sleep(600)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + SLEEPS
LAUNCHES_AND_HANGS = """
import sys, time
from pathlib import Path
from orchestrator.compute.job import Job, MachineNeeds, WorkerBootstrap
from orchestrator.compute.local.engine import LocalEngine
sleeps = "import time; print('up', flush=True); time.sleep(600)"
made = WorkerBootstrap((sys.executable, "-c", sleeps))
job = Job(("w0",), lambda name: made, {"waa-run": "r"}, MachineNeeds(kvm=False))
print(LocalEngine(Path(sys.argv[1]), time.time).launch(job).accepted, flush=True)
time.sleep(600)
"""


class Wall:
    """A clock that moves when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def engine(tmp_path: Path, wall: Wall) -> Iterator[LocalEngine]:
    made = LocalEngine(tmp_path / "workers", wall)
    yield made
    for instance in made.status({}):
        made.kill(instance.name)
        until(lambda name=instance.name: has_ended(made, name))  # type: ignore[misc]
    made.close()


def job_of(*names: str, program: str = SLEEPS) -> Job:
    made = WorkerBootstrap((sys.executable, "-c", program), {"A_KEY": "a-secret"})
    return Job(names, lambda _name: made, LABELS, MachineNeeds(kvm=False))


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60.0
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def has_ended(engine: LocalEngine, name: str) -> bool:
    there = engine.get(name)
    return there is None or there.state is InstanceState.ENDED


def started(engine: LocalEngine, program: str = SLEEPS) -> Instance:
    """Launch one that has said that it is up."""
    assert engine.launch(job_of("w0", program=program)).accepted == ("w0",)
    instance = engine.get("w0")
    assert instance is not None
    until(lambda: b"".join(engine.logs(instance)) == b"up\n")
    return instance


def kept(tmp_path: Path) -> ProcessId:
    text = (tmp_path / "workers/w0/process.json").read_text()
    return ProcessId(**json.loads(text)["process"])


def test_what_is_kept_names_the_process_by_its_start_and_boot_and_holds_no_secret(
    engine: LocalEngine, tmp_path: Path
) -> None:
    started(engine)
    process = kept(tmp_path)
    assert process == identify(process.pid)
    assert process.started is not None
    assert process.boot
    texts = [path.read_text() for path in (tmp_path / "workers/w0").glob("*.json")]
    assert len(texts) == 2
    assert not any("a-secret" in text for text in texts)


def test_a_process_outlives_whoever_started_it_and_another_ends_it(
    engine: LocalEngine, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", LAUNCHES_AND_HANGS, str(tmp_path / "workers")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as launcher:
        assert launcher.stdout is not None
        assert launcher.stdout.readline() == b"('w0',)\n"
        launcher.kill()
    instance = engine.get("w0")
    assert instance is not None
    assert instance.state is InstanceState.RUNNING
    until(lambda: b"".join(engine.logs(instance)) == b"up\n")
    process = kept(tmp_path)
    assert is_alive(process)
    engine.terminate(instance)
    until(lambda: engine.get("w0") is None)
    assert not is_alive(process)


def test_a_process_whose_launcher_was_killed_before_it_said_which_it_is_is_adopted(
    engine: LocalEngine, tmp_path: Path
) -> None:
    started(engine)
    process = kept(tmp_path)
    path = tmp_path / "workers/w0/process.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "process": None}))
    another = LocalEngine(tmp_path / "workers", time.time)
    instance = another.get("w0")
    assert instance is not None
    assert instance.state is InstanceState.RUNNING
    assert kept(tmp_path) == process


@pytest.mark.parametrize("other", [{"started": 1}, {"boot": "another-boot"}, {"started": None}])
def test_a_number_that_another_process_has_now_is_not_taken_for_it_and_gets_no_signal(
    engine: LocalEngine, tmp_path: Path, other: dict[str, object]
) -> None:
    started(engine)
    mine = kept(tmp_path)
    foreign = replace(mine, **other)  # type: ignore[arg-type]
    assert is_alive(mine)
    assert not is_alive(foreign)
    send(foreign, signal.SIGKILL)
    time.sleep(0.1)
    assert is_alive(mine)


def test_what_does_not_leave_is_killed_when_asked_again_after_a_while(
    engine: LocalEngine, wall: Wall
) -> None:
    instance = started(engine, STUBBORN)
    engine.terminate(instance)
    wall.now += LEAVE_S - 1.0
    engine.terminate(instance)
    ending = engine.get("w0")
    assert ending is not None
    assert ending.state is InstanceState.ENDING
    wall.now += 1.0
    engine.terminate(instance)
    until(lambda: engine.get("w0") is None)
    assert engine.wait("w0") == -signal.SIGKILL


def test_an_end_that_nobody_asked_for_tells_how_and_goes_once_it_is_asked_for(
    engine: LocalEngine, tmp_path: Path
) -> None:
    started(engine)
    engine.kill("w0")
    assert engine.wait("w0", 60.0) == -signal.SIGKILL
    ended = engine.get("w0")
    assert ended is not None
    assert (ended.state, ended.exit_code) == (InstanceState.ENDED, -signal.SIGKILL)
    assert ended.failure is not None
    assert ended.failure.kind is FailureKind.BROKEN
    assert LocalEngine(tmp_path / "workers", time.time).get("w0") == ended
    engine.terminate(ended)
    assert engine.get("w0") is None
    assert [path.name for path in (tmp_path / "workers/w0").iterdir()] == ["worker.log"]
    assert engine.launch(job_of("w0")).refused["w0"].code == "NameTaken", "its log stays"


def test_an_end_that_was_meant_is_no_failure(engine: LocalEngine) -> None:
    assert engine.launch(job_of("w0", program="pass")).accepted == ("w0",)
    assert engine.wait("w0", 60.0) == 0
    ended = engine.get("w0")
    assert ended is not None
    assert (ended.state, ended.exit_code, ended.failure) == (InstanceState.ENDED, 0, None)


def test_a_log_that_is_older_than_asked_for_is_left_out(engine: LocalEngine, wall: Wall) -> None:
    instance = started(engine)
    wall.now = time.time()
    assert b"".join(engine.logs(instance, since_s=600.0)) == b"up\n"
    wall.now += 3600.0
    assert b"".join(engine.logs(instance, since_s=600.0)) == b""


def test_a_runner_is_no_process_and_a_file_in_the_way_is_no_room(
    engine: LocalEngine, tmp_path: Path
) -> None:
    job = replace(job_of("w0"), bootstrap=lambda _name: RunnerBootstrap("#cloud-config"))
    assert engine.launch(job).refused["w0"].code == "NotAWorker"
    (tmp_path / "workers").write_text("")
    assert engine.launch(job_of("w0")).refused["w0"].code == NO_ROOM
    [finding] = engine.check(job_of("w0"))
    assert finding.check == "directory"


def test_a_disk_that_takes_nothing_keeps_no_process_from_being_ended(
    engine: LocalEngine, tmp_path: Path
) -> None:
    instance = started(engine)
    held = tmp_path / "workers/w0/process.json"
    held.unlink()
    held.mkdir()  # no record can be written there any more
    engine.terminate(instance)
    assert engine.wait("w0", 60.0) == -signal.SIGTERM
    ended = engine.get("w0")
    assert ended is not None
    assert (ended.state, ended.exit_code) == (InstanceState.ENDED, -signal.SIGTERM)
    assert sorted(path.name for path in held.parent.iterdir()) == [
        *("instance.json", "process.json", "worker.log")
    ]
