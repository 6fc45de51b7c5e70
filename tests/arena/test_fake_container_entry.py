from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.arena.simulated.fake_container.setting import address
from orchestrator.arena.winarena.guest_probe import ask_qemu, ask_server
from tests.arena.conftest import until
from tests.arena.test_fake_container_client import HOME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

WAITING = "Waiting for a response from the windows server. This might take a while..."


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Return a starter of entry programs whose addresses land in ``ports.json``."""
    started: list[subprocess.Popen[str]] = []

    def entry(*flags: str, **setting: Any) -> subprocess.Popen[str]:
        reported = {
            "speed": 3000,
            "http": "127.0.0.1:0",
            "qmp": "127.0.0.1:0",
            "announce": str(tmp_path / "ports.json"),
            **setting,
        }
        process = subprocess.Popen(
            [sys.executable, "-S", "-I", str(HOME / "__main__.py"), "entry", *flags],
            cwd=tmp_path,
            env={"WAA_STANDIN": json.dumps(reported)},
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield entry
    for process in started:
        process.kill()
        process.communicate()


def lines_until(process: subprocess.Popen[str], last: str) -> list[str]:
    assert process.stdout is not None
    lines: list[str] = []
    while last not in lines:
        line = process.stdout.readline()
        assert line, lines
        lines.append(line.rstrip("\n"))
    return list(dict.fromkeys(lines))


def test_without_a_client_the_container_is_kept_alive(start: Any, tmp_path: Path) -> None:
    process = start("--start-client", "false", "--prepare-image", "false")
    assert lines_until(process, "Keeping container alive") == [
        "Starting WinArena...",
        "Starting VM...",
        "Starting WinArena VM...",
        WAITING,
        "VM is up and running, and the Windows Arena Server is ready to use!",
        "VM started, server ready",
        "Skipping image preparation...",
        "Keeping container alive",
    ]
    reported = json.loads((tmp_path / "ports.json").read_text())
    assert ask_server(*address(reported["http"])) == "ok"
    assert ask_qemu(*address(reported["qmp"])) == "running"
    assert process.poll() is None


def test_with_a_client_it_ends_with_127_whatever_happened(start: Any, tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "earlier").touch()
    process = start("--json-name", "missing.json")
    assert process.wait(30) == 127
    assert lines_until(process, "Starting client...")[-1] == "Starting client..."
    assert not (tmp_path / "results" / "earlier").exists()


def test_results_are_kept_when_asked(start: Any, tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "earlier").touch()
    assert start("--json-name", "missing.json", "--clean-results", "false").wait(30) == 127
    assert (tmp_path / "results" / "earlier").exists()


def test_an_unknown_flag_loops_for_ever_in_silence(start: Any) -> None:
    process = start("--observation-type", "som")
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.5)


def test_the_wait_for_windows_has_no_end_of_its_own(start: Any, tmp_path: Path) -> None:
    process = start("--start-client", "false", faults='[{"kind": "never-ready"}]')
    assert process.stdout is not None
    lines = [process.stdout.readline().strip() for _ in range(60)]
    assert set(lines[3:]) == {WAITING}
    reported = json.loads((tmp_path / "ports.json").read_text())
    assert ask_server(*address(reported["http"])).startswith("no answer")
    assert ask_qemu(*address(reported["qmp"])) == "running"


def test_it_ends_when_its_lifeline_does(tmp_path: Path) -> None:
    reported = {"lifeline": True, "http": "127.0.0.1:0", "qmp": "127.0.0.1:0"}
    process = subprocess.Popen(
        [sys.executable, "-S", "-I", str(HOME / "__main__.py"), "entry", "--start-client", "false"],
        cwd=tmp_path,
        env={"WAA_STANDIN": json.dumps(reported)},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )
    assert process.stdin is not None
    process.stdin.close()
    until(lambda: process.poll() is not None)
