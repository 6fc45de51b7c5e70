"""Folds the objects of a ledger into what happened to every task.

Pure, and indifferent to the order and the repetition of objects: the same set of objects gives the
same result, however often and in whichever order a store lists them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from orchestrator.ledger import paths
from orchestrator.ledger.attempts import Attempt, agent_broke_arena
from orchestrator.ledger.causes import RULES, Cause, Status
from orchestrator.ledger.outages import refused_together
from orchestrator.ledger.records import (
    MESSAGE_LIMIT,
    Claim,
    Heartbeat,
    Left,
    Outcome,
    Session,
    parse_claim,
    parse_heartbeat,
    parse_left,
    parse_outcome,
    parse_session,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from orchestrator.ledger.paths import ClaimPath, OutcomePath
    from orchestrator.planning.suite import Unit


@dataclass(frozen=True, slots=True)
class Stored:
    """One object as a store gave it: ``modified`` in Unix seconds of the store's clock.

    ``shared``: from the ledger that all workers write to. Otherwise from a worker's own copy, which
    may hold what that worker thought before it heard that others had gone on without it.
    """

    path: str
    modified: float
    data: bytes
    shared: bool = True


@dataclass(slots=True)
class Snapshot:
    """A ledger's objects, parsed. A None record is an object that could not be read.

    ``copies`` are the outcomes that only a worker's own ledger holds.
    """

    claims: dict[ClaimPath, Claim | None] = field(default_factory=dict)
    claimed_at: dict[ClaimPath, float] = field(default_factory=dict)
    outcomes: dict[OutcomePath, Outcome | None] = field(default_factory=dict)
    copies: set[OutcomePath] = field(default_factory=set)
    recorded_at: dict[OutcomePath, float] = field(default_factory=dict)
    heartbeats: dict[str, Heartbeat] = field(default_factory=dict)
    beaten_at: dict[str, float] = field(default_factory=dict)
    left: dict[str, Left | None] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)
    damage: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class TaskResult:
    """What happened to one trial of one task.

    ``score`` is what it counts for (None unless ``status`` is scored). ``counted`` is the outcome
    the count rests on, ``attempts`` every attempt in (session start, attempt, worker) order.
    """

    unit: Unit
    status: Status
    cause: Cause | None
    score: float | None
    counted: Outcome | None
    attempts: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class Folded:
    """A run as its ledger tells it. ``results`` has every expected unit, in the given order."""

    results: tuple[TaskResult, ...]
    sessions: tuple[Session, ...]
    heartbeats: Mapping[str, Heartbeat]
    left: Mapping[str, Left]
    damage: tuple[str, ...]

    def count(self, status: Status) -> int:
        """Return how many units are counted so."""
        return sum(result.status is status for result in self.results)

    @property
    def complete(self) -> bool:
        """Whether every expected unit is scored."""
        return all(result.status is Status.SCORED for result in self.results)


def read_objects(objects: Iterable[Stored]) -> Snapshot:
    """Parse the objects of a ledger; evidence, events and the plan are passed over.

    Of several objects of one path a shared one outranks a worker's own copy. Two unlike texts of
    one rank are damage, and the text that sorts first counts. Of heartbeats, which are overwritten,
    the latest does.
    """
    snapshot = Snapshot()
    for stored in _each_path_once(objects, snapshot.damage):
        reader = _READERS.get(_prefix(stored.path))
        if reader is not None and not reader(snapshot, stored):
            snapshot.damage.add(stored.path)
    _humble_copies(snapshot)
    return snapshot


def _prefix(path: str) -> str:
    return path.split("/", 1)[0] + "/"


def _each_path_once(objects: Iterable[Stored], damage: set[str]) -> Iterator[Stored]:
    """Yield what counts of each path, whatever the order; name contradictions in ``damage``."""
    by_path: dict[str, list[Stored]] = {}
    for stored in objects:
        by_path.setdefault(stored.path, []).append(stored)
    for path, group in by_path.items():
        if _prefix(path) == paths.WORKERS:
            yield from sorted(group, key=lambda stored: stored.data)
            continue
        ranked = [stored for stored in group if stored.shared] or group
        if len({stored.data for stored in ranked}) > 1:
            damage.add(path)
        yield min(ranked, key=lambda stored: (stored.data, stored.modified))


def _humble_copies(snapshot: Snapshot) -> None:
    """Take a verdict that only its worker's own copy holds for lost once others had gone on.

    A score that the client wrote stands. A cause is a judgement, which a worker that was taken for
    dead may not make any more: the shared ledger would have said ``lost`` too.
    """
    claimed: dict[Unit, int] = {}
    for key in snapshot.claims:
        claimed[key.unit] = max(key.attempt, claimed.get(key.unit, 0))
    for path in snapshot.copies:
        outcome = snapshot.outcomes[path]
        if outcome is None or outcome.cause in (None, Cause.LOST, Cause.RELEASED):
            continue
        if claimed.get(path.unit, 0) > path.attempt:
            message = f"taken over by another worker (this one saw {outcome.cause})"
            snapshot.outcomes[path] = replace(outcome, cause=Cause.LOST, message=message)


def _read_claim(snapshot: Snapshot, stored: Stored) -> bool:
    key = paths.parse_claim(stored.path)
    if key is None:
        return False
    snapshot.claims[key] = parse_claim(stored.data)
    snapshot.claimed_at[key] = stored.modified
    return snapshot.claims[key] is not None


def _read_outcome(snapshot: Snapshot, stored: Stored) -> bool:
    key = paths.parse_outcome(stored.path)
    if key is None:
        return False
    record = parse_outcome(stored.data)
    # An outcome filed under another task's, attempt's or worker's name is damage, not a result.
    if record is not None and (record.unit, record.attempt, record.worker) != (
        key.unit,
        key.attempt,
        key.worker,
    ):
        record = None
    snapshot.outcomes[key] = record
    snapshot.recorded_at[key] = stored.modified
    if not stored.shared:
        snapshot.copies.add(key)
    return record is not None


def _read_heartbeat(snapshot: Snapshot, stored: Stored) -> bool:
    owner = paths.parse_owned(stored.path)
    record = parse_heartbeat(stored.data)
    if owner is None or record is None or record.worker != owner:
        return False
    known = snapshot.heartbeats.get(owner)
    if known is None or record.beat >= known.beat:
        snapshot.heartbeats[owner] = record
    snapshot.beaten_at[owner] = max(stored.modified, snapshot.beaten_at.get(owner, 0.0))
    return True


def _read_left(snapshot: Snapshot, stored: Stored) -> bool:
    owner = paths.parse_owned(stored.path)
    if owner is None:
        return False
    snapshot.left[owner] = parse_left(stored.data)
    return snapshot.left[owner] is not None


def _read_session(snapshot: Snapshot, stored: Stored) -> bool:
    record = parse_session(stored.data)
    if record is None or paths.parse_owned(stored.path) != record.session:
        return False
    snapshot.sessions[record.session] = record
    return True


_READERS: Mapping[str, Callable[[Snapshot, Stored], bool]] = {
    paths.CLAIMS: _read_claim,
    paths.OUTCOMES: _read_outcome,
    paths.WORKERS: _read_heartbeat,
    paths.LEFT: _read_left,
    paths.SESSIONS: _read_session,
}


def fold(units: Sequence[Unit], snapshot: Snapshot, live: frozenset[str] = frozenset()) -> Folded:
    """Return what happened to every expected unit.

    Args:
        units: The plan's units; each is in the result once, whatever the ledger holds.
        snapshot: The ledger's objects.
        live: Workers still at work. A claim of theirs without an outcome is not yet anything; any
            other is ``lost``. Empty once a run is over.
    """
    attempts = _attempts(snapshot, live)
    return Folded(
        results=tuple(_result(unit, attempts.get(unit, ()), snapshot) for unit in units),
        sessions=tuple(sorted(snapshot.sessions.values(), key=lambda s: (s.started, s.session))),
        heartbeats=dict(sorted(snapshot.heartbeats.items())),
        left={name: record for name, record in sorted(snapshot.left.items()) if record is not None},
        damage=tuple(sorted(snapshot.damage)),
    )


def _attempts(snapshot: Snapshot, live: frozenset[str]) -> dict[Unit, list[Outcome]]:
    """Return each unit's outcomes, with a ``lost`` for every claim whose worker left none."""
    result: dict[Unit, list[Outcome]] = {}
    refused = refused_together(
        (record, snapshot.recorded_at.get(key, 0.0))
        for key, record in snapshot.outcomes.items()
        if record is not None
    )
    for key, record in snapshot.outcomes.items():
        judged = _refused(record) if record is not None and key in refused else record
        result.setdefault(key.unit, []).append(judged or _damaged(key, snapshot))
    answered = {(key.unit, key.attempt) for key in snapshot.outcomes}
    for claim_key, claim in snapshot.claims.items():
        worker = claim.worker if claim else ""
        if (claim_key.unit, claim_key.attempt) in answered or worker in live:
            continue
        result.setdefault(claim_key.unit, []).append(_lost(claim_key, claim, snapshot))
    for unit, outcomes in result.items():
        outcomes.sort(key=lambda outcome: _order(outcome, snapshot))
        result[unit] = outcomes
    return result


