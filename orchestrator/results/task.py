"""Puts together what one task's directory and its client's output say: facts, not yet a count."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from orchestrator.results import files
from orchestrator.results.frames import Frame, Raised, raised
from orchestrator.results.log import Signals, combined, scan_file
from orchestrator.results.trajectory import Trajectory, read_trajectory
from orchestrator.text import clean

if TYPE_CHECKING:
    from pathlib import Path

RESULT = "result.txt"
LOGS = "logs"

_RESULT_LIMIT = 1024
_SHOWN_LIMIT = 60
_TASK_LOG = re.compile(r"task-.*?([0-9]{8}@[0-9]{6})?\.log\Z", re.DOTALL)

# What ``str()`` makes of the number a metric returned; neither NaN nor an infinity is one.
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?\Z", re.ASCII)
_WORDS = {"False": 0.0, "True": 1.0}
_ROUNDING = 1e-9
"""How far a mean of floats may lie outside [0, 1]: real evaluators write 1.0000000000000002."""

_SILENT = Signals()


@dataclass(frozen=True, slots=True)
class Reading:
    """What a task left, before what its worker knows.

    ``score`` is None unless ``result.txt`` is readable; ``unreadable`` says what was there instead,
    empty when there was no such file, ``no_score`` whether that is a value that an evaluator
    returned. ``raised`` is the exception that ended the task. ``steps`` is the number of the
    agent's turns that acted; ``answered_fail`` whether the last one was FAIL.
    """

    score: float | None = None
    unreadable: str = ""
    raised: Raised | None = None
    steps: int = 0
    signals: Signals = _SILENT
    answered_fail: bool = False
    no_score: bool = False

    @property
    def after_action(self) -> bool:
        """Whether what ended the task followed an action without another turn of the agent.

        A turn whose action could not be handed to Windows any more does not count as one. Of
        exceptions only a lost connection can be the action's doing: any other is the client's bug.
        """
        if self.raised is not None and not self.raised.lost_connection:
            return False
        frame = self.raised.frame if self.raised else None
        return self.steps > 0 and (self.signals.after_action or frame in (Frame.STEP, Frame.GUEST))

    @property
    def empty(self) -> bool:
        """Whether there is no trace of the task at all."""
        return self == Reading()


def read_task(directory: Path | None, client_log: Path | None = None) -> Reading:
    """Read one task's directory and, where it is known, the client's output. Never raises.

    Args:
        directory: The task's directory in the result tree; None when the client made none.
        client_log: The client's standard output and error for this task alone.
    """
    client = scan_file(client_log) if client_log else _SILENT
    if directory is None:
        return _reading(None, "", Trajectory(0, None), client)
    log = task_log(directory)
    signals = combined(scan_file(log) if log else _SILENT, client)
    score, unreadable = read_score(directory / RESULT)
    reading = _reading(score, unreadable, read_trajectory(directory), signals)
    return replace(reading, no_score=returned_no_score(directory / RESULT))


def _reading(
    score: float | None, unreadable: str, trajectory: Trajectory, signals: Signals
) -> Reading:
    # The log has the same traceback: it stands in where the trajectory's last line is lost.
    failure = trajectory.raised or (raised(signals.traceback, "") if signals.traceback else None)
    steps = max(trajectory.steps, signals.steps)
    return Reading(score, unreadable, failure, steps, signals, trajectory.answered_fail)


def task_log(directory: Path) -> Path | None:
    """Return the newest ``logs/task-<worker>-<stamp>.log`` of a task's directory, if any."""
    logs = directory / LOGS
    if not files.is_directory(logs):
        return None
    results = [
        (match.group(1) or "", name)
        for name in files.names_in(logs) or ()
        if (match := _TASK_LOG.match(name))
    ]
    return logs / max(results)[1] if results else None


def is_task_log(name: str) -> bool:
    """Whether a file of this name, below ``logs``, is a task's own log."""
    return _TASK_LOG.match(name) is not None


def read_score(path: Path) -> tuple[float | None, str]:
    """Return (score, why it is unreadable). Both are empty when there is no such file."""
    data = files.read_head(path, _RESULT_LIMIT + 1)
    if data is None:
        return None, "result.txt cannot be read as a file" if files.exists(path) else ""
    score = parse_score(data)
    if score is not None:
        return score, ""
    if not data.strip():
        return None, "result.txt is empty"
    shown = clean(data[:_SHOWN_LIMIT].decode("utf-8", "replace"), _SHOWN_LIMIT)
    return None, f"result.txt holds {shown!r}, not a score from 0 to 1"


def returned_no_score(path: Path) -> bool:
    """Whether a ``result.txt`` holds text such as ``str()`` makes of a value that is no score.

    An evaluator returned that (None, NaN, a list). An empty or a broken file is nobody's verdict.
    """
    data = files.read_head(path, _RESULT_LIMIT + 1)
    if data is None or not data.strip() or parse_score(data) is not None:
        return False
    try:
        text = data.decode("utf-8").strip()
    except UnicodeDecodeError:
        return False
    return len(data) <= _RESULT_LIMIT and text.isprintable()


def parse_score(data: bytes) -> float | None:
    """Return the score that a ``result.txt`` holds: a number from 0 to 1, True or False.

    A number that only rounding put outside is the bound it crossed. None for anything else: NaN, an
    infinity, a number outside [0, 1], nothing, or too much.
    """
    if len(data) > _RESULT_LIMIT:
        return None
    text = data.decode("utf-8-sig", "replace").strip()  # Windows likes to begin a file with a mark
    if text in _WORDS:
        return _WORDS[text]
    if _NUMBER.match(text) is None:
        return None
    value = float(text)
    if not -_ROUNDING <= value <= 1.0 + _ROUNDING:
        return None
    return min(1.0, max(0.0, value)) + 0.0
