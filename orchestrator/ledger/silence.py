"""How long the workers of this machine have been silent, as their parent sees it in the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.errors import StoreError
from orchestrator.ledger import paths

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from orchestrator.store import Store


class Silence:
    """Watches heartbeats change.

    It counts on this process's own clock and only while the store answers: an outage, or a laptop
    that slept, is no worker's silence.
    """

    def __init__(self, store: Store, monotonic: Callable[[], float]) -> None:
        self._store, self._monotonic = store, monotonic
        self._beats: dict[str, float] = {}
        self._since: dict[str, float] = {}

    def of(self, workers: Iterable[str]) -> dict[str, float]:
        """Return for how many seconds each worker has not beaten; 0 when it cannot be told."""
        now = self._monotonic()
        try:
            listed = self._store.list(paths.WORKERS)
        except StoreError:
            self._since.clear()
            return dict.fromkeys(workers, 0.0)
        beats = {paths.parse_owned(entry.path): entry.modified for entry in listed}
        return {worker: self._silent(worker, beats.get(worker, 0.0), now) for worker in workers}

    def _silent(self, worker: str, beat: float, now: float) -> float:
        if self._beats.get(worker) != beat:
            self._beats[worker] = beat
            self._since[worker] = now
        return now - self._since.setdefault(worker, now)
