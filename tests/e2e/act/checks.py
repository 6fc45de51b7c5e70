"""What tests ask of a run that act played, and how they end one."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.e2e.act.runs import Act, Played


def failed(played: Played) -> list[tuple[str, str]]:
    return [(step.job, step.name) for step in played.steps if step.result != "success"]


def assert_nothing_is_left(act: Act) -> None:
    assert act.stage.arm.everything() == []
    assert act.stage.github.world.runners == {}


def kill_everything(act: Act) -> None:
    """Lose all of it at once: act, and every process of every step."""
    act.kill()
    mark = f"ACT_STAGE={act.stage.url}".encode()
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mark in (entry / "environ").read_bytes().split(b"\0"):
                os.kill(int(entry.name), signal.SIGKILL)
        except OSError:
            continue  # it ended meanwhile
