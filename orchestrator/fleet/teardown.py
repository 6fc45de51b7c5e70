"""Takes a run's fleet down: found by tag and label alone, deletes submitted first, then proved.

A listing may be minutes late. What the run's events name is therefore asked for by its id before a
look that lacks it counts as one that found nothing.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.compute.base import Instance, InstanceState
from orchestrator.compute.failures import CloudError
from orchestrator.fleet.cleanup import Cleaner, Cleared, PollPolicy, Remains, see
from orchestrator.fleet.identity import MACHINE_TAG

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.fleet.identity import Fleet
    from orchestrator.github import Runner

_THREADS = 16


def tear_down(
    fleet: Fleet,
    cleaner: Cleaner,
    patience: PollPolicy | None = None,
    *,
    wait: bool = True,
    launched: Callable[[], frozenset[str]] = frozenset,
) -> Cleared:
    """Delete every machine, part and runner of a run, whichever of its attempts made it.

    Args:
        fleet: Whose.
        cleaner: What deletes.
        patience: How long to look until nothing is left.
        wait: False submits the deletes and returns; nothing is proved. For a cancelled workflow,
            which GitHub ends by force five minutes later.
        launched: Returns the names of machines that the run's events tell of, as far as those can
            be read. It is asked once nothing is listed any more: no delete waits for it.
    """
    if wait:
        unlisted = Unlisted(cleaner, launched)
        return cleaner.until_gone(
            lambda: unlisted.added_to(find(fleet, cleaner)), patience or PollPolicy()
        )
    remains = find(fleet, cleaner)
    cleaner.submit(remains)
    left = _not_submitted(remains, cleaner)
    return Cleared(tuple(cleaner.deleted), left, 1, proved=False, troubles=tuple(cleaner.troubles))


@dataclass(slots=True)
class Unlisted:
    """Machines that must not merely be missing from a listing: what ``launched`` names."""

    cleaner: Cleaner
    launched: Callable[[], frozenset[str]]
    _open: set[str] | None = None

    def added_to(self, remains: Remains) -> Remains:
        """Return what was found; of nothing, with those machines that a list lacks and that exist.

        A machine that was proved gone is not asked for again.
        """
        if remains.resources:
            return remains
        if self._open is None:
            self._open = set(self.launched())
        with ThreadPoolExecutor(_THREADS) as pool:
            read = dict(pool.map(self._read, sorted(self._open)))
        self._open -= {name for name, there in read.items() if there is None}
        there = tuple(instance for instance in read.values() if isinstance(instance, Instance))
        blind = tuple(
            str(instance) for instance in read.values() if isinstance(instance, CloudError)
        )
        return Remains((*remains.resources, *there), remains.runners, (*remains.blind, *blind))

    def _read(self, name: str) -> tuple[str, Instance | CloudError | None]:
        try:
            return name, self.cleaner.cloud.get(name)
        except CloudError as error:
            return name, error


def _not_submitted(remains: Remains, cleaner: Cleaner) -> tuple[str, ...]:
    """Return what no delete was submitted for; a part goes with its machine."""
    going = {
        instance.name
        for instance in remains.resources
        if f"{instance.kind} {instance.name}" in cleaner.deleted
    }
    resources = tuple(
        instance
        for instance in remains.resources
        if instance.name not in going
        and instance.labels.get(MACHINE_TAG) not in going
        and instance.state is not InstanceState.ENDING
    )
    runners = tuple(
        runner for runner in remains.runners if f"runner {runner.name}" not in cleaner.deleted
    )
    return Remains(resources, runners, remains.blind).names


def find(fleet: Fleet, cleaner: Cleaner) -> Remains:
    """Look for what a run has: in the cloud by its tags, on GitHub by its label."""

    def resources() -> list[Instance]:
        return list(cleaner.cloud.status(fleet.tags))

    def runners() -> list[Runner]:
        return [runner for runner in cleaner.runners.all() if fleet.label in runner.labels]

    return see(resources, runners)
