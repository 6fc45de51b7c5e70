"""Chooses what a run is compared with: the last runs of a branch that were made like it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.comparison.inputs import is_same_run, without_repeats
from orchestrator.comparison.sides import SUBJECT_KEYS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orchestrator.comparison.record import RunRecord

DEFAULT_POOL = 5


def choose_baseline(
    candidate: RunRecord, earlier: Sequence[RunRecord], count: int = DEFAULT_POOL
) -> list[RunRecord]:
    """Return the runs to pool as the baseline, at most ``count``, oldest first.

    Pooled are runs of one fingerprint only: that of the newest earlier run which was made under the
    candidate's conditions (machine, image, guest; not agent or model), or of the newest run at all
    where none was. The candidate itself is never among them, whatever it is called there, and no
    run is twice; simulated runs are never pooled with real ones.

    Args:
        candidate: The run to judge.
        earlier: Runs of the base branch, oldest first.
        count: How many at most.
    """
    others = [
        run
        for run in without_repeats(earlier)
        if not is_same_run(run, candidate) and run.trials.keys() & candidate.trials.keys()
    ]
    like = [run for run in others if _conditions(run) == _conditions(candidate)]
    newest = next(iter((like or others)[::-1]), None)
    if newest is None:
        return []
    pooled = [run for run in others if _same(run, newest)]
    return pooled[-count:]


def made_alike(runs: Sequence[RunRecord]) -> list[RunRecord]:
    """Return the newest run and those that were made like it, in the given order."""
    if not runs:
        return []
    newest = max(enumerate(runs), key=lambda value: (value[1].started or 0.0, value[0]))[1]
    return [run for run in runs if _same(run, newest)]


def is_settled(candidate: RunRecord, earlier: Sequence[RunRecord], count: int) -> bool:
    """Whether runs still older than these could not change what ``choose_baseline`` returns."""
    chosen = choose_baseline(candidate, earlier, count)
    return len(chosen) == count and _conditions(chosen[-1]) == _conditions(candidate)


def _conditions(run: RunRecord) -> Mapping[str, tuple[str, ...]]:
    shown = {key: value for key, value in run.fingerprint.items() if key not in SUBJECT_KEYS}
    return {**shown, "\0simulated": (str(run.simulated),)}


def _same(record: RunRecord, other: RunRecord) -> bool:
    return record.fingerprint == other.fingerprint and record.simulated == other.simulated
