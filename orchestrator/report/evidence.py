"""Reads what attempts left on disk: trajectory, reasoning, log, screenshots. Hostile, so bounded.

A task's directory is read when it is asked for, so that a page of thousands of tasks holds the
evidence of one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from orchestrator.report.facts import EvidenceStep, TaskEvidence
from orchestrator.report.images import INLINE_LIMIT, shrink
from orchestrator.report.text import clean_block
from orchestrator.results import files
from orchestrator.results.task import task_log
from orchestrator.results.trajectory import instruction_of, steps_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from orchestrator.ledger.paths import Unit
    from orchestrator.results.trajectory import Step

LOG_BYTES = 40_000
"""Bytes of a log's end that are read."""

_THOUGHT_BYTES = 8_000
_SCREENSHOT_BYTES = 32 << 20
# The client writes the agent's answer beside the screenshot of the same step.
_SCREENSHOT = re.compile(r"screenshot(-step_.*)\.(?:png|jpe?g|webp)\Z")
_EVALUATOR = "Running evaluator"


class DirectoryEvidence(Mapping["Unit", TaskEvidence]):
    """The evidence in some directories, one a unit.

    Args:
        directories: Where each unit's counted attempt left its files; those that are not there
            have no evidence.
        page: The directory that the page will stand in: links are relative to it.
        inline: Put downscaled screenshots into the page, instead of linking to the files.
    """

    def __init__(
        self, directories: Mapping[Unit, Path], page: Path, *, inline: bool = False
    ) -> None:
        self._directories = {
            unit: path for unit, path in directories.items() if files.is_directory(path)
        }
        self._page = page
        self._inline = inline

    def __iter__(self) -> Iterator[Unit]:
        return iter(self._directories)

    def __len__(self) -> int:
        return len(self._directories)

    def __getitem__(self, unit: Unit) -> TaskEvidence:
        directory = self._directories[unit]
        link = os.path.relpath(directory, self._page)
        log = _log_of(directory)
        return TaskEvidence(
            link="" if self._inline else link,
            steps=tuple(self._step(step, directory, link) for step in steps_of(directory)),
            log_tail=log,
            instruction=instruction_of(directory),
            evaluation=evaluation_of(log),
        )

    def _step(self, step: Step, directory: Path, link: str) -> EvidenceStep:
        shown = EvidenceStep(
            number=step.number,
            action=step.action,
            at=step.at,
            thought=_thought(directory, step.screenshot),
        )
        if not step.screenshot:
            return shown
        if not self._inline:
            return replace(shown, screenshot=f"{link}/{step.screenshot}")
        small = shrink(files.read_head(directory / step.screenshot, _SCREENSHOT_BYTES) or b"")
        if small is None or len(small.data) > INLINE_LIMIT:
            return shown
        return replace(shown, image=small.data, size=small.size)


def _thought(directory: Path, screenshot: str) -> str:
    """Return what the agent answered at a step, when that was kept beside its screenshot."""
    found = _SCREENSHOT.match(screenshot)
    if found is None:
        return ""
    data = files.read_head(directory / f"plan_result{found.group(1)}.txt", _THOUGHT_BYTES)
    return clean_block((data or b"").decode(errors="replace"), _THOUGHT_BYTES)


def _log_of(directory: Path) -> str:
    path = task_log(directory)
    data = files.read_tail(path, LOG_BYTES) if path else b""
    return clean_block(data.decode(errors="replace"), LOG_BYTES)


def evaluation_of(log: str) -> str:
    """Return the lines of a log since the evaluator last began, or "" when it did not."""
    lines = log.splitlines()
    starts = [number for number, line in enumerate(lines) if _EVALUATOR in line]
    return "\n".join(lines[starts[-1] :]) if starts else ""
