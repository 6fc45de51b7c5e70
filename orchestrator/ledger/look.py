"""Judges what a worker may claim, from listings it has just made. Pure.

A listing gives names and times only. What an outcome says is learnt from its worker's index (see
``records.Heartbeat``), so that a look costs a few listings however many outcomes there are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orchestrator.causes import Cause
from orchestrator.ledger.attempts import Attempt, Done, Exhausted, Free, Held, next_step
from orchestrator.ledger.paths import ClaimPath, OutcomePath, Unit
from orchestrator.schedule import steal_order

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orchestrator.ledger.records import Claim, Heartbeat

CLOCK_GRAIN_S = 1.0
"""Azure's ``last_modified`` has whole seconds: an age read from it can be this much too large."""

IDLE = "idle"
"""The phase of a worker that found nothing to claim."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A unit that may be claimed, as this attempt."""

    unit: Unit
    attempt: int


@dataclass(frozen=True, slots=True)
class Listing:
    """The paths of a look, in the order they were listed: claims, outcomes, workers, left.

    Times are Unix seconds of the store's clock. ``now`` is the ``last_modified`` of the judge's own
    fresh heartbeat in the same listing as the others'; None when it was not in it, and then nobody
    is judged dead.
    """

    claims: Mapping[ClaimPath, float]
    outcomes: frozenset[OutcomePath]
    beats: Mapping[str, float]
    left: frozenset[str]
    now: float | None


@dataclass(frozen=True, slots=True)
class Judge:
    """Who looks, and by which rules.

    ``may_take_over`` is False for one lease after a late or failed heartbeat of one's own.
    """

    worker: str
    session: str
    lease_s: float
    may_take_over: bool = True


@dataclass(frozen=True, slots=True)
class Bodies:
    """What was read besides the listing.

    ``claims``: of unfinished attempts (None: unreadable). ``heartbeats``: of every worker that
    could be read. ``causes``: of outcomes that were opened (None: scored).
    """

    claims: Mapping[ClaimPath, Claim | None] = field(default_factory=dict)
    heartbeats: Mapping[str, Heartbeat] = field(default_factory=dict)
    causes: Mapping[OutcomePath, Cause | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Look:
    """What a worker sees: what it may claim, in the order to try, and what others hold.

    ``smallest`` is whether no live worker has a smaller id. A look at fresh units alone says
    nothing of the rest.
    """

    free: tuple[Candidate, ...]
    held: frozenset[Unit] = frozenset()
    done: frozenset[Unit] = frozenset()
    exhausted: Mapping[Unit, Cause] = field(default_factory=dict)
    smallest: bool = True


def untouched(units: Sequence[Unit], listing: Listing) -> list[Unit]:
    """Return the units that have neither a claim nor an outcome, in the given order."""
    touched = {path.unit for path in listing.claims} | {path.unit for path in listing.outcomes}
    return [unit for unit in units if unit not in touched]


def unfinished(listing: Listing) -> list[ClaimPath]:
    """Return each unit's highest attempt where it has a claim and no outcome."""
    answered = {(path.unit, path.attempt) for path in listing.outcomes}
    highest: dict[Unit, int] = {}
    for unit, attempt in (*((p.unit, p.attempt) for p in listing.claims), *answered):
        highest[unit] = max(attempt, highest.get(unit, 0))
    return sorted(
        path
        for path in listing.claims
        if path.attempt == highest[path.unit] and (path.unit, path.attempt) not in answered
    )


def unexplained(listing: Listing, heartbeats: Mapping[str, Heartbeat]) -> list[OutcomePath]:
    """Return the outcomes that must be opened, because their worker's index cannot be read."""
    return sorted(path for path in listing.outcomes if path.worker not in heartbeats)


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


def others_live(listing: Listing, judge: Judge) -> list[str]:
    """Return the other workers whose heartbeat is within the lease, smallest id first."""
    return sorted(
        worker
        for worker, beaten in listing.beats.items()
        if worker != judge.worker and is_live(worker, beaten, listing, judge.lease_s)
    )


def fresh_look(
    units: Sequence[Unit], expected: Sequence[float], listing: Listing, judge: Judge
) -> Look | None:
    """Return a look at what nobody has touched yet, or None when there is none of it."""
    fresh = set(untouched(units, listing))
    if not fresh:
        return None
    pairs = [
        (unit, seconds) for unit, seconds in zip(units, expected, strict=True) if unit in fresh
    ]
    return Look(free=_in_order([(Candidate(unit, 1), seconds) for unit, seconds in pairs], judge))


def full_look(
    units: Sequence[Unit],
    expected: Sequence[float],
    listing: Listing,
    bodies: Bodies,
    judge: Judge,
) -> Look:
    """Judge every unit by ``next_step``."""
    histories = _histories(listing, bodies)
    others = others_live(listing, judge)
    smallest = not others or judge.worker < others[0]
    free: list[tuple[Candidate, float]] = []
    held: set[Unit] = set()
    done: set[Unit] = set()
    exhausted: dict[Unit, Cause] = {}
    for unit, seconds in zip(units, expected, strict=True):
        history = histories.get(unit, ())
        live = _live(history, listing, judge)
        match next_step(history, live, judge.session):
            case Done():
                done.add(unit)
            case Exhausted(cause):
                exhausted[unit] = cause
            case Held(attempt, worker) if worker == judge.worker:
                # My own claim whose answer never reached me: creating it again tells.
                free.append((Candidate(unit, attempt), seconds))
            case Held():
                held.add(unit)
            case Free(attempt):
                if _may_claim(history, judge, company=bool(others)):
                    free.append((Candidate(unit, attempt), seconds))
                else:
                    held.add(unit)
    return Look(_in_order(free, judge), frozenset(held), frozenset(done), exhausted, smallest)


def _may_claim(history: Sequence[Attempt], judge: Judge, *, company: bool) -> bool:
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


def _live(history: Sequence[Attempt], listing: Listing, judge: Judge) -> frozenset[int]:
    return frozenset(
        attempt.number
        for attempt in history
        if not attempt.finished and is_live(attempt.worker, attempt.since, listing, judge.lease_s)
    )


def _histories(listing: Listing, bodies: Bodies) -> dict[Unit, list[Attempt]]:
    index = {
        OutcomePath(line.unit, line.attempt, worker): line
        for worker, beat in bodies.heartbeats.items()
        for line in beat.index
    }
    histories: dict[Unit, list[Attempt]] = {}
    for path in listing.outcomes:
        line = index.get(path)
        beat = bodies.heartbeats.get(path.worker)
        cause = bodies.causes.get(path, line.cause if line else None)
        attempt = Attempt(
            number=path.attempt,
            worker=path.worker,
            session=beat.session if beat else "",
            machine=beat.machine if beat else "",
            finished=True,
            cause=cause,
            flags=line.flags if line else (),
        )
        histories.setdefault(path.unit, []).append(attempt)
    answered = {(path.unit, path.attempt) for path in listing.outcomes}
    for claimed, since in listing.claims.items():
        if (claimed.unit, claimed.attempt) not in answered:
            claim = bodies.claims.get(claimed)
            worker, session = (claim.worker, claim.session) if claim else ("", "")
            attempt = Attempt(claimed.attempt, worker, session, since=since)
            histories.setdefault(claimed.unit, []).append(attempt)
    return histories


def _in_order(free: Sequence[tuple[Candidate, float]], judge: Judge) -> tuple[Candidate, ...]:
    by_name = {str(candidate.unit): candidate for candidate, _ in free}
    order = steal_order([(str(one.unit), seconds) for one, seconds in free], judge.worker)
    return tuple(by_name[name] for name in order)
