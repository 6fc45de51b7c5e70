"""The error tree: each class carries the exit code its command ends with.

A message says what happened, the likely cause and what to do. Errors are raised where the facts are
and turned into text and an exit status in one place only, ``orchestrator.cli``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from orchestrator.failures import FailureKind

if TYPE_CHECKING:
    from collections.abc import Iterable

EXIT_COMPLETE = 0
EXIT_INCOMPLETE = 1
EXIT_BAD_INPUT = 2
EXIT_NOTHING_TO_RUN = 3
EXIT_INFRASTRUCTURE = 4
EXIT_LEFT_BEHIND = 5
EXIT_INTERRUPTED = 130

_PRECEDENCE = (
    EXIT_BAD_INPUT,
    EXIT_LEFT_BEHIND,
    EXIT_INTERRUPTED,
    EXIT_INFRASTRUCTURE,
    EXIT_INCOMPLETE,
    EXIT_NOTHING_TO_RUN,
)


def worst_exit(codes: Iterable[int]) -> int:
    """Return the exit code that wins when several apply (2, 5, 130, 4, 1, 3, then 0)."""
    present = set(codes)
    return next((code for code in _PRECEDENCE if code in present), EXIT_COMPLETE)


class MatrixError(Exception):
    """Base of every error a user is meant to read."""

    exit_code: ClassVar[int] = EXIT_INFRASTRUCTURE


class StoreError(MatrixError):
    """The object store refused, or could not be reached, after its own retries."""

    kind: ClassVar[FailureKind] = FailureKind.TRANSIENT


class StoreRefusedError(StoreError):
    """The store answered, and refused: this credential may not, or the container is not there.

    Waiting helps only while roles replicate.
    """

    kind: ClassVar[FailureKind] = FailureKind.CREDENTIALS


class ArenaError(MatrixError):
    """The arena could not be started, or is not what was asked for."""


class NothingToRunError(MatrixError):
    """The selection is empty."""

    exit_code: ClassVar[int] = EXIT_NOTHING_TO_RUN


class InterruptedRunError(MatrixError):
    """The user or the machine asked to stop."""

    exit_code: ClassVar[int] = EXIT_INTERRUPTED


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with an input: where it is, what is wrong, and what to do."""

    where: str
    what: str
    fix: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}. {self.fix}"


class BadInputError(MatrixError):
    """An input is wrong; ``problems`` holds every finding, not only the first."""

    exit_code: ClassVar[int] = EXIT_BAD_INPUT

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class NoRunError(BadInputError):
    """A store or a directory that was named holds no run of this name."""


def bad_input(where: str, what: str, fix: str) -> BadInputError:
    """Return the error for a single problem."""
    return BadInputError([Problem(where, what, fix)])
