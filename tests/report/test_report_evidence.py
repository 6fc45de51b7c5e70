"""What attempts left on disk, as the page takes it: read within bounds, one task at a time."""

from __future__ import annotations

import io
import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from orchestrator.planning.suite import TaskKey, Unit
from orchestrator.report.model.evidence import DirectoryEvidence, evaluation_of
from orchestrator.report.model.images import SMALL_WIDTH, data_url, shrink
from orchestrator.report.model.screens import linked, none, small, within

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.report import TaskEvidence

UNIT = Unit(TaskKey("vlc", "task-1"), 0)
LOG = "[INFO] Step 1: click\n\x1b[31m[INFO] Running evaluator(s)...\x1b[0m\n[INFO] Result: 1.00\n"


def picture(width: int = 1920, height: int = 1080, kind: str = "PNG") -> bytes:
    held = io.BytesIO()
    Image.new("RGB", (width, height), (20, 60, 120)).save(held, kind)
    return held.getvalue()


def lines(directory: Path, *documents: dict[str, Any]) -> None:
    text = "".join(json.dumps(document) + "\n" for document in documents)
    (directory / "traj.jsonl").write_text(text, "utf-8")


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    directory = tmp_path / "evidence" / "1-w0"
    (directory / "logs").mkdir(parents=True)
    (directory / "screenshot-step_reset_1.png").write_bytes(picture())
    (directory / "screenshot-step_0_2.png").write_bytes(picture())
    (directory / "plan_result-step_0_2.txt").write_text("First I click.\x07", "utf-8")
    (directory / "logs" / "task-0-20240501@100000.log").write_text(LOG, "utf-8")
    reported = {"instruction": "Play the\nvideo."}
    lines(
        directory,
        {"step_num": 0, "action": None, "screenshot": "screenshot-step_reset_1.png", **reported},
        {"step_num": 1, "action": "pyautogui.click(1, 2)", "screenshot": "screenshot-step_0_2.png"},
    )
    return directory


def read(directory: Path, *, inline: bool = False) -> TaskEvidence:
    page = directory.parents[1]
    if inline:
        return DirectoryEvidence({UNIT: directory}, within, None)[UNIT]
    return DirectoryEvidence({UNIT: directory}, linked(page), page)[UNIT]


def test_a_directory_tells_the_task_its_steps_its_reasons_and_its_evaluation(kept: Path) -> None:
    evidence = read(kept)
    assert evidence.instruction == "Play the video."
    assert [step.action for step in evidence.steps] == ["", "pyautogui.click(1, 2)"]
    assert evidence.steps[1].thought == "First I click.\ufffd"
    assert evidence.steps[1].screenshot == "evidence/1-w0/screenshot-step_0_2.png"
    assert evidence.evaluation == "[INFO] Running evaluator(s)...\n[INFO] Result: 1.00"
    assert "Step 1" in evidence.log_tail
    assert evidence.link == "evidence/1-w0"


def test_a_single_file_holds_its_screenshots_downscaled_and_links_to_none(kept: Path) -> None:
    evidence = read(kept, inline=True)
    assert evidence.link == ""
    for step in evidence.steps:
        assert (step.screenshot, step.size) == ("", (1920, 1080))
        assert data_url(step.image).startswith("data:image/webp;base64,")
        with Image.open(io.BytesIO(step.image)) as small:
            assert small.size == (SMALL_WIDTH, 540)


def test_a_directory_that_is_not_there_has_no_evidence(tmp_path: Path) -> None:
    assert dict(DirectoryEvidence({UNIT: tmp_path / "none"}, none, tmp_path)) == {}


