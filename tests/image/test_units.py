from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.image.machine import BIN, IMAGE

if TYPE_CHECKING:
    from pathlib import Path

UNITS = IMAGE / "systemd"


def setting(unit: str, name: str) -> list[str]:
    text = (UNITS / unit).read_text()
    return " ".join(re.findall(rf"^{name}=(.*)$", text, re.MULTILINE)).split()


def test_the_target_brings_every_unit() -> None:
    assert set(setting("waa-machine.target", "Wants")) == {
        path.name for path in UNITS.glob("*.service")
    }


def test_every_unit_runs_a_program_of_the_image() -> None:
    run = [
        word
        for unit in UNITS.glob("*.service")
        for key in ("ExecStart", "ExecStopPost")
        for word in setting(unit.name, key)
    ]
    assert {word.rpartition("/")[0] for word in run} == {"/opt/waa-matrix/bin"}
    assert all(os.access(BIN / word.rpartition("/")[2], os.X_OK) for word in run)


@pytest.mark.parametrize("unit", ["waa-arena.service", "waa-runner.service"])
def test_nothing_starts_on_a_machine_that_is_not_fit(unit: str) -> None:
    assert "waa-machine-check.service" in setting(unit, "Requires")
    assert "waa-machine-check.service" in setting(unit, "After")


def test_the_runner_waits_for_the_last_stage_of_the_first_boot() -> None:
    assert "cloud-final.service" in setting("waa-runner.service", "After")


def test_the_runner_comes_before_the_containers() -> None:
    weights = [setting(f"waa-{literal}.slice", "CPUWeight") for literal in ("runner", "arena")]
    assert weights == [["1000"], ["100"]]
    assert setting("waa-runner.service", "Slice") == ["waa-runner.slice"]


def test_the_watcher_can_end_only_what_is_the_runners() -> None:
    assert setting("waa-spot-watch.service", "User") == ["runner"]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
def test_systemd_finds_no_fault_in_the_units(tmp_path: Path) -> None:
    for path in [*UNITS.glob("*.service"), *UNITS.glob("*.slice"), *UNITS.glob("*.target")]:
        text = path.read_text().replace("/opt/waa-matrix/bin", str(BIN))
        (tmp_path / path.name).write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / "waa-machine.target")],
        env={"PATH": os.environ["PATH"], "SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert [line for line in done.stderr.splitlines() if "waa-" in line] == []
    assert done.returncode == 0
