"""What the lines of a client's set-up mean: a table of every error that it can log.

The level of a line says how loud the client is, not what happened: a retry that held is logged as
an error, and so is a window that was not there, after which upstream goes on and scores. The rows
were read off ``desktop_env/controllers/setup.py`` of Windows Agent Arena at commit
6d39ed88c545a0d40a7a02e39b928e278df7332b; ``lines`` are its lines. What no row fits and is an error
is void: a set-up that failed in a way nobody has judged yet must not be scored.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from orchestrator.text import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

_NOTE_LIMIT = 300


class Weight(StrEnum):
    """What a line means for the task."""

    VOID = "void"  # the task was not set up: whatever it scores, it is not that task's score
    WARNING = "warning"  # upstream goes on, and what it scores stands
    NOTHING = "nothing"  # a retry that held, or will raise when it does not
    OF_THE_STEP = "of the step"  # the same words in many steps


@dataclass(frozen=True, slots=True)
class SetupLine:
    """A message of the set-up: how it begins, where it is logged, what it means, and one whole."""

    begins: re.Pattern[str]
    lines: tuple[int, ...]
    weight: Weight
    example: str


def _row(begins: str, weight: Weight, lines: tuple[int, ...], example: str) -> SetupLine:
    return SetupLine(re.compile(begins), lines, weight, example)


TABLE: tuple[SetupLine, ...] = (
    _row(
        r"Failed to download .* Retrying\.\.\.",
        Weight.NOTHING,  # after the last try it raises (line 132)
        (129,),
        "Failed to download https://h/a.docx caused by timed out. Retrying... (2 attempts left)",
    ),
    _row(
        r"Attempt \d+: Failed to connect, retrying\.",
        Weight.NOTHING,  # the browser was only just launched: up to 15 tries, 5 s apart
        (484, 534, 579, 710),
        "Attempt 1: Failed to connect, retrying. Error: BrowserType.connect_over_cdp: refused",
    ),
    _row(
        r"Failed to connect (?:to .{1,40} )?after multiple attempts",
        Weight.VOID,
        (488, 537, 582, 713),
        "Failed to connect after multiple attempts: BrowserType.connect_over_cdp: refused",
    ),
    _row(
        r"Failed to upload file\.",
        Weight.VOID,
        (148, 183, 822, 900),
        'Failed to upload file. Status code: {"status": "error"}',
    ),
    _row(
        r"Setup Upload - Invalid local path",
        Weight.VOID,
        (166,),
        "Setup Upload - Invalid local path (a.docx).",
    ),
    _row(
        r"Failed to change wallpaper\.",
        Weight.VOID,
        (208,),
        'Failed to change wallpaper. Status code: {"status": "error"}',
    ),
    _row(
        r"Failed to open file\.",
        Weight.VOID,
        (236,),
        'Failed to open file. Status code: {"status": "error"}',
    ),
    _row(
        r"Failed to launch application\.",
        Weight.VOID,  # in an execute step with `until`, only if its last try failed too
        (258, 296),
        'Failed to launch application. Status code: {"message": "[WinError 2]"}',
    ),
    _row(
        r"Failed to activate window ",
        Weight.WARNING,  # the server only looks whether the title exists; it activates nothing
        (351,),
        'Failed to activate window Visual Studio Code. Status code: {"status": "error"}',
    ),
    _row(
        r"Failed to close all windows\.",
        Weight.WARNING,
        (367,),
        'Failed to close all windows. Status code: {"status": "error"}',
    ),
    _row(
        r"Failed to clear task files\.",
        Weight.WARNING,  # as the windows: what reset tidies up before the task's own set-up
        (383,),
        'Failed to clear task files. Status code: {"status": "error"}',
    ),
    _row(
        r"Failed to close window ",
        Weight.WARNING,
        (403,),
        'Failed to close window Untitled - Notepad. Status code: {"status": "error"}',
    ),
    _row(
        r"Failed to create folder\.",
        Weight.VOID,
        (423,),
        'Failed to create folder. Status code: {"status": "error"}',
    ),
    _row(
        r"Failed to create file\.",
        Weight.VOID,
        (442,),
        'Failed to create file. Status code: {"status": "error"}',
    ),
    _row(
        r"Failed to recycle file\.",
        Weight.VOID,
        (460,),
        'Failed to recycle file. Status code: {"status": "error"}',
    ),
    _row(
        r"An error occurred while trying to send the request: ",
        Weight.OF_THE_STEP,
        (150, 185, 210, 238, 260, 300, 353, 369, 385, 405, 425, 444, 462, 824, 902),
        "An error occurred while trying to send the request: ('Connection aborted.', "
        "RemoteDisconnected('Remote end closed connection without response'))",
    ),
)

_TIDYING = frozenset({"activate_window", "close_all", "close_window", "clear_task_files"})
"""Steps whose failure upstream goes on from, by the names of their calls."""

_EXECUTES = frozenset({"execute", "command"})
"""Steps that may try again until they succeed (``until``): their last try tells."""

_STEP_DONE = re.compile(r"SETUP: _(\w+?)_setup\(")
_CALL = re.compile(r"/setup/(\w+)")
_DONE = "Command executed successfully"

# The environment says where reset is; its own calls (lines 262 and 274 of its desktop_env.py) end
# with no line of the set-up.
_AFTER_CALL = {"Starting emulator": "close_all", "Setting task info": "clear_task_files"}
_SETTING_UP = ("Setting up environment", "Environment setup complete")


def weight_of(message: str, *, loud: bool) -> Weight:
    """Return what a message means by itself; ``loud`` is whether it was logged as an error."""
    row = next((row for row in TABLE if row.begins.match(message)), None)
    if row is not None:
        # WAA-V2 logs the window that was not there as information: the same fact.
        return row.weight if loud or row.weight is Weight.WARNING else Weight.NOTHING
    return Weight.VOID if loud else Weight.NOTHING


class SetupLog:
    """Takes the set-up's records in order. ``void`` and ``warning`` are the first of each kind."""

    __slots__ = ("_held", "_pending", "_void", "_warning")

    def __init__(self) -> None:
        self._pending: list[tuple[Weight, str]] = []
        self._held = False
        self._void = ""
        self._warning = ""

    @property
    def void(self) -> str:
        """The first line, cleaned, because of which the task was not set up; empty if none."""
        return self._void or self._first(Weight.VOID)

    @property
    def warning(self) -> str:
        """The first line, cleaned, that upstream goes on from; empty if there was none."""
        return self._warning or self._first(Weight.WARNING)

    def record(self, message: str, *, loud: bool) -> None:
        """Take in a record of the set-up."""
        done = _STEP_DONE.match(message)
        if done is not None:
            self._settle(done.group(1))
        elif message.startswith(_DONE):
            self._held = True
        else:
            weight = weight_of(message, loud=loud)
            if weight is not Weight.NOTHING:
                self._pending.append((weight, message))
                self._held = False

    def environment(self, message: str) -> None:
        """Take in a record of the environment: it ends a call of its own, or begins the set-up."""
        for begins, call in _AFTER_CALL.items():
            if message.startswith(begins):
                self._settle(call)
        if message.startswith(_SETTING_UP):
            self._settle("")

    def _settle(self, step: str) -> None:
        """Judge what a step logged, now that it is over; an empty name is an unknown step."""
        if not (step in _EXECUTES and self._held):
            self._void = self._void or self._first(Weight.VOID, step)
            self._warning = self._warning or self._first(Weight.WARNING, step)
        self._pending = []
        self._held = False

    def _first(self, wanted: Weight, step: str = "") -> str:
        lines = (text for weight, text in self._pending if _judged(weight, text, step) is wanted)
        return clean(next(lines, ""), _NOTE_LIMIT)


def _judged(weight: Weight, message: str, step: str) -> Weight:
    if weight is not Weight.OF_THE_STEP:
        return weight
    call = _CALL.search(message)
    # What the message itself names comes first: a step of a fork may make several calls.
    return Weight.WARNING if (call.group(1) if call else step) in _TIDYING else Weight.VOID


def examples(weight: Weight) -> Sequence[str]:
    """Return a whole message for each row of this weight."""
    return [row.example for row in TABLE if row.weight is weight]
