"""The heartbeat thread: it beats, hears orders, and is the watchdog of its own process."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orchestrator.errors import EXIT_INTERRUPTED, StoreError, StoreRefusedError
from orchestrator.ledger import paths
from orchestrator.store import FailureStreak, work_patience
from orchestrator.worker.store_retry import end_for_refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.store import Store
    from orchestrator.worker.claims import LedgerClient

WATCHDOG_GRACE_S = 30.0
"""A step that outlives its deadline by this much means that the process is stuck."""


@dataclass(slots=True)
class WorkerSignals:
    """What a worker has been told: ``stop`` ends its task at once, ``drain`` lets it finish.

    ``code`` is what a worker that was told to stop ends with.
    """

    stop: threading.Event = field(default_factory=threading.Event)
    drain: threading.Event = field(default_factory=threading.Event)
    reason: str = ""
    code: int = EXIT_INTERRUPTED

    def end(self, reason: str, code: int = EXIT_INTERRUPTED) -> None:
        """Order an immediate end; the first reason and its exit code are kept."""
        if not self.stop.is_set():
            self.reason, self.code = reason, code
            self.stop.set()


@dataclass(frozen=True, slots=True)
class Watch:
    """What the pulse needs of its process.

    ``orphaned`` says whether the process that started this one is gone. ``die`` ends the process
    at once and does not return. ``lease_s`` is the run's lease: for so long a store may refuse.
    """

    monotonic: Callable[[], float]
    wall: Callable[[], float]
    orphaned: Callable[[], bool]
    die: Callable[[str], None]
    lease_s: float = 150.0


class HeartbeatThread:
    """Beats every ``interval_s`` until closed, in a thread of its own."""

    def __init__(
        self,
        ledger_client: LedgerClient,
        store: Store,
        orders: WorkerSignals,
        watch: Watch,
        interval_s: float,
    ) -> None:
        self._ledger_client, self._store, self._orders = ledger_client, store, orders
        self._watch, self._interval_s = watch, interval_s
        self._deadline: float | None = None
        self._streak = FailureStreak(work_patience(watch.lease_s))
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pulse", daemon=True)

    def start(self) -> None:
        """Start beating."""
        self._thread.start()

    def first(self) -> None:
        """Beat once, in the caller's thread, and hear what was ordered before this worker came.

        Raises:
            StoreError: The store did not take the beat, or did not tell the orders.
        """
        self._ledger_client.beat()
        self._hear()

    def close(self) -> None:
        """Stop beating and wait for a beat under way."""
        self._closed.set()
        if self._thread.is_alive():
            self._thread.join(self._interval_s)

    def allow(self, seconds: float | None) -> None:
        """Set the time the step that starts now may take; None lifts the watch."""
        self._deadline = None if seconds is None else self._watch.monotonic() + seconds

    def _run(self) -> None:
        while not self._closed.wait(self._interval_s):
            self._check_watchdog()
            self._round()
            if self._watch.orphaned():
                self._orders.end("the process that started this worker is gone")

    def _round(self) -> None:
        try:
            self._ledger_client.beat()
            self._hear()
            self._streak.answered()
        except StoreError as error:
            final = self._streak.is_final(error, self._watch.monotonic())
            if final and isinstance(error, StoreRefusedError):
                end_for_refusal(self._orders, error)
            # The client distrusts itself from here on; the next beat may get through.
            self._ledger_client.show(note=str(error))

    def _hear(self) -> None:
        session = self._ledger_client.identity.session
        given = {entry.path for entry in self._store.list(f"{paths.CONTROL}{session}/")}
        for order in ("drain", "closing"):
            if paths.control(session, order) in given:
                self._orders.drain.set()

    def _check_watchdog(self) -> None:
        deadline = self._deadline
        if deadline is not None and self._watch.monotonic() > deadline + WATCHDOG_GRACE_S:
            self._leave_and_die()

    def _leave_and_die(self) -> None:
        reason = f"a step outlived its deadline by {WATCHDOG_GRACE_S:g} s"
        try:
            self._ledger_client.leave(reason, 4, self._watch.wall())
        except StoreError:
            # Nobody is told; the lease will say so. Staying would keep the machine for nothing.
            pass
        finally:
            self._watch.die(reason)
