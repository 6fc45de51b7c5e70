"""Reads ``traj.jsonl``: a line per action, and a last one when the task ended in an exception."""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orchestrator.results import files, frames
from orchestrator.text import clean, clean_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

TRAJECTORY = "traj.jsonl"

_BYTES_LIMIT = 256 << 20
_TAIL_LIMIT = 20 << 20
_LINE_LIMIT = 16 << 20  # a client that writes its screens into it makes lines of megabytes
_LINES_LIMIT = 10_000
_STEPS_LIMIT = 1_000
_ACTION_LIMIT = 4_000
_STAMP_LIMIT = 32
_ERROR = b'{"Error": '
_PADDING = b"\0 \t\r\n"  # a machine that died leaves zeros behind the end
_INSTRUCTION_LIMIT = 2_000

# WAA-V2 keeps each kind of file in a directory of its own: "screenshot/screenshot-step_0_….png".
_IMAGE = re.compile(
    r"(?:[A-Za-z0-9][A-Za-z0-9_-]{0,60}/)?[A-Za-z0-9][A-Za-z0-9._@-]{0,200}\.(?:png|jpe?g|webp)\Z"
)


@dataclass(frozen=True, slots=True)
class Step:
    """One recorded action. ``number`` is 0 for the state before the first.

    ``action`` is printable text of several lines, ``at`` the client's own clock
    (``YYYYmmdd@HHMMSS``), ``screenshot`` the name of a file in the task's directory, or in one
    directory below it, that shows the state after the action, empty when there is none.
    """

    number: int
    action: str
    at: str
    screenshot: str
    done: bool


INFEASIBLE = "FAIL"
"""The action by which an agent says that a task cannot be done."""


@dataclass(frozen=True, slots=True)
class Trajectory:
    """How many turns of the agent were recorded, and the exception that ended the task, if any.

    ``answered_fail``: its last action was FAIL.
    """

    steps: int
    raised: frames.Raised | None
    answered_fail: bool = False


def read_trajectory(directory: Path) -> Trajectory:
    """Return what a task's trajectory says; nothing when it cannot be read.

    Of a trajectory longer than 10,000 lines or 256 MB the rest is not counted; its last action is
    the one that stands last, wherever that is.
    """
    path = directory / TRAJECTORY
    turns: set[int] = set()
    last: Any = None
    for line in _lines(path):
        if isinstance(line.get("step_num"), int) and line.get("action") is not None:
            turns.add(line["step_num"])
            last = line["action"]
    return Trajectory(len(turns), _error(path), _last_action(path, last) == INFEASIBLE)


def _last_action(path: Path, counted: Any) -> Any:
    """Return the action that stands last in the file, else the last that was counted."""
    for line in reversed(files.read_tail(path, _TAIL_LIMIT).split(b"\n")):
        document = _document(line)
        if document is not None and isinstance(document.get("step_num"), int):
            action = document.get("action")
            if action is not None:
                return action
    return counted


def _error(path: Path) -> frames.Raised | None:
    """Return the exception that the last line holds."""
    last = files.read_tail(path, _TAIL_LIMIT).rstrip(_PADDING).rsplit(b"\n", 1)[-1]
    # A recorder that raised in the middle of its own line leaves half of it before this one.
    document = _document(last) or _document(last[max(0, last.rfind(_ERROR)) :])
    if document is None or "step_num" in document:
        return None
    traceback, exception = document.get("Traceback"), document.get("Exception")
    if "Error" not in document or not isinstance(traceback, str):
        return None
    return frames.raised(traceback, exception if isinstance(exception, str) else "")


def steps_of(directory: Path) -> list[Step]:
    """Return a task's recorded steps for display, at most 1,000; empty when there are none."""
    steps: list[Step] = []
    for line in _lines(directory / TRAJECTORY):
        number = line.get("step_num")
        if isinstance(number, int) and len(steps) < _STEPS_LIMIT:
            steps.append(_step(directory, number, line))
    return steps


def instruction_of(directory: Path) -> str:
    """Return what the task told the agent to do, as one line; "" when the trajectory lacks it."""
    for line in _lines(directory / TRAJECTORY):
        reported = line.get("instruction")
        if isinstance(reported, str):
            return clean(reported, _INSTRUCTION_LIMIT)
    return ""


def _step(directory: Path, number: int, line: Mapping[str, Any]) -> Step:
    action, at = line.get("action"), line.get("action_timestamp")
    return Step(
        number=max(0, min(number, _LINES_LIMIT)),
        action=clean_lines(_action_text(action), _ACTION_LIMIT),
        at=clean(at, _STAMP_LIMIT) if isinstance(at, str) else "",
        screenshot=_screenshot(directory, line.get("screenshot")),
        done=line.get("done") is True,
    )


def _action_text(action: Any) -> str:
    """Return an action as text: code as it is, a structured action as JSON."""
    if action is None or isinstance(action, str):
        return action or ""
    try:
        return json.dumps(action, ensure_ascii=False)
    except RecursionError:
        return "(an action nested too deeply to show)"


def _screenshot(directory: Path, name: Any) -> str:
    if not isinstance(name, str) or _IMAGE.match(name) is None:
        return ""
    folder = (directory / name).parent
    inside = folder == directory or files.is_directory(folder)
    return name if inside and files.is_file(directory / name) else ""


def _lines(path: Path) -> Iterator[Mapping[str, Any]]:
    """Yield the objects on a file's lines; what is no object is passed over."""
    chunks = files.head_and_tail(path, _BYTES_LIMIT, _TAIL_LIMIT)
    for line in itertools.islice(_split(chunks), _LINES_LIMIT):
        document = _document(line)
        if document is not None:
            yield document


def documents(
    path: Path, redacted: Callable[[bytes], bytes] = bytes
) -> Iterator[Mapping[str, Any]]:
    """Yield the objects on all of a trajectory's lines, each after ``redacted`` had the line."""
    for line in _split(files.head_and_tail(path, _BYTES_LIMIT, _TAIL_LIMIT)):
        document = _document(redacted(line))
        if document is not None:
            yield document


def _split(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield lines; of one that is too long enough to see that it is."""
    parts: list[bytes] = []
    size = 0
    for chunk in chunks:
        first, *others = chunk.split(b"\n")
        for piece in (first, *others[:-1]) if others else ():
            yield b"".join([*parts, piece])
            parts, size = [], 0
        rest = others[-1] if others else first
        if size <= _LINE_LIMIT:
            parts.append(rest)
            size += len(rest)
    yield b"".join(parts)


def _document(line: bytes) -> Mapping[str, Any] | None:
    if not line.strip() or len(line) > _LINE_LIMIT:
        return None
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None
