"""The script of what goes wrong, and when."""

from __future__ import annotations

import fnmatch
import re
import threading
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Wound(StrEnum):
    """What happens to a request."""

    STATUS = "status"  # answered with an error, without effect
    STATUS_AFTER = "status-after"  # took effect, answered with an error
    DROP_BEFORE = "drop-before"  # the connection ends before the effect
    DROP_AFTER = "drop-after"  # it took effect, the reply is lost
    CUT = "cut"  # it took effect, the reply ends half-way
    SLOW = "slow"  # takes ``seconds`` of the fake's clock


@dataclass(slots=True)
class Fault:
    """A wound for requests whose ``VERB /path`` matches ``pattern``.

    The path is the one below the repository, or the whole path elsewhere. ``skip`` matching
    requests pass first, then ``times`` are hit.
    """

    pattern: str
    wound: Wound
    status: int = 503
    message: str = "Service unavailable"
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    times: int = 1
    skip: int = 0

    def hits(self, call: str) -> bool:
        """Whether this request is hit; counts it."""
        if self.times <= 0 or not re.search(self.pattern, call):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.times -= 1
        return True


@dataclass(frozen=True, slots=True)
class RunnerFate:
    """What becomes of runners whose name matches the glob ``names``."""

    names: str
    never_online: bool = False
    deprecated: bool = False


class Faults:
    """Faults still to come. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._fates: list[RunnerFate] = []
        self.idle_limit_s: float | None = None
        self.on_request: Callable[[int, str, str], None] = lambda _number, _call, _when: None

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._faults.append(fault)

    def secondary_limit(
        self, pattern: str, *, retry_after: int | None = None, status: int = 403, times: int = 1
    ) -> None:
        """Refuse matching requests as GitHub's secondary limits do."""
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        text = "You have exceeded a secondary rate limit. Please wait a few minutes before you"
        message = f"{text} try again."
        self.add(Fault(pattern, Wound.STATUS, status, message, headers, times=times))

    def runners(self, fate: RunnerFate) -> None:
        with self._lock:
            self._fates.append(fate)

    def next_for(self, call: str) -> Fault | None:
        with self._lock:
            return next((fault for fault in self._faults if fault.hits(call)), None)

    def fate(self, name: str) -> RunnerFate:
        with self._lock:
            found = (fate for fate in self._fates if fnmatch.fnmatchcase(name, fate.names))
            return next(found, RunnerFate(name))