def _refused(outcome: Outcome) -> Outcome:
    """Return a bad request as the model's: tasks that have nothing in common all met it."""
    message = f"several tasks in a row met it, so it is no task's own: {outcome.message}"
    return replace(outcome, cause=Cause.MODEL, message=message[:MESSAGE_LIMIT])


def _order(outcome: Outcome, snapshot: Snapshot) -> tuple[float, int, str]:
    session = snapshot.sessions.get(outcome.session)
    return (session.started if session else float("inf"), outcome.attempt, outcome.worker)


def _damaged(key: OutcomePath, snapshot: Snapshot) -> Outcome:
    claim = snapshot.claims.get(paths.ClaimPath(key.unit, key.attempt))
    return _without_outcome(
        key.unit, key.attempt, key.worker, claim, snapshot, "its outcome is unreadable"
    )


def _lost(key: ClaimPath, claim: Claim | None, snapshot: Snapshot) -> Outcome:
    worker = claim.worker if claim else ""
    why = "its worker ended without an outcome" if claim else "its claim is unreadable"
    return _without_outcome(key.unit, key.attempt, worker, claim, snapshot, why)


def _without_outcome(  # the parts of one record, named at each call
    unit: Unit, attempt: int, worker: str, claim: Claim | None, snapshot: Snapshot, why: str
) -> Outcome:
    beat = snapshot.heartbeats.get(worker)
    return Outcome(
        unit=unit,
        attempt=attempt,
        worker=worker,
        session=claim.session if claim else "",
        machine=beat.machine if beat else "",
        score=None,
        cause=Cause.LOST,
        message=why,
        fingerprint=beat.fingerprint if beat else {},
    )


