"""What counts: why an attempt ended, whether it is tried again, and how it is counted.

The table is data. Every reader (worker, fold, report) goes through it, so that an infrastructure
fault can never be counted as the agent's failure in one place and not in another.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Cause(StrEnum):
    """Why an attempt ended without the client's own score."""

    TIMEOUT = "timeout"
    AGENT = "agent"
    AGENT_BROKE_ARENA = "agent-broke-arena"
    MODEL = "model"
    PROVIDER = "provider"
    SETUP = "setup"
    ARENA = "arena"
    EVALUATOR = "evaluator"
    LOST = "lost"
    RELEASED = "released"
    UNKNOWN = "unknown"  # written by a later version: only read, never judged


class Status(StrEnum):
    """How a task is counted. Expected = scored + infrastructure + missing, always."""

    SCORED = "scored"
    INFRASTRUCTURE = "infrastructure"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Rule:
    """How a cause is treated.

    ``retries`` is the number of further attempts a task has for this cause in one session; None
    means that the attempt costs nothing.
    """

    counted: Status
    retries: int | None
    summary: str


RULES: Mapping[Cause, Rule] = {
    Cause.TIMEOUT: Rule(Status.SCORED, 0, "the task's deadline passed; scored 0"),
    Cause.AGENT: Rule(Status.SCORED, 0, "the agent itself raised; scored 0"),
    Cause.AGENT_BROKE_ARENA: Rule(
        Status.SCORED, 0, "two arenas were lost right after this agent's actions; scored 0"
    ),
    Cause.MODEL: Rule(
        Status.INFRASTRUCTURE, 0, "the model's provider refuses everybody (key, quota, model)"
    ),
    Cause.PROVIDER: Rule(
        Status.INFRASTRUCTURE, 2, "the model's provider did not answer (unreachable, 5xx, 429)"
    ),
    Cause.SETUP: Rule(Status.INFRASTRUCTURE, 2, "the task's set-up failed before the agent acted"),
    Cause.ARENA: Rule(Status.INFRASTRUCTURE, 2, "Windows, QEMU or the connection to it failed"),
    Cause.EVALUATOR: Rule(Status.INFRASTRUCTURE, 1, "the evaluator raised"),
    Cause.LOST: Rule(Status.INFRASTRUCTURE, 2, "the worker died or its machine was evicted"),
    Cause.RELEASED: Rule(Status.MISSING, None, "given back unfinished"),
    Cause.UNKNOWN: Rule(
        Status.INFRASTRUCTURE, 0, "a cause that this version does not know; a later one wrote it"
    ),
}

CUT_OFF = frozenset({Cause.TIMEOUT})
"""Causes by which a task is cut off while its agent works.

One rule everywhere: it is scored 0, in a mean, in the worst and best case, and in a verdict. What
is undecided is only what has no score. How many were cut off stands beside each of these figures.
"""

ATTEMPTS_LIMIT = 6
"""Attempts a task may have in one session whatever their causes, releases aside."""

ARENA_CAUSES = frozenset({Cause.ARENA, Cause.SETUP})
"""Causes whose retries share one budget, and which wear out an arena."""


class Flag(StrEnum):
    """What is worth knowing about an attempt beside its score or cause."""

    EVALUATOR = "evaluator"  # a getter's exception was swallowed into a zero
    SETUP_WARNING = "setup-warning"  # a set-up step failed that upstream goes on from
    AFTER_ACTION = "after-action"  # the arena was lost right after an action of the agent
    ANSWERED_FAIL = "answered-fail"  # the agent's last action called the task infeasible
    BAD_REQUEST = "bad-request"  # the provider answered 400: this task's, unless others meet it
    PROBE = "probe"  # tried only to see whether the model's provider answers again


SCORE_FLAGS = frozenset({Flag.EVALUATOR, Flag.SETUP_WARNING})
"""Flags that put a score in doubt: the headline is also printed without them."""


def read_cause(text: str) -> Cause:
    """Return a cause as a record names it; one that this version does not know is UNKNOWN."""
    return Cause(text) if text in set(Cause) else Cause.UNKNOWN


def read_flags(texts: Iterable[str]) -> tuple[Flag, ...]:
    """Return the flags that this version knows, of those a record names."""
    known = set(Flag)
    return tuple(Flag(text) for text in texts if text in known)


def is_final(cause: Cause) -> bool:
    """Whether an attempt with this cause settles its task as scored 0."""
    return RULES[cause].counted is Status.SCORED


def is_infrastructure(cause: Cause | None) -> bool:
    """Whether this is a fault of the machinery, not of the agent (None means a score)."""
    return cause is not None and RULES[cause].counted is Status.INFRASTRUCTURE


def wears_the_arena(cause: Cause | None) -> bool:
    """Whether such an outcome makes its arena suspect; a provider or another worker is not it."""
    apart = (Cause.LOST, Cause.MODEL, Cause.PROVIDER, Cause.UNKNOWN)
    return is_infrastructure(cause) and cause not in apart
