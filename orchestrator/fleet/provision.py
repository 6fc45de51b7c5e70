"""Brings a fleet up: every machine at once, each by whatever the cloud grants, none leaked.

It ends when every create of the first wave was accepted or refused. Machines boot after that; the
supervisor watches them.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.fleet.identity import Role
from orchestrator.fleet.launch import LaunchedMachine, NotLaunched

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from orchestrator.fleet.capacity import CapacityPool
    from orchestrator.fleet.launch import Launcher

THREADS = 32
WAVE_S = 90.0
"""Jobs should be queued before the first runner idles: a wave takes no longer than this."""


@dataclass(frozen=True, slots=True)
class Wave:
    """What became of the first launches. ``fatal`` is why the run must not go on, or nothing."""

    launched: tuple[LaunchedMachine, ...]
    refused: tuple[NotLaunched, ...]
    fatal: str

    @property
    def names(self) -> frozenset[str]:
        """The machines that are there, or may be: a reply was lost for good."""
        unclear = (refusal.unclear for refusal in self.refused if refusal.unclear)
        return frozenset((*(machine.name for machine in self.launched), *unclear))

    @property
    def why_not(self) -> tuple[str, ...]:
        """One line for each machine that could not be had."""
        return tuple(
            f"machine {refusal.number}: {'; '.join(refusal.reasons)}" for refusal in self.refused
        )


def launch_wave(
    launcher: Launcher,
    capacity: CapacityPool,
    workers: int,
    *,
    within_s: float = WAVE_S,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Wave:
    """Launch ``workers`` machines in parallel and return once each is accepted or refused.

    After ``within_s`` seconds nothing more is started, and the calls under way end by their own
    limits: a machine that is accepted too late for this wave is found by its tags.
    """
    with ThreadPoolExecutor(min(THREADS, workers)) as pool:
        futures: list[Future[LaunchedMachine | NotLaunched]] = [
            pool.submit(launcher.launch, number, capacity, Role.ARENA) for number in range(workers)
        ]
        done = 0
        pending = set(futures)
        left = within_s
        started = launcher.clock.now()
        try:
            while pending and left > 0:
                finished, pending = wait(pending, timeout=min(left, 1.0))
                done += len(finished)
                if finished:
                    progress(done, workers)
                left = within_s - (launcher.clock.now() - started)
        except KeyboardInterrupt:
            launcher.halt.stop("interrupted", fatal=False)
            raise
        if pending:
            launcher.halt.stop(f"not started within {within_s:.0f} s", fatal=False)
    return _wave([future.result() for future in futures], launcher)


def _wave(results: list[LaunchedMachine | NotLaunched], launcher: Launcher) -> Wave:
    return Wave(
        tuple(machine for machine in results if isinstance(machine, LaunchedMachine)),
        tuple(machine for machine in results if isinstance(machine, NotLaunched)),
        launcher.halt.reason if launcher.halt.fatal else "",
    )
