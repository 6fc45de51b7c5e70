"""Every kill point: a fleet command dies at its k-th request, and the sweeper is left to tidy up.

The command is a process of its own and dies by SIGKILL, either before its k-th request takes effect
or after that and before the reply. Requests to the cloud, its sign-in and GitHub are numbered in
one order. The ledger is a directory: what is written there is no request, and to die between two
such writes leaves both sides as the neighbouring kill points do. Then the workflow run is over, as
GitHub would have it, and ``reap`` runs: at once, while listings lag, and only if that did not do,
a second time at its next schedule. Expiry alone would not do: runners have none.
"""

from __future__ import annotations

import itertools
import os
import signal
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.fleet.reap import BETWEEN_LOOKS_S
from tests.fakes.arm.faults import Fate, Fault
from tests.fakes.warm import Warm, warmed
from tests.fleet.stand import Stand, arguments_of, standing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_LOOK = "GET resources"
_SCHEDULE_S = 900.0
_PATIENCE_S = 60.0
_MISSES = 5
_SWEEPS_LIMIT = 2


class When(StrEnum):
    """On which side of a request's effect the command dies."""

    BEFORE = "before the effect"
    AFTER = "after the effect"


@dataclass(frozen=True, slots=True)
class Phase:
    """A command to kill: how both sides stand when it starts, its arguments, how it would end."""

    name: str
    command: str
    prepare: Callable[[Stand, int], None]
    arguments: Callable[[int], Sequence[str]]
    code: int


def _nothing(_stand: Stand, _count: int) -> None:
    """Start from an empty cloud."""


def _full(stand: Stand, count: int) -> None:
    """Let the cloud have room for all but one machine."""
    others = 16  # cores: another run's machine and another repository's
    stand.arm.catalogue.cores = {"westeurope": 8 * (count - 1) + others, "northeurope": 0}


def _booting(stand: Stand, count: int) -> None:
    """Have the machines accepted just now, one of which the cloud cannot make after all."""
    fate = Fate(names="waa-500-1-000-*", fails_with="ZonalAllocationFailed", times=1)
    stand.arm.faults.machines(fate)
    stand.launched(count)
    stand.queue(count)


def _waiting(stand: Stand, count: int) -> None:
    """Have every machine's runner online, and a NIC of a create that was refused."""
    fault = Fault("PUT virtualMachines", status=409, code="ZonalAllocationFailed", leaves_nic=True)
    stand.arm.faults.add(fault)
    stand.launched(count)
    stand.move(180.0)


def _over(stand: Stand, count: int) -> None:
    """Have a run that is over and left everything."""
    _waiting(stand, count)
    stand.end_run()


PHASES = (
    Phase("provision", "provision", _nothing, lambda n: ["--workers", str(n)], 0),
    Phase(
        "provision that gives up",
        "provision",
        _full,
        lambda n: ["--workers", str(n), "--min-workers", str(n)],
        4,
    ),
    Phase("supervise", "supervise", _booting, lambda n: ["--shards", str(n)], 0),
    Phase("teardown", "teardown", _waiting, lambda _n: (), 0),
    Phase("reap", "reap", _over, lambda _n: (), 0),
)


@dataclass(frozen=True, slots=True)
class Point:
    """One kill point and what came of it.

    ``call`` is the request it died at, or empty: the command ended by itself, with ``code``.
    ``orphaned`` counts what it left behind, ``sweeps`` how often the sweeper had to run; ``left``
    names what was there even then, ``lost`` what is gone though it was not this run's.
    """

    at: int
    when: When
    call: str
    code: int
    orphaned: int = 0
    sweeps: int = 0
    left: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    said: str = ""

    @property
    def clean(self) -> bool:
        """Whether nothing is left, nothing is lost, and the sweeper says so."""
        return not (self.left or self.lost) and self.code == 0


@dataclass
class Blade:
    """Counts the requests of both sides in one order and kills whoever sends number ``at``."""

    stand: Stand
    at: int | None = None
    when: When = When.BEFORE
    requests: int = 0
    struck: str = ""
    _pid: int = 0
    _known: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _here: threading.local = field(default_factory=threading.local)

    def __post_init__(self) -> None:
        for faults in (self.stand.arm.faults, self.stand.fake.faults):
            faults.on_request = self._on_request

    def started(self, pid: int) -> None:
        """Learn whom to kill."""
        self._pid = pid
        self._known.set()

    def _on_request(self, _number: int, call: str, stage: str) -> None:
        if stage == "before":
            with self._lock:
                self.requests += 1
                self._here.number = self.requests
            if call.startswith(_LOOK):
                self.stand.clock.advance(self.stand.step_s)
        wanted = When.BEFORE if stage == "before" else When.AFTER
        if self._here.number == self.at and wanted is self.when:
            self._strike(call)

    def _strike(self, call: str) -> None:
        assert self._known.wait(_PATIENCE_S)
        self.struck = call  # before: the end of the process may be noticed at once
        os.kill(self._pid, signal.SIGKILL)
        raise ConnectionAbortedError("whoever asked is dead")


