"""Of the idle workers one stays, the watcher; the others see that it lives and leave.

The marks of a session's watch are numbered: the last one names the watcher, and only a later mark
relieves it. So the others need not list every worker to know that somebody stays. A watcher that
has opened everything and found it settled says so: whoever comes later need not open it all again.
Each call may raise StoreError.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.encoding import canonical
from orchestrator.ledger import paths, records
from orchestrator.ledger.scan import IDLE

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.store import Store

MARK = canonical({"stays": True})


class Watchers:
    """One worker's view of who watches.

    Args:
        store: The run's objects.
        session: Whose watch it is.
        worker: Who asks.
        monotonic: Seconds of this worker's clock.
        lease_s: A watcher that was not heard for so long is dead.
    """

    def __init__(
        self,
        store: Store,
        session: str,
        worker: str,
        monotonic: Callable[[], float],
        lease_s: float,
    ) -> None:
        self._store, self._session, self._worker = store, session, worker
        self._monotonic, self._lease_s = monotonic, lease_s
        self._heard: tuple[str, int, float] | None = None
        self._is_verified = False

    def another(self) -> str:
        """Return the watcher if it is another worker, else ""."""
        watcher = self._last()[1]
        return "" if watcher == self._worker else watcher

    def relieves(self) -> bool:
        """Whether another worker watches, idle, and has beaten since this one first asked.

        Or one has watched to the end. Where nobody does, or the watcher has found work, left or
        died, this worker watches.
        """
        number, watcher = self._last()
        if self._is_verified:
            return True
        if watcher == self._worker:
            return False
        beat = self._beat_of(watcher) if watcher else None
        if beat is None or self._is_silent(watcher, beat):
            mark = paths.watch(self._session, number + 1, self._worker)
            self._store.mark(mark, MARK)
            return False
        return self._heard is not None and beat > self._heard[1]

    def has_verified(self) -> None:
        """Say that this worker has opened everything, and that it is settled."""
        self._store.mark(paths.verified(self._session), MARK)

    def asks_anew(self) -> None:
        """Forget what was heard: this worker was at work meanwhile."""
        self._heard = None

    def _last(self) -> tuple[int, str]:
        listed = [entry.path for entry in self._store.list(paths.watches_of(self._session))]
        self._is_verified = paths.verified(self._session) in listed
        named = (paths.parse_watch(path) for path in listed)
        return max((value for value in named if value is not None), default=(0, ""))

    def _beat_of(self, watcher: str) -> int | None:
        """Return the number of an idle watcher's heartbeat; None when it is not idle any more."""
        data = self._store.get(paths.worker(watcher))
        beat = records.parse_heartbeat(data or b"")
        if beat is None or beat.phase != IDLE:
            return None
        return None if self._store.get(paths.left(watcher)) is not None else beat.beat

    def _is_silent(self, watcher: str, beat: int) -> bool:
        """Note a heartbeat; say whether it has been the same for a lease."""
        heard = self._heard
        if heard is None or heard[0] != watcher:
            self._heard = (watcher, beat, self._monotonic())
            return False
        return heard[1] == beat and self._monotonic() - heard[2] > self._lease_s
