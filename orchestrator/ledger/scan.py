"""Judges what a worker may claim, from listings it has just made. Pure.

A listing gives names and times only, and that is enough for most of it: what nobody has touched,
and, by the marks that precede outcomes with a cause, what has to be tried again. Only what may
have been lost with its worker needs objects to be opened.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orchestrator.ledger.attempts import Attempt, Done, Exhausted, Free, Held, next_step
from orchestrator.ledger.causes import Cause
from orchestrator.ledger.paths import ClaimPath, OutcomePath, UnscoredPath
from orchestrator.planning.schedule import steal_order

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from orchestrator.ledger.records import Claim, Mark
    from orchestrator.planning.suite import Unit

CLOCK_GRAIN_S = 1.0
"""Azure's ``last_modified`` has whole seconds: an age read from it can be this much too large."""

IDLE = "idle"
"""The phase of a worker that found nothing to claim."""


@dataclass(frozen=True, slots=True)
class Claimable:
    """A unit that may be claimed, as this attempt.

    ``after_lost`` is whether the attempt before it has a claim and no outcome: its worker is
    thought dead, and may have written one since it was looked at.
    """

    unit: Unit
    attempt: int
    after_lost: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """The paths of a look, in the order they were listed: claims, outcomes, marks, workers, left.

    Times are Unix seconds of the store's clock. ``now`` is the ``last_modified`` of the judge's own
    fresh heartbeat in the same listing as the others'; None when it was not in it, and then nobody
    is judged dead.
    """

    claims: Mapping[ClaimPath, float]
    outcomes: frozenset[OutcomePath]
    marks: frozenset[UnscoredPath]
    beats: Mapping[str, float]
    left: frozenset[str]
    now: float | None


@dataclass(frozen=True, slots=True)
class ScanRules:
    """Who looks, and by which rules.

    ``may_take_over`` is False for one lease after a late or failed heartbeat of one's own.
    """

    worker: str
    session: str
    lease_s: float
    may_take_over: bool = True


