"""How a machine ends early: its time is over, or the cloud takes it."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.image.machine import BIN

if TYPE_CHECKING:
    from tests.image.machine import Sandbox, Server

NAME = "waa-7-1-000-ab"


@pytest.fixture
def clock(sandbox: Sandbox) -> Sandbox:
    """A machine whose clock moves by its sleeps alone, from 1000."""
    now = sandbox.root / "now"
    now.write_text("1000")
    sandbox.stub("date", f"cat {now}")
    sandbox.stub(
        "sleep",
        f'echo "$1" >>{sandbox.root}/sleeps; echo $(($(cat {now}) + $1)) >{now}.new; '
        f"mv {now}.new {now}",
    )
    return sandbox


def slept(machine: Sandbox) -> list[int]:
    file = machine.root / "sleeps"
    return [int(line) for line in file.read_text().split()] if file.exists() else []


def test_the_machine_ends_at_its_deadline(clock: Sandbox) -> None:
    clock.run("waa-deadline", WAA_DEADLINE="1130")
    assert slept(clock) == [60, 60, 10]
    assert clock.powered_off


def test_a_deadline_in_the_past_ends_it_at_once(clock: Sandbox) -> None:
    clock.run("waa-deadline", WAA_DEADLINE="999")
    assert slept(clock) == []
    assert clock.powered_off


@pytest.mark.parametrize("deadline", ["", "soon"])
def test_without_a_deadline_there_is_one_all_the_same(clock: Sandbox, deadline: str) -> None:
    clock.run("waa-deadline", WAA_DEADLINE=deadline)
    assert sum(slept(clock)) == 6 * 3600
    assert clock.powered_off
    assert "6 hours are assumed" in clock.console


def events(*results: tuple[str, list[str]]) -> tuple[int, bytes]:
    listed = [{"EventType": kind, "Resources": who} for kind, who in results]
    return 200, json.dumps({"DocumentIncarnation": 1, "Events": listed}).encode()


@pytest.fixture
def spot(sandbox: Sandbox, server: Server) -> Sandbox:
    sandbox.variables |= {
        "WAA_SCHEDULED_EVENTS_URL": f"{server.url}/events",
        "WAA_SPOT_POLL_S": "0.02",
    }
    return sandbox


def test_the_worker_is_told_when_the_machine_is_taken(spot: Sandbox, server: Server) -> None:
    server.replies["/events"] = events(("Preempt", [NAME.upper()]))
    with subprocess.Popen(["sleep", "60"]) as worker:
        (spot.state / "worker.pid").write_text(f"{worker.pid}\n")
        assert spot.run("waa-spot-watch").returncode == 0
        assert worker.wait(timeout=30) == -15
    assert server.headers[0]["Metadata"] == "true"
    assert "spot seen: Preempt" in spot.console


def test_a_worker_that_starts_late_is_told_too(spot: Sandbox, server: Server) -> None:
    server.replies["/events"] = events(("Preempt", [NAME]))
    (spot.state / "worker.pid").touch()
    watch = [str(BIN / "waa-spot-watch")]
    with (
        subprocess.Popen(["sleep", "60"]) as worker,
        subprocess.Popen(
            watch, env=spot.environment(), stdout=subprocess.PIPE, text=True
        ) as reported,
    ):
        assert reported.stdout is not None
        assert "Preempt" in reported.stdout.readline()
        assert worker.poll() is None
        (spot.state / "worker.pid").write_text(f"{worker.pid}\n")
        assert worker.wait(timeout=30) == -15
        assert reported.wait(timeout=30) == 0


@pytest.mark.parametrize(
    "reply",
    [
        events(),
        events(("Freeze", [NAME])),
        events(("Preempt", ["another"])),
        (500, b""),
        (200, b"<html>"),
    ],
)
def test_nothing_else_ends_the_worker(
    spot: Sandbox, server: Server, reply: tuple[int, bytes]
) -> None:
    server.replies["/events"] = reply
    # Nobody waits for what must not happen: the fifth pause ends the watcher.
    looks = spot.root / "looks"
    spot.stub("sleep", f"echo >>{looks}; (($(wc -l <{looks}) < 5)) || kill $PPID")
    with subprocess.Popen(["tail", "-f", "/dev/null"]) as worker:
        (spot.state / "worker.pid").write_text(f"{worker.pid}\n")
        assert spot.run("waa-spot-watch").returncode == -15
        assert worker.poll() is None
        worker.kill()
    assert len(server.headers) == 5
    assert spot.console == ""
