"""How a page comes by a task's screenshots: as files beside it, as small ones, or within itself."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.planning.suite import Unit
from orchestrator.report.model.facts import EvidenceStep
from orchestrator.report.model.images import INLINE_LIMIT, SMALL_SUFFIX, shrink, size_of
from orchestrator.results import files

if TYPE_CHECKING:
    from orchestrator.report.model.images import Shrunk

SCREENSHOT_BYTES = 32 << 20
"""Bytes of a screenshot that are read; a worker keeps no more of a file."""

_HEADER_BYTES = 1 << 16  # where a PNG or JPEG says its size

SMALL = "screenshots"
"""The directory beside a page that holds downscaled screenshots."""

Screens = Callable[[Unit, EvidenceStep, Path], EvidenceStep]
"""Takes a unit, one of its steps and the file of that step's screenshot; returns the step with
whatever the page is to show. Safe to call from several threads."""


def linked(page: Path) -> Screens:
    """Link to the files where they lie, for a page in the directory ``page``."""
    return lambda _, step, file: replace(step, screenshot=os.path.relpath(file, page))


def within(_: Unit, step: EvidenceStep, file: Path) -> EvidenceStep:
    """Put the screenshot into the page itself, downscaled."""
    small = _shrunk(file)
    return step if small is None else replace(step, image=small.data, size=small.size)


def small(page: Path) -> Screens:
    """Keep downscaled copies in ``screenshots/`` beside the page, and link to these.

    A copy that is there already and no older than its screenshot is kept.

    Raises:
        OSError: The copy cannot be written.
    """

    def show(unit: Unit, step: EvidenceStep, file: Path) -> EvidenceStep:
        name = f"{SMALL}/{unit}/{file.parent.name}/{file.name}{SMALL_SUFFIX}"
        copy = page / name
        size = size_of(files.read_head(file, _HEADER_BYTES) or b"") if _fresh(copy, file) else None
        if size is None:
            made = _shrunk(file)
            if made is None:
                return step
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(made.data)
            size = made.size
        return replace(step, screenshot=name, size=size)

    return show


def none(_: Unit, step: EvidenceStep, __: Path) -> EvidenceStep:
    """Show no screenshot."""
    return step


def _shrunk(file: Path) -> Shrunk | None:
    made = shrink(files.read_head(file, SCREENSHOT_BYTES) or b"")
    return None if made is None or len(made.data) > INLINE_LIMIT else made


def _fresh(copy: Path, file: Path) -> bool:
    try:
        return copy.lstat().st_mtime_ns >= file.lstat().st_mtime_ns
    except OSError:
        return False
