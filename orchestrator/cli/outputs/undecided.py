"""``run --rerun-undecided``: what of a run has no score and runs again, and what came of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from orchestrator.ledger.causes import CUT_OFF, Status

if TYPE_CHECKING:
    from orchestrator.ledger.fold import Folded

NEVER_FINISHED = "never finished"


@dataclass(frozen=True, slots=True)
class Undecided:
    """How many of the ``expected`` trials have no score, by cause, and how many were cut off.

    What is cut off is scored 0: it is decided, and never runs again.
    """

    expected: int
    causes: dict[str, int]
    cut_off: int

    @property
    def trials(self) -> int:
        """How many have no score."""
        return sum(self.causes.values())


def undecided_of(folded: Folded) -> Undecided:
    """Return what of a run has no score: the trials that a resume queues, and no other."""
    open_ones = [result for result in folded.results if result.status is not Status.SCORED]
    causes = Counter(result.cause.value if result.cause else NEVER_FINISHED for result in open_ones)
    cut_off = sum(result.cause in CUT_OFF for result in folded.results)
    return Undecided(len(folded.results), dict(sorted(causes.items())), cut_off)


def say_what_runs_again(undecided: Undecided) -> None:
    """Say which trials are queued, and why no other is."""
    if not undecided.trials:
        click.echo(f"Undecided: none of {undecided.expected} trials, so nothing runs again")
        return
    causes = ", ".join(f"{cause} {count}" for cause, count in undecided.causes.items())
    scored = undecided.expected - undecided.trials
    kept = f"; the {scored} scored ones stay" + (
        f", {undecided.cut_off} of them scored 0 for a timeout" if undecided.cut_off else ""
    )
    click.echo(
        f"Undecided: {undecided.trials} of {undecided.expected} trials have no score ({causes}),"
        f" and run again with a fresh budget{kept}"
    )


def say_what_came_of_it(before: Undecided, after: Undecided) -> None:
    """Say how many of the trials that ran again are scored now."""
    if before.trials:
        decided = before.trials - after.trials
        click.echo(f"Decided by running again: {decided} of {before.trials}")