def test_small_copies_lie_beside_the_page_and_are_made_once(kept: Path, tmp_path: Path) -> None:
    page = tmp_path / "page"
    first = DirectoryEvidence({UNIT: kept}, small(page), page)[UNIT]
    assert first.link == "", "the evidence is not beside the page"
    assert [step.size for step in first.steps] == [(1920, 1080)] * 2
    copies = [page / step.screenshot for step in first.steps]
    assert [copy.relative_to(page).parts[0] for copy in copies] == ["screenshots"] * 2
    for copy in copies:
        with Image.open(copy) as shown:
            assert (shown.format, shown.size) == ("WEBP", (SMALL_WIDTH, 540))
    copies[0].write_bytes(b"kept")
    os.utime(kept / "screenshot-step_0_2.png", (2e9, 2e9))
    again = DirectoryEvidence({UNIT: kept}, small(page), page)[UNIT]
    assert again == first
    assert copies[0].read_bytes() == b"kept"
    assert copies[1].read_bytes().startswith(b"RIFF"), "its screenshot is newer"


def test_without_screenshots_the_rest_is_told(kept: Path, tmp_path: Path) -> None:
    evidence = DirectoryEvidence({UNIT: kept}, none, tmp_path)[UNIT]
    assert [step.action for step in evidence.steps] == ["", "pyautogui.click(1, 2)"]
    assert {step.screenshot for step in evidence.steps} == {""}
    assert evidence.link == "evidence/1-w0"


def test_a_link_out_of_the_directory_is_not_followed(kept: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(picture(10, 10))
    (kept / "screenshot-step_0_2.png").unlink()
    (kept / "screenshot-step_0_2.png").symlink_to(secret)
    (kept / "plan_result-step_0_2.txt").unlink()
    (kept / "plan_result-step_0_2.txt").symlink_to("/etc/hostname")
    step = read(kept, inline=True).steps[1]
    assert (step.image, step.thought) == (b"", "")


def test_long_texts_are_cut(kept: Path) -> None:
    (kept / "plan_result-step_0_2.txt").write_text("x" * 1_000_000, "utf-8")
    (kept / "logs" / "task-0-20240501@100000.log").write_text("y" * 1_000_000, "utf-8")
    lines(kept, {"step_num": 0, "instruction": "z" * 100_000, "screenshot": None})
    evidence = read(kept)
    assert len(evidence.log_tail) <= 40_000
    assert len(evidence.instruction) <= 2_000


def test_the_evaluation_is_the_last_one_of_the_log() -> None:
    assert evaluation_of("a\nRunning evaluator(s)...\nb\nRunning evaluator(s)...\nc") == (
        "Running evaluator(s)...\nc"
    )
    assert evaluation_of("nothing was evaluated") == ""


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg onload=alert(1)>",
        b"\x89PNG\r\n\x1a\n" + b"\0" * 64,
        picture(kind="GIF"),
        picture(8000, 6000),
        picture()[:200],
    ],
    ids=["nothing", "svg", "broken", "gif", "huge", "cut"],
)
def test_what_is_no_screenshot_is_not_put_into_the_page(data: bytes) -> None:
    assert shrink(data) is None


def test_small_and_jpeg_screenshots_are_kept_as_they_are_large() -> None:
    shrunk = shrink(picture(320, 200, "JPEG"))
    assert shrunk is not None
    assert shrunk.size == (320, 200)
    with Image.open(io.BytesIO(shrunk.data)) as small:
        assert small.size == (320, 200)


def test_a_webp_screenshot_is_shown_with_what_the_agent_thought(kept: Path) -> None:
    name = "screenshot-step_1_3.webp"
    (kept / name).write_bytes(picture(kind="WEBP"))
    (kept / "plan_result-step_1_3.txt").write_text("Then I wait.", "utf-8")
    lines(kept, {"step_num": 1, "action": "wait()", "screenshot": name})
    page = kept.parents[1]

    (beside,) = read(kept).steps
    (inside,) = read(kept, inline=True).steps
    (shrunk,) = DirectoryEvidence({UNIT: kept}, small(page), page)[UNIT].steps
    assert beside.screenshot == f"evidence/1-w0/{name}"
    assert beside.thought == "Then I wait."
    assert data_url(inside.image).startswith("data:image/webp;")
    assert shrunk.size == (1920, 1080)
    assert (page / shrunk.screenshot).is_file()
