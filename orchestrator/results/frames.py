"""Where a client's task failed: the frame of ``run_single_example`` that was being executed.

The frame decides, not the message: a message comes from whatever failed, and an agent can make it
say anything. The statements are those of Windows Agent Arena's ``lib_run_single.py`` at commit
6d39ed88c545a0d40a7a02e39b928e278df7332b.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from orchestrator.results.provider import refuses
from orchestrator.results.text import clean

TRACEBACK_LIMIT = 1 << 16
_EXCEPTION_LIMIT = 300


class Frame(StrEnum):
    """What ``run_single_example`` was doing when it raised."""

    AGENT = "the agent"  # agent.reset, agent.predict
    RESET = "env.reset"
    STEP = "env.step"
    GUEST = "the connection to Windows"  # any other call on env, such as its controller's
    EVALUATE = "env.evaluate"
    OTHER = "the client's own bookkeeping"  # the recorder, a full disk, a statement not known


_STATEMENTS: tuple[tuple[re.Pattern[str], Frame], ...] = (
    (re.compile(r"\bagent\.(?:predict|reset)\("), Frame.AGENT),
    (re.compile(r"\benv\.reset\("), Frame.RESET),
    (re.compile(r"\benv\.step\("), Frame.STEP),
    (re.compile(r"\benv\.evaluate\("), Frame.EVALUATE),
    (re.compile(r"\benv\."), Frame.GUEST),
)

_FRAME = re.compile(
    r'^  File "[^"\n]*\blib_run_single\.py", line \d+, in run_single_example\n'
    r"((?:    .*\n?)*)",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Raised:
    """A task that ended in an exception: in which frame, and the exception in one line.

    ``refused`` is whether it was, or came from, a refusal of the model's provider.
    """

    frame: Frame
    exception: str
    refused: bool = False


def raised(traceback: str, exception: str) -> Raised:
    """Return where a traceback's task failed.

    Args:
        traceback: The text of ``traceback.format_exc()``.
        exception: ``str()`` of the same exception, empty when unknown. It ends the traceback, and
            is left out of the search: a forged frame in a message decides nothing.
    """
    traceback = traceback[-TRACEBACK_LIMIT:]
    body = traceback.rstrip()
    stripped = exception.strip()
    if stripped and body.endswith(stripped):
        body = body[: -len(stripped)]
    # Of chained exceptions the outermost is printed last.
    frames = _FRAME.findall(body)
    frame = _frame_of(frames[-1]) if frames else Frame.OTHER
    refused = refuses(body + stripped.split("\n", 1)[0])
    return Raised(frame, clean(_last_line(traceback, stripped), _EXCEPTION_LIMIT), refused)


def _frame_of(source: str) -> Frame:
    return next((frame for pattern, frame in _STATEMENTS if pattern.search(source)), Frame.OTHER)


def _last_line(traceback: str, exception: str) -> str:
    """Return "Type: message" of the outermost exception."""
    body = traceback.rstrip()
    if exception and body.endswith(exception):
        return body[: -len(exception)].rsplit("\n", 1)[-1] + exception
    return body.rsplit("\n", 1)[-1]
