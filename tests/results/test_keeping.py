"""A cap leaves out what tells least, and says so; a long trajectory is read to its end."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.cli.outputs.evidence_files import place
from orchestrator.results.keeping import keep
from orchestrator.results.thinning import thinned
from orchestrator.results.trajectory import instruction_of, read_trajectory, steps_of
from orchestrator.worker.evidence import ATTEMPT_LIMIT, chosen_files, evidence_files

if TYPE_CHECKING:
    from pathlib import Path

TELLING = {"traj.jsonl", "result.txt", "logs/task-0-1.log", "recording.log"}


def files_of(steps: int) -> list[str]:
    """Return what the client leaves of so many steps."""
    each = [
        name
        for step in range(1, steps + 1)
        for name in (
            f"plan_result-step_{step}@2026.txt",
            f"screenshot-step_{step}@2026.png",
        )
    ]
    return [*TELLING, *each]


def written(directory: Path, steps: int) -> Path:
    for name in files_of(steps):
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(name)
    return directory


@pytest.mark.parametrize("steps", [254, 255, 300, 600])
def test_beyond_the_cap_steps_are_thinned_and_what_tells_most_stays(
    tmp_path: Path, steps: int
) -> None:
    tree = written(tmp_path / "tree", steps)
    names = [name for name, _ in evidence_files(tree, "all")]
    assert set(names) >= TELLING
    assert len(names) <= ATTEMPT_LIMIT
    for end in (1, steps):
        assert f"screenshot-step_{end}@2026.png" in names
        assert f"plan_result-step_{end}@2026.txt" in names
    place(tree, tmp_path / "page")
    assert {
        path.relative_to(tmp_path / "page").as_posix() for path in (tmp_path / "page").rglob("*")
    } >= TELLING


def test_what_is_left_out_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tree = written(tmp_path / "tree", 300)
    said = chosen_files(tree, "all").said
    assert "92 files are left out, those of 46 steps among them" in said
    place(tree, tmp_path / "page")
    assert "are left out" in capsys.readouterr().err
    assert chosen_files(written(tmp_path / "few", 20), "all").said == ""


@given(
    steps=st.lists(st.integers(0, 400), max_size=300),
    others=st.lists(st.text("abc/", min_size=1, max_size=4), max_size=20),
    limit=st.integers(0, 60),
)
def test_the_cap_holds_and_gaps_are_even(steps: list[int], others: list[str], limit: int) -> None:
    names = [*(f"screenshot-step_{step}.png" for step in steps), *others]
    kept = keep(names, limit)
    assert len(kept.names) <= limit or not names
    assert set(kept.names) <= set(names)
    assert kept.left_out == len(set(names)) - len(kept.names)
    every = sorted(set(steps))
    at = [index for index, step in enumerate(every) if f"screenshot-step_{step}.png" in kept.names]
    gaps = {later - earlier for earlier, later in pairwise(at)}
    assert max(gaps, default=0) - min(gaps, default=0) <= 1


def test_a_trajectory_of_52_megabytes_counts_its_steps_and_sees_its_last_action(
    tmp_path: Path,
) -> None:
    padding = "x" * (2 << 20)
    with (tmp_path / "traj.jsonl").open("w") as stream:
        for step in range(1, 27):
            action = "FAIL" if step == 26 else "pyautogui.click(1, 2)"
            line = {"step_num": step, "action": action, "observation": padding}
            stream.write(json.dumps(line) + "\n")
    assert (tmp_path / "traj.jsonl").stat().st_size > 52_000_000
    trajectory = read_trajectory(tmp_path)
    assert (trajectory.steps, trajectory.answered_fail) == (26, True)
    assert [step.number for step in steps_of(tmp_path)] == list(range(1, 27))


def test_the_last_action_counts_beyond_the_lines_that_are_read(tmp_path: Path) -> None:
    line = json.dumps({"step_num": 1, "action": "pyautogui.click(1, 2)"})
    last = json.dumps({"step_num": 2, "action": "FAIL"})
    (tmp_path / "traj.jsonl").write_text(f"{line}\n" * 20_000 + last)
    assert read_trajectory(tmp_path).answered_fail


def test_a_trajectory_too_long_to_keep_keeps_every_step_and_loses_no_secret(tmp_path: Path) -> None:
    secret, long = b"sk-very-secret", "x" * (1 << 20)
    lines = [
        {"step_num": step, "action": "FAIL" if step == 40 else f"click({step})", "screen": long}
        for step in range(1, 41)
    ]
    whole = tmp_path / "traj.jsonl"
    lines[0] |= {"instruction": "Play the video.", "note": "y" * 16_380 + secret.decode()}
    whole.write_text("".join(json.dumps(line) + "\n" for line in lines))

    kept = thinned(whole, 2 << 20, lambda line: line.replace(secret, b"[KEY]"))

    assert kept is not None
    assert len(kept) < 2 << 20
    assert b"sk-v" not in kept
    assert b"characters are left out)" in kept
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "traj.jsonl").write_bytes(kept)
    assert read_trajectory(tmp_path / "copy") == read_trajectory(tmp_path)
    assert read_trajectory(tmp_path / "copy").steps == 40
    assert instruction_of(tmp_path / "copy") == "Play the video."


def test_what_is_no_trajectory_is_not_thinned(tmp_path: Path) -> None:
    (tmp_path / "traj.jsonl").write_bytes(b"\0" * 4096)
    assert thinned(tmp_path / "traj.jsonl", 1024, bytes) is None
