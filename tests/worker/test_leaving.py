"""What leaves a worker: evidence without secrets, lines that start no command, a last word."""

from __future__ import annotations

import io
import json
import os
from typing import TYPE_CHECKING

import pytest

from orchestrator.errors import StoreError
from orchestrator.ledger import paths
from orchestrator.ledger.causes import Cause
from orchestrator.ledger.records import parse_left
from orchestrator.planning.plan import PlanInputs, make_plan
from orchestrator.planning.suite import TaskKey, Unit, suite_of
from orchestrator.results.trajectory import read_trajectory, steps_of
from orchestrator.store import Store
from orchestrator.worker.claims import Identity, LedgerClient
from orchestrator.worker.evidence import (
    FILE_LIMIT,
    cut_short,
    evidence_files,
    newest_screenshot,
    upload,
)
from orchestrator.worker.heartbeat import WATCHDOG_GRACE_S, HeartbeatThread, Watch, WorkerSignals
from orchestrator.worker.log import WorkerLog
from orchestrator.worker.redact import Redactor
from tests.fakes.virtual_world import SESSION, Line, World, open_world
from tests.records import outcome

if TYPE_CHECKING:
    from pathlib import Path

UNIT = Unit(TaskKey("d", "a"), 0)
SECRET = "sk-very-secret-value"
REDACTOR = Redactor({"OPENAI_API_KEY": SECRET, "SHORT": "1"})


@pytest.fixture
def world() -> World:
    return open_world(make_plan(PlanInputs(suite_of((UNIT.task,)), heartbeat_s=10, lease_s=60)))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "logs").mkdir()
    for name in (
        "result.txt",
        "traj.jsonl",
        "traj.html",
        "logs/task-0-1.log",
        "screenshot-step_0_1.png",
        "accessibility_tree-step_0_1.txt",
        "regions-step_0_1.json",
    ):
        (tmp_path / name).write_text(f"{name} {SECRET}")
    return tmp_path


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("none", []),
        ("traj", ["logs/task-0-1.log", "result.txt", "traj.jsonl"]),
        (
            "screens",
            ["logs/task-0-1.log", "result.txt", "screenshot-step_0_1.png", "traj.jsonl"],
        ),
    ],
)
def test_evidence_is_what_was_asked_for(tree: Path, kind: str, names: list[str]) -> None:
    assert [name for name, _ in evidence_files(tree, kind)] == names


def test_all_evidence_is_every_regular_file_and_no_link(tree: Path, tmp_path: Path) -> None:
    (tree / "screenshot-step_9_link.png").symlink_to("/etc/passwd")
    (tree / "up").symlink_to(tmp_path.parent)
    os.mkfifo(tree / "pipe")
    texts = {name for name, _ in evidence_files(tree, "all")}
    assert len(texts) == 7
    assert texts.isdisjoint({"screenshot-step_9_link.png", "pipe"})
    assert newest_screenshot(tree) == tree / "screenshot-step_0_1.png"


def test_evidence_leaves_without_secrets_and_cut_to_its_end(world: World, tree: Path) -> None:
    store = Store(Line(world, "w1", lambda: None), "x://")
    with (tree / "traj.jsonl").open("wb") as stream:
        stream.truncate(FILE_LIMIT + 100)
        stream.seek(0, 2)
        stream.write(b"the end")
    assert upload(store, "evidence/x/", evidence_files(tree, "all"), REDACTOR) == ""
    kept = {path: data for path, (data, _) in world.objects.items() if "evidence" in path}
    assert len(kept) == 7
    assert all(SECRET.encode() not in data for data in kept.values())
    assert b"[OPENAI_API_KEY]" in kept["evidence/x/result.txt"]
    assert len(kept["evidence/x/traj.jsonl"]) == FILE_LIMIT
    assert kept["evidence/x/traj.jsonl"].endswith(b"the end")


