"""What the fleet said it was about to do, did and saw: events, for display and for the cost.

Pure. No score is counted by them; what earlier starts of a run spent of its ceiling is. Each is an
object of its own, create-only, by one actor: a command's process, or a machine.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from orchestrator.encoding import canonical

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from orchestrator.ledger.fold import Stored

Fact = str | float | bool | None | tuple[str, ...]
"""What a fact may be: a text, a number, a yes or no, nothing, or a list of texts."""

MACHINE_ACTOR = "machine-"
"""What a machine's own actor name begins with; its name follows."""

_PATH = re.compile(r"events/([A-Za-z0-9][A-Za-z0-9._-]*)/([0-9]{6,9})\.json\Z")


@dataclass(frozen=True, slots=True)
class Event:
    """One thing the fleet meant to do, did, or saw. ``at`` is Unix seconds of the actor's clock.

    ``stage`` is ``intent`` before a call, ``done`` or ``failed`` after it, ``seen`` otherwise.
    ``facts`` hold what a program would want of it; ``detail`` says it to a person.
    """

    actor: str
    seq: int
    at: float
    kind: str
    stage: str
    machine: str = ""
    detail: str = ""
    facts: Mapping[str, Fact] = field(default_factory=dict)

    def number(self, fact: str) -> float | None:
        """Return a fact that is a number, None when it is not there or is none."""
        value = self.facts.get(fact)
        return None if isinstance(value, bool) or not isinstance(value, int | float) else value

    def text(self, fact: str) -> str:
        """Return a fact that is a text, or ""."""
        value = self.facts.get(fact)
        return value if isinstance(value, str) else ""

    def yes(self, fact: str) -> bool:
        """Whether a fact is true."""
        return self.facts.get(fact) is True

    def texts(self, fact: str) -> tuple[str, ...]:
        """Return a fact that is a list of texts, or nothing."""
        value = self.facts.get(fact)
        return value if isinstance(value, tuple) else ()


def to_bytes(event: Event) -> bytes:
    """Return the event's canonical JSON text."""
    return canonical(asdict(event))


def read_events(objects: Iterable[Stored]) -> tuple[tuple[Event, ...], tuple[str, ...]]:
    """Return what can be read of these objects, oldest first, and the paths of what cannot."""
    result: dict[str, Event] = {}
    damage: list[str] = []
    for stored in objects:
        event = parse_event(stored.path, stored.data)
        if event is None:
            damage.append(stored.path)
        else:
            result[stored.path] = event
    ordered = sorted(result.values(), key=lambda event: (event.at, event.actor, event.seq))
    return tuple(ordered), tuple(sorted(set(damage)))


def parse_event(path: str, data: bytes) -> Event | None:
    """Return the event, or None when it cannot be read or is filed under another's name."""
    match = _PATH.match(path)
    try:
        document = json.loads(data)
        event = Event(
            actor=_text(document["actor"]),
            seq=int(document["seq"]),
            at=_moment(document["at"]),
            kind=_text(document["kind"]),
            stage=_text(document["stage"]),
            machine=_text(document.get("machine", "")),
            detail=_text(document.get("detail", "")),
            facts={_text(name): _fact(value) for name, value in document.get("facts", {}).items()},
        )
    except _DAMAGE:
        return None
    if match is None or (match.group(1), int(match.group(2))) != (event.actor, event.seq):
        return None
    return event


# What reading a foreign or truncated document can raise.
_DAMAGE = (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _moment(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError(value)
    return float(value)


def _fact(value: Any) -> Fact:
    if isinstance(value, list):
        return tuple(_text(entry) for entry in value)
    if value is None or isinstance(value, str | bool):
        return value
    return _moment(value)
