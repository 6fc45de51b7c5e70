"""A worker's side of the ledger: beat, look, claim, record, leave.

One client of it lives in one process, under an id no other process ever had. It may beat from
one thread while another looks, claims and records. Time comes in as a function, so that the
protocol is tested in virtual time. No lock is held over a call of the store, but the one that lets
heartbeats go out one after the other.
"""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from orchestrator.errors import StoreError
from orchestrator.ledger import paths, records
from orchestrator.ledger.causes import Cause
from orchestrator.ledger.paths import UnscoredPath
from orchestrator.ledger.records import Claim, Heartbeat, Left, Mark, Outcome, to_json
from orchestrator.ledger.scan import (
    IDLE,
    Claimable,
    Listing,
    ScanRules,
    others_live,
)
from orchestrator.worker.ledger_view import LedgerView
from orchestrator.worker.sight import Sight
from orchestrator.worker.watchers import Watchers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from orchestrator.ledger.scan import Scan
    from orchestrator.planning.plan import Plan
    from orchestrator.planning.suite import Unit
    from orchestrator.store import Store

LATE_BEATS = 2
"""A heartbeat is late when this many intervals have passed since the last that succeeded."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a worker is. ``worker`` is new for every process; ``machine`` is where its arena is."""

    worker: str
    session: str
    machine: str
    shard: int = 0
    fingerprint: Mapping[str, str] = field(default_factory=dict)


