"""What workers in virtual time share: a run's objects, the clock, and a connection each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orchestrator.ledger import paths
from orchestrator.ledger.causes import Cause
from orchestrator.ledger.records import Session, parse_claim, parse_outcome, to_json
from orchestrator.store import AlreadyThereError, Listed, RefusedError, UnclearError

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.ledger.paths import ClaimPath
    from orchestrator.planning.plan import Plan
    from orchestrator.planning.suite import Unit

SESSION = "s1"
EPOCH = 1_700_000_000.0


@dataclass(slots=True)
class Takeover:
    """A claim on an attempt whose predecessor had no outcome: when, of whom, how silent."""

    unit: Unit
    attempt: int
    owner: str
    silent_s: float
    left: bool


@dataclass(slots=True)
class World:
    """The shared objects and the clock."""

    plan: Plan
    now: float = EPOCH
    objects: dict[str, tuple[bytes, float]] = field(default_factory=dict)
    takeovers: list[Takeover] = field(default_factory=list)
    spoken: dict[str, float] = field(default_factory=dict)
    presumptuous: list[str] = field(default_factory=list)

    def below(self, prefix: str) -> list[tuple[str, tuple[bytes, float]]]:
        """Return the objects below a prefix, as one listing shows them."""
        return [(path, value) for path, value in self.objects.items() if path.startswith(prefix)]

    def created(self, path: str, data: bytes) -> None:
        """Note what the ledger itself cannot tell afterwards."""
        self._note_takeover(path)
        self._note_presumption(path, data)

    def _note_presumption(self, path: str, data: bytes) -> None:
        """Note a verdict on a task that somebody else had taken over by then."""
        key, outcome = paths.parse_outcome(path), parse_outcome(data)
        if key is None or outcome is None or outcome.cause in (None, Cause.LOST, Cause.RELEASED):
            return
        if paths.claim(key.unit, key.attempt + 1) in self.objects:
            self.presumptuous.append(f"{path}: {outcome.cause}")

    def _note_takeover(self, path: str) -> None:
        """Note a claim over an unfinished attempt."""
        key = paths.parse_claim(path)
        if key is None or key.attempt == 1:
            return
        before = paths.claim(key.unit, key.attempt - 1)
        if before not in self.objects or self._answered(key):
            return
        owner = _owner(self.objects[before][0])
        silent = self.now - max(self.objects[before][1], self.spoken.get(owner, 0.0))
        left = paths.left(owner) in self.objects
        self.takeovers.append(Takeover(key.unit, key.attempt, owner, silent, left))

    def _answered(self, key: ClaimPath) -> bool:
        prefix = f"{paths.OUTCOMES}{key.unit}/{key.attempt - 1}-"
        return any(path.startswith(prefix) for path in self.objects)


def _owner(data: bytes) -> str:
    claim = parse_claim(data)
    return claim.worker if claim else ""


@dataclass(slots=True)
class Line:
    """One worker's connection to the store, with its faults."""

    world: World
    worker: str
    turn: Callable[[], None]
    down: bool = False
    refuses: bool = False
    lose_reply: bool = False
    reads: list[str] = field(default_factory=list)

    def put_new(self, path: str, data: bytes) -> None:
        self._call()
        if path in self.world.objects:
            raise AlreadyThereError(path)
        self.world.created(path, data)
        self.world.objects[path] = (data, self.world.now)
        if self.lose_reply:
            self.lose_reply = False
            raise UnclearError("the reply was lost after it took effect")

    def put(self, path: str, data: bytes) -> None:
        self._call()
        self.world.objects[path] = (data, self.world.now)
        if path == paths.worker(self.worker):
            self.world.spoken[self.worker] = self.world.now

    def list(self, prefix: str) -> list[Listed]:
        self._call()
        # Whole seconds, as Azure has them.
        return [
            Listed(path, float(int(modified)), len(data))
            for path, (data, modified) in self.world.below(prefix)
        ]

    def get(self, path: str) -> bytes | None:
        self._call()
        self.reads.append(path)
        result = self.world.objects.get(path)
        return None if result is None else result[0]

    def _call(self) -> None:
        self.turn()
        if self.down:
            raise UnclearError("the store is gone")
        if self.refuses:
            raise RefusedError("403 AuthorizationFailure")


def open_world(plan: Plan) -> World:
    """Return a world whose run has its plan and session."""
    world = World(plan)
    session = Session(SESSION, EPOCH, "test", 0)
    world.objects[paths.PLAN] = (plan.to_json(), world.now)
    world.objects[paths.session(SESSION)] = (to_json(session), world.now)
    return world
