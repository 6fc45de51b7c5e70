"""Any engine, as one whose ends can be waited for: by asking it, never more often than it bears."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from orchestrator.compute.base import InstanceState
from orchestrator.compute.failures import CloudError
from orchestrator.errors import EXIT_COMPLETE, EXIT_INCOMPLETE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.clock import Clock
    from orchestrator.compute.base import Engine, Instance, Launched
    from orchestrator.compute.job import Job

_OVER = frozenset({InstanceState.ENDED, InstanceState.GONE})


class WorkerEngine(Protocol):
    """What starts workers, knows for certain when one has ended, and ends one that is frozen."""

    def launch(self, job: Job) -> Launched:
        """As ``Engine.launch``."""
        ...

    def end(self, name: str) -> None:
        """Submit the end of an instance, as ``Engine.terminate``, by its name."""
        ...

    def kill(self, name: str) -> None:
        """End an instance that does not listen. A missing one is a success."""
        ...

    def wait(self, name: str, timeout_s: float = 0.0) -> int | None:
        """Return the exit code of an instance that is proved to have ended; None: it has not."""
        ...


@dataclass(slots=True)
class PolledEngine:
    """An engine as a ``WorkerEngine``. ``labels`` are what its instances here have in common.

    It is listed every ``every_s`` seconds at most. What a listing lacks is read by its id before it
    counts as ended; an engine that does not answer has ended nothing.
    """

    engine: Engine
    labels: Mapping[str, str]
    clock: Clock
    every_s: float = 2.0
    _seen: dict[str, Instance | None] = field(default_factory=dict)
    _next: float = float("-inf")
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def launch(self, job: Job) -> Launched:
        """As ``Engine.launch``."""
        return self.engine.launch(job)

    def end(self, name: str) -> None:
        """As ``WorkerEngine.end``; one that cannot be ended now is left to its own deadline."""
        try:
            instance = self.engine.get(name)
            if instance is not None:
                self.engine.terminate(instance)
        except CloudError:
            return

    def kill(self, name: str) -> None:
        """As ``WorkerEngine.kill``: no engine has a harder way than the one it ends things by."""
        self.end(name)

    def wait(self, name: str, timeout_s: float = 0.0) -> int | None:
        """As ``WorkerEngine.wait``. An end that tells no exit code is one that was not meant."""
        until = self.clock.now() + timeout_s
        while True:
            code = self._ended(name)
            left = until - self.clock.now()
            if code is not None or left <= 0:
                return code
            self.clock.sleep(min(self.every_s, left))

    def _ended(self, name: str) -> int | None:
        with self._lock:
            try:
                self._look()
                if self._seen.get(name) is None:
                    self._seen[name] = self.engine.get(name)
            except CloudError:
                return None
            instance = self._seen[name]
        if instance is not None and instance.state not in _OVER:
            return None
        if instance is not None and instance.exit_code is not None:
            return instance.exit_code
        meant = instance is not None and instance.failure is None
        return EXIT_COMPLETE if meant else EXIT_INCOMPLETE

    def _look(self) -> None:
        now = self.clock.now()
        if now >= self._next:
            self._next = now + self.every_s
            self._seen = {instance.name: instance for instance in self.engine.status(self.labels)}