@dataclass(frozen=True, slots=True)
class Opened:
    """What was read besides the listing.

    ``claims``: of unfinished attempts (None: unreadable); those not in it count as held.
    ``causes``: of outcomes that were opened (None: scored). ``marks``: of those that were.
    """

    claims: Mapping[ClaimPath, Claim | None] = field(default_factory=dict)
    causes: Mapping[OutcomePath, Cause | None] = field(default_factory=dict)
    marks: Mapping[UnscoredPath, Mark | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scan:
    """What a worker sees: what it may claim, in the order to try, and what others hold.

    ``smallest`` is whether no live worker has a smaller id. A look at fresh units alone says
    nothing of the rest (``fresh``), and a ``near`` one takes for held what it did not look at.
    """

    free: tuple[Claimable, ...]
    held: frozenset[Unit] = frozenset()
    done: frozenset[Unit] = frozenset()
    exhausted: Mapping[Unit, Cause] = field(default_factory=dict)
    smallest: bool = True
    fresh: bool = False
    near: bool = False


def untouched(
    units: Sequence[Unit], claims: Iterable[ClaimPath], outcomes: Iterable[OutcomePath]
) -> list[Unit]:
    """Return the units that have neither a claim nor an outcome, in the given order."""
    touched = {path.unit for path in claims} | {path.unit for path in outcomes}
    return [unit for unit in units if unit not in touched]


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Claims without an outcome. ``passed``: a higher attempt exists, so each of these was lost.

    ``highest``: no higher attempt exists; whether it holds is a question of its worker's life.
    """

    passed: tuple[ClaimPath, ...]
    highest: tuple[ClaimPath, ...]


def unanswered(listing: Listing) -> Unanswered:
    """Return every claim that has no outcome."""
    answered = {(path.unit, path.attempt) for path in listing.outcomes}
    highest: dict[Unit, int] = {}
    for unit, attempt in (*((p.unit, p.attempt) for p in listing.claims), *answered):
        highest[unit] = max(attempt, highest.get(unit, 0))
    opened = sorted(path for path in listing.claims if (path.unit, path.attempt) not in answered)
    return Unanswered(
        passed=tuple(path for path in opened if path.attempt < highest[path.unit]),
        highest=tuple(path for path in opened if path.attempt == highest[path.unit]),
    )


def doubtful_outcomes(listing: Listing) -> list[OutcomePath]:
    """Return the outcomes with several marks: written again, only they know which it became."""
    marked = _marked(listing)
    return sorted(path for path in listing.outcomes if len(marked.get(path, ())) > 1)


def telling_marks(listing: Listing) -> list[UnscoredPath]:
    """Return the marks to open: of units whose arena was lost twice, perhaps by the agent."""
    lost: dict[Unit, list[UnscoredPath]] = {}
    for mark in listing.marks:
        if mark.cause is Cause.ARENA:
            lost.setdefault(mark.unit, []).append(mark)
    return sorted(mark for marks in lost.values() if len(marks) > 1 for mark in marks)


def is_live(worker: str, claimed: float, listing: Listing, lease_s: float) -> bool:
    """Whether a claim made at ``claimed`` still holds: its worker has not ended, nor gone silent.

    An ownerless claim (an unreadable one) holds until it is a lease old.
    """
    if worker in listing.left:
        return False
    if listing.now is None:
        return True
    last = max(claimed, listing.beats.get(worker, 0.0))
    return listing.now - last <= lease_s + CLOCK_GRAIN_S


def others_live(listing: Listing, judge: ScanRules) -> list[str]:
    """Return the other workers whose heartbeat is within the lease, smallest id first."""
    return sorted(
        worker
        for worker, beaten in listing.beats.items()
        if worker != judge.worker and is_live(worker, beaten, listing, judge.lease_s)
    )


def fresh_look(fresh: Iterable[tuple[Unit, float]], worker: str) -> Scan:
    """Return a look at what nobody has touched yet: (unit, expected seconds) pairs."""
    free = _in_order([(Claimable(unit, 1), seconds) for unit, seconds in fresh], worker)
    return Scan(free, fresh=True)


def full_look(
    units: Sequence[Unit],
    expected: Sequence[float],
    listing: Listing,
    opened: Opened,
    judge: ScanRules,
) -> Scan:
    """Judge every unit by ``next_step``."""
    histories = _histories(listing, opened)
    others = others_live(listing, judge)
    free: list[tuple[Claimable, float]] = []
    held: set[Unit] = set()
    done: set[Unit] = set()
    exhausted: dict[Unit, Cause] = {}
    for unit, seconds in zip(units, expected, strict=True):
        history = histories.get(unit, ())
        live = _live(unit, history, listing, opened, judge)
        match next_step(history, live, judge.session):
            case Done():
                done.add(unit)
            case Exhausted(cause):
                exhausted[unit] = cause
            case Held(attempt, worker) if worker == judge.worker:
                # My own claim whose answer never reached me: creating it again tells.
                free.append((Claimable(unit, attempt), seconds))
            case Free(attempt) if _may_claim(history, judge, company=bool(others)):
                after_lost = any(not a.finished and a.number == attempt - 1 for a in history)
                free.append((Claimable(unit, attempt, after_lost), seconds))
            case Held() | Free():
                held.add(unit)
    smallest = not others or judge.worker < others[0]
    return Scan(
        _in_order(free, judge.worker), frozenset(held), frozenset(done), exhausted, smallest
    )


def _may_claim(history: Sequence[Attempt], judge: ScanRules, *, company: bool) -> bool:
    """Whether this worker is one to make the next attempt.

    Its own failure it leaves to others while there are any; and what was lost it takes over only
    while its own clockwork can be trusted.
    """
    last = max(history, key=lambda attempt: attempt.number, default=None)
    if last is None:
        return True
    if not last.finished:
        return judge.may_take_over
    return not (last.worker == judge.worker and last.cause is not Cause.RELEASED and company)


def _live(
    unit: Unit, history: Sequence[Attempt], listing: Listing, opened: Opened, judge: ScanRules
) -> frozenset[int]:
    """Return the unfinished attempts that hold: their worker lives, or was not looked up."""
    return frozenset(
        attempt.number
        for attempt in history
        if not attempt.finished
        and (
            ClaimPath(unit, attempt.number) not in opened.claims
            or is_live(attempt.worker, attempt.since, listing, judge.lease_s)
        )
    )


def _marked(listing: Listing) -> dict[OutcomePath, list[UnscoredPath]]:
    marked: dict[OutcomePath, list[UnscoredPath]] = {}
    for mark in listing.marks:
        marked.setdefault(OutcomePath(mark.unit, mark.attempt, mark.worker), []).append(mark)
    return marked


def _histories(listing: Listing, opened: Opened) -> dict[Unit, list[Attempt]]:
    marked = _marked(listing)
    histories: dict[Unit, list[Attempt]] = {}
    for path in listing.outcomes:
        attempt = _finished(path, marked.get(path, ()), opened)
        histories.setdefault(path.unit, []).append(attempt)
    answered = {(path.unit, path.attempt) for path in listing.outcomes}
    for claimed, since in listing.claims.items():
        if (claimed.unit, claimed.attempt) not in answered:
            claim = opened.claims.get(claimed)
            worker, session = (claim.worker, claim.session) if claim else ("", "")
            attempt = Attempt(claimed.attempt, worker, session, since=since)
            histories.setdefault(claimed.unit, []).append(attempt)
    return histories


def _finished(path: OutcomePath, marks: Sequence[UnscoredPath], opened: Opened) -> Attempt:
    """Return an attempt with an outcome: scored, unless its mark or its text says why not."""
    mark = marks[0] if marks else None
    cause = opened.causes.get(path, mark.cause if mark else None)
    reported = opened.marks.get(mark) if mark else None
    return Attempt(
        number=path.attempt,
        worker=path.worker,
        session=mark.session if mark else "",
        machine=reported.machine if reported else "",
        finished=True,
        cause=cause,
        flags=reported.flags if reported else (),
    )


def _in_order(free: Sequence[tuple[Claimable, float]], worker: str) -> tuple[Claimable, ...]:
    by_name = {str(candidate.unit): candidate for candidate, _ in free}
    order = steal_order([(str(candidate.unit), seconds) for candidate, seconds in free], worker)
    return tuple(by_name[name] for name in order)
