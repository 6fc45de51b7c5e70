"""The script of what goes wrong, and when."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass

from tests.fakes.faults import Fault, FaultPlan, Wound

__all__ = ["Fault", "Faults", "RunnerFate", "Wound"]


@dataclass(frozen=True, slots=True)
class RunnerFate:
    """What becomes of runners whose name matches the glob ``names``."""

    names: str
    never_online: bool = False
    deprecated: bool = False


class Faults(FaultPlan[Fault]):
    """Faults and fates still to come. A call is ``VERB /path``, below the repository or whole."""

    inflicts = frozenset(Wound) - {Wound.GARBAGE}

    def __init__(self) -> None:
        super().__init__()
        self._fates: list[RunnerFate] = []
        self.idle_limit_s: float | None = None

    def secondary_limit(
        self, pattern: str, *, retry_after: int | None = None, status: int = 403, times: int = 1
    ) -> None:
        """Refuse matching requests as GitHub's secondary limits do."""
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        text = "You have exceeded a secondary rate limit. Please wait a few minutes before you"
        message = f"{text} try again."
        self.add(Fault(pattern, Wound.REFUSE, status, message, headers, times=times))

    def runners(self, fate: RunnerFate) -> None:
        with self._lock:
            self._fates.append(fate)

    def fate(self, name: str) -> RunnerFate:
        with self._lock:
            results = (fate for fate in self._fates if fnmatch.fnmatchcase(name, fate.names))
            return next(results, RunnerFate(name))
