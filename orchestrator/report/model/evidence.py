"""Reads what attempts left on disk: trajectory, reasoning, log, screenshots. Hostile, so bounded.

A task's directory is read when it is asked for, so that a page of thousands of tasks holds the
evidence of one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from orchestrator.report.model.facts import EvidenceStep, TaskEvidence
from orchestrator.results import files
from orchestrator.results.task import task_log
from orchestrator.results.trajectory import instruction_of, steps_of
from orchestrator.text import clean_lines

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from orchestrator.planning.suite import Unit
    from orchestrator.report.model.screens import Screens
    from orchestrator.results.trajectory import Step

LOG_BYTES = 40_000
"""Bytes of a log's end that are read."""

_THOUGHT_BYTES = 8_000
_THREADS = 4
# The client writes the agent's answer beside the screenshot of the same step.
_SCREENSHOT = re.compile(r"screenshot(-step_.*)\.(?:png|jpe?g|webp)\Z")
_EVALUATOR = "Running evaluator"


class DirectoryEvidence(Mapping["Unit", TaskEvidence]):
    """The evidence in some directories, one a unit.

    Args:
        directories: Where each unit's counted attempt left its files; those that are not there
            have no evidence.
        screens: How the page shows screenshots.
        page: The directory that the page will stand in: what lies below it is linked to. None: the
            page goes elsewhere, alone.
    """

    def __init__(
        self, directories: Mapping[Unit, Path], screens: Screens, page: Path | None
    ) -> None:
        self._directories = {
            unit: path for unit, path in directories.items() if files.is_directory(path)
        }
        self._screens = screens
        self._pool = ThreadPoolExecutor(_THREADS)  # one picture is decoded beside another
        self._page = page.absolute() if page else None

    def __iter__(self) -> Iterator[Unit]:
        return iter(self._directories)

    def __len__(self) -> int:
        return len(self._directories)

    def __getitem__(self, unit: Unit) -> TaskEvidence:
        directory = self._directories[unit]
        log = _log_of(directory)
        steps = self._pool.map(lambda step: self._step(unit, step, directory), steps_of(directory))
        return TaskEvidence(
            link=self._link(directory),
            steps=tuple(steps),
            log_tail=log,
            instruction=instruction_of(directory),
            evaluation=evaluation_of(log),
        )

    def _link(self, directory: Path) -> str:
        """Return the way to a directory below the page's own; one elsewhere stays unnamed."""
        path = directory.absolute()
        if self._page is None or not path.is_relative_to(self._page):
            return ""
        return path.relative_to(self._page).as_posix()

    def _step(self, unit: Unit, step: Step, directory: Path) -> EvidenceStep:
        shown = EvidenceStep(
            number=step.number,
            action=step.action,
            at=step.at,
            thought=_thought(directory, step.screenshot),
        )
        if not step.screenshot:
            return shown
        return self._screens(unit, shown, directory / step.screenshot)


def _thought(directory: Path, screenshot: str) -> str:
    """Return what the agent answered at a step, when that was kept beside its screenshot."""
    match = _SCREENSHOT.match(screenshot.rpartition("/")[2])
    if match is None:
        return ""
    data = files.read_head(directory / f"plan_result{match.group(1)}.txt", _THOUGHT_BYTES)
    return clean_lines((data or b"").decode(errors="replace"), _THOUGHT_BYTES)


def _log_of(directory: Path) -> str:
    path = task_log(directory)
    data = files.read_tail(path, LOG_BYTES) if path else b""
    return clean_lines(data.decode(errors="replace"), LOG_BYTES, end=True)


def evaluation_of(log: str) -> str:
    """Return the lines of a log since the evaluator last began, or "" when it did not."""
    lines = log.splitlines()
    starts = [number for number, line in enumerate(lines) if _EVALUATOR in line]
    return "\n".join(lines[starts[-1] :]) if starts else ""