def strike(phase: Phase, count: int, at: int, when: When, warm: Warm) -> Point:
    """Kill a phase's command at one point, have the sweeper run, and say what is left."""
    with tempfile.TemporaryDirectory() as directory, standing(Path(directory)) as stand:
        phase.prepare(stand, count)
        blade = Blade(stand, at, when)
        arguments = arguments_of(stand, phase.command, *phase.arguments(count))
        done = warm.call(arguments, stand.environment, blade.started)
        if not blade.struck:
            return Point(at, when, "", done.code, said=done.said)
        assert done.code == -signal.SIGKILL, done
        return _swept(stand, Point(at, when, blade.struck, done.code), warm)


def _swept(stand: Stand, point: Point, warm: Warm) -> Point:
    orphaned = len(stand.left())
    stand.end_run()
    stand.step_s = BETWEEN_LOOKS_S
    Blade(stand)
    said, sweeps = "", 0
    while True:
        sweeps += 1
        done = warm.call(arguments_of(stand, "reap"), stand.environment)
        said += done.said
        stand.move(_SCHEDULE_S)
        if not stand.left() or sweeps == _SWEEPS_LIMIT:
            break
    return replace(
        point,
        code=done.code,
        orphaned=orphaned,
        sweeps=sweeps,
        left=tuple(stand.left()),
        lost=tuple(stand.lost()),
        said=said,
    )


def kill_points(phase: Phase, count: int, lanes: int) -> list[Point]:
    """Kill a phase's command at each of its requests, on both sides of the effect.

    Each side ends with a point that the command did not reach: it ended by itself. How many
    requests it sends varies by one or two with its threads' luck; a point that was missed below
    one that was reached is tried again.
    """
    with tempfile.TemporaryDirectory() as directory, ThreadPoolExecutor(lanes) as pool:
        order = _Order()
        work = [pool.submit(_lane, phase, count, order, Path(directory)) for _ in range(lanes)]
        result = {(point.when, point.at): point for lane in work for point in lane.result()}
    return [result[key] for key in sorted(result)]


class _Order:
    """Hands out the points of both sides to all lanes, until each side's end was found."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = {when: itertools.count(1) for when in When}
        self._reached = dict.fromkeys(When, 0)
        self._again: list[tuple[When, int, int]] = []

    def next(self) -> tuple[When, int, int] | None:
        """Return a side, a point there and how often it was missed; None when all is done."""
        with self._lock:
            if self._again:
                return self._again.pop()
            for when, numbers in self._numbers.items():
                return when, next(numbers), 0
            return None

    def note(self, when: When, at: int, missed: int, *, reached: bool) -> None:
        """Learn whether a point was reached."""
        with self._lock:
            if reached:
                self._reached[when] = max(self._reached[when], at)
            elif at < self._reached[when] and missed < _MISSES:
                self._again.append((when, at, missed + 1))
            else:
                self._numbers.pop(when, None)


def _lane(phase: Phase, count: int, order: _Order, directory: Path) -> list[Point]:
    return list(_points(phase, count, order, directory))


def _points(phase: Phase, count: int, order: _Order, directory: Path) -> Iterator[Point]:
    with tempfile.TemporaryDirectory(dir=directory) as own, warmed(Path(own)) as warm:
        while (task := order.next()) is not None:
            when, at, missed = task
            point = strike(phase, count, at, when, warm)
            order.note(when, at, missed, reached=bool(point.call))
            yield point


@dataclass(frozen=True, slots=True)
class Summary:
    """A phase's kill points in figures; ``gaps`` are points that no run reached."""

    phase: str
    before: int
    after: int
    gaps: int
    orphaned: int
    second_sweeps: int
    left: int
    lost: int


def summary(phase: Phase, points: Sequence[Point]) -> Summary:
    """Return what a table says of a phase's kill points."""
    killed = [point for point in points if point.call]
    sides = [[point.at for point in killed if point.when is when] for when in When]
    return Summary(
        phase=phase.name,
        before=len(sides[0]),
        after=len(sides[1]),
        gaps=sum(max(side, default=0) - len(side) for side in sides),
        orphaned=sum(point.orphaned for point in killed),
        second_sweeps=sum(point.sweeps > 1 for point in killed),
        left=sum(len(point.left) for point in killed),
        lost=sum(len(point.lost) for point in killed),
    )
