"""What may happen next to a task: one pure rule for worker, supervisor and status alike."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from orchestrator.ledger.causes import ARENA_CAUSES, ATTEMPTS_LIMIT, RULES, Cause, Flag, is_final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, slots=True)
class Attempt:
    """What is known of one attempt.

    ``finished`` is whether an outcome exists. A finished attempt without a cause is scored; an
    unfinished one is either live or lost. ``worker`` and ``session`` are empty when the claim is
    unreadable. ``since`` is the claim's ``last_modified`` in Unix seconds of the store's clock.
    """

    number: int
    worker: str = ""
    session: str = ""
    machine: str = ""
    finished: bool = False
    cause: Cause | None = None
    flags: tuple[Flag, ...] = ()
    since: float = 0.0

    @property
    def settles(self) -> bool:
        """Whether this attempt alone decides the task: a score, or a cause that scores 0."""
        return self.finished and (self.cause is None or is_final(self.cause))


@dataclass(frozen=True, slots=True)
class Free:
    """The task may be claimed, as this attempt."""

    attempt: int


@dataclass(frozen=True, slots=True)
class Held:
    """A live worker has the highest attempt."""

    attempt: int
    worker: str


@dataclass(frozen=True, slots=True)
class Done:
    """The task is counted."""


@dataclass(frozen=True, slots=True)
class Exhausted:
    """Its budget for this cause is used up in this session; a resume has a new one."""

    cause: Cause


Step = Free | Held | Done | Exhausted


def next_step(history: Sequence[Attempt], live: frozenset[int], session: str) -> Step:
    """Return what may happen next to a task.

    Args:
        history: Every attempt known, in any order.
        live: The numbers of the unfinished attempts whose worker is live.
        session: The session on whose budget a new attempt would go.
    """
    if any(attempt.settles for attempt in history) or agent_broke_arena(history):
        return Done()
    highest = max((attempt.number for attempt in history), default=0)
    # A late worker's outcome may stand beside another's claim of the same number, which holds.
    holders = [
        attempt.worker for attempt in history if attempt.number == highest and not attempt.finished
    ]
    if holders and highest in live:
        return Held(highest, min(holders))
    spent = _spent(history, session)
    return Free(highest + 1) if spent is None else Exhausted(spent)


def cause_of(attempt: Attempt) -> Cause | None:
    """Return an attempt's cause once nobody works on it: unfinished means lost."""
    return attempt.cause if attempt.finished else Cause.LOST


def agent_broke_arena(history: Iterable[Attempt]) -> bool:
    """Whether two arenas on different machines were lost right after this agent's actions."""
    broken = [a for a in history if a.cause is Cause.ARENA and Flag.AFTER_ACTION in a.flags]
    return any(a.machine != b.machine for a, b in combinations(broken, 2))


def _spent(history: Iterable[Attempt], session: str) -> Cause | None:
    """Return the cause whose budget is used up in this session, if any."""
    causes = [cause for a in history if a.session == session and (cause := cause_of(a)) is not None]
    counts = Counter(Cause.ARENA if cause in ARENA_CAUSES else cause for cause in causes)
    for cause, count in counts.items():
        retries = RULES[cause].retries
        if retries is not None and count > retries:
            return cause
    costly = [cause for cause in causes if RULES[cause].retries is not None]
    return costly[-1] if len(costly) >= ATTEMPTS_LIMIT else None
