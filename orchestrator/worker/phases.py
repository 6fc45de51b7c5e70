"""Splits an attempt's time into phases, by when the client wrote its files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

RESET_FILES = "*-step_reset_*"
STEP_FILES = "*-step_[0-9]*"


@dataclass(frozen=True, slots=True)
class AttemptSpan:
    """An attempt on this machine's wall clock, Unix seconds.

    ``appeared`` is when the task's directory was first seen, None if it never was. ``last`` is the
    phase that it ended in, of those that ``phases_of`` returns.
    """

    launched: float
    appeared: float | None
    ended: float
    last: str


def phases_of(directory: Path | None, span: AttemptSpan, speed: float) -> dict[str, float]:
    """Return seconds of the arena's time in ``client_start``, ``setup``, ``steps``, ``evaluate``.

    A phase that left no trace is left out; the phases present add up to the attempt's time.
    """
    if directory is None or span.appeared is None:
        return {"client_start": (span.ended - span.launched) * speed}
    marks = [
        ("client_start", span.appeared),
        ("setup", _last_written(directory, RESET_FILES)),
        ("steps", _last_written(directory, STEP_FILES)),
        (span.last, span.ended),
    ]
    phases: dict[str, float] = {}
    before = span.launched
    for name, mark in marks:
        if mark is not None:
            # File times are the guest's or a container's view of one clock; never run backwards.
            after = min(max(mark, before), span.ended)
            phases[name] = phases.get(name, 0.0) + (after - before) * speed
            before = after
    return phases


def _last_written(directory: Path, pattern: str) -> float | None:
    times = []
    for path in directory.rglob(pattern):
        try:
            times.append(path.lstat().st_mtime)
        except OSError:
            continue  # removed between the listing and the look
    return max(times, default=None)
