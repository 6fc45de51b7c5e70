"""The script of what goes wrong, and when; codes are spelt as Azure spells them."""

from __future__ import annotations

import fnmatch
import re
import threading
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


class Wound(StrEnum):
    """What happens to a request."""

    REFUSE = "refuse"  # answered with an error, without effect
    REFUSE_AFTER = "refuse-after"  # took effect, answered with an error
    DROP_BEFORE = "drop-before"  # the connection ends before the effect
    DROP_AFTER = "drop-after"  # it took effect, the reply is lost
    GARBAGE = "garbage"  # answered with the error status and a page that is no JSON
    SLOW = "slow"  # takes ``seconds`` of the fake's clock


@dataclass(slots=True)
class Fault:
    """A wound for requests whose ``VERB type/name`` matches the expression ``pattern``.

    ``holding`` is what their body must hold too. ``skip`` matching requests pass first, then
    ``times`` are hit. With ``leaves_nic`` a refused
    create leaves the NIC it had made already.
    """

    pattern: str
    wound: Wound = Wound.REFUSE
    status: int = 503
    code: str = "ServiceUnavailable"
    message: str = "The service is temporarily unavailable."
    details: Sequence[Mapping[str, Any]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    leaves_nic: bool = False
    times: int = 1
    skip: int = 0
    holding: bytes = b""

    def hits(self, call: str, body: bytes) -> bool:
        """Whether this request is hit; counts it."""
        if self.times <= 0 or self.holding not in body or not re.search(self.pattern, call):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.times -= 1
        return True


@dataclass(slots=True)
class Fate:
    """What becomes of accepted machines whose name matches the glob ``names``.

    ``fails_with`` is the code (and message) that the create ends with after it was accepted; the
    machine may run on all the same (``runs_on``: Azure/aks-engine#3694).
    ``evicted_after_s`` counts from the end of the create, and applies to spot machines. The first
    ``deletes_stuck`` deletes that are accepted never end, and the next ``deletes_failing`` end with
    ``delete_code``: the machine stays, Failed. As many deletes of its NIC and IP are accepted
    without effect once it is gone (``parts_stuck``).
    """

    names: str = "*"
    create_s: float | None = None
    fails_with: str | None = None
    fails_message: str = "Allocation failed. We do not have sufficient capacity in this region."
    never_boots: bool = False
    runs_on: bool = False
    evicted_after_s: float | None = None
    deletes_stuck: int = 0
    deletes_failing: int = 0
    delete_code: str = "InternalExecutionError"
    parts_stuck: int = 0
    times: int = 1_000_000

    def takes(self, name: str) -> bool:
        if self.times <= 0 or not fnmatch.fnmatchcase(name, self.names):
            return False
        self.times -= 1
        return True


class Faults:
    """Faults and fates still to come. Safe to share between threads.

    ``on_request(number, call, when)`` is called with ``when`` "before" and "after" the effect of
    every request of the control plane, numbered from 1: a place to kill whoever sent it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._fates: list[Fate] = []
        self.on_request: Callable[[int, str, str], None] = lambda _number, _call, _when: None

    def add(self, *faults: Fault) -> None:
        with self._lock:
            self._faults.extend(faults)

    def machines(self, fate: Fate) -> None:
        with self._lock:
            self._fates.append(fate)

    def next_for(self, call: str, body: bytes = b"") -> Fault | None:
        with self._lock:
            return next((fault for fault in self._faults if fault.hits(call, body)), None)

    def fate(self, name: str) -> Fate:
        with self._lock:
            return next((fate for fate in self._fates if fate.takes(name)), Fate())
