"""What the cloud refused the machines of one role, and when that means that none can be had.

A refusal has a scope. Only what is known to be the whole run's stops it at once; a code that nobody
knows has to be met by several machines, in every region, while none comes up.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from orchestrator.compute.failures import Action, Failure, FailureKind, Scope

if TYPE_CHECKING:
    from collections.abc import Collection

UNKNOWN_LIMIT = 3
"""Machines that one unknown code has to refuse before it is taken for the run's."""


@dataclass(slots=True)
class FleetStop:
    """Why nothing more may be launched, told to every thread by the first that knows."""

    event: threading.Event = field(default_factory=threading.Event)
    reason: str = ""
    fatal: bool = False

    def stop(self, reason: str, *, fatal: bool) -> None:
        """Stop; the first reason stands. ``fatal`` ones end the run once no shard is hurt by it."""
        if not self.event.is_set():
            self.reason, self.fatal = reason, fatal
            self.event.set()

    @property
    def stopped(self) -> bool:
        """Whether nothing more may be launched."""
        return self.event.is_set()


@dataclass(slots=True)
class Refusals:
    """The refusals of one role's creates. Safe to share between threads.

    ``accepted`` says that a create of this process was accepted, ``up`` that a machine of the run
    came up, or may yet: what it has in common with the others is not what is refused. ``last`` is
    the newest refusal, in words.
    """

    halt: FleetStop = field(default_factory=FleetStop)
    accepted: bool = False
    up: bool = False
    last: str = ""
    _came_up: bool = False
    _met: dict[str, tuple[set[str], set[str]]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def looked(self, *, came_up: bool, booting: bool) -> None:
        """Note what a look shows of the role's machines."""
        self._came_up = self._came_up or came_up
        self.up = self._came_up or booting

    def judged(self, failure: Failure) -> Failure:
        """Return a refusal with its scope corrected by what was accepted already."""
        if self.accepted and (failure.kind, failure.scope) == _SHARED:
            return replace(failure, kind=FailureKind.UNKNOWN, scope=Scope.MACHINE)
        return failure

    def met(
        self,
        failure: Failure,
        reason: str,
        machine: str,
        region: str,
        regions: Collection[str],
        *,
        hope: bool,
    ) -> None:
        """Note a refusal (judged) of ``machine``, and halt where it means that none can be had.

        ``regions`` are where it has to be met before it is the run's: a create that is refused at
        once costs nothing there. With ``hope`` others were granted, or may yet come up.
        """
        self.last = reason
        if failure.action is Action.STOP:
            self.halt.stop(reason, fatal=True)
        if failure.kind is not FailureKind.UNKNOWN:
            return
        with self._lock:
            machines, places = self._met.setdefault(failure.code, (set(), set()))
            machines.add(machine)
            places.add(region)
            everywhere = len(machines) >= UNKNOWN_LIMIT and places >= set(regions)
        if everywhere and not hope:
            self.halt.stop(f"{len(machines)} machines were refused alike: {reason}", fatal=True)

    def explained(self, reason: str) -> str:
        """Return why no machine could be had, with the newest refusal where that is not in it."""
        unsaid = self.last and self.last not in reason
        return f"{reason}; the last refusal: {self.last}" if unsaid else reason


_SHARED = (FailureKind.CONFIGURATION, Scope.RUN)
