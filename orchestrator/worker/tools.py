"""What a worker works with, put together by whoever starts it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orchestrator.worker.attempt import run_attempt
from orchestrator.worker.redact import Redactor

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from orchestrator.arena.port import Arena, Assignment
    from orchestrator.planning.plan import Plan
    from orchestrator.store import Store
    from orchestrator.worker.attempt import Guard, Seen
    from orchestrator.worker.claims import LedgerClient
    from orchestrator.worker.heartbeat import HeartbeatThread, WorkerSignals
    from orchestrator.worker.log import WorkerLog


@dataclass(frozen=True, slots=True)
class WorkerClock:
    """The three faces of time a worker needs, in seconds."""

    monotonic: Callable[[], float]
    wall: Callable[[], float]


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """What one worker is told beside the plan. ``scratch`` is its own directory."""

    shard: int
    shards: int
    scratch: Path
    evidence: str = "screens"
    redactor: Redactor = field(default_factory=Redactor)


@dataclass(frozen=True, slots=True)
class Tools:
    """What a worker works with. ``run_attempt`` is the one part a test may need to replace."""

    plan: Plan
    store: Store
    ledger_client: LedgerClient
    arena: Arena
    pulse: HeartbeatThread
    orders: WorkerSignals
    clock: WorkerClock
    worker_log: WorkerLog
    settings: WorkerSettings
    run_attempt: Callable[[Arena, Assignment, Plan, Guard], Seen] = run_attempt
