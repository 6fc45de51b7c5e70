"""A worker's reading of the ledger: what is listed, and what was opened once and never changes.

Each of its methods raises StoreError when the ledger could not be read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from orchestrator.ledger import outages, paths, records
from orchestrator.ledger.causes import Cause, Flag
from orchestrator.ledger.scan import Opened, doubtful_outcomes, telling_marks, unanswered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from orchestrator.ledger.paths import ClaimPath, OutcomePath, UnscoredPath
    from orchestrator.ledger.records import Claim, Mark, Outcome
    from orchestrator.ledger.scan import Listing
    from orchestrator.planning.suite import Unit
    from orchestrator.store import Store

K = TypeVar("K")
V = TypeVar("V")


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
            key: entry.modified
            for entry in self._store.list(paths.CLAIMS)
            if (key := paths.parse_claim(entry.path)) is not None
        }

    def outcomes(self) -> frozenset[OutcomePath]:
        """Return which outcomes there are, unopened."""
        listed = (paths.parse_outcome(entry.path) for entry in self._store.list(paths.OUTCOMES))
        return frozenset(path for path in listed if path is not None)

    def marks(self) -> frozenset[UnscoredPath]:
        """Return which marks of failures there are, unopened."""
        listed = (paths.parse_unscored(entry.path) for entry in self._store.list(paths.UNSCORED))
        return frozenset(path for path in listed if path is not None)

    def of_units(self, units: Sequence[Unit]) -> tuple[dict[ClaimPath, float], set[OutcomePath]]:
        """Return the claims and the outcomes of a few units, listed unit by unit."""
        claims = {
            key: entry.modified
            for unit in units
            for entry in self._store.list(paths.claims_of(unit))
            if (key := paths.parse_claim(entry.path)) is not None
        }
        return claims, self.outcomes_of(units)

    def outcomes_of(self, units: Iterable[Unit]) -> set[OutcomePath]:
        """Return the outcomes of a few units, listed unit by unit."""
        listed = (entry for unit in units for entry in self._store.list(paths.outcomes_of(unit)))
        return {key for entry in listed if (key := paths.parse_outcome(entry.path)) is not None}

    def marks_of(self, units: Iterable[Unit]) -> frozenset[UnscoredPath]:
        """Return the marks of a few units' failures, listed unit by unit after their outcomes."""
        listed = (entry for unit in units for entry in self._store.list(paths.unscored_of(unit)))
        marks = (paths.parse_unscored(entry.path) for entry in listed)
        return frozenset(mark for mark in marks if mark is not None)

    def again(self) -> dict[Unit, int]:
        """Return which units have a further attempt, and the highest, as far as marks tell."""
        highest: dict[Unit, int] = {}
        for entry in self._store.list(paths.AGAIN):
            key = paths.parse_again(entry.path)
            if key is not None:
                highest[key.unit] = max(key.attempt, highest.get(key.unit, 0))
        return highest

    def refused_alike(self, marks: Iterable[UnscoredPath]) -> bool:
        """Whether bad requests may have to be judged together, by all outcomes."""
        return _tell(self._bad_requests(marks))

    def claim_of(self, path: ClaimPath) -> Claim | None:
        """Return a claim that was opened; None when it was not, or cannot be read."""
        return self._claims.get(path)

    def owners(self, prefix: str) -> dict[str, float]:
        """Return whose objects lie under ``prefix``, and when each was written last."""
        return {
            owner: entry.modified
            for entry in self._store.list(prefix)
            if (owner := paths.parse_owned(entry.path)) is not None
        }

    def opened(self, listing: Listing, *, deep: bool, verify: bool) -> Opened:
        """Open what a look needs and was not opened before; none of it ever changes."""
        self._read_causes(sorted(listing.outcomes) if verify else doubtful_outcomes(listing))
        claims = unanswered(listing)
        # What was lost counts to its session's budget, however many attempts ago it was.
        self._read_claims((*claims.passed, *(claims.highest if deep else ())))
        self._read_marks(telling_marks(listing))
        self._overrule(listing)
        return Opened(self._claims, self._causes, self._marks)

    def _read_marks(self, wanted: Iterable[UnscoredPath]) -> None:
        self._read(wanted, paths.unscored, records.parse_mark, self._marks)

    def _read_claims(self, wanted: Iterable[ClaimPath]) -> None:
        self._read(
            wanted,
            lambda key: paths.claim(key.unit, key.attempt),
            records.parse_claim,
            self._claims,
        )

    def _read_outcomes(self, wanted: Iterable[OutcomePath]) -> None:
        self._read(wanted, _outcome_name, records.parse_outcome, self._outcomes)

    def _read_causes(self, wanted: Iterable[OutcomePath]) -> None:
        """Read outcomes' causes (None: scored); an unreadable one is lost."""

        def cause(data: bytes) -> Cause | None:
            outcome = records.parse_outcome(data)
            return Cause.LOST if outcome is None else outcome.cause

        self._read(wanted, _outcome_name, cause, self._causes)

    def _read(
        self,
        wanted: Iterable[K],
        name: Callable[[K], str],
        parse: Callable[[bytes], V],
        known: dict[K, V],
    ) -> None:
        """Read, side by side, what was not read before; keep what came before a read that fails."""
        fresh = [key for key in wanted if key not in known]
        results = self._store.get_all([name(key) for key in fresh])
        for key, data in zip(fresh, results, strict=True):
            known[key] = parse(data or b"")

    def _overrule(self, listing: Listing) -> None:
        """Judge bad requests that several tasks met as the fold does: they were the model's."""
        if not self.refused_alike(listing.marks):
            return
        listed = sorted(listing.outcomes)
        self._read_outcomes(listed)
        results = (self._outcomes[path] for path in listed)
        for path in outages.refused_together(
            (outcome, 0.0) for outcome in results if outcome is not None
        ):
            self._causes[path] = Cause.MODEL

    def _bad_requests(self, marks: Iterable[UnscoredPath]) -> list[UnscoredPath]:
        failed = [mark for mark in marks if mark.cause is Cause.AGENT]
        if not _tell(failed):
            return []
        self._read_marks(failed)
        read = ((mark, self._marks[mark]) for mark in failed)
        return [mark for mark, text in read if text and Flag.BAD_REQUEST in text.flags]


def _claim_name(path: ClaimPath) -> str:
    return paths.claim(path.unit, path.attempt)


def _outcome_name(path: OutcomePath) -> str:
    return paths.outcome(path.unit, path.attempt, path.worker)


def _tell(marks: list[UnscoredPath]) -> bool:
    return len({mark.unit.task for mark in marks}) >= outages.TASKS_THAT_TELL
