"""The script of what goes wrong, and when; codes are spelt as Azure spells them."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.fakes import faults
from tests.fakes.faults import FaultPlan, Wound

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Fate", "Fault", "Faults", "Wound"]


@dataclass(slots=True)
class Fault(faults.Fault):
    """A fault of requests by their ``VERB type/name``, and by what their body holds too.

    With ``leaves_nic`` a refused create leaves the NIC that it had made already.
    """

    message: str = "The service is temporarily unavailable."
    code: str = "ServiceUnavailable"
    details: Sequence[Mapping[str, Any]] = ()
    leaves_nic: bool = False
    holding: bytes = b""

    def matches(self, call: str, body: bytes) -> bool:
        return self.holding in body and faults.Fault.matches(self, call, body)


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


class Faults(FaultPlan[Fault]):
    """Faults and fates still to come."""

    inflicts = frozenset(Wound) - {Wound.CUT}

    def __init__(self) -> None:
        super().__init__()
        self._fates: list[Fate] = []

    def machines(self, fate: Fate) -> None:
        with self._lock:
            self._fates.append(fate)

    def fate(self, name: str) -> Fate:
        with self._lock:
            return next((fate for fate in self._fates if fate.takes(name)), Fate())
