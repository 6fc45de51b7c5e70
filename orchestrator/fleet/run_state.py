"""The ledger as a supervisor uses it: what it orders, who is proved dead, what is left to do."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orchestrator.encoding import canonical
from orchestrator.fleet.decide import RunState
from orchestrator.ledger import paths
from orchestrator.ledger.attempts import Done, Exhausted, next_step
from orchestrator.ledger.events import read_events
from orchestrator.ledger.fold import Stored, as_history, fold
from orchestrator.ledger.progress import at_work, view
from orchestrator.ledger.records import Left, to_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orchestrator.clock import Clock
    from orchestrator.fleet.identity import WorkflowAttempt
    from orchestrator.ledger.events import Event
    from orchestrator.ledger.fold import Snapshot
    from orchestrator.ledger.progress import View
    from orchestrator.ledger.reader import LedgerReader
    from orchestrator.planning.plan import Plan
    from orchestrator.store import Store

DRAIN, CLOSING = "drain", "closing"

SUPERVISOR = "supervisor"

_THREADS = 16

_BEGINS = frozenset({("create", "done")})
_ENDS = frozenset({("delete", "done"), ("gone", "seen")})


def order(store: Store, session: str, which: str, reason: str) -> None:
    """Give an order to a session's workers and launchers; giving it twice is the same.

    Raises:
        StoreError: It could not be written.
    """
    store.create(paths.control(session, which), canonical({"reason": reason}))


def is_closing(store: Store, session: str) -> bool:
    """Whether a session's fleet is being torn down.

    Raises:
        StoreError: It could not be read.
    """
    return store.get(paths.control(session, CLOSING)) is not None


def settled(plan: Plan, snapshot: Snapshot, session: str) -> bool:
    """Whether nothing is left to claim, and nobody at work holds anything."""
    working = at_work(snapshot)
    answered = {(key.unit, key.attempt) for key in snapshot.outcomes}
    held = {
        key.unit
        for key, claim in snapshot.claims.items()
        if claim is not None and claim.worker in working and (key.unit, key.attempt) not in answered
    }
    for result in fold(plan.units, snapshot, working).results:
        history = as_history(result.attempts, snapshot)
        step = next_step(history, frozenset(), session)
        if not isinstance(step, Done) and (result.unit in held or not isinstance(step, Exhausted)):
            return False
    return True


def accepted(events: Iterable[Event], prefix: str) -> frozenset[str]:
    """Return the machines (whose names start so) that were accepted, and not said to have gone.

    Events are for display: what is told by them is asked for, and never counted.
    """
    progress = [event for event in events if event.machine.startswith(prefix)]
    went = {event.machine for event in progress if (event.kind, event.stage) in _ENDS}
    made = {event.machine for event in progress if (event.kind, event.stage) in _BEGINS}
    return frozenset(made - went)


def created(store: Store, prefix: str) -> frozenset[str]:
    """Return every machine (whose name starts so) that a run's events say was asked for.

    Raises:
        StoreError: The events could not be read.
    """
    listed = store.list(paths.EVENTS)
    with ThreadPoolExecutor(_THREADS) as pool:
        read = list(zip(listed, pool.map(store.get, [entry.path for entry in listed]), strict=True))
    events, _damage = read_events(
        Stored(entry.path, entry.modified, data) for entry, data in read if data is not None
    )
    return frozenset(
        event.machine
        for event in events
        if event.kind == "create" and event.machine.startswith(prefix) and event.stage != "failed"
    )


def machines(snapshot: Snapshot) -> frozenset[str]:
    """Return the machines of which a worker ever said a word."""
    beats = {beat.machine for beat in snapshot.heartbeats.values()}
    return frozenset(beats | _of_outcomes(snapshot))


def at_work_on(snapshot: Snapshot) -> frozenset[str]:
    """Return the machines of which a worker has not left, or has only its outcomes to show."""
    working = at_work(snapshot)
    beats = {beat.machine for name, beat in snapshot.heartbeats.items() if name in working}
    unheard = {beat.machine for beat in snapshot.heartbeats.values()}
    return frozenset(beats | (_of_outcomes(snapshot) - unheard))


def _of_outcomes(snapshot: Snapshot) -> set[str]:
    return {outcome.machine for outcome in snapshot.outcomes.values() if outcome is not None}


@dataclass(slots=True)
class RunLedger:
    """One attempt's view of its run's ledger. A read that fails keeps the last answer."""

    reader: LedgerReader
    attempt: WorkflowAttempt
    clock: Clock
    _snapshot: Snapshot | None = None
    _orders: RunState = field(default_factory=RunState)

    @property
    def store(self) -> Store:
        """The run's objects."""
        return self.reader.store

    def read(self) -> RunState:
        """Return what the ledger orders now.

        Raises:
            StoreError: It could not be read.
        """
        snapshot = self.reader.snapshot()
        prefix = f"{paths.CONTROL}{self.attempt.session}/"
        given = {entry.path for entry in self.store.list(prefix)}
        session = self.attempt.session
        self._snapshot = snapshot
        self._orders = RunState(
            settled=settled(self.reader.plan, snapshot, session),
            draining=paths.control(session, DRAIN) in given,
            closing=paths.control(session, CLOSING) in given,
            spoke=machines(snapshot),
            left=machines(snapshot) - at_work_on(snapshot),
        )
        return self._orders

    @property
    def last(self) -> RunState:
        """What was read last."""
        return self._orders

    def drain(self, reason: str) -> None:
        """Tell the workers to take nothing more.

        Raises:
            StoreError: It could not be written.
        """
        order(self.store, self.attempt.session, DRAIN, reason)

    def mark_dead(self, machines: Iterable[str]) -> tuple[str, ...]:
        """Write that the workers of machines that are gone have ended; return who they were.

        Raises:
            StoreError: Not everything could be written; asking again is safe.
        """
        gone = frozenset(machines)
        snapshot = self._snapshot
        if snapshot is None or not gone:
            return ()
        dead = [
            beat
            for name, beat in snapshot.heartbeats.items()
            if beat.machine in gone and name not in snapshot.left
        ]
        for beat in dead:
            reason = f"its machine {beat.machine} is gone"
            now = self.clock.now()
            left = Left(beat.worker, beat.session, reason, SUPERVISOR, None, now)
            self.store.create(paths.left(beat.worker), to_json(left))
        return tuple(beat.worker for beat in dead)

    def accepted(self) -> frozenset[str]:
        """Return the machines that this attempt's events say were accepted, and not that they went.

        Raises:
            StoreError: The events could not be read.
        """
        events, _damage = read_events(self.reader.events())
        return accepted(events, f"{self.attempt.fleet.label}-{self.attempt.number}-")

    def view(self) -> View | None:
        """Return the run as it was read last, for a status line."""
        if self._snapshot is None:
            return None
        return view(self.reader.plan, self._snapshot, self.clock.now())

    def complete(self) -> bool:
        """Whether every task is scored, read anew.

        Raises:
            StoreError: It could not be read.
        """
        return self.reader.fold().complete
