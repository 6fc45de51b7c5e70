"""What a task's facts count as: the table of causes, as data. The first row that fits decides.

Rows about the machinery come before the score: whether an attempt was sound must not depend on how
it ended, or a lucky score would be kept where an unlucky one is tried again. A statement of the
client that is not known counts as the arena's, never as the agent's.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from orchestrator.ledger.causes import Cause, Flag
from orchestrator.ledger.records import MESSAGE_LIMIT
from orchestrator.results.frames import Frame
from orchestrator.results.log import ClientPhase
from orchestrator.results.provider import ProviderAnswer

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.results.log import Signals
    from orchestrator.results.task import Reading


class ClientEnding(StrEnum):
    """How the worker saw the client end."""

    EXITED = "exited"  # by itself, whatever its status: that says nothing about the task
    DEADLINE = "deadline"  # killed: the task's deadline passed
    STALLED = "stalled"  # killed: neither its log nor its files grew for the stall time
    REFUSED = "refused"  # killed: the provider kept refusing, so waiting is of no use
    STOPPED = "stopped"  # killed: the worker was told to stop, or gave the task up


@dataclass(frozen=True, slots=True)
class AttemptVerdict:
    """How an attempt ended. Exactly one of ``score`` (in [0, 1]) and ``cause`` is set."""

    score: float | None
    cause: Cause | None
    flags: tuple[Flag, ...]
    message: str


@dataclass(frozen=True, slots=True)
class _Seen:
    reading: Reading
    ending: ClientEnding
    arena_ok: bool

    @property
    def signals(self) -> Signals:
        return self.reading.signals

    @property
    def frame(self) -> Frame | None:
        return self.reading.raised.frame if self.reading.raised else None

    @property
    def exception(self) -> str:
        return self.reading.raised.exception if self.reading.raised else ""

    @property
    def answer(self) -> ProviderAnswer | None:
        """What the provider had answered when the agent raised; None: it raised over another."""
        raised = self.reading.raised
        return raised.answer if raised is not None and raised.frame is Frame.AGENT else None

    @property
    def refused(self) -> bool:
        """Whether the agent's last request was refused and nothing came of it."""
        if self.ending is ClientEnding.REFUSED or self.answer is ProviderAnswer.REFUSED:
            return True
        return self.signals.refusals > 0

    @property
    def unanswered(self) -> bool:
        """Whether the provider did not answer to the end: not at all, or with a rate limit."""
        if self.answer in (ProviderAnswer.ABSENT, ProviderAnswer.LIMITED):
            return True
        limited = self.signals.throttled and (
            self.reading.score is None or self.signals.limits >= _LIMITS_THAT_TELL
        )
        return (bool(self.signals.outage) or limited) and self.waited

    @property
    def waited(self) -> bool:
        """Whether it was the provider that the client waited for when it ended, or gave up on.

        An exception of anything but the agent has a reason of its own.
        """
        raised = self.reading.raised
        return raised is None or (raised.frame is Frame.AGENT and raised.answer is None)

    @property
    def unfinished(self) -> bool:
        """Whether the client got neither to a result nor to an exception."""
        reading = self.reading
        return reading.score is None and not reading.unreadable and reading.raised is None

    @property
    def swallowed_zero(self) -> bool:
        return self.reading.score == 0.0 and bool(self.signals.swallowed)


@dataclass(frozen=True, slots=True)
class _Row:
    """A line of the table. ``cause`` None: the client's own score counts.

    ``lost`` is whether such an arena is gone, so that the agent's last action may have been why.
    """

    fits: Callable[[_Seen], bool]
    cause: Cause | None
    message: Callable[[_Seen], str]
    lost: bool = False


_LIMITS_THAT_TELL = 3
"""Rate limits in a row after which nothing came: the agent ended without an answer."""

_ITS_OWN = (ProviderAnswer.REJECTED, ProviderAnswer.UNFIT)

