"""What each object of a ledger holds: frozen values that round-trip JSON.

``to_json`` writes canonical text (sorted keys), so that the same value is the same bytes.
``parse_*`` return None for anything unreadable: damage is set aside and named, it never raises.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from orchestrator.encoding import canonical
from orchestrator.ledger.causes import Cause, Flag, Status, is_final, read_cause, read_flags
from orchestrator.planning.suite import TaskKey, Unit

if TYPE_CHECKING:
    from collections.abc import Mapping

MESSAGE_LIMIT = 500
"""Characters of an attempt's message that are kept; the whole text is evidence."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A worker's hold on one attempt. ``nonce`` tells my create from another's."""

    worker: str
    session: str
    nonce: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one attempt ended.

    Exactly one of ``score`` (the client's, in [0, 1]) and ``cause`` is set. ``seconds`` and
    ``phases`` are durations in seconds, ``started`` and ``ended`` wall-clock Unix seconds, for
    display only. ``machine`` names the machine whose arena it ran in.
    """

    unit: Unit
    attempt: int
    worker: str
    session: str
    machine: str
    score: float | None
    cause: Cause | None
    message: str = ""
    flags: tuple[Flag, ...] = ()
    steps: int = 0
    seconds: float = 0.0
    started: float = 0.0
    ended: float = 0.0
    phases: Mapping[str, float] = field(default_factory=dict)
    fingerprint: Mapping[str, str] = field(default_factory=dict)

    @property
    def status(self) -> Status:
        """How this attempt would be counted on its own."""
        if self.cause is None or is_final(self.cause):
            return Status.SCORED
        return Status.MISSING if self.cause is Cause.RELEASED else Status.INFRASTRUCTURE

    @property
    def points(self) -> float | None:
        """The score it counts for: the client's, 0 for a final cause, None when not scored."""
        if self.score is not None:
            return self.score
        return 0.0 if self.status is Status.SCORED else None


@dataclass(frozen=True, slots=True)
class Mark:
    """What a mark holds beside its path: where the attempt was lost, and how."""

    machine: str
    flags: tuple[Flag, ...] = ()


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A worker's own view of itself, overwritten by it alone."""

    worker: str
    session: str
    machine: str
    shard: int
    phase: str
    beat: int
    unit: Unit | None = None
    attempt: int = 0
    done: int = 0
    assigned: int = 0
    since: float = 0.0
    screenshot: str = ""
    note: str = ""
    fingerprint: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Left:
    """A worker has ended: by its own word, or because ``by`` has proof of its death."""

    worker: str
    session: str
    reason: str
    by: str
    exit_code: int | None = None
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Session:
    """One start of a run. ``started`` is wall-clock Unix seconds; it orders sessions."""

    session: str
    started: float
    who: str
    machines: int


def to_json(record: Claim | Outcome | Mark | Heartbeat | Left | Session) -> bytes:
    """Return the canonical JSON text of a record."""
    return canonical(_plain(asdict(record)))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def parse_claim(data: bytes) -> Claim | None:
    """Return the claim, or None when it cannot be read."""
    document = _document(data)
    try:
        return Claim(
            worker=_text(document["worker"]),
            session=_text(document["session"]),
            nonce=_text(document["nonce"]),
        )
    except _DAMAGE:
        return None


def parse_outcome(data: bytes) -> Outcome | None:
    """Return the outcome, or None when it cannot be read or contradicts itself.

    A later version's cause is UNKNOWN, and its flags are left out: its score stays a score.
    """
    document = _document(data)
    try:
        score = document["score"]
        cause = None if document["cause"] is None else read_cause(_text(document["cause"]))
        if (score is None) == (cause is None):
            return None
        return Outcome(
            unit=_unit(document["unit"]),
            attempt=_count(document["attempt"]),
            worker=_text(document["worker"]),
            session=_text(document["session"]),
            machine=_text(document["machine"]),
            score=None if score is None else _unit_interval(score),
            cause=cause,
            message=_text(document["message"])[:MESSAGE_LIMIT],
            flags=read_flags([_text(flag) for flag in document["flags"]]),
            steps=_count(document["steps"]),
            seconds=_number(document["seconds"]),
            started=_number(document["started"]),
            ended=_number(document["ended"]),
            phases={_text(key): _number(value) for key, value in document["phases"].items()},
            fingerprint=_texts(document["fingerprint"]),
        )
    except _DAMAGE:
        return None


def parse_mark(data: bytes) -> Mark | None:
    """Return the mark, or None when it cannot be read."""
    document = _document(data)
    try:
        flags = read_flags([_text(flag) for flag in document["flags"]])
        return Mark(machine=_text(document["machine"]), flags=flags)
    except _DAMAGE:
        return None


def parse_heartbeat(data: bytes) -> Heartbeat | None:
    """Return the heartbeat, or None when it cannot be read."""
    document = _document(data)
    try:
        return Heartbeat(
            worker=_text(document["worker"]),
            session=_text(document["session"]),
            machine=_text(document["machine"]),
            shard=_count(document["shard"]),
            phase=_text(document["phase"]),
            beat=_count(document["beat"]),
            unit=None if document["unit"] is None else _unit(document["unit"]),
            attempt=_count(document["attempt"]),
            done=_count(document["done"]),
            assigned=_count(document["assigned"]),
            since=_number(document["since"]),
            screenshot=_text(document["screenshot"]),
            note=_text(document["note"]),
            fingerprint=_texts(document["fingerprint"]),
        )
    except _DAMAGE:
        return None


def parse_left(data: bytes) -> Left | None:
    """Return the proof of an end, or None when it cannot be read."""
    document = _document(data)
    try:
        code = document["exit_code"]
        return Left(
            worker=_text(document["worker"]),
            session=_text(document["session"]),
            reason=_text(document["reason"]),
            by=_text(document["by"]),
            exit_code=None if code is None else int(code),
            at=_number(document["at"]),
        )
    except _DAMAGE:
        return None


def parse_session(data: bytes) -> Session | None:
    """Return the session's record, or None when it cannot be read."""
    document = _document(data)
    try:
        return Session(
            session=_text(document["session"]),
            started=_number(document["started"]),
            who=_text(document["who"]),
            machines=_count(document["machines"]),
        )
    except _DAMAGE:
        return None


# What reading a foreign or truncated document can raise.
_DAMAGE = (KeyError, TypeError, ValueError, AttributeError, OverflowError)


def _document(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _texts(value: Any) -> dict[str, str]:
    return {_text(key): _text(item) for key, item in value.items()}


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError(value)
    return value


def _number(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise TypeError(value)
    return float(value)


def _unit_interval(value: Any) -> float:
    number = _number(value)
    if not 0.0 <= number <= 1.0:
        raise ValueError(value)
    return number


def _unit(value: Any) -> Unit:
    task = value["task"]
    return Unit(TaskKey(_text(task["domain"]), _text(task["name"])), _count(value["trial"]))


_YEAR_2100 = 4_102_444_800.0


def plausible_time(unix: float) -> bool:
    """Whether Unix seconds can be shown as a date: a foreign record may say anything."""
    return 0 < unix < _YEAR_2100
