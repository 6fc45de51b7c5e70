"""What a check of a set-up is made of: a name and a look, which returns findings.

What several checks need is an ``Answer``, asked for once: the check that owns it reports why there
is none, the others say that they could not be made. An engine brings checks of its own.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Generic, TypeVar

from orchestrator.errors import MatrixError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from orchestrator.errors import Problem

T = TypeVar("T")

HOUR_S = 3600.0


class CheckStatus(StrEnum):
    """What a finding means for a run: a ``FAIL`` would make it fail, a ``WARN`` would not."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a diagnosis: what was looked at, what was seen, and what to do about it.

    ``fix`` is empty for what is well, or was skipped. ``input`` says that the caller's own input is
    wrong.
    """

    check: str
    status: CheckStatus
    what: str
    fix: str = ""
    input: bool = False


class BlockedError(Exception):
    """A check needs what an earlier one, ``by``, did not get."""

    def __init__(self, by: str) -> None:
        super().__init__(by)
        self.by = by

    @property
    def why(self) -> str:
        """Why the check was not made."""
        return f"it needs {self.by!r}, which is not well"


class NotGivenError(BlockedError):
    """A check needs an option, ``by``, that was not given."""

    @property
    def why(self) -> str:
        """Why the check was not made."""
        return f"it needs {self.by}, which is not given"


class Answer(Generic[T]):
    """What one question brought: asked by whoever needs it first, once, from any thread."""

    def __init__(self, check: str, ask: Callable[[], T]) -> None:
        self._check = check
        self._ask = ask
        self._lock = threading.Lock()
        self._answers: list[T] = []
        self._error: MatrixError | BlockedError | None = None

    def own(self) -> T:
        """Return it to the check that reports on it.

        Raises:
            MatrixError: Why there is none.
            BlockedError: The question itself needed an answer that is missing.
        """
        with self._lock:
            if self._error is not None:
                raise self._error
            if not self._answers:
                self._answers.append(self._first())
            return self._answers[0]

    def get(self) -> T:
        """Return it to a check that needs it.

        Raises:
            BlockedError: There is none; it names the check that says why.
        """
        try:
            return self.own()
        except BlockedError:
            raise
        except MatrixError:
            raise BlockedError(self._check) from None

    def _first(self) -> T:
        try:
            return self._ask()
        except (MatrixError, BlockedError) as error:
            self._error = error
            raise


@dataclass(frozen=True, slots=True)
class Check:
    """A named look. ``fix`` and ``unseen`` are for a look that fails: what to do, what it means.

    ``unseen`` is ``WARN`` where a run does not depend on what is looked at.
    """

    name: str
    look: Callable[[], Iterable[Finding]]
    fix: str = "Mend the cause and look again."
    unseen: CheckStatus = CheckStatus.FAIL


@dataclass(frozen=True, slots=True)
class Program:
    """A program: how it tells its version and whether it is signed in, and the least version."""

    name: str
    least: tuple[int, int]
    install: str
    version: tuple[str, ...]
    signed_in: tuple[str, ...]
    sign_in: str

    @property
    def wanted(self) -> str:
        """The least version, as a person reads it."""
        return ".".join(str(number) for number in self.least)


def problem_finding(check: str, problem: Problem) -> Finding:
    """Return a wrong input as a finding."""
    what = f"{problem.where}: {problem.what}"
    return Finding(check, CheckStatus.FAIL, what, problem.fix, input=True)


def given(value: T | None, name: str) -> T:
    """Return the value of the option that is called ``name``.

    Raises:
        NotGivenError: It was not given.
    """
    if not value:
        raise NotGivenError(name)
    return value


def age_finding(check: str, said: str, age_s: float, late_s: float, fix: str) -> Finding:
    """Return how long ago something happened as a finding: a warning where that is too long."""
    what = f"{said} {max(age_s, 0.0) / HOUR_S:.1f} h ago"
    if age_s > late_s:
        return Finding(check, CheckStatus.WARN, what, fix)
    return Finding(check, CheckStatus.OK, what)
