"""How checks are made: side by side, each with its findings, and none hiding another.

A check is a name and a look: a function that returns findings. What several checks need is an
``Answer``, asked for once: the check that owns it reports why there is none, the others say that
they could not be made.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Generic, TypeVar

from orchestrator.errors import (
    EXIT_BAD_INPUT,
    EXIT_COMPLETE,
    EXIT_INFRASTRUCTURE,
    BadInputError,
    MatrixError,
    worst_exit,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from orchestrator.errors import Problem

T = TypeVar("T")

_THREADS = 16


class Status(StrEnum):
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
    status: Status
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
        self._found: list[T] = []
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
            if not self._found:
                self._found.append(self._first())
            return self._found[0]

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
    unseen: Status = Status.FAIL


def diagnose(checks: Sequence[Check]) -> list[Finding]:
    """Make every check, side by side; return their findings in the checks' order."""
    with ThreadPoolExecutor(max_workers=_THREADS, thread_name_prefix="check") as pool:
        looks = [pool.submit(_made, check) for check in checks]
        return [finding for look in looks for finding in look.result()]


def _made(check: Check) -> list[Finding]:
    """Return what a check found, up to what stopped it, and why it stopped."""
    found: list[Finding] = []
    try:
        for finding in check.look():
            found.append(finding)  # noqa: PERF402  # what was found before an error is kept
    except BlockedError as blocked:
        found.append(Finding(check.name, Status.SKIPPED, f"not checked: {blocked.why}"))
    except BadInputError as error:
        found += [problem_finding(check.name, problem) for problem in error.problems]
    except MatrixError as error:
        found.append(Finding(check.name, check.unseen, str(error), check.fix))
    except Exception as error:  # noqa: BLE001  # a check that is broken must not hide the others
        what = f"the check itself broke ({type(error).__name__})"
        fix = "Report it as a fault of waa-matrix."
        found.append(Finding(check.name, check.unseen, what, fix))
    return found


def problem_finding(check: str, problem: Problem) -> Finding:
    """Return a wrong input as a finding."""
    what = f"{problem.where}: {problem.what}"
    return Finding(check, Status.FAIL, what, problem.fix, input=True)


def exit_code(findings: Iterable[Finding]) -> int:
    """Return 0 when nothing would make the run fail, else 2 for wrong input and 4 for the rest."""
    failed = [finding for finding in findings if finding.status is Status.FAIL]
    codes = [EXIT_BAD_INPUT if one.input else EXIT_INFRASTRUCTURE for one in failed]
    return worst_exit([EXIT_COMPLETE, *codes])
