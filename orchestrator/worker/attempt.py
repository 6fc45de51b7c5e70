"""Runs one attempt in an arena and says how it ended. Knows deadlines and the stall clock."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from orchestrator.errors import ArenaError
from orchestrator.ledger.causes import Cause
from orchestrator.ledger.records import MESSAGE_LIMIT
from orchestrator.results.arguments import asked_of, differences, parse_arguments
from orchestrator.results.log import ClientPhase
from orchestrator.results.progress import TaskWatch
from orchestrator.results.task import read_task
from orchestrator.results.verdict import AttemptVerdict, ClientEnding, classify
from orchestrator.worker.phases import AttemptSpan, phases_of

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from orchestrator.arena.port import Arena, Assignment, TaskProcess
    from orchestrator.planning.plan import Plan
    from orchestrator.results.task import Reading

KILL_GRACE_S = 2.0
"""How long a client has to end before its process tree is killed."""

REFUSALS_LIMIT = 3
"""Refusals of the model's provider in a row, without a step between them, that end an attempt.

The client itself tries thirty times, about twelve minutes, whatever the answer was.
"""

_POLL_S = 1.0
_POLL_FLOOR_S = 0.03


@dataclass(frozen=True, slots=True)
class Seen:
    """How an attempt went. Times are in seconds of the arena's time.

    ``survived`` is whether something of the client is still alive: its arena is not clean.
    ``misled`` says how the client is not the one that was asked for; empty: it is, or did not say.
    ``launched`` is False where the arena failed before anything was launched: no try of the task.
    ``no_room`` is whether this machine could not take an attempt's files.
    """

    verdict: AttemptVerdict
    steps: int
    seconds: float
    phases: Mapping[str, float]
    directory: Path | None
    survived: bool = False
    launched: bool = True
    misled: str = ""
    no_room: bool = False


def _nobody() -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Guard:
    """What can end an attempt from outside, who is told how it goes, and the clocks."""

    stop: threading.Event
    abandoned: Callable[[], bool]
    progressed: Callable[[Path], None]
    monotonic: Callable[[], float]
    wall: Callable[[], float]
    answered: Callable[[], None] = _nobody
    """Called when the model's provider is seen to answer, once or more."""


class _Stall:
    """The stall clock: it runs while nothing grows, and pauses while the provider throttles."""

    def __init__(self, limit_s: float, now: float) -> None:
        self._limit_s, self._since = limit_s, now
        self._mark: tuple[int, int] | None = None

    def stalled(self, mark: tuple[int, int], now: float, *, throttled: bool) -> bool:
        if throttled or mark != self._mark:
            self._since, self._mark = now, mark
        return now - self._since > self._limit_s


def run_attempt(arena: Arena, assignment: Assignment, plan: Plan, guard: Guard) -> Seen:
    """Run one attempt to its end, or to a deadline, and classify what was seen.

    Args:
        arena: A ready arena.
        assignment: What to run, in a private directory.
        plan: For its deadlines and the speed of the arena's time.
        guard: Stop signals, the takeover check and the progress sink.
    """
    health = arena.health()
    if not health.ok:
        return _given_back(f"the arena was not healthy before the task: {health.detail}")
    launched, started = guard.wall(), guard.monotonic()
    try:
        process = arena.launch(assignment)
    except ArenaError as error:
        return _not_run(str(error))
    except OSError as error:
        return without_room(error)
    supervision = _Supervision(process, assignment, plan, guard)
    ending = supervision.run()
    survived = ending is not ClientEnding.EXITED and not process.kill(KILL_GRACE_S)
    seconds = (guard.monotonic() - started) * plan.speed
    if supervision.misled:
        return _of_another_client(supervision.misled, seconds, survived=survived)
    directory = supervision.directory
    reading = read_task(directory, process.output)
    # A task that is only given back needs no verdict on its arena; nor does a score above zero.
    in_doubt = ending is not ClientEnding.STOPPED and not reading.score
    arena_ok = arena.health().ok if in_doubt else True
    verdict = classify(reading, ending, arena_ok=arena_ok)
    span = AttemptSpan(launched, supervision.appeared, guard.wall(), _last_phase(reading))
    phases = phases_of(directory, span, plan.speed)
    return Seen(verdict, reading.steps, seconds, phases, directory, survived)


