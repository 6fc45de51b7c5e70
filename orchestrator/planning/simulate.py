"""A run in virtual time: the worker's own scheduling rules over drawn durations.

Pure: no clock, no threads. ``makespan`` plays one run of given durations, ``draw`` draws them. All
times are seconds from the moment the machines are asked for.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from orchestrator.planning.schedule import (
    DEFAULT_EXPECTED_S,
    Expectations,
    blind_count,
    homes,
    steal_order,
)

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from orchestrator.planning.suite import TaskKey

Knowledge = Literal["nothing", "domains", "history"]


@dataclass(frozen=True, slots=True)
class Policy:
    """A way to share tasks: how they are dealt, whether idle workers steal, what is known.

    ``deal`` takes (expected seconds, workers) and returns indices for each worker.
    """

    name: str
    deal: Callable[[Sequence[float], int], list[list[int]]]
    steals: bool
    knows: Knowledge


def contiguous(expected: Sequence[float], workers: int) -> list[list[int]]:
    """Deal neighbouring tasks together, the first shares one longer: Windows Agent Arena's way."""
    share, extra = divmod(len(expected), workers)
    starts = [worker * share + min(worker, extra) for worker in range(workers + 1)]
    return [list(range(starts[worker], starts[worker + 1])) for worker in range(workers)]


def round_robin(expected: Sequence[float], workers: int) -> list[list[int]]:
    """Deal tasks in turn, in the order of the list."""
    return [list(range(worker, len(expected), workers)) for worker in range(workers)]


def blind_homes(expected: Sequence[float], workers: int) -> list[list[int]]:
    """Deal only what a worker claims without looking: the front of its home shard."""
    return [home[: blind_count(len(home))] for home in homes(expected, workers)]


STEALING = Policy("stealing, with history (±30%)", blind_homes, steals=True, knows="history")
"""What a worker does: the front of its home shard, then whatever is free, longest first."""

POLICIES = (
    Policy("contiguous slices (WAA)", contiguous, steals=False, knows="nothing"),
    Policy("round robin", round_robin, steals=False, knows="nothing"),
    Policy("static longest first, with history", homes, steals=False, knows="history"),
    Policy("stealing, nothing known", blind_homes, steals=True, knows="nothing"),
    Policy("stealing, domain means known", blind_homes, steals=True, knows="domains"),
    STEALING,
)


@dataclass(frozen=True, slots=True)
class TaskSpan:
    """One task at work: ``index`` into the durations."""

    worker: int
    index: int
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Timeline:
    """A simulated run. ``ready`` and ``idle``: when each worker could work, and had no more work.

    Attributes:
        spans: Every task once, in the order they started.
    """

    spans: tuple[TaskSpan, ...]
    ready: tuple[float, ...]
    idle: tuple[float, ...]

    @property
    def makespan_s(self) -> float:
        """When the last task ended."""
        return max((span.end for span in self.spans), default=0.0)

    @property
    def busy_s(self) -> float:
        """Seconds that tasks ran, summed over workers."""
        return sum(span.end - span.start for span in self.spans)

    def billed_s(self, delete_s: float = 0.0) -> float:
        """Machine seconds when a machine is deleted ``delete_s`` after its worker leaves.

        An idle worker leaves at once, but that one idle worker at a time stays until the end, to
        take over from a worker that dies.
        """
        watching = max(0.0, self.makespan_s - min(self.idle, default=0.0))
        return sum(self.idle) + watching + delete_s * len(self.idle)

    def kept_s(self, delete_s: float = 0.0) -> float:
        """Machine seconds when the whole fleet is deleted only once the run is over."""
        end = max(self.makespan_s, *self.ready) if self.ready else 0.0
        return (end + delete_s) * len(self.ready)


def makespan(
    durations: Sequence[float],
    expected: Sequence[float],
    workers: int,
    policy: Policy = STEALING,
    *,
    boots: Sequence[float] = (),
    between_s: float = 0.0,
    identities: Sequence[str] = (),
) -> Timeline:
    """Play one run.

    Args:
        durations: What each task will take.
        expected: What the scheduler believes it will take, in the same order.
        workers: How many; at least 1.
        policy: How they share (its ``knows`` is the caller's business, by way of ``expected``).
        boots: When each worker is ready, one a worker; none given means all at 0.
        between_s: Reset cost before each of a worker's tasks but its first.
        identities: What ``steal_order`` calls the tasks, unique; their indices unless given.
    """
    simulation = Simulation(expected, policy, identities)
    return simulation.play(durations, workers, boots=boots, between_s=between_s)


