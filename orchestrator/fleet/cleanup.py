"""Deletes machines, their parts and runners, and looks until nothing of them is left.

One failure never keeps the others from being tried: a delete that did not go through is counted,
said, and tried again at the next look.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from orchestrator.compute.base import Instance, InstanceState, Kind
from orchestrator.compute.failures import CloudError
from orchestrator.fleet.identity import MACHINE_TAG
from orchestrator.github import GitHubError, Runner

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from orchestrator.compute.base import MachineEngine
    from orchestrator.github import Clock

QUIET_LOOKS = 2
"""Empty listings in a row that prove that nothing is left: a single one may lag."""

QUIET_S = 60.0
"""Between these two: what was made just before the first is listed by the second."""

STUCK_S = 180.0
"""How long a machine may be deleting before its delete is submitted again, and then each time.

Azure takes it: "You can only retry the Delete operation (or wait for an ongoing one to complete)"
("Common VM error codes in Azure").
"""

_THREADS = 16


class RunnerStore(Protocol):
    """What is needed of GitHub here."""

    def all(self) -> list[Runner]:
        """Return every runner of the repository."""
        ...

    def get(self, runner_id: int) -> Runner | None:
        """Return a runner, read by its id; None once its entry is gone."""
        ...

    def named(self, name: str) -> Runner | None:
        """Return the runner of this name, by a list."""
        ...

    def delete(self, runner_id: int) -> bool:
        """Delete a runner; a missing one is a success."""
        ...


@dataclass(frozen=True, slots=True)
class Remains:
    """What one look found, and what it could not see (an error's text for each blind side)."""

    resources: tuple[Instance, ...] = ()
    runners: tuple[Runner, ...] = ()
    blind: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether nothing is there, and everything was looked at."""
        return not (self.resources or self.runners or self.blind)

    @property
    def names(self) -> tuple[str, ...]:
        """What was found, one line each."""
        resources = [
            f"{instance.kind} {instance.name} ({instance.region}, {instance.state})"
            for instance in self.resources
        ]
        runners = [f"runner {runner.name} ({runner.status})" for runner in self.runners]
        return (*resources, *runners, *self.blind)


@dataclass(frozen=True, slots=True)
class PollPolicy:
    """How often to look, and for how long, in seconds.

    ``quiet_s`` lies between an empty look and the one that confirms it; whoever looks often (a
    cloud whose listings are quick) waits for less.
    """

    every_s: float = 10.0
    total_s: float = 900.0

    @property
    def quiet_s(self) -> float:
        """How long to wait after a look that found nothing."""
        return min(QUIET_S, 6.0 * self.every_s)


@dataclass(frozen=True, slots=True)
class Cleared:
    """What became of it: ``left`` names what is still there, ``proved`` whether that was seen."""

    deleted: tuple[str, ...]
    left: tuple[str, ...]
    looks: int
    proved: bool
    troubles: tuple[str, ...] = ()


@dataclass(slots=True)
class Cleaner:
    """Deletes in parallel, machines first.

    ``say`` is told each delete in words, ``noted`` its kind (``runner`` for a runner) and its name,
    each once and from any thread. ``deleting`` is since when each machine's newest delete runs,
    as far as known.
    """

    cloud: MachineEngine
    runners: RunnerStore
    clock: Clock
    say: Callable[[str], None] = lambda _text: None
    noted: Callable[[str, str], None] = lambda _kind, _name: None
    deleted: dict[str, None] = field(default_factory=dict)
    troubles: dict[str, None] = field(default_factory=dict)
    deleting: dict[str, float] = field(default_factory=dict)

    def submit(self, remains: Remains) -> None:
        """Submit every delete that can be submitted now, and return.

        A part is left to its machine while that is there: it goes with it, and cannot go before.
        A delete that was accepted and does not end is submitted again.
        """
        machines = {
            instance.name: instance
            for instance in remains.resources
            if instance.kind is Kind.MACHINE
        }
        going = [instance for instance in machines.values() if self._is_due(instance)]
        orphans = [
            instance
            for instance in remains.resources
            if instance.kind is not Kind.MACHINE
            and instance.labels.get(MACHINE_TAG) not in machines
        ]
        with ThreadPoolExecutor(_THREADS) as pool:
            list(pool.map(self._delete, [*going, *orphans]))
            list(pool.map(self._forget, remains.runners))

    def until_gone(self, look: Callable[[], Remains], patience: PollPolicy) -> Cleared:
        """Look and delete until two looks in a row find nothing, or patience ends."""
        started = self.clock.now()
        quiet = looks = 0
        while True:
            remains = look()
            looks += 1
            quiet = quiet + 1 if remains.empty else 0
            over = self.clock.now() - started >= patience.total_s
            if quiet >= QUIET_LOOKS or over:
                proved = quiet >= QUIET_LOOKS
                left = () if proved else remains.names
                return Cleared(tuple(self.deleted), left, looks, proved, tuple(self.troubles))
            self.submit(remains)
            self.clock.sleep(patience.quiet_s if remains.empty else patience.every_s)

    def _is_due(self, machine: Instance) -> bool:
        """Whether to submit a machine's delete now: not while one is under way, and not stuck."""
        now = self.clock.now()
        if machine.state is InstanceState.ENDING:
            since = self.deleting.setdefault(machine.id, now)
            if now - since < STUCK_S:
                return False
        self.deleting[machine.id] = now
        return True

    def _delete(self, resource: Instance) -> None:
        try:
            self.cloud.terminate(resource)
        except CloudError as error:
            self.troubles[f"{resource.kind} {resource.name}: {error}"] = None
            return
        self._done(resource.kind, resource.name)

    def _forget(self, runner: Runner) -> None:
        try:
            self.runners.delete(runner.id)
        except GitHubError as error:
            self.troubles[f"runner {runner.name}: {error}"] = None
            return
        self._done("runner", runner.name)

    def _done(self, kind: str, name: str) -> None:
        what = f"{kind} {name}"
        if what not in self.deleted:
            self.deleted[what] = None
            self.say(f"delete submitted: {what}")
            self.noted(kind, name)


def see(
    resources: Callable[[], Sequence[Instance]], runners: Callable[[], Sequence[Runner]]
) -> Remains:
    """Look at the cloud and at GitHub; a side that cannot be seen is said, and hides no other."""
    blind: list[str] = []
    there: Sequence[Instance] = ()
    registered: Sequence[Runner] = ()
    try:
        there = resources()
    except CloudError as error:
        blind.append(f"the cloud could not be listed: {error}")
    try:
        registered = runners()
    except GitHubError as error:
        blind.append(f"the runners could not be listed: {error}")
    return Remains(tuple(there), tuple(registered), tuple(blind))
