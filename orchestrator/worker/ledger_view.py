"""A worker's reading of the ledger: what is listed, and what was opened once and never changes.

Each of its methods raises StoreError when the ledger could not be read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.causes import Cause, Flag
from orchestrator.ledger import outages, paths, records
from orchestrator.ledger.look import Opened, doubtful_outcomes, telling_marks, unanswered

if TYPE_CHECKING:
    from orchestrator.ledger.look import Listing
    from orchestrator.ledger.paths import ClaimPath, OutcomePath, UnscoredPath
    from orchestrator.ledger.records import Claim, Mark, Outcome
    from orchestrator.store import Store


class LedgerView:
    """What one worker sees of a run's objects."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._claims: dict[ClaimPath, Claim | None] = {}
        self._causes: dict[OutcomePath, Cause | None] = {}
        self._marks: dict[UnscoredPath, Mark | None] = {}
        self._outcomes: dict[OutcomePath, Outcome | None] = {}

    def claims(self) -> dict[ClaimPath, float]:
        """Return every claim, and when it was written by the store's clock (Unix seconds)."""
        return {
            key: one.modified
            for one in self._store.list(paths.CLAIMS)
            if (key := paths.parse_claim(one.path)) is not None
        }

    def outcomes(self) -> frozenset[OutcomePath]:
        """Return which outcomes there are, unopened."""
        listed = (paths.parse_outcome(one.path) for one in self._store.list(paths.OUTCOMES))
        return frozenset(path for path in listed if path is not None)

    def marks(self) -> frozenset[UnscoredPath]:
        """Return which marks of failures there are, unopened."""
        listed = (paths.parse_unscored(one.path) for one in self._store.list(paths.UNSCORED))
        return frozenset(path for path in listed if path is not None)

    def owners(self, prefix: str) -> dict[str, float]:
        """Return whose objects lie under ``prefix``, and when each was written last."""
        return {
            owner: one.modified
            for one in self._store.list(prefix)
            if (owner := paths.parse_owned(one.path)) is not None
        }

    def opened(self, listing: Listing, *, deep: bool, verify: bool) -> Opened:
        """Open what a look needs and was not opened before; none of it ever changes."""
        outcomes = sorted(listing.outcomes) if verify else doubtful_outcomes(listing)
        for path in outcomes:
            if path not in self._causes:
                self._causes[path] = self._read_cause(path)
        claims = unanswered(listing)
        # What was lost counts to its session's budget, however many attempts ago it was.
        for claimed in (*claims.passed, *(claims.highest if deep else ())):
            if claimed not in self._claims:
                data = self._store.get(paths.claim(claimed.unit, claimed.attempt))
                self._claims[claimed] = records.parse_claim(data or b"")
        for mark in telling_marks(listing):
            self._read_mark(mark)
        self._overrule(listing)
        return Opened(self._claims, self._causes, self._marks)

    def _read_mark(self, mark: UnscoredPath) -> Mark | None:
        if mark not in self._marks:
            data = self._store.get(paths.unscored(mark))
            self._marks[mark] = records.parse_mark(data or b"")
        return self._marks[mark]

    def _overrule(self, listing: Listing) -> None:
        """Judge bad requests that several tasks met as the fold does: they were the model's."""
        failed = [mark for mark in listing.marks if mark.cause is Cause.AGENT]
        if not _tell(failed):
            return
        bad = [
            mark
            for mark in failed
            if (read := self._read_mark(mark)) is not None and Flag.BAD_REQUEST in read.flags
        ]
        if not _tell(bad):
            return
        found = (self._read_outcome(path) for path in sorted(listing.outcomes))
        for path in outages.refused_together((one, 0.0) for one in found if one is not None):
            self._causes[path] = Cause.MODEL

    def _read_outcome(self, path: OutcomePath) -> Outcome | None:
        if path not in self._outcomes:
            name = paths.outcome(path.unit, path.attempt, path.worker)
            self._outcomes[path] = records.parse_outcome(self._store.get(name) or b"")
        return self._outcomes[path]

    def _read_cause(self, path: OutcomePath) -> Cause | None:
        """Return an outcome's cause (None: scored); an unreadable one is lost."""
        name = paths.outcome(path.unit, path.attempt, path.worker)
        outcome = records.parse_outcome(self._store.get(name) or b"")
        return Cause.LOST if outcome is None else outcome.cause


def _tell(marks: list[UnscoredPath]) -> bool:
    return len({mark.unit.task for mark in marks}) >= outages.TASKS_THAT_TELL