class Simulation:
    """Plays runs of the same tasks; what does not hang on their durations is worked out once.

    Args:
        expected: What the scheduler believes each task will take.
        policy: How workers share.
        identities: As for ``makespan``.
    """

    def __init__(
        self,
        expected: Sequence[float],
        policy: Policy = STEALING,
        identities: Sequence[str] = (),
    ) -> None:
        self._expected, self._policy = expected, policy
        self._names = list(identities) or [str(index) for index in range(len(expected))]
        self._index = {name: index for index, name in enumerate(self._names)}
        self._deals: dict[int, list[list[int]]] = {}
        self._orders: dict[int, list[int]] = {}

    def play(
        self,
        durations: Sequence[float],
        workers: int,
        *,
        boots: Sequence[float] = (),
        between_s: float = 0.0,
    ) -> Timeline:
        """Play one run, in which each task takes its ``durations``; else as ``makespan``."""
        if workers not in self._deals:
            self._deals[workers] = self._policy.deal(self._expected, workers)
        order = self._order if self._policy.steals else None
        play = _Play(durations, self._deals[workers], order)
        return play.run(tuple(boots) or (0.0,) * workers, between_s)

    def _order(self, worker: int) -> list[int]:
        """Return the order in which a worker steals, over all tasks.

        Its order over fewer is the same with the others left out.
        """
        if worker not in self._orders:
            pairs = zip(self._names, self._expected, strict=True)
            order = steal_order(pairs, f"worker-{worker}")
            self._orders[worker] = [self._index[name] for name in order]
        return self._orders[worker]


class _Play:
    """The event loop: whoever is idle first chooses next; equal times go by worker number."""

    def __init__(
        self,
        durations: Sequence[float],
        deal: Sequence[Sequence[int]],
        order: Callable[[int], Sequence[int]] | None,
    ) -> None:
        self._durations, self._order = durations, order
        self._free = bytearray(b"\1") * len(durations)
        self._left = len(durations)
        self._homes = [self._while_free(share) for share in deal]
        self._loot: dict[int, Iterator[int]] = {}

    def _while_free(self, indices: Iterable[int]) -> Iterator[int]:
        """Return those that are still free whenever the next is asked for."""
        return filter(self._free.__getitem__, indices)

    def run(self, ready: tuple[float, ...], between_s: float) -> Timeline:
        spans: list[TaskSpan] = []
        idle = list(ready)
        events = [(at, worker, 0.0) for worker, at in enumerate(ready)]
        heapq.heapify(events)
        while events:
            at, worker, reset_s = heapq.heappop(events)
            index = self._next(worker)
            if index is None:
                idle[worker] = at
                continue
            start = at + reset_s
            end = start + self._durations[index]
            spans.append(TaskSpan(worker, index, start, end))
            heapq.heappush(events, (end, worker, between_s))
        return Timeline(tuple(spans), ready, tuple(idle))

    def _next(self, worker: int) -> int | None:
        if not self._left:
            return None
        index = next(self._homes[worker], None)
        if index is None and self._order is not None:
            # A worker's order over what is left only ever shrinks, so that one pass is enough.
            if worker not in self._loot:
                self._loot[worker] = self._while_free(self._order(worker))
            index = next(self._loot[worker], None)
        if index is not None:
            self._free[index] = False
            self._left -= 1
        return index


@dataclass(frozen=True, slots=True)
class DurationLaw:
    """How durations are drawn: log-normal, a domain's level first, then its tasks around it.

    ``mean_s`` is of all tasks; the others are standard deviations of the logarithm. ``history_sd``
    is how far an earlier run's duration of the same task lies from this run's.
    """

    mean_s: float = DEFAULT_EXPECTED_S
    domain_sd: float = 0.3
    task_sd: float = 0.45
    history_sd: float = 0.3


@dataclass(frozen=True, slots=True)
class DrawnRun:
    """One drawn run: durations by task, the true mean of each domain, and an earlier run."""

    tasks: tuple[TaskKey, ...]
    durations: tuple[float, ...]
    by_domain: Mapping[str, float]
    history: Mapping[TaskKey, float]

    def expected(self, knows: Knowledge) -> list[float]:
        """Return what a scheduler that knows this much expects of each task."""
        if knows == "history":
            known = Expectations(by_task=self.history)
        elif knows == "domains":
            known = Expectations(by_domain=self.by_domain)
        else:
            known = Expectations()
        return [known.of(task) for task in self.tasks]


def draw(rng: random.Random, tasks: Sequence[TaskKey], law: DurationLaw) -> DrawnRun:
    """Draw durations for ``tasks``; the same generator state gives the same draw."""
    domains = dict.fromkeys(task.domain for task in tasks)
    by_domain = {domain: law.mean_s * around_one(rng, law.domain_sd) for domain in domains}
    durations = tuple(by_domain[task.domain] * around_one(rng, law.task_sd) for task in tasks)
    history = {
        task: seconds * around_one(rng, law.history_sd)
        for task, seconds in zip(tasks, durations, strict=True)
    }
    return DrawnRun(tuple(tasks), durations, by_domain, history)


def around_one(rng: random.Random, sd: float) -> float:
    """Return a log-normal factor whose mean is 1."""
    return math.exp(rng.gauss(-sd * sd / 2, sd))


@dataclass(frozen=True, slots=True)
class Overheads:
    """What a run pays besides its tasks: boots drawn between two times, a reset between tasks."""

    name: str = "no boot, no reset"
    boot_low_s: float = 0.0
    boot_high_s: float = 0.0
    between_s: float = 0.0

    def boots(self, rng: random.Random, workers: int) -> list[float]:
        """Draw when each worker is ready."""
        return [rng.uniform(self.boot_low_s, self.boot_high_s) for _ in range(workers)]


BOOTS = Overheads("boot 4-10 min", 240.0, 600.0)
BOOTS_AND_RESETS = Overheads("boot 4-10 min, reset 3 min before each task", 240.0, 600.0, 180.0)
