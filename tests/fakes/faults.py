"""The script of what goes wrong with requests, and when: one for every fake."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Wound(StrEnum):
    """What happens to a request. A fake that cannot inflict one says so when it is added."""

    REFUSE = "refuse"  # answered with an error, without effect
    REFUSE_AFTER = "refuse-after"  # took effect, answered with an error
    DROP_BEFORE = "drop-before"  # the connection ends before the effect
    DROP_AFTER = "drop-after"  # it took effect, the reply is lost
    CUT = "cut"  # it took effect, the reply ends half-way
    GARBAGE = "garbage"  # answered with the error status and a page that is no JSON
    SLOW = "slow"  # takes ``seconds`` of the fake's clock


@dataclass(slots=True)
class Fault:
    """A wound for requests whose call matches the expression ``pattern``.

    ``skip`` matching requests pass first, then ``times`` are hit.
    """

    pattern: str
    wound: Wound = Wound.REFUSE
    status: int = 503
    message: str = "Service unavailable"
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    times: int = 1
    skip: int = 0

    def hits(self, call: str, body: bytes = b"") -> bool:
        """Whether this request is hit; counts it."""
        if self.times <= 0 or not self.matches(call, body):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.times -= 1
        return True

    def matches(self, call: str, body: bytes) -> bool:
        """Whether it is such a request."""
        del body
        return re.search(self.pattern, call) is not None


F = TypeVar("F", bound=Fault)


class FaultPlan(Generic[F]):
    """Faults still to come, of those that a fake can inflict. Safe to share between threads.

    ``on_request(number, call, when)`` is called with ``when`` "before" and "after" the effect of
    every request, numbered from 1: a place to kill whoever sent it.
    """

    inflicts: frozenset[Wound] = frozenset(Wound)

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[F] = []
        self.on_request: Callable[[int, str, str], None] = lambda _number, _call, _when: None

    def add(self, *faults: F) -> None:
        """Script faults; each hits once the earlier ones have had theirs."""
        for fault in faults:
            assert fault.wound in self.inflicts, f"this fake cannot {fault.wound}"
        with self._lock:
            self._faults.extend(faults)

    def next_for(self, call: str, body: bytes = b"") -> F | None:
        """Return the fault that hits a request, counting it, or None."""
        with self._lock:
            return next((fault for fault in self._faults if fault.hits(call, body)), None)
