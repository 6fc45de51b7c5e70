"""Reads a ledger as it grows: what never changes is fetched once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from orchestrator.errors import NoRunError, Problem
from orchestrator.ledger import paths
from orchestrator.ledger.fold import Snapshot, Stored, fold, read_objects
from orchestrator.ledger.progress import at_work
from orchestrator.planning.plan_file import parse_plan

if TYPE_CHECKING:
    from orchestrator.ledger.fold import Folded
    from orchestrator.planning.plan import Plan
    from orchestrator.store import Listed, Store

_IMMUTABLE = (paths.LEFT, paths.SESSIONS, paths.CLAIMS, paths.OUTCOMES)
"""In the order to list them. Who has left is asked before what was left behind: a worker that ends
between two listings then counts as at work, and never as dead with its outcome unseen."""


def read_plan(store: Store) -> Plan:
    """Return the run's plan.

    Raises:
        NoRunError: There is none.
        BadInputError: It is unreadable.
        StoreError: The store could not be read.
    """
    data = store.get(paths.PLAN)
    if data is None:
        fix = "Check the store and the run."
        raise NoRunError([Problem(store.url, "holds no run (no plan.json)", fix)])
    return parse_plan(data, f"{store.url}/{paths.PLAN}")


class LedgerReader:
    """A viewer of one run. It judges nothing: who is live is the workers' business.

    A ledger without a claim is a worker's own copy: only the one that all write to has claims.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.plan = read_plan(store)
        self._known: dict[str, Stored] = {}
        self._events: dict[str, Stored] = {}

    def snapshot(self) -> Snapshot:
        """List the ledger and return it parsed.

        Raises:
            StoreError: The ledger could not be read.
        """
        return read_objects(self.objects())

    def objects(self) -> list[Stored]:
        """List the ledger and return its objects; only new and overwritten ones are fetched.

        Raises:
            StoreError: The ledger could not be read.
        """
        fresh = [
            listed
            for prefix in _IMMUTABLE
            for listed in self.store.list(prefix)
            if listed.path not in self._known
        ]
        self._fetch([*fresh, *self.store.list(paths.WORKERS)], self._known)
        shared = any(path.startswith(paths.CLAIMS) for path in self._known)
        return [replace(stored, shared=shared) for stored in self._known.values()]

    def events(self) -> list[Stored]:
        """List the fleet's events and return them; each is fetched once.

        Raises:
            StoreError: They could not be read.
        """
        fresh = [entry for entry in self.store.list(paths.EVENTS) if entry.path not in self._events]
        self._fetch(fresh, self._events)
        return list(self._events.values())

    def _fetch(self, wanted: list[Listed], known: dict[str, Stored]) -> None:
        results = self.store.get_all([entry.path for entry in wanted])
        for listed, data in zip(wanted, results, strict=True):
            if data is not None:
                known[listed.path] = Stored(listed.path, listed.modified, data)

    def fold(self, *, running: bool = False) -> Folded:
        """Return what happened so far; while ``running``, nobody who has not left is given up.

        Raises:
            StoreError: The ledger could not be read.
        """
        snapshot = self.snapshot()
        return fold(self.plan.units, snapshot, at_work(snapshot) if running else frozenset())