_TABLE: tuple[_Row, ...] = (
    _Row(
        lambda s: s.ending is ClientEnding.STOPPED and s.unfinished,
        Cause.RELEASED,
        lambda _: "the worker was told to stop and gave the task back",
    ),
    _Row(
        lambda s: s.refused,
        Cause.MODEL,
        lambda s: f"the model's provider refused: {s.signals.refusal or s.exception or 'see log'}",
    ),
    _Row(
        lambda s: s.unanswered,
        Cause.PROVIDER,
        lambda s: (
            f"the model's provider did not answer: "
            f"{s.exception or s.signals.outage or 'its rate limit held to the end'}"
        ),
    ),
    _Row(
        lambda s: bool(s.signals.setup_error),
        Cause.SETUP,
        lambda s: f"set-up failed before the agent's first turn: {s.signals.setup_error}",
    ),
    _Row(
        lambda s: s.signals.blind,
        Cause.ARENA,
        lambda _: "Windows gave no observation to the end, so the agent could not act",
        lost=True,
    ),
    _Row(
        lambda s: s.swallowed_zero and not s.arena_ok,
        Cause.ARENA,
        lambda s: f"Windows was gone when the evaluator looked: {s.signals.swallowed}",
        lost=True,
    ),
    _Row(
        lambda s: s.swallowed_zero,
        None,
        lambda s: f"the evaluator swallowed an exception into this 0: {s.signals.swallowed}",
    ),
    _Row(
        lambda s: s.reading.score is not None and bool(s.signals.setup_warning),
        None,
        lambda s: f"scored as it stands, though in its set-up: {s.signals.setup_warning}",
    ),
    _Row(lambda s: s.reading.score is not None, None, lambda _: ""),
    _Row(
        lambda s: s.frame is Frame.AGENT and s.answer in _ITS_OWN,
        Cause.AGENT,
        lambda s: f"the provider refused this request of the agent: {s.exception}",
    ),
    _Row(
        lambda s: s.frame is Frame.OUTPUT,
        Cause.AGENT,
        lambda s: f"what the agent returned cannot be used: {s.exception}",
    ),
    _Row(
        lambda s: s.frame is Frame.AGENT and not s.arena_ok,
        Cause.ARENA,
        lambda s: f"Windows was gone when the agent raised: {s.exception}",
        lost=True,
    ),
    _Row(
        lambda s: s.frame is Frame.AGENT,
        Cause.AGENT,
        lambda s: f"the agent raised: {s.exception}",
    ),
    _Row(
        lambda s: s.frame is Frame.RESET,
        Cause.SETUP,
        lambda s: f"env.reset raised: {s.exception}",
    ),
    _Row(
        lambda s: s.frame is Frame.EVALUATE,
        Cause.EVALUATOR,
        lambda s: f"env.evaluate raised: {s.exception}",
    ),
    _Row(
        lambda s: s.frame in (Frame.STEP, Frame.GUEST),
        Cause.ARENA,
        lambda s: f"{s.frame} raised: {s.exception}",
        lost=True,
    ),
    _Row(
        lambda s: s.frame is not None,
        Cause.ARENA,
        lambda s: f"{s.frame} raised: {s.exception}",
    ),
    _Row(
        lambda s: s.reading.no_score,
        Cause.EVALUATOR,
        lambda s: f"the evaluator returned no score: {s.reading.unreadable}",
    ),
    _Row(lambda s: bool(s.reading.unreadable), Cause.ARENA, lambda s: s.reading.unreadable),
    _Row(
        lambda s: not s.arena_ok,
        Cause.ARENA,
        lambda s: f"Windows or QEMU stopped answering while the client was {s.signals.phase}",
        lost=True,
    ),
    _Row(
        lambda s: s.ending is ClientEnding.DEADLINE,
        Cause.TIMEOUT,
        lambda s: f"the task's deadline passed after {s.reading.steps} steps",
    ),
    _Row(
        lambda s: s.ending is ClientEnding.STALLED and s.signals.phase is ClientPhase.ACTING,
        Cause.ARENA,
        lambda _: "an action did not come back for the stall time",
        lost=True,
    ),
    _Row(
        lambda s: s.ending is ClientEnding.STALLED,
        Cause.ARENA,
        lambda s: f"nothing grew for the stall time; the client was {s.signals.phase}",
    ),
    _Row(
        lambda _: True,
        Cause.ARENA,
        lambda s: f"the client ended without a result. Its last words: {s.signals.last_line!r}",
    ),
)


def classify(
    reading: Reading, ending: ClientEnding = ClientEnding.EXITED, *, arena_ok: bool = True
) -> AttemptVerdict:
    """Return how an attempt counts.

    Args:
        reading: What the client left.
        ending: How the worker saw the client end.
        arena_ok: Whether Windows and QEMU answered after that. A dead arena turns what would be
            the agent's failure without a score into the arena's.
    """
    seen = _Seen(reading, ending, arena_ok)
    row = next(row for row in _TABLE if row.fits(seen))
    return AttemptVerdict(
        score=reading.score if row.cause is None else None,
        cause=row.cause,
        flags=_flags(seen, row),
        message=row.message(seen)[:MESSAGE_LIMIT],
    )


def _flags(seen: _Seen, row: _Row) -> tuple[Flag, ...]:
    flags: list[Flag] = []
    if seen.swallowed_zero and row.cause in (None, Cause.ARENA):
        flags.append(Flag.EVALUATOR)
    if row.cause is None and seen.signals.setup_warning:
        flags.append(Flag.SETUP_WARNING)
    if row.lost and seen.reading.after_action:
        flags.append(Flag.AFTER_ACTION)
    if row.cause is None and seen.reading.answered_fail:
        flags.append(Flag.ANSWERED_FAIL)
    if row.cause is Cause.AGENT and seen.answer is ProviderAnswer.REJECTED:
        flags.append(Flag.BAD_REQUEST)
    return tuple(flags)
