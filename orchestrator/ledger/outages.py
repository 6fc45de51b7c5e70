"""Judges from the ledger whether the model's provider is out, and whose refusals are its own. Pure.

Three different tasks that it did not answer, and no success since, are an outage: one task may have
met a passing fault, three have met the same. Moments are the store's (``last_modified``, Unix
seconds), so that workers whose clocks differ see the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.ledger import paths
from orchestrator.ledger.causes import Cause, Flag
from orchestrator.ledger.paths import OutcomePath

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from orchestrator.ledger.paths import UnscoredPath
    from orchestrator.ledger.records import Outcome
    from orchestrator.planning.suite import TaskKey

TASKS_THAT_TELL = 3
"""Different tasks that must have met the same before it is held to be the provider's doing."""

PROBE_WAITS_S = (30.0, 60.0, 120.0, 240.0, 480.0, 600.0)
"""Waits before the probes of a hold, in the arena's seconds; the last repeats.

A client tries for about twelve minutes by itself, so that one probe is a long look.
"""


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold that stands: its number, since when, and how far its probes have come.

    ``turn`` is the number of the last probe (0: none yet), ``turned`` when it was taken, and
    ``answered`` when it was said to have met no answer (None: it is under way, or died).
    """

    number: int
    since: float
    turn: int = 0
    turned: float = 0.0
    answered: float | None = None


def standing_hold(controls: Mapping[str, float]) -> Hold | None:
    """Return the hold that stands among a session's orders (name and moment); None: none does."""
    number = _highest(controls, "hold-")
    if number == 0 or paths.resume(number) in controls:
        return None
    turn = _highest(controls, f"probe-{number}-")
    return Hold(
        number=number,
        since=controls[paths.hold(number)],
        turn=turn,
        turned=controls.get(paths.probe(number, turn), 0.0),
        answered=controls.get(paths.probed(number, turn)),
    )


def next_hold(controls: Mapping[str, float]) -> int:
    """Return the number of a new hold."""
    return _highest(controls, "hold-") + 1


def _highest(controls: Mapping[str, float], prefix: str) -> int:
    rests = (name.removeprefix(prefix) for name in controls if name.startswith(prefix))
    return max((int(rest) for rest in rests if rest.isascii() and rest.isdigit()), default=0)


def last_success(
    outcomes: Mapping[OutcomePath, float],
    marks: Mapping[UnscoredPath, float],
    controls: Mapping[str, float],
) -> float:
    """Return when the provider last proved to answer: a task ended as its agent ended it.

    A score has no mark. Of the causes only the evaluator's says that the agent came to its end. 0
    when there was no such moment.
    """
    failed = {
        OutcomePath(mark.unit, mark.attempt, mark.worker)
        for mark in marks
        if mark.cause is not Cause.EVALUATOR
    }
    scored = [at for path, at in outcomes.items() if path not in failed]
    resumed = [at for name, at in controls.items() if name.startswith("resume-")]
    return max((*scored, *resumed), default=0.0)


def unanswered(marks: Mapping[UnscoredPath, float], session: str, since: float) -> set[TaskKey]:
    """Return the tasks of a session that the provider did not answer, after a moment."""
    return {
        mark.unit.task
        for mark, at in marks.items()
        if mark.cause is Cause.PROVIDER and mark.session == session and at >= since
    }


def refused_together(outcomes: Iterable[tuple[Outcome, float]]) -> frozenset[OutcomePath]:
    """Return the outcomes whose bad request was not their task's: three tasks met it in a row.

    Args:
        outcomes: Each outcome with the moment it was recorded, in any order; its own ``ended``
            comes first, being finer than a store's whole seconds.
    """
    ordered = sorted(
        outcomes,
        key=lambda pair: (pair[0].ended or pair[1], pair[0].unit, pair[0].attempt, pair[0].worker),
    )
    outcome_paths: set[OutcomePath] = set()
    row: list[Outcome] = []
    for outcome, _at in ordered:
        if outcome.cause is Cause.AGENT and Flag.BAD_REQUEST in outcome.flags:
            row.append(outcome)
            if len({outcome.unit.task for outcome in row}) >= TASKS_THAT_TELL:
                outcome_paths.update(
                    OutcomePath(outcome.unit, outcome.attempt, outcome.worker) for outcome in row
                )
        elif outcome.score is not None or outcome.cause is Cause.EVALUATOR:
            row = []
    return frozenset(outcome_paths)
