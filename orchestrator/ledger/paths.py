"""Where each object of a run lives below ``<store>/<run>/``.

Paths are built and parsed here and nowhere else. A path that does not parse is damage, never an
exception: what a store holds is hostile input.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from orchestrator.ledger.causes import Cause, read_cause
from orchestrator.planning.suite import TaskKey, Unit

PLAN = "plan.json"
SESSIONS = "sessions/"
CLAIMS = "claims/"
OUTCOMES = "outcomes/"
UNSCORED = "unscored/"
WORKERS = "workers/"
LEFT = "left/"
CONTROL = "control/"
TOUCHED = "touched/"
AGAIN = "again/"
WATCH = "watch/"
EVIDENCE = "evidence/"
EVENTS = "events/"

_PART = r"([A-Za-z0-9][A-Za-z0-9._-]*)"
_NUMBER = r"(0|[1-9][0-9]{0,8})"
_CLAIM = re.compile(rf"claims/{_PART}/{_PART}/{_NUMBER}/{_NUMBER}\.json\Z")
_OUTCOME = re.compile(rf"outcomes/{_PART}/{_PART}/{_NUMBER}/{_NUMBER}-{_PART}\.json\Z")
_UNSCORED = re.compile(
    rf"unscored/{_PART}/{_PART}/{_NUMBER}/{_NUMBER}/{_PART}/{_PART}/([a-z-]+)\.json\Z"
)
_CONTROL = re.compile(rf"control/{_PART}/{_PART}\.json\Z")
_TOUCHED = re.compile(rf"touched/{_NUMBER}/{_NUMBER}/{_NUMBER}\.json\Z")
_AGAIN = re.compile(rf"again/{_PART}/{_PART}/{_NUMBER}/{_NUMBER}\.json\Z")
_WATCH = re.compile(rf"watch/{_PART}/{_NUMBER}/{_PART}\.json\Z")
_OWNED = re.compile(rf"(workers|left|sessions)/{_PART}\.json\Z")


@dataclass(frozen=True, slots=True, order=True)
class ClaimPath:
    """The identity that a claim's path carries. Attempts count from 1, as integers."""

    unit: Unit
    attempt: int


@dataclass(frozen=True, slots=True, order=True)
class OutcomePath:
    """The identity that an outcome's path carries."""

    unit: Unit
    attempt: int
    worker: str


@dataclass(frozen=True, slots=True, order=True)
class UnscoredPath:
    """What a mark's path says: this worker's outcome of this attempt has this cause.

    A mark is written before its outcome, so that a listing alone tells what has to be tried again.
    """

    unit: Unit
    attempt: int
    worker: str
    session: str
    cause: Cause


def claim(unit: Unit, attempt: int) -> str:
    """Return the path of the claim on this attempt."""
    return f"{CLAIMS}{unit}/{attempt}.json"


def claims_of(unit: Unit) -> str:
    """Return the prefix under which a unit's claims are listed."""
    return f"{CLAIMS}{unit}/"


def outcome(unit: Unit, attempt: int, worker: str) -> str:
    """Return the path of this worker's outcome of this attempt."""
    return f"{OUTCOMES}{unit}/{attempt}-{worker}.json"


def outcomes_of(unit: Unit) -> str:
    """Return the prefix under which a unit's outcomes are listed."""
    return f"{OUTCOMES}{unit}/"


def unscored(mark: UnscoredPath) -> str:
    """Return the path of the mark that precedes an outcome with a cause."""
    where = f"{mark.unit}/{mark.attempt}/{mark.worker}/{mark.session}"
    return f"{UNSCORED}{where}/{mark.cause}.json"


def unscored_of(unit: Unit) -> str:
    """Return the prefix under which the marks of a unit's failures are listed."""
    return f"{UNSCORED}{unit}/"


def touched(level: int, node: int, child: int) -> str:
    """Return the path of the mark that says that all below this child of a node is claimed.

    Nodes are those of ``groups.Groups``. A claim is never deleted, and so it is true for ever.
    """
    return f"{touched_of(level, node)}{child}.json"


def touched_of(level: int, node: int) -> str:
    """Return the prefix under which a node's marks are listed."""
    return f"{TOUCHED}{level}/{node}/"


MARKED = f"{TOUCHED}begun/"
"""The prefix of the one object that says that every claim of this ledger leaves a mark."""


def again(unit: Unit, attempt: int) -> str:
    """Return the path of the mark that a second or later attempt is claimed."""
    return f"{AGAIN}{unit}/{attempt}.json"


