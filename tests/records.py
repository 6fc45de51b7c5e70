"""Strategies and shorthands for the records of a ledger."""

from __future__ import annotations

from hypothesis import strategies as st

from orchestrator.ledger import paths
from orchestrator.ledger.causes import Cause, Flag
from orchestrator.ledger.fold import Stored
from orchestrator.ledger.records import Claim, Heartbeat, Left, Mark, Outcome, Session, to_json
from orchestrator.planning.suite import TaskKey, Unit

NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,11}", fullmatch=True)
SECONDS = st.floats(0, 1e6, allow_nan=False)
TEXTS = st.text(max_size=60)
UNITS = st.builds(Unit, st.builds(TaskKey, NAMES, NAMES), st.integers(0, 5))
FLAGS = st.lists(st.sampled_from(Flag), unique=True, max_size=2).map(tuple)
MAPS = st.dictionaries(NAMES, TEXTS, max_size=3)

CLAIMS = st.builds(Claim, NAMES, NAMES, NAMES)
MARKS = st.builds(Mark, NAMES, FLAGS)
SESSIONS = st.builds(Session, NAMES, SECONDS, TEXTS, st.integers(0, 99))
LEFT = st.builds(Left, NAMES, NAMES, TEXTS, NAMES, st.none() | st.integers(-64, 255), SECONDS)
HEARTBEATS = st.builds(
    Heartbeat,
    worker=NAMES,
    session=NAMES,
    machine=NAMES,
    shard=st.integers(0, 255),
    phase=NAMES,
    beat=st.integers(0, 10**6),
    unit=st.none() | UNITS,
    attempt=st.integers(0, 9),
    done=st.integers(0, 99),
    assigned=st.integers(0, 99),
    since=SECONDS,
    screenshot=TEXTS,
    note=TEXTS,
    fingerprint=MAPS,
)


@st.composite
def outcomes(draw: st.DrawFn, units: st.SearchStrategy[Unit] = UNITS) -> Outcome:
    """Draw an outcome that is either scored or has a cause."""
    cause = draw(st.none() | st.sampled_from(Cause))
    score = draw(st.sampled_from([0.0, 0.25, 0.5, 1.0])) if cause is None else None
    return Outcome(
        unit=draw(units),
        attempt=draw(st.integers(1, 6)),
        worker=draw(st.sampled_from(["w0", "w1", "w2"])),
        session=draw(st.sampled_from(["s0", "s1"])),
        machine=draw(st.sampled_from(["m0", "m1"])),
        score=score,
        cause=cause,
        message=draw(TEXTS),
        flags=draw(FLAGS),
        steps=draw(st.integers(0, 50)),
        seconds=draw(SECONDS),
        started=draw(SECONDS),
        ended=draw(SECONDS),
        phases=draw(st.dictionaries(NAMES, SECONDS, max_size=2)),
        fingerprint=draw(MAPS),
    )


def outcome(
    unit: Unit,
    attempt: int = 1,
    *,
    score: float | None = None,
    cause: Cause | None = None,
    worker: str = "w0",
    session: str = "s0",
    machine: str = "m0",
    flags: tuple[Flag, ...] = (),
) -> Outcome:
    """Return an outcome with what matters to a test."""
    return Outcome(unit, attempt, worker, session, machine, score, cause, flags=flags)


def stored(record: Outcome | Session | Heartbeat, at: float = 0.0) -> Stored:
    """Return a record as its store has it."""
    if isinstance(record, Heartbeat):
        return Stored(paths.worker(record.worker), at, to_json(record))
    if isinstance(record, Session):
        return Stored(paths.session(record.session), at, to_json(record))
    path = paths.outcome(record.unit, record.attempt, record.worker)
    return Stored(path, at, to_json(record))


def claimed(unit: Unit, attempt: int, worker: str, session: str = "s0", at: float = 0.0) -> Stored:
    """Return a claim as its store has it."""
    claim = Claim(worker, session, f"{worker}-{attempt}")
    return Stored(paths.claim(unit, attempt), at, to_json(claim))
