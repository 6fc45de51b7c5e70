"""What the fleet is about to do and has done: an event before each call and one after it.

Events go to the run's ledger (``events/<actor>/<seq>.json``) and, when one is given, to a directory
that is uploaded as an artifact. They are for display: nothing is decided or counted by them. A
store that does not answer keeps no machine from being deleted: what could not be written is tried
again with the next event.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Protocol

from orchestrator.cloud.failures import printable
from orchestrator.errors import MatrixError, StoreError
from orchestrator.ledger import paths
from orchestrator.ledger.records import canonical

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from orchestrator.clock import Clock


@dataclass(frozen=True, slots=True)
class Event:
    """One thing the fleet meant to do, did, or saw. ``at`` is Unix seconds of the actor's clock.

    ``stage`` is ``intent`` before a call, ``done`` or ``failed`` after it, ``seen`` otherwise.
    """

    actor: str
    seq: int
    at: float
    kind: str
    stage: str
    machine: str = ""
    detail: str = ""


class EventStore(Protocol):
    """Where events are kept."""

    def create(self, path: str, data: bytes) -> bool:
        """Create an object."""
        ...


class Journal:
    """Events of one actor. Safe to share between threads.

    ``say`` is told a line for each event that a person would want to read.
    """

    def __init__(
        self,
        actor: str,
        clock: Clock,
        store: EventStore | None = None,
        directory: Path | None = None,
        say: Callable[[str], None] = lambda _line: None,
    ) -> None:
        self.actor = actor
        self.events: list[Event] = []
        self._clock, self._store, self._directory, self._say = clock, store, directory, say
        self._unwritten: list[Event] = []
        self._lock = threading.Lock()

    def note(self, kind: str, stage: str, machine: str = "", detail: str = "") -> None:
        """Keep an event. ``detail`` is bounded and made printable; it must hold no secret."""
        text = printable(detail)
        with self._lock:
            number = len(self.events) + 1
            event = Event(self.actor, number, self._clock.now(), kind, stage, machine, text)
            self.events.append(event)
            pending, self._unwritten = [*self._unwritten, event], []
        self._keep(event)
        self._write(pending)
        if stage != "intent":
            self._say(" ".join(part for part in (kind, machine, stage, text) if part))

    @contextmanager
    def step(self, kind: str, machine: str = "", detail: str = "") -> Iterator[None]:
        """Note the intent, then what became of it; the error passes through."""
        self.note(kind, "intent", machine, detail)
        try:
            yield
        except MatrixError as error:
            self.note(kind, "failed", machine, str(error))
            raise
        self.note(kind, "done", machine, detail)

    def _keep(self, event: Event) -> None:
        if self._directory is not None:
            target = self._directory / f"{event.seq:06d}.json"
            target.write_bytes(canonical(asdict(event)))

    def _write(self, pending: list[Event]) -> None:
        """Write events, each thread its own, so that no call waits for another's event."""
        if self._store is None:
            return
        for number, event in enumerate(pending):
            try:
                self._store.create(paths.event(self.actor, event.seq), canonical(asdict(event)))
            except StoreError:
                with self._lock:  # the next event takes them along
                    self._unwritten += pending[number:]
                return