def _result(unit: Unit, attempts: Sequence[Outcome], snapshot: Snapshot) -> TaskResult:
    """Count a unit: the first scored attempt, else the last cause, else missing."""
    ordered = tuple(attempts)
    scored = next((outcome for outcome in ordered if outcome.status is Status.SCORED), None)
    if scored is not None:
        return TaskResult(unit, Status.SCORED, scored.cause, scored.points, scored, ordered)
    if agent_broke_arena(as_history(ordered, snapshot)):
        last = ordered[-1]
        return TaskResult(unit, Status.SCORED, Cause.AGENT_BROKE_ARENA, 0.0, last, ordered)
    failed = [outcome for outcome in ordered if outcome.cause is not Cause.RELEASED]
    if not failed:
        return TaskResult(unit, Status.MISSING, None, None, None, ordered)
    last = failed[-1]
    assert last.cause is not None
    return TaskResult(unit, RULES[last.cause].counted, last.cause, None, last, ordered)


def as_history(outcomes: Iterable[Outcome], snapshot: Snapshot) -> list[Attempt]:
    """Return outcomes as the history that ``next_step`` reads."""
    return [
        Attempt(
            number=outcome.attempt,
            worker=outcome.worker,
            session=outcome.session,
            machine=outcome.machine,
            finished=True,
            cause=outcome.cause,
            flags=outcome.flags,
            since=snapshot.claimed_at.get(paths.ClaimPath(outcome.unit, outcome.attempt), 0.0),
        )
        for outcome in outcomes
    ]
