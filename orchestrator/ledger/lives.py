"""Folds a fleet's events into its machines' lives, and what each was billed for. Pure.

Events are foreign text: a machine's own are believed of that machine alone, and times that cannot
be are left out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orchestrator.ledger.events import MACHINE_ACTOR
from orchestrator.ledger.records import plausible_time
from orchestrator.planning.costs import Bill

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orchestrator.ledger.events import Event


@dataclass(slots=True)
class Life:
    """What is known of one machine while its events are read."""

    name: str
    real: bool = False
    facts: dict[str, Event] = field(default_factory=dict)
    moments: dict[str, float] = field(default_factory=dict)
    why: str = ""

    def at(self, moment: str, when: float | None) -> bool:
        """Keep the earliest sighting of a moment; say whether this is it."""
        if when is None or not plausible_time(when):
            return False
        if when < self.moments.get(moment, math.inf):
            self.moments[moment] = when
            return True
        return False

    def number(self, fact: str) -> float | None:
        """Return the first number that was told of a fact, None when nobody told one."""
        return next(
            (result for event in self._told if (result := event.number(fact)) is not None), None
        )

    def text(self, fact: str) -> str:
        """Return the first text that was told of a fact, or ""."""
        return next((result for event in self._told if (result := event.text(fact))), "")

    @property
    def spot(self) -> bool | None:
        """Whether it is a spot machine; None when nobody said."""
        return next((event.yes("spot") for event in self._told if "spot" in event.facts), None)

    @property
    def _told(self) -> Iterable[Event]:
        return self.facts.values()

    def in_order(self) -> None:
        """Let no moment be later than one that follows it: it had come by then."""
        latest = math.inf
        for moment in ("first_task", "job", "online", "booted", "created", "launched"):
            if moment in self.moments:
                latest = self.moments[moment] = min(latest, self.moments[moment])

    def bill(self, now: float) -> Bill | None:
        """Return its bill, None when it has no price or no beginning. It ends at its own expiry."""
        began = self.moments.get("created", self.moments.get("launched"))
        rate = self.number("usd_hour")
        if began is None or rate is None or not 0 <= rate < math.inf:
            return None
        ended, expires = self.moments.get("deleted"), self.number("expires")
        if ended is None and expires is not None and expires <= now:
            ended = expires
        return Bill(self.name, rate, began, ended)


def lives_of(events: Iterable[Event]) -> list[Life]:
    """Return the machines that somebody accepted, saw or deleted, oldest first."""
    every = list(events)
    lives: dict[str, Life] = {}
    for event in every:
        if event.machine:
            _live(lives.setdefault(event.machine, Life(event.machine)), event)
    real = [life for life in lives.values() if life.real]
    proofs = [event.at for event in proofs_of(every) if event.yes("proved")]
    for life in real:
        life.in_order()
        _bury(life, proofs)
    return sorted(real, key=lambda life: (min(life.moments.values(), default=0.0), life.name))


def _bury(life: Life, proofs: Iterable[float]) -> None:
    """Let a machine that nobody saw go end with the first proof after it: it was gone by then."""
    began = max(life.moments.values(), default=0.0)
    if "deleted" not in life.moments and life.at(
        "deleted", next((at for at in proofs if at >= began), None)
    ):
        life.why = "nobody saw it go; it was gone when nothing was left"


_SEEN = ("booted", "online", "job")
_REAL = (("create", "done"), ("machine", "seen"), ("delete", "done"))
_ENDS = (("delete", "done"), ("gone", "seen"))


def _live(life: Life, event: Event) -> None:
    """Take one event into a machine's life."""
    if event.actor.startswith(MACHINE_ACTOR):
        if event.actor == MACHINE_ACTOR + life.name:
            life.at("booted", event.at)
        return
    what = (event.kind, event.stage)
    when = event.number("since") or event.at
    life.real |= what in _REAL
    if what in (("create", "done"), ("machine", "seen")):
        life.facts.setdefault(event.kind, event)
        life.at("created", event.number("created") or event.at)
    elif what == ("create", "intent"):
        life.at("launched", event.at)
    elif event.kind in _SEEN and event.stage == "seen":
        life.at(event.kind, when)
    elif what in _ENDS and life.at("deleted", when):
        life.why = event.detail


@dataclass(frozen=True, slots=True)
class Billed:
    """What a run's machines are billed for.

    ``unpriced`` have no known price, and no bill. ``unended`` have a bill, and nobody saw them go.
    """

    bills: tuple[Bill, ...] = ()
    unpriced: int = 0
    unended: int = 0


def billed(events: Iterable[Event], now: float) -> Billed:
    """Return the bills of every machine that these events tell of, of all sessions of a run.

    A machine that nobody saw go is billed until its expiry, or is open while that is after ``now``
    (Unix seconds).
    """
    lives = lives_of(events)
    known = [(bill, life) for life in lives if (bill := life.bill(now)) is not None]
    unended = sum("deleted" not in life.moments for _, life in known)
    return Billed(tuple(bill for bill, _ in known), len(lives) - len(known), unended)


def proofs_of(events: Iterable[Event]) -> list[Event]:
    """Return the proofs that a command, and no machine, wrote."""
    results = (event for event in events if event.kind == "proof" and not event.machine)
    return [event for event in results if not event.actor.startswith(MACHINE_ACTOR)]
