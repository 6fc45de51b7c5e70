from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.arena.port import Assignment
from orchestrator.arena.simulated.fake_container.draw import draw
from orchestrator.arena.winarena.arena import WinArena, WinArenaSettings
from orchestrator.arena.winarena.checks import preflight
from orchestrator.arena.winarena.docker_cli import Docker
from orchestrator.arena.winarena.docker_commands import DESK_MOUNT, container_name
from orchestrator.arena.winarena.sweep import sweep
from orchestrator.errors import ArenaError
from orchestrator.planning.plan import AgentSettings, ArenaSettings
from orchestrator.planning.suite import TaskKey, Unit
from tests.arena.conftest import until
from tests.e2e.base_image import REPOSITORY, simulated_image

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.arena.port import TaskProcess

pytestmark = pytest.mark.docker

KEY = "sk-simulated-key-that-must-not-show"
START_S = 90.0
DOCKER = Docker()

Build = Callable[..., WinArenaSettings]
Ready = tuple[WinArena, WinArenaSettings]


@pytest.fixture(scope="module")
def image() -> str:
    return simulated_image()


@pytest.fixture(scope="module")
def settings(image: str, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Return a maker of settings, each for a worker of its own."""

    def make(*faults: dict[str, Any], boot_s: float = 40.0) -> WinArenaSettings:
        script = json.dumps({"speed": 400, "boot_s": boot_s, "faults": list(faults)})
        worker = f"w-{secrets.token_hex(4)}"
        return WinArenaSettings(
            arena=ArenaSettings(kind="winarena", image=image, seed=7, faults=script),
            agent=AgentSettings(),
            run="e2e",
            worker=worker,
            scratch=tmp_path_factory.mktemp(worker),
            secrets={"OPENAI_API_KEY": KEY},
            environment=dict(os.environ),
        )

    return make


@pytest.fixture(scope="module")
def ready(settings: Build) -> Iterator[tuple[WinArena, WinArenaSettings]]:
    """Return an arena that is up, with a fault for each task that is named after one."""
    kinds = ("hang", "unkillable", "qemu-dead")
    chosen = settings(*({"kind": kind, "task": f"chrome/{kind}", "step": 0} for kind in kinds))
    arena = WinArena(chosen)
    try:
        arena.start(START_S, threading.Event())
        yield arena, chosen
    finally:
        arena.stop()


def launch(arena: WinArena, settings: WinArenaSettings, name: str) -> TaskProcess:
    directory = settings.scratch / secrets.token_hex(4)
    directory.mkdir(parents=True)
    return arena.launch(Assignment(Unit(TaskKey("chrome", name), 0), 1, directory))


def run(arena: WinArena, settings: WinArenaSettings, name: str) -> TaskProcess:
    task = launch(arena, settings, name)
    until(lambda: task.poll() is not None)
    return task


def result(task: TaskProcess, name: str) -> bytes:
    tree = task.results / "pyautogui" / "a11y_tree" / "gpt-4o" / "0" / "chrome" / name
    return (tree / "result.txt").read_bytes()


def exists(name: str) -> bool:
    return DOCKER.inspect("container", name) is not None


def clients(settings: WinArenaSettings) -> list[str]:
    """Return the processes of the client that live in a worker's container."""
    lines = DOCKER.demand(["top", container_name(settings.worker)]).splitlines()
    return [line for line in lines if "run.py" in line]


def test_a_task_runs_in_a_directory_of_its_own(ready: Ready) -> None:
    arena, chosen = ready
    assert preflight(chosen) == []
    first, again = run(arena, chosen, "demo-1"), run(arena, chosen, "demo-1")
    assert first.poll() == again.poll() == 0
    expected = draw(7, "chrome", "demo-1", 0).result.encode() + b"\n"
    assert result(first, "demo-1") == result(again, "demo-1") == expected
    work = first.results.parent / "work"
    assert (work / "run.py").is_symlink()
    assert not (work / "settings.json").is_symlink()
    assert (work / "cache" / "demo-1").is_dir()
    assert arena.fingerprint()["simulated"] == "true"
    assert "simulated" in arena.fingerprint()["arena"]


def test_no_key_is_kept_by_the_engine(ready: Ready) -> None:
    arena, chosen = ready
    task = launch(arena, chosen, "hang")
    until(lambda: clients(chosen) != [])
    seen = DOCKER.demand(["inspect", container_name(chosen.worker)])
    lines = DOCKER.demand(["top", container_name(chosen.worker)])
    host = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
    assert KEY not in seen + lines + host.stdout
    assert task.kill(4.0)


@pytest.mark.parametrize("kind", ["hang", "unkillable"])
def test_a_stuck_client_is_killed_without_rebooting_windows(ready: Ready, kind: str) -> None:
    arena, chosen = ready
    started = DOCKER.demand(
        ["inspect", "--format", "{{.State.StartedAt}}", container_name(chosen.worker)]
    )
    task = launch(arena, chosen, kind)
    until(lambda: len(clients(chosen)) == (2 if kind == "unkillable" else 1))

    assert task.kill(4.0)

    assert task.poll() is not None
    assert clients(chosen) == []
    assert arena.health().ok
    assert run(arena, chosen, "demo-2").poll() == 0
    assert started == DOCKER.demand(
        ["inspect", "--format", "{{.State.StartedAt}}", container_name(chosen.worker)]
    )


def test_a_dead_qemu_in_a_living_container_is_seen_and_a_reset_cures_it(ready: Ready) -> None:
    arena, chosen = ready
    run(arena, chosen, "qemu-dead")
    state = DOCKER.inspect("container", container_name(chosen.worker))
    assert state is not None
    assert state["State"]["Running"]
    health = arena.health()
    assert not health.ok
    assert "QMP: no answer" in health.detail

    arena.reset(START_S, threading.Event())

    assert arena.health().ok
    assert run(arena, chosen, "demo-3").poll() == 0


def inside(settings: WinArenaSettings, command: str) -> str:
    return DOCKER.demand(["exec", container_name(settings.worker), "sh", "-c", command])


def golden(directory: Path) -> Path:
    storage = directory / "golden"
    storage.mkdir()
    (storage / "data.img").write_text("pristine")
    return storage


def test_windows_writes_to_a_copy_and_a_reset_makes_it_fresh(
    settings: Build, tmp_path: Path
) -> None:
    chosen = replace(settings(), storage=golden(tmp_path))
    copy = chosen.storage_copy
    assert copy is not None
    arena = WinArena(chosen)
    try:
        arena.start(START_S, threading.Event())
        assert inside(chosen, "cat /storage/data.img; echo dirty > /storage/data.img") == "pristine"
        assert (copy / "data.img").read_text() == "dirty\n"
        arena.reset(START_S, threading.Event())
        assert inside(chosen, "cat /storage/data.img") == "pristine"
    finally:
        arena.stop()
    assert [path.name for path in tmp_path.iterdir()] == ["golden"]
    assert (tmp_path / "golden" / "data.img").read_text() == "pristine"


def test_windows_that_never_comes_up_is_an_error_within_the_deadline(settings: Build) -> None:
    chosen = settings({"kind": "never-ready"})
    arena = WinArena(chosen)
    try:
        with pytest.raises(ArenaError, match=r"not up within 4 s(?s:.)*Waiting for a response"):
            arena.start(4.0, threading.Event())
        assert exists(container_name(chosen.worker))
    finally:
        arena.stop()
    assert not exists(container_name(chosen.worker))


def test_a_container_that_ends_early_is_told_with_its_last_lines(settings: Build) -> None:
    chosen = settings(boot_s=1e6)
    arena, reported = WinArena(chosen), []

    def start() -> None:
        try:
            arena.start(START_S, threading.Event())
        except ArenaError as error:
            reported.append(str(error))

    thread = threading.Thread(target=start)
    thread.start()
    try:
        until(lambda: "Waiting" in DOCKER.call(["logs", container_name(chosen.worker)]).output)
        DOCKER.call(["kill", container_name(chosen.worker)])
        thread.join(30)
    finally:
        arena.stop()
    assert "ended before Windows was up" in reported[0]
    assert "Waiting for a response" in reported[0]


def test_what_a_dead_worker_left_is_swept_and_a_live_ones_is_not(
    ready: Ready, settings: Build, tmp_path: Path
) -> None:
    chosen = replace(settings(boot_s=1e6), storage=golden(tmp_path))
    reported = {
        "scratch": str(chosen.scratch),
        "storage": str(chosen.storage),
        "image": chosen.arena.image,
        "worker": chosen.worker,
    }
    command = [sys.executable, "-m", "tests.e2e.test_winarena_docker", json.dumps(reported)]
    worker = subprocess.Popen(command, cwd=REPOSITORY)
    until(lambda: exists(container_name(chosen.worker)))
    worker.send_signal(signal.SIGKILL)
    worker.wait()

    sweep(Docker(chosen.environment), tmp_path)

    assert not exists(container_name(chosen.worker))
    assert [path.name for path in tmp_path.iterdir()] == ["golden"]
    assert ready[0].health().ok


def test_a_running_container_can_be_attached_to_and_is_left_alone(
    settings: Build, image: str
) -> None:
    chosen = replace(settings(), container=f"attached-{secrets.token_hex(4)}")
    mount = f"type=bind,source={chosen.scratch.parent},target={DESK_MOUNT}"
    reported = ["--env", 'WAA_STANDIN={"speed": 400, "seed": 7}', "--cap-add", "NET_ADMIN"]
    begin = ["run", "--detach", "--name", chosen.container, "--mount", mount, *reported, image]
    assert [problem.what for problem in preflight(chosen)] == ["is not running"]
    DOCKER.demand([*begin, "-c", "./entry.sh --start-client false"])
    try:
        assert preflight(chosen) == []
        arena = WinArena(chosen)
        arena.start(START_S, threading.Event())
        assert run(arena, chosen, "demo-4").poll() == 0
        arena.stop()
        assert exists(chosen.container)
    finally:
        DOCKER.demand(["rm", "--force", chosen.container])


def test_without_net_admin_the_guest_is_out_of_reach(settings: Build, image: str) -> None:
    chosen = replace(settings(), container=f"attached-{secrets.token_hex(4)}")
    mount = f"type=bind,source={chosen.scratch},target={DESK_MOUNT}"
    begin = ["run", "--detach", "--name", chosen.container, "--mount", mount]
    reported = [
        "--env",
        'WAA_STANDIN={"speed": 400}',
        image,
        "-c",
        "./entry.sh --start-client false",
    ]
    DOCKER.demand([*begin, *reported])
    try:
        with pytest.raises(ArenaError, match="NET_ADMIN"):
            WinArena(chosen).start(4.0, threading.Event())
    finally:
        DOCKER.demand(["rm", "--force", chosen.container])


def test_a_missing_image_is_a_problem(settings: Build) -> None:
    chosen = settings()
    arena = replace(chosen.arena, image="waa-matrix-no-such:image")
    problems = [str(problem) for problem in preflight(replace(chosen, arena=arena))]
    assert any("waa-matrix-no-such:image" in problem for problem in problems)


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    script = json.dumps({"boot_s": 1e6})
    WinArena(
        WinArenaSettings(
            arena=ArenaSettings(kind="winarena", image=given["image"], faults=script),
            agent=AgentSettings(),
            run="e2e",
            worker=given["worker"],
            scratch=Path(given["scratch"]),
            storage=Path(given["storage"]),
        )
    ).start(START_S, threading.Event())