def watch(session_name: str, number: int, who: str) -> str:
    """Return the path of the mark that an idle worker stays, so that others may leave."""
    return f"{WATCH}{session_name}/{number}/{who}.json"


def verified(session_name: str) -> str:
    """Return the path of the mark that a watcher has opened everything, and it is settled."""
    return f"{WATCH}{session_name}/verified.json"


def watches_of(session_name: str) -> str:
    """Return the prefix under which a session's watches are listed."""
    return f"{WATCH}{session_name}/"


def evidence(unit: Unit, attempt: int, worker: str) -> str:
    """Return the prefix of the evidence for this worker's attempt."""
    return f"{EVIDENCE}{unit}/{attempt}-{worker}/"


def worker(name: str) -> str:
    """Return the path of a worker's heartbeat."""
    return f"{WORKERS}{name}.json"


def left(name: str) -> str:
    """Return the path of the proof that a worker has ended."""
    return f"{LEFT}{name}.json"


def session(name: str) -> str:
    """Return the path of a session's record."""
    return f"{SESSIONS}{name}.json"


def control(session_name: str, order: str) -> str:
    """Return the path of an order to a session: ``drain``, ``closing``, or of an outage (below)."""
    return f"{CONTROL}{session_name}/{order}.json"


def controls_of(session_name: str) -> str:
    """Return the prefix under which a session's orders are listed."""
    return f"{CONTROL}{session_name}/"


def trial_write(session_name: str, nonce: str) -> str:
    """Return the path at which a session proves its store: beside what workers list often."""
    return f"probes/{session_name}-{nonce}.json"


def hold(number: int) -> str:
    """Return the order by which a session claims nothing: its model's provider does not answer."""
    return f"hold-{number}"


def resume(number: int) -> str:
    """Return the order that ends the hold of this number: an answer came."""
    return f"resume-{number}"


def probe(number: int, turn: int) -> str:
    """Return the order by which one worker alone tries a task in a hold."""
    return f"probe-{number}-{turn}"


def probed(number: int, turn: int) -> str:
    """Return the order that says that a probe met no answer, so that the next may follow."""
    return f"probed-{number}-{turn}"


def event(actor: str, seq: int) -> str:
    """Return the path of an actor's event, numbered from 1."""
    return f"{EVENTS}{actor}/{seq:06d}.json"


def parse_claim(path: str) -> ClaimPath | None:
    """Return what a claim's path says, or None when it is not one."""
    match = _CLAIM.match(path)
    if match is None:
        return None
    domain, name, trial, attempt = match.groups()
    return ClaimPath(Unit(TaskKey(domain, name), int(trial)), int(attempt))


def parse_outcome(path: str) -> OutcomePath | None:
    """Return what an outcome's path says, or None when it is not one."""
    match = _OUTCOME.match(path)
    if match is None:
        return None
    domain, name, trial, attempt, who = match.groups()
    return OutcomePath(Unit(TaskKey(domain, name), int(trial)), int(attempt), who)


def parse_unscored(path: str) -> UnscoredPath | None:
    """Return what a mark's path says, or None when it is not one.

    A mark with a cause of a later version is a mark: its attempt is not scored.
    """
    match = _UNSCORED.match(path)
    if match is None:
        return None
    domain, name, trial, attempt, who, when, cause = match.groups()
    unit = Unit(TaskKey(domain, name), int(trial))
    return UnscoredPath(unit, int(attempt), who, when, read_cause(cause))


def parse_touched(path: str) -> tuple[int, int, int] | None:
    """Return the level, node and child that a mark of claimed units names, or None."""
    match = _TOUCHED.match(path)
    if match is None:
        return None
    level, node, child = (int(part) for part in match.groups())
    return level, node, child


def parse_again(path: str) -> ClaimPath | None:
    """Return which claim a mark of a further attempt tells of, or None."""
    match = _AGAIN.match(path)
    if match is None:
        return None
    domain, name, trial, attempt = match.groups()
    return ClaimPath(Unit(TaskKey(domain, name), int(trial)), int(attempt))


def parse_watch(path: str) -> tuple[int, str] | None:
    """Return the number and the worker of a watch, or None."""
    match = _WATCH.match(path)
    return None if match is None else (int(match.group(2)), match.group(3))


def parse_control(path: str) -> tuple[str, str] | None:
    """Return the session and the order that a control's path names, or None."""
    match = _CONTROL.match(path)
    return None if match is None else (match.group(1), match.group(2))


def parse_owned(path: str) -> str | None:
    """Return whose ``workers/``, ``left/`` or ``sessions/`` object this is, or None."""
    match = _OWNED.match(path)
    return None if match is None else match.group(2)
