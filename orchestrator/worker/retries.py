"""Finds what has to be tried again without listing what is settled.

Failures leave marks, and so do claims of further attempts: together they name the few units worth a
look of their own. That look is exact. What was lost with its worker has no mark: the watcher finds
it. Each call may raise StoreError.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.ledger.attempts import Attempt, Free, next_step
from orchestrator.ledger.causes import Cause
from orchestrator.ledger.scan import Listing, Scan, full_look
from orchestrator.planning.schedule import steal_order

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from orchestrator.ledger.paths import UnscoredPath
    from orchestrator.ledger.scan import Claimable, ScanRules
    from orchestrator.planning.plan import Plan
    from orchestrator.planning.suite import Unit
    from orchestrator.worker.ledger_view import LedgerView

ENOUGH = 4
"""So many units to try again are enough for a look: others take some of them meanwhile."""


class Retries:
    """What one worker sees of failures."""

    def __init__(self, view: LedgerView, plan: Plan) -> None:
        self._view = view
        self._expected = dict(zip(plan.units, plan.expected, strict=True))
        self._passed: dict[Unit, int] = {}

    def look(self, marks: Collection[UnscoredPath], judge: ScanRules) -> tuple[Claimable, ...]:
        """Return units to try again, in the order to try; not all, if there are many."""
        free: list[Claimable] = []
        for unit, attempt in self._worth_a_look(marks, judge):
            seen = self.survey([unit], marks, judge).free
            free += seen
            if not seen:
                self._passed[unit] = attempt
            if len(free) >= ENOUGH:
                break
        return tuple(free)

    def survey(
        self, units: Sequence[Unit], marks: Collection[UnscoredPath], judge: ScanRules
    ) -> Scan:
        """Judge a few units by listings of their own; nobody is judged dead."""
        claims, outcomes = self._view.of_units(units)
        wanted = frozenset(units)
        mine = frozenset(mark for mark in marks if mark.unit in wanted)
        listing = Listing(claims, frozenset(outcomes), mine, {}, frozenset(), None)
        opened = self._view.opened(listing, deep=False, verify=False)
        expected = [self._expected[unit] for unit in units]
        return full_look(units, expected, listing, opened, judge)

    def _worth_a_look(
        self, marks: Collection[UnscoredPath], judge: ScanRules
    ) -> list[tuple[Unit, int]]:
        failed: dict[Unit, list[UnscoredPath]] = {}
        for mark in marks:
            if mark.unit in self._expected:
                failed.setdefault(mark.unit, []).append(mark)
        again = self._view.again() if failed else {}
        last = {unit: max(mark.attempt for mark in made) for unit, made in failed.items()}
        worth = {
            str(unit): unit
            for unit, made in failed.items()
            if again.get(unit, 0) <= last[unit]
            and self._passed.get(unit, 0) < last[unit]
            and _may_try(made, judge)
        }
        pairs = [(name, self._expected[unit]) for name, unit in worth.items()]
        return [(worth[name], last[worth[name]]) for name in steal_order(pairs, judge.worker)]


def _may_try(marks: Sequence[UnscoredPath], judge: ScanRules) -> bool:
    """Whether marks alone leave a unit to this worker; its own failure it leaves to others."""
    history = [
        Attempt(path.attempt, path.worker, path.session, finished=True, cause=path.cause)
        for path in marks
    ]
    latest = max(marks, key=lambda mark: mark.attempt)
    mine = latest.worker == judge.worker and latest.cause is not Cause.RELEASED
    return not mine and isinstance(next_step(history, frozenset(), judge.session), Free)