def test_a_trajectory_of_52_megabytes_keeps_its_steps_in_the_ledger(
    world: World, tree: Path, tmp_path: Path
) -> None:
    padding = f"{SECRET} " + "x" * (2 << 20)
    with (tree / "traj.jsonl").open("w") as stream:
        for step in range(1, 27):
            action = "FAIL" if step == 26 else "pyautogui.click(1, 2)"
            line = {"step_num": step, "action": action, "observation": padding}
            stream.write(json.dumps(line) + "\n")
    store = Store(Line(world, "w1", lambda: None), "x://")
    files = evidence_files(tree, "traj")
    assert cut_short(files).endswith("traj.jsonl (55 MB; long values of it)")
    assert upload(store, "evidence/x/", files, REDACTOR) == ""

    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / "traj.jsonl").write_bytes(world.objects["evidence/x/traj.jsonl"][0])
    trajectory = read_trajectory(copy)
    assert (trajectory.steps, trajectory.answered_fail) == (26, True)
    assert [step.number for step in steps_of(copy)] == list(range(1, 27))
    assert SECRET.encode() not in (copy / "traj.jsonl").read_bytes()


def test_a_webp_screenshot_is_kept_and_shown_like_a_png(tree: Path) -> None:
    name = "screenshot-step_1_2.webp"
    (tree / name).write_bytes(b"RIFF0000WEBP")
    os.utime(tree / name, ns=(2**62, 2**62))
    (tree / "traj.jsonl").write_text(
        json.dumps({"step_num": 1, "action": "click()", "screenshot": name})
    )
    assert name in {kept for kept, _ in evidence_files(tree, "screens")}
    assert newest_screenshot(tree) == tree / name
    assert [step.screenshot for step in steps_of(tree)] == [name]


@pytest.mark.parametrize("at", [0, 1, 20, 39])
@pytest.mark.parametrize("copies", [1, 4000])
def test_no_half_of_a_secret_is_left_where_a_file_is_cut(
    world: World, tree: Path, monkeypatch: pytest.MonkeyPatch, at: int, copies: int
) -> None:
    monkeypatch.setattr("orchestrator.worker.evidence.FILE_LIMIT", 1000)
    token = "ghs_" + "aB3.dEf9_H" * 4
    lines = f"{token}\n" * copies
    text = "x\n" * 9000 + lines + "y" * (1000 - at - 1) + "\n"
    (tree / "logs" / "task-0-1.log").write_text(text)
    store = Store(Line(world, "w1", lambda: None), "x://")
    assert upload(store, "evidence/x/", evidence_files(tree, "all"), REDACTOR) == ""
    kept = world.objects["evidence/x/logs/task-0-1.log"][0].decode(errors="replace")
    assert len(kept) <= 1000
    assert not [token[n : n + 8] for n in range(len(token) - 7) if token[n : n + 8] in kept]
    assert kept.endswith("y\n")


def test_evidence_that_cannot_be_kept_is_said_and_stops_nothing(world: World, tree: Path) -> None:
    line = Line(world, "w1", lambda: None, down=True)
    said = upload(Store(line, "x://"), "evidence/x/", evidence_files(tree, "all"), REDACTOR)
    assert "evidence/x/ is incomplete" in said


def test_short_values_are_no_secrets_and_the_longest_goes_first() -> None:
    redactor = Redactor({"A": "abcdef", "B": "abcdefghij", "C": "1"})
    assert redactor.text("abcdefghij abcdef 1") == "[B] [A] 1"
    assert "abcdef" not in repr(redactor)


HOSTILE = "::error::pwned\n::add-mask::x\r\n%0A::set-output name=x::y\x1b[31m\x00"


@pytest.mark.parametrize("github", [True, False])
def test_hostile_text_starts_no_workflow_command(tmp_path: Path, *, github: bool) -> None:
    stream = io.StringIO()
    worker_log = WorkerLog(stream, github, tmp_path / "summary.md", REDACTOR)
    unit = Unit(TaskKey("d", "a"), 0)
    lost = outcome(unit, cause=Cause.ARENA)
    object.__setattr__(lost, "message", HOSTILE + SECRET)
    worker_log.task_started(unit, 2, stolen=True)
    worker_log.task_ended(lost)
    worker_log.warn(HOSTILE)
    worker_log.summarize([lost], HOSTILE + SECRET)
    lines = stream.getvalue().split("\n")
    commands = [line.split("::")[1] for line in lines if line.startswith("::")]
    assert commands == (["group", "endgroup", "warning"] if github else [])
    assert "%0A" not in "".join(line for line in lines if line.startswith("::warning"))
    said = stream.getvalue() + (tmp_path / "summary.md").read_text()
    assert SECRET not in said
    assert "\x1b" not in said
    assert "\x00" not in said
    if github:
        assert (tmp_path / "summary.md").read_text().count("| d/a |") == 1


