"""Where a client's task failed: the frame of ``run_single_example`` that was being executed.

The frame decides, not the message: a message comes from whatever failed, and an agent can make it
say anything. The statements are those of Windows Agent Arena's ``lib_run_single.py`` at commit
6d39ed88c545a0d40a7a02e39b928e278df7332b. A call counts by its name, whatever wraps it, because
forks wrap it (``run_with_timeout(env.evaluate, …)`` in FanbinLu/WindowsAgentArena at 4567840).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from orchestrator.results.exceptions import chain_of
from orchestrator.results.provider import answer_of
from orchestrator.results.tracebacks import exceptions_in
from orchestrator.text import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.results.exceptions import Link
    from orchestrator.results.provider import ProviderAnswer

_EXCEPTION_LIMIT = 300


class Frame(StrEnum):
    """What ``run_single_example`` was doing when it raised."""

    AGENT = "the agent"  # agent.reset, agent.predict
    OUTPUT = "the use of what the agent returned"
    RESET = "env.reset"
    STEP = "env.step"
    GUEST = "the connection to Windows"  # any other call on env, such as its controller's
    EVALUATE = "env.evaluate"
    RECORDER = "the recorder"
    OTHER = "the client's own bookkeeping"  # a full disk, a statement not known


_STATEMENTS: tuple[tuple[re.Pattern[str], Frame], ...] = (
    (re.compile(r"\bagent\.(?:predict|reset)\b"), Frame.AGENT),
    (re.compile(r"\benv\.reset\b"), Frame.RESET),
    (re.compile(r"\benv\.step\b"), Frame.STEP),
    (re.compile(r"\benv\.evaluate\b"), Frame.EVALUATE),
    (re.compile(r"\brecorder\.record_step\b"), Frame.RECORDER),
    (re.compile(r"\benv\."), Frame.GUEST),
    (re.compile(r"\bin actions\b|\bif (?:not )?(?:computer_update_args|actions)\b"), Frame.OUTPUT),
    (re.compile(r"\bagent\."), Frame.AGENT),
)
# A statement that names none of these may call a helper that does, and of one over several lines
# Python 3.9 to 3.12 print the first alone: then the frames tell, by file and function.
_CALLED: tuple[tuple[re.Pattern[str], Frame], ...] = (
    (re.compile(r"(?:\A|/)\w*env\w*\.py:reset\Z"), Frame.RESET),
    (re.compile(r"(?:\A|/)\w*env\w*\.py:step\Z"), Frame.STEP),
    (re.compile(r"(?:\A|/)\w*env\w*\.py:evaluate\Z"), Frame.EVALUATE),
    (re.compile(r"trajectory_recorder\w*\.py:record_step\Z"), Frame.RECORDER),
    (re.compile(r"agents?(?:/.*)?\.py:(?:a?predict|reset)\Z"), Frame.AGENT),
)

_ANY_FRAME = re.compile(
    r'^  File "([^"\n]*)", line \d+, in (\S+)\n((?:    .*(?:\n|\Z))*)', re.MULTILINE
)
_CLIENT_FILE = re.compile(r"\blib_run_single\w*\.py\Z")
_CLIENT_FUNCTION = re.compile(r"run_single_\w+\Z")

# What the recorder is handed by the agent, by the names that its own source gives it.
_AGENTS_OWN = re.compile(r"\b(?:logs|action|actions|response|traj_data)\b")
_ENVIRONMENTS = re.compile(r"\bobs\b")


@dataclass(frozen=True, slots=True)
class Raised:
    """A task that ended in an exception: in which frame, and the exception in one line.

    ``answer`` is what the model's provider had answered, None where the exception is not about it.
    ``lost_connection``: somebody was not reached, hung up or kept silent.
    """

    frame: Frame
    exception: str
    answer: ProviderAnswer | None = None
    lost_connection: bool = False


@dataclass(frozen=True, slots=True)
class _TracedCall:
    file: str
    function: str
    source: str

    @property
    def is_clients(self) -> bool:
        return bool(_CLIENT_FILE.search(self.file) and _CLIENT_FUNCTION.match(self.function))

    @property
    def called(self) -> Frame | None:
        """What a frame below the client's statement tells: a helper beside it by its source."""
        helper = _CLIENT_FILE.search(self.file) is not None
        by_source = _first(_STATEMENTS, self.source) if helper else None
        return by_source or _first(_CALLED, f"{self.file}:{self.function}")


def raised(traceback: str, exception: str) -> Raised:
    """Return where a traceback's task failed.

    Args:
        traceback: The text of ``traceback.format_exc()``.
        exception: ``str()`` of the same exception, empty when unknown.
    """
    exceptions = exceptions_in(traceback, exception)
    chain = chain_of(exceptions)
    calls = [
        _TracedCall(*parts)
        for exceptional in exceptions
        for parts in _ANY_FRAME.findall(exceptional.frames)
    ]
    return Raised(
        frame=_frame_of(calls, chain),
        exception=clean(exceptions[-1].text, _EXCEPTION_LIMIT),
        answer=answer_of(chain),
        lost_connection=any(link.lost_connection for link in chain),
    )


def _frame_of(calls: Sequence[_TracedCall], chain: Sequence[Link]) -> Frame:
    """Return the frame; of chained exceptions the outermost is printed last."""
    at = max((number for number, call in enumerate(calls) if call.is_clients), default=None)
    if at is None:
        return Frame.OTHER
    statement, below = calls[at], calls[at + 1 :]
    # A helper that gave up raises anew: what it had called is in the causes, which come before.
    called = (call.called for call in (*below, *calls[:at]))
    frame = _first(_STATEMENTS, statement.source) or next(filter(None, called), Frame.OTHER)
    if frame is Frame.RECORDER:
        return _of_recorder(below, chain)
    if frame in (Frame.GUEST, Frame.STEP) and _hands_over_the_unfit(statement, chain):
        return Frame.OUTPUT
    return frame


def _first(table: Sequence[tuple[re.Pattern[str], Frame]], text: str) -> Frame | None:
    return next((frame for pattern, frame in table if pattern.search(text)), None)


def _of_recorder(below: Sequence[_TracedCall], chain: Sequence[Link]) -> Frame:
    """Tell whose the recorder's failure is: the agent's where it choked on what the agent gave it.

    A full disk is not, nor is an observation that Windows did not give.
    """
    if chain and chain[-1].of_this_machine:
        return Frame.OTHER
    sources = [call.source for call in below if "trajectory_recorder" in call.file]
    if any(_ENVIRONMENTS.search(source) for source in sources):
        return Frame.OTHER
    own = any(_AGENTS_OWN.search(source) for source in sources)
    return Frame.OUTPUT if own else Frame.OTHER


def _hands_over_the_unfit(statement: _TracedCall, chain: Sequence[Link]) -> bool:
    """Whether what the agent returned could not even be sent: no mapping, or no JSON."""
    last = chain[-1] if chain else None
    if last is None or last.path != "TypeError":
        return False
    unpacked = "computer_update_args" in statement.source
    return unpacked or "JSON serializable" in last.message
