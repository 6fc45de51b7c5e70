"""A run at one instant, from its ledger: what is settled, who is at work, how long it will take.

Nothing is judged here: it is what workers said, and how long ago they said it. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.ledger import paths
from orchestrator.ledger.causes import Status
from orchestrator.ledger.fold import fold
from orchestrator.text import clean

if TYPE_CHECKING:
    from orchestrator.ledger.fold import Folded, Snapshot
    from orchestrator.ledger.records import Heartbeat
    from orchestrator.planning.plan import Plan


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """One worker as a viewer sees it. ``silent_s`` is the age of its last word."""

    worker: str
    phase: str
    task: str
    attempt: int
    for_s: float
    done: int
    assigned: int
    silent_s: float
    note: str
    screenshot: str


@dataclass(frozen=True, slots=True)
class View:
    """A run at one instant. ``eta_s`` is None until something has been measured.

    ``usd`` is what its machines cost so far, at list prices; None when it has none, or no price.
    """

    expected: int
    scored: int
    failed: int
    running: int
    mean: float | None
    elapsed_s: float
    eta_s: float | None
    ends_at: float | None
    workers: tuple[WorkerRow, ...]
    simulated: bool
    usd: float | None = None

    @property
    def settled(self) -> int:
        """Units that have a final count so far."""
        return self.scored + self.failed


def view(plan: Plan, snapshot: Snapshot, now: float) -> View:
    """Return a run as its ledger shows it at ``now`` (wall-clock Unix seconds)."""
    folded = fold(plan.units, snapshot, at_work(snapshot))
    working = [beat for name, beat in snapshot.heartbeats.items() if name not in snapshot.left]
    started = folded.sessions[-1].started if folded.sessions else now
    eta_s = _eta(plan, folded, working, now)
    points = [result.score for result in folded.results if result.score is not None]
    return View(
        expected=len(folded.results),
        scored=folded.count(Status.SCORED),
        failed=folded.count(Status.INFRASTRUCTURE),
        running=sum(beat.unit is not None for beat in working),
        mean=sum(points) / len(points) if points else None,
        elapsed_s=max(0.0, (now if working else _last_end(folded, now)) - started),
        eta_s=eta_s,
        ends_at=None if eta_s is None else now + eta_s,
        workers=tuple(_row(beat, snapshot, now) for beat in working),
        simulated=is_simulated(plan, folded),
    )


def is_simulated(plan: Plan, folded: Folded) -> bool:
    """Whether no Windows was involved: by the plan, or by what any outcome says of its arena."""
    return plan.simulated or any(
        outcome.fingerprint.get("simulated") == "true"
        for result in folded.results
        for outcome in result.attempts
    )


def _last_end(folded: Folded, now: float) -> float:
    """Return when the last attempt ended; a run that is over goes on no longer."""
    return max(
        (outcome.ended for result in folded.results for outcome in result.attempts), default=now
    )


def _row(beat: Heartbeat, snapshot: Snapshot, now: float) -> WorkerRow:
    return WorkerRow(
        worker=beat.worker,
        phase=clean(beat.phase),
        task=clean(str(beat.unit.task)) if beat.unit else "",
        attempt=beat.attempt,
        for_s=max(0.0, now - beat.since) if beat.since else 0.0,
        done=beat.done,
        assigned=beat.assigned,
        silent_s=max(0.0, now - snapshot.beaten_at.get(beat.worker, now)),
        note=clean(beat.note),
        screenshot=beat.screenshot if beat.screenshot.startswith(paths.EVIDENCE) else "",
    )


def _eta(plan: Plan, folded: Folded, working: list[Heartbeat], now: float) -> float | None:
    """Predict the remaining seconds on our clock, from what is left and how fast it has gone.

    The pace so far corrects the expectations: measured over expected for everything scored.
    """
    expected = dict(zip(plan.units, plan.expected, strict=True))
    done = [
        result for result in folded.results if result.status is Status.SCORED and result.counted
    ]
    measured = sum(result.counted.seconds for result in done if result.counted)
    pace = measured / sum(expected[result.unit] for result in done) if done else 1.0
    spent = {beat.unit: (now - beat.since) * plan.speed for beat in working if beat.unit}
    left = [
        max(expected[result.unit] * pace - spent.get(result.unit, 0.0), 0.0)
        for result in folded.results
        if result.status is not Status.SCORED
    ]
    if not left:
        return 0.0
    if not working:
        return None
    return max(sum(left) / len(working), *left) / plan.speed


def at_work(snapshot: Snapshot) -> frozenset[str]:
    """Return the workers that have not left, as far as anybody has said."""
    return frozenset(snapshot.heartbeats.keys() - snapshot.left.keys())
