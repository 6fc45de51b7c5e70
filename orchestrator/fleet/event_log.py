"""What the fleet is about to do and has done: an event before each call and one after it.

Events go to the run's ledger (``events/<actor>/<seq>.json``) and, when one is given, to a directory
that is uploaded as an artifact. They are for display, and for what a run has spent: nothing else
is decided or counted by them. A store that does not answer keeps no machine from being deleted:
what could not be written is tried again with the next event.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from orchestrator.compute.base import Kind
from orchestrator.errors import MatrixError, StoreError
from orchestrator.ledger import paths
from orchestrator.ledger.events import Event, to_bytes
from orchestrator.text import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from orchestrator.clock import Clock
    from orchestrator.fleet.cleanup import Cleared
    from orchestrator.ledger.events import Fact


class EventStore(Protocol):
    """Where events are kept."""

    def create(self, path: str, data: bytes) -> bool:
        """Create an object."""
        ...


class EventLog:
    """Events of one actor, whose name no other process has. Safe to share between threads.

    ``say`` is told a line for each event that a person would want to read. Without a store events
    are kept until ``write_to`` names one.
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

    def note(
        self,
        kind: str,
        stage: str,
        machine: str = "",
        detail: str = "",
        facts: Mapping[str, Fact] | None = None,
    ) -> None:
        """Keep an event. ``detail`` is bounded and made printable; it must hold no secret."""
        text, known = clean(detail, payloads=False), facts or {}
        with self._lock:
            number, now = len(self.events) + 1, self._clock.now()
            event = Event(self.actor, number, now, kind, stage, machine, text, known)
            self.events.append(event)
            pending, self._unwritten = [*self._unwritten, event], []
        self._keep(event)
        self._write(pending)
        if stage != "intent":
            self._say(" ".join(part for part in (kind, machine, stage, text) if part))

    @contextmanager
    def step(
        self,
        kind: str,
        machine: str = "",
        detail: str = "",
        facts: Mapping[str, Fact] | None = None,
    ) -> Iterator[None]:
        """Note the intent, then what became of it; the error passes through."""
        self.note(kind, "intent", machine, detail, facts)
        try:
            yield
        except MatrixError as error:
            self.note(kind, "failed", machine, str(error))
            raise
        self.note(kind, "done", machine, detail, facts)

    def write_to(self, store: EventStore) -> None:
        """Write there what was kept so far, and what comes."""
        with self._lock:
            self._store = store
            pending, self._unwritten = self._unwritten, []
        self._write(pending)

    def note_delete(self, kind: str, name: str) -> None:
        """Keep that a teardown's delete was accepted; ``kind`` is the resource's, or ``runner``."""
        if kind == Kind.MACHINE:
            self.note("delete", "done", name, "its fleet was torn down")
        elif kind == "runner":
            self.note("forget runner", "done", name)
        else:
            self.note("sweep", "done", detail=f"{kind} {name}")

    def note_proof(self, cleared: Cleared) -> None:
        """Keep what a teardown found in the end."""
        said = "nothing is left" if cleared.proved else f"{len(cleared.left)} left, or not seen"
        facts: dict[str, Fact] = {
            "proved": cleared.proved,
            "looks": float(cleared.looks),
            "left": cleared.left,
        }
        self.note("proof", "seen", detail=said, facts=facts)

    def _keep(self, event: Event) -> None:
        if self._directory is not None:
            target = self._directory / self.actor / f"{event.seq:06d}.json"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(to_bytes(event))

    def _write(self, pending: list[Event]) -> None:
        """Write events, each thread its own, so that no call waits for another's event."""
        if self._store is None:
            with self._lock:
                self._unwritten += pending
            return
        for number, event in enumerate(pending):
            try:
                self._store.create(paths.event(self.actor, event.seq), to_bytes(event))
            except StoreError:
                with self._lock:  # the next event takes them along
                    self._unwritten += pending[number:]
                return