def pulse_of(
    world: World, line: Line, orders: WorkerSignals, dead: list[str]
) -> tuple[HeartbeatThread, LedgerClient]:
    store = Store(line, "x://")
    ledger_client = LedgerClient(store, world.plan, Identity("w1", SESSION, "m"), lambda: world.now)
    watch = Watch(lambda: world.now, lambda: world.now, lambda: bool(dead), dead.append)
    return HeartbeatThread(ledger_client, store, orders, watch, 0.001), ledger_client


def rounds_until(condition: object, pulse: HeartbeatThread, orders: WorkerSignals) -> None:
    """Let the pulse beat until ``condition`` holds; its own thread does the work."""
    import time

    pulse.start()
    for _ in range(20_000):
        if condition():  # type: ignore[operator]  # a callable of no arguments
            break
        time.sleep(0.0005)
    pulse.close()
    del orders


def test_the_pulse_beats_and_hears_a_drain(world: World) -> None:
    orders, line = WorkerSignals(), Line(world, "w1", lambda: None)
    pulse, _ = pulse_of(world, line, orders, [])
    world.objects[paths.control(SESSION, "drain")] = (b"{}", world.now)
    rounds_until(orders.drain.is_set, pulse, orders)
    assert orders.drain.is_set()
    assert not orders.stop.is_set()
    assert paths.worker("w1") in world.objects


def test_another_sessions_drain_is_not_mine(world: World) -> None:
    orders, line = WorkerSignals(), Line(world, "w1", lambda: None)
    pulse, ledger_client = pulse_of(world, line, orders, [])
    world.objects[paths.control("s2", "drain")] = (b"{}", world.now)
    rounds_until(lambda: ledger_client.shown.beat > 3, pulse, orders)
    assert not orders.drain.is_set()


def test_a_store_that_is_gone_does_not_end_the_pulse(world: World) -> None:
    orders, line = WorkerSignals(), Line(world, "w1", lambda: None, down=True)
    pulse, ledger_client = pulse_of(world, line, orders, [])
    rounds_until(lambda: ledger_client.shown.beat > 3, pulse, orders)
    assert ledger_client.shown.beat > 3
    assert "could not write" in ledger_client.shown.note


def test_an_orphan_stops(world: World) -> None:
    orders, line = WorkerSignals(), Line(world, "w1", lambda: None)
    pulse, _ = pulse_of(world, line, orders, ["the parent"])
    rounds_until(orders.stop.is_set, pulse, orders)
    assert "gone" in orders.reason


@pytest.mark.parametrize("down", [False, True])
def test_the_watchdog_ends_a_process_that_is_stuck(world: World, *, down: bool) -> None:
    orders, dead = WorkerSignals(), list[str]()
    pulse, _ = pulse_of(world, Line(world, "w1", lambda: None, down=down), orders, dead)
    pulse.allow(100.0)
    world.now += 100.0 + WATCHDOG_GRACE_S + 1.0
    rounds_until(lambda: bool(dead), pulse, orders)
    assert "outlived its deadline" in dead[0]
    if not down:
        left = parse_left(world.objects[paths.left("w1")][0])
        assert left is not None
        assert left.exit_code == 4


def test_the_watchdog_leaves_a_step_alone_that_is_within_its_grace(world: World) -> None:
    orders, dead = WorkerSignals(), list[str]()
    pulse, ledger_client = pulse_of(world, Line(world, "w1", lambda: None), orders, dead)
    pulse.allow(100.0)
    world.now += 100.0 + WATCHDOG_GRACE_S - 1.0
    rounds_until(lambda: ledger_client.shown.beat > 3, pulse, orders)
    assert dead == []


def test_the_first_reason_to_stop_is_kept() -> None:
    orders = WorkerSignals()
    orders.end("SIGTERM")
    orders.end("SIGINT")
    assert orders.reason == "SIGTERM"


def test_a_last_word_that_cannot_be_written_is_an_error(world: World) -> None:
    line = Line(world, "w1", lambda: None, down=True)
    ledger_client = LedgerClient(
        Store(line, "x://"), world.plan, Identity("w1", SESSION, "m"), lambda: 0.0
    )
    with pytest.raises(StoreError):
        ledger_client.leave("done", 0, 0.0)
