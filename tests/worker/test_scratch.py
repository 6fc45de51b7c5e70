"""Whose attempts may be swept: a dead worker's, proved by its lock, and nobody else's."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from orchestrator.worker.scratch import LOCK, held, sweep_attempts

if TYPE_CHECKING:
    from pathlib import Path

HOLDS = (
    "import pathlib, sys\n"
    "from orchestrator.worker.scratch import held\n"
    "with held(pathlib.Path(sys.argv[1])):\n"
    "    print('held', flush=True)\n"
    "    sys.stdin.read()\n"
)


def attempt_of(workers: Path, worker: str) -> Path:
    attempt = workers / worker / "attempts" / "d" / "t" / "0" / "1-w"
    attempt.mkdir(parents=True)
    (attempt / "client.log").write_text("words")
    (workers / worker / "ledger").mkdir()
    return attempt


def test_a_killed_workers_attempts_go_and_a_living_ones_stay(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDS, str(tmp_path / "w1")]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        attempt = attempt_of(tmp_path, "w1")
        assert sweep_attempts(tmp_path) == []
        assert attempt.is_dir()
        holder.kill()
        holder.wait()
    assert sweep_attempts(tmp_path) == ["w1"]
    assert sorted(path.name for path in (tmp_path / "w1").iterdir()) == [LOCK, "ledger"]


def test_what_nothing_proves_dead_stays(tmp_path: Path) -> None:
    attempt = attempt_of(tmp_path, "w1")
    (tmp_path / "w2").symlink_to(tmp_path / "w1")
    assert sweep_attempts(tmp_path) == []
    assert attempt.is_dir()


def test_who_takes_a_directory_over_finds_it_tidy(tmp_path: Path) -> None:
    attempt = attempt_of(tmp_path, "w1")
    with held(tmp_path / "w1"):
        assert not attempt.exists()
        later = tmp_path / "w1" / "attempts"
        later.mkdir()
        with held(tmp_path / "w1"):
            assert later.is_dir(), "somebody lives here"


def test_a_place_that_takes_no_lock_is_no_bar(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with held(tmp_path / "file" / "w1"):
        assert sweep_attempts(tmp_path) == []
