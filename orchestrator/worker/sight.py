"""What a worker looks at before it decides: as little of the ledger as the question needs.

Four looks: at units that nobody has claimed, at what is to be tried again, at what is not settled
yet, and at everything. In a ledger whose claims are not marked from its first on (one of an earlier
version) every look is at everything.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from orchestrator.ledger import paths
from orchestrator.ledger.paths import OutcomePath
from orchestrator.ledger.scan import (
    Listing,
    Scan,
    fresh_look,
    full_look,
    is_live,
    unanswered,
    untouched,
)
from orchestrator.worker.fresh import MARK, FreshUnits
from orchestrator.worker.retries import Retries

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from orchestrator.ledger.paths import ClaimPath
    from orchestrator.ledger.scan import ScanRules
    from orchestrator.planning.plan import Plan
    from orchestrator.planning.suite import Unit
    from orchestrator.store import Store
    from orchestrator.worker.ledger_view import LedgerView
    from orchestrator.worker.watchers import Watchers


class Sight:
    """One worker's looks at one ledger. Each call may raise StoreError."""

    def __init__(
        self,
        store: Store,
        plan: Plan,
        view: LedgerView,
        judge: Callable[[], ScanRules],
        watchers: Watchers,
    ) -> None:
        self._store, self._view, self._judge = store, view, judge
        self._units, self._expected = plan.units, plan.expected
        self._watchers = watchers
        self._fresh = FreshUnits(store, self._units, self._expected, judge().worker)
        self._retries = Retries(view, plan)
        self._is_marked: bool | None = None
        self._seen: Listing | None = None
        self._done: frozenset[Unit] = frozenset()
        self._idle_look: Scan | None = None
        self._failures = 0

    @property
    def marked(self) -> bool:
        """Whether this ledger's claims are marked; asked once, and settled where none is made."""
        if self._is_marked is None:
            self._is_marked = self._begun() or self._begins()
        return self._is_marked

    def _begun(self) -> bool:
        return bool(self._store.list(paths.MARKED))

    def _begins(self) -> bool:
        """Begin to mark claims, where there is none; where another has just begun, follow."""
        if self._store.list(paths.CLAIMS):
            return self._begun()
        return self._store.create(f"{paths.MARKED}1.json", MARK)

    # -- what claims tell -------------------------------------------------------------------

    def may_be_free(self, unit: Unit) -> bool:
        """Whether nothing that was seen says that a unit has a first claim."""
        return self._fresh.may_be_free(unit)

    def claimed(self, unit: Unit, attempt: int) -> None:
        """Mark a claim of this worker's."""
        self._idle_look = None
        if not self.marked:
            return
        if attempt == 1:
            self._fresh.claimed(unit)
        else:
            self._store.mark(paths.again(unit, attempt), MARK)

    def taken(self, unit: Unit, attempt: int) -> None:
        """Note a claim of another's."""
        if attempt == 1:
            self._fresh.taken(unit)

    # -- looks ------------------------------------------------------------------------------

    def near(self) -> Scan:
        """Look at one group of units that nobody has claimed, else at what is to be tried again."""
        if not self.marked:
            return self.everything(deep=False, verify=False)
        judge = self._judge()
        if fresh := self._fresh.look():
            return fresh_look(fresh, judge.worker)
        if self._idle_look is not None and self._watchers.another():
            # It was about to leave to the watcher, which looks for itself.
            look, self._idle_look = self._idle_look, None
            return look
        marks = self._view.marks()
        self._failures = len(marks)
        if self._view.refused_alike(marks):
            return self.everything(deep=False, verify=False)
        free = self._retries.look(marks, judge)
        held = frozenset(self._units) - self._done
        look = Scan(free, held, self._done, smallest=not self._watchers.another(), near=True)
        self._idle_look = None if free else look
        return look

    def rest(self) -> Scan:
        """Look at all that is not settled yet; what was lost with its worker is free.

        That is the watcher's to do: while another watches, this is a look at what is near.
        """
        if self.marked and self._watchers.another():
            return self.near()
        if self._seen is None or not self.marked:
            return self.everything(deep=True, verify=False)
        judge = self._judge()
        seen = self._again(self._seen, judge)
        opened = self._view.opened(seen, deep=True, verify=False)
        return self._judged(seen, full_look(self._units, self._expected, seen, opened, judge))

    def everything(self, *, deep: bool, verify: bool) -> Scan:
        """Look at the whole ledger: units that nobody has touched, else all the others."""
        claims, outcomes = self._view.claims(), self._view.outcomes()
        judge = self._judge()
        fresh = frozenset(untouched(self._units, claims, outcomes))
        for unit in frozenset(self._units) - fresh:
            self._fresh.taken(unit)
        if fresh:
            pairs = zip(self._units, self._expected, strict=True)
            mine = [(unit, seconds) for unit, seconds in pairs if unit in fresh]
            return fresh_look(mine, judge.worker)
        marks, beats = self._view.marks(), self._view.owners(paths.WORKERS)
        left = frozenset(self._view.owners(paths.LEFT))
        listing = Listing(claims, outcomes, marks, beats, left, beats.get(judge.worker))
        opened = self._view.opened(listing, deep=deep or verify, verify=verify)
        # A heartbeat may have been late while all this was read.
        look = full_look(self._units, self._expected, listing, opened, self._judge())
        return self._judged(listing, look) if deep else look

    def settles(self, units: Sequence[Unit], look: Scan | None) -> bool:
        """Whether each of these units is settled or held, by a look or by one of their own."""
        if look is None:
            look = self.near()
        settled = look.done | look.held
        if look.near or look.fresh:
            settled = self._settled_of([unit for unit in units if unit not in self._done])
        return settled.issuperset(frozenset(units) - self._done)

    def _settled_of(self, units: Sequence[Unit]) -> frozenset[Unit]:
        """Return which of a few units are settled or held; a scored one costs two listings."""
        outcomes = self._view.outcomes_of(units)
        # Few failures are listed at once, many only where they are asked for.
        few = self._failures <= len(units)
        marks = (
            self._view.marks()
            if few
            else self._view.marks_of({outcome.unit for outcome in outcomes})
        )
        failed = {OutcomePath(mark.unit, mark.attempt, mark.worker) for mark in marks}
        scored = {outcome.unit for outcome in outcomes if outcome not in failed}
        rest = [unit for unit in units if unit not in scored]
        look = self._retries.survey(rest, marks, self._judge())
        return look.done | look.held | scored

    def scored(self, unit: Unit) -> None:
        """Note that this worker has recorded a score."""
        self._done |= {unit}

    def _judged(self, listing: Listing, look: Scan) -> Scan:
        """Keep what the next look at the rest need not list again."""
        self._seen, self._done = listing, look.done
        # Others leave because the watcher stays: it is the one to look at everything in the end.
        return replace(look, smallest=not self._watchers.another()) if self.marked else look

    def _again(self, seen: Listing, judge: ScanRules) -> Listing:
        """List anew what may have changed: units that are not settled and whose worker is silent.

        While the worker of a claim speaks the claim holds, whatever it has written meanwhile.
        """
        beats = self._view.owners(paths.WORKERS)
        left = frozenset(self._view.owners(paths.LEFT))
        fresh = replace(seen, beats=beats, left=left, now=beats.get(judge.worker))
        holding = {
            path.unit for path in unanswered(seen).highest if self._holds(path, fresh, judge)
        }
        units = [unit for unit in self._units if unit not in self._done and unit not in holding]
        claims, outcomes = self._view.of_units(units)
        return replace(
            fresh,
            claims={**seen.claims, **claims},
            outcomes=seen.outcomes | outcomes,
            marks=seen.marks | self._view.marks(),
        )

    def _holds(self, claim: ClaimPath, listing: Listing, judge: ScanRules) -> bool:
        text = self._view.claim_of(claim)
        since = listing.claims[claim]
        return text is not None and is_live(text.worker, since, listing, judge.lease_s)