def _last_phase(reading: Reading) -> str:
    """Return the phase in which a client ended or was ended: it need not have come to the last."""
    phase = reading.signals.phase
    if reading.score is not None or phase is ClientPhase.EVALUATING:
        return "evaluate"
    return "setup" if phase is ClientPhase.SETUP else "steps"


def _of_another_client(differences: str, seconds: float, *, survived: bool) -> Seen:
    """Give the task back: whatever it scored, it is not the score of what was asked."""
    message = f"the client is not what was asked for: {differences}"[:MESSAGE_LIMIT]
    verdict = AttemptVerdict(None, Cause.RELEASED, (), message)
    return Seen(verdict, 0, seconds, {}, None, survived, misled=message)


def _given_back(message: str) -> Seen:
    """Give the task back: this worker's arena failed before the task had one."""
    verdict = AttemptVerdict(None, Cause.RELEASED, (), message)
    return Seen(verdict, 0, 0.0, {}, None, launched=False)


def without_room(error: OSError) -> Seen:
    """Give the task back: this machine cannot hold an attempt's files."""
    return replace(_given_back(f"this machine has no room for an attempt: {error}"), no_room=True)


def _not_run(message: str) -> Seen:
    verdict = AttemptVerdict(score=None, cause=Cause.ARENA, flags=(), message=message)
    return Seen(verdict, 0, 0.0, {}, None)


class _Supervision:
    """Watches one client until it ends or must be ended."""

    def __init__(
        self, process: TaskProcess, assignment: Assignment, plan: Plan, guard: Guard
    ) -> None:
        self._process, self._guard = process, guard
        self._watch = TaskWatch(process.results, assignment.unit.task, process.output)
        self.appeared: float | None = None
        self.misled = ""
        self._has_compared = False
        agent = plan.agent
        self._asked = asked_of(agent.name, agent.model, agent.client_args)
        now = guard.monotonic()
        self._poll_s = max(_POLL_FLOOR_S, _POLL_S / plan.speed)
        self._deadline = now + plan.real_s(plan.limits.task_s)
        self._stall = _Stall(plan.real_s(plan.limits.stall_s), now)

    @property
    def directory(self) -> Path | None:
        """The task's result directory, once there is one."""
        return self._watch.directory

    def run(self) -> ClientEnding:
        """Return why the client ended, or has to be ended."""
        while self._process.poll() is None:
            if self._guard.stop.wait(self._poll_s):
                return ClientEnding.STOPPED
            ending = self._look()
            if ending is not None:
                return ending
        self._look()
        return ClientEnding.EXITED

    def _look(self) -> ClientEnding | None:
        now = self._guard.monotonic()
        progress = self._watch.poll()
        if self._watch.directory is not None:
            self.appeared = self.appeared or self._guard.wall()
            self._guard.progressed(self._watch.directory)
        if self._guard.abandoned():
            return ClientEnding.STOPPED
        if now > self._deadline:
            return ClientEnding.DEADLINE
        signals = progress.signals
        if signals.arguments and not self._has_compared:
            self._has_compared = True
            said = parse_arguments(signals.arguments)
            self.misled = "; ".join(differences(self._asked, said)) if said is not None else ""
        if self.misled:
            return ClientEnding.STOPPED
        if signals.answers or signals.steps:
            self._guard.answered()
        if signals.refusals >= REFUSALS_LIMIT:
            return ClientEnding.REFUSED
        stalled = self._stall.stalled(progress.mark, now, throttled=signals.throttled)
        return ClientEnding.STALLED if stalled else None