class LedgerClient:
    """The protocol of one worker over one ledger.

    Args:
        store: The run's objects.
        plan: The run's plan: units, expected durations, heartbeat and lease.
        identity: Who this is.
        monotonic: Seconds of a clock that never goes back, and goes on while the process stands.
        own: The worker's own ledger on its own disk; outcomes go there first.
    """

    def __init__(
        self,
        store: Store,
        plan: Plan,
        identity: Identity,
        monotonic: Callable[[], float],
        own: Store | None = None,
    ) -> None:
        self.identity = identity
        self._store, self._own, self._plan, self._monotonic = store, own, plan, monotonic
        self._view = LedgerView(store)
        self._nonces: dict[str, str] = {}
        self._recorded: set[tuple[Unit, int]] = set()
        self._lock = threading.Lock()
        self._beating = threading.RLock()
        self._heartbeat = Heartbeat(
            identity.worker,
            identity.session,
            identity.machine,
            identity.shard,
            "new",
            0,
            fingerprint=identity.fingerprint,
        )
        self._watchers = Watchers(store, identity.session, identity.worker, monotonic, plan.lease_s)
        self._last_beat: float | None = None
        self._trusted_from = float("-inf")
        self._idle_since: float | None = None
        self._sight = Sight(store, plan, self._view, self._judge, self._watchers)

    # -- heartbeats -------------------------------------------------------------------------

    def beat(self) -> None:
        """Write the heartbeat as it stands.

        Raises:
            StoreError: It could not be written; nothing is taken over for one lease from now.
        """
        with self._beating:  # an older heartbeat must not overwrite a newer one
            with self._lock:
                self._check_lateness()
                self._heartbeat = replace(self._heartbeat, beat=self._heartbeat.beat + 1)
                data = to_json(self._heartbeat)
            try:
                self._store.put(paths.worker(self.identity.worker), data)
            except StoreError:
                with self._lock:
                    self._distrust()
                raise
            with self._lock:
                self._last_beat = self._monotonic()

    def show(self, **changes: object) -> None:
        """Change what the next heartbeat says: ``phase``, ``unit``, ``screenshot`` and so on."""
        with self._lock:
            self._heartbeat = replace(self._heartbeat, **changes)  # type: ignore[arg-type]  # checked by replace at run time

    @property
    def shown(self) -> Heartbeat:
        """The heartbeat as it stands."""
        return self._heartbeat

    def was_late(self, since: float) -> bool:
        """Whether a heartbeat has been late, or has failed, after the instant ``since``."""
        with self._lock:
            self._check_lateness()
            return self._trusted_from - self._plan.lease_s >= since

    def _check_lateness(self) -> None:
        overdue = LATE_BEATS * self._plan.heartbeat_s
        if self._last_beat is not None and self._monotonic() - self._last_beat > overdue:
            self._distrust()

    def _distrust(self) -> None:
        self._trusted_from = self._monotonic() + self._plan.lease_s

    # -- looking ----------------------------------------------------------------------------

    def look(self, *, deep: bool = False, verify: bool = False) -> Scan:
        """Beat, look at the ledger and judge what may be claimed.

        What nobody has touched comes first. Without it, what failed is judged by names alone;
        ``deep`` also opens unfinished claims, to find what was lost with its worker.

        Args:
            deep: Find lost tasks too.
            verify: As ``deep``, and open every outcome that was not opened yet. The last worker
                does so before it leaves: nothing is taken for scored unread.

        Raises:
            StoreError: The ledger could not be read.
        """
        self.beat()
        if verify:
            look = self._sight.everything(deep=True, verify=True)
        else:
            look = self._sight.rest() if deep else self._sight.near()
        return replace(
            look,
            free=tuple(candidate for candidate in look.free if not self._has_recorded(candidate)),
        )

    def may_be_free(self, unit: Unit) -> bool:
        """Whether nothing that this worker has seen says that a unit has a first claim."""
        return self._sight.may_be_free(unit)

    def settles(self, units: Sequence[Unit], look: Scan | None) -> bool:
        """Whether each of these units is settled or held by somebody, as far as ``look`` tells.

        Without a look, or where that did not look at them, they are looked at.

        Raises:
            StoreError: The ledger could not be read.
        """
        return self._sight.settles(units, look)

    def _has_recorded(self, candidate: Claimable) -> bool:
        """Whether this worker wrote an outcome of this very attempt, listed by now or not."""
        return (candidate.unit, candidate.attempt) in self._recorded

    def _judge(self) -> ScanRules:
        with self._lock:
            trusted = self._monotonic() >= self._trusted_from
        identity = self.identity
        return ScanRules(
            identity.worker, identity.session, self._plan.lease_s, may_take_over=trusted
        )

    # -- claiming and recording -------------------------------------------------------------

    def claim(self, unit: Unit, attempt: int, *, after_lost: bool = False) -> bool:
        """Try to claim an attempt; return whether it is mine.

        Asking again after an unclear answer is safe: the nonce stays the same.

        Args:
            unit: What to claim.
            attempt: Which attempt.
            after_lost: The attempt before it had no outcome when it was looked at. A worker that
                has ended or came back may have written one since: that is asked first.

        Raises:
            StoreError: It cannot be told whether it is mine. Ask again, or look.
        """
        path = paths.claim(unit, attempt)
        if after_lost and path not in self._nonces and self._answered(unit, attempt - 1):
            return False
        nonce = self._nonces.setdefault(path, secrets.token_hex(8))
        mine = self._store.create(
            path, to_json(Claim(self.identity.worker, self.identity.session, nonce))
        )
        if mine:
            self._sight.claimed(unit, attempt)
        else:
            self._sight.taken(unit, attempt)
        return mine

    def _answered(self, unit: Unit, attempt: int) -> bool:
        listed = (
            paths.parse_outcome(entry.path) for entry in self._store.list(paths.outcomes_of(unit))
        )
        return any(path is not None and path.attempt == attempt for path in listed)

    def superseded(self, unit: Unit, attempt: int) -> bool:
        """Whether somebody holds a higher attempt of this unit.

        Raises:
            StoreError: The claims could not be listed.
        """
        results = [
            paths.parse_claim(entry.path) for entry in self._store.list(paths.claims_of(unit))
        ]
        return any(path is not None and path.attempt > attempt for path in results)

    def record(self, outcome: Outcome, claimed_at: float) -> Outcome:
        """Write an outcome: to the own ledger, a mark if it has a cause, then to the shared one.

        A worker that was late since ``claimed_at`` (an instant of its clock) may have been judged
        dead: if a higher attempt exists, only a readable score or ``lost`` may stand.

        Returns:
            The outcome as written.

        Raises:
            StoreError: The shared ledger does not have it yet. Record it again.
        """
        if outcome.cause is not None and self.was_late(claimed_at):
            outcome = self._downgrade(outcome)
        data = to_json(outcome)
        path = paths.outcome(outcome.unit, outcome.attempt, outcome.worker)
        if self._own is not None:
            self._own.create(path, data)
        if outcome.cause is not None:
            self._mark(outcome, outcome.cause)
        self._store.create(path, data)
        self._recorded.add((outcome.unit, outcome.attempt))
        if outcome.cause is None:
            self._sight.scored(outcome.unit)
        return outcome

    def _mark(self, outcome: Outcome, cause: Cause) -> None:
        """Write the mark that lets others see this failure in a listing."""
        mark = UnscoredPath(
            outcome.unit, outcome.attempt, outcome.worker, self.identity.session, cause
        )
        self._store.create(paths.unscored(mark), to_json(Mark(outcome.machine, outcome.flags)))

    def _downgrade(self, outcome: Outcome) -> Outcome:
        if outcome.cause is Cause.LOST or not self.superseded(outcome.unit, outcome.attempt):
            return outcome
        message = f"taken over by another worker (this one saw {outcome.cause})"
        return replace(outcome, cause=Cause.LOST, message=message)

    # -- leaving ----------------------------------------------------------------------------

    def may_leave(self) -> bool:
        """Whether another live idle worker stays, so that this idle one need not.

        It must have beaten since this one first asked: it is seen alive, not assumed. Call it after
        a look that found nothing to claim, once every heartbeat.

        Raises:
            StoreError: The ledger could not be read.
        """
        self.show(phase=IDLE, unit=None, attempt=0)
        self.beat()
        return self._watchers.relieves() if self._sight.marked else self._smaller_stays()

    def has_verified(self) -> bool:
        """Spare the others a look: everything was opened, and it is settled. Return True.

        Raises:
            StoreError: The ledger could not be written.
        """
        if self._sight.marked:
            self._watchers.has_verified()
        return True

    def _smaller_stays(self) -> bool:
        """Whether a smaller live idle worker stays: in a ledger without marks, by all workers."""
        beats = self._view.owners(paths.WORKERS)
        now = beats.get(self.identity.worker)
        if self._idle_since is None or now is None:
            self._idle_since = now
            return False
        left = frozenset(self._view.owners(paths.LEFT))
        listing = Listing({}, frozenset(), frozenset(), beats, left, now)
        smaller = [
            worker
            for worker in others_live(listing, self._judge())
            if worker < self.identity.worker and beats[worker] >= self._idle_since
        ]
        return any(self._is_idle(worker) for worker in smaller)

    def _is_idle(self, worker: str) -> bool:
        beat = records.parse_heartbeat(self._store.get(paths.worker(worker)) or b"")
        return beat is not None and beat.phase == IDLE

    def busy(self, phase: str, **changes: object) -> None:
        """Say that this worker is at work again; the wait of ``may_leave`` starts anew."""
        self._idle_since = None
        self._watchers.asks_anew()
        self.show(phase=phase, **changes)

    def leave(self, reason: str, exit_code: int, at: float) -> None:
        """Write that this worker has ended. ``at`` is wall-clock Unix seconds, for display.

        Takes no lock: the watchdog calls it while another thread hangs.

        Raises:
            StoreError: It could not be written; the lease will tell the others.
        """
        identity = self.identity
        record = Left(identity.worker, identity.session, reason, identity.worker, exit_code, at)
        self._store.create(paths.left(identity.worker), to_json(record))
