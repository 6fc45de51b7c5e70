"""Tasks that flip by themselves: both solved and not solved by runs that were made alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.comparison.inputs import is_same_run
from orchestrator.comparison.sides import Key, Side, tally
from orchestrator.stats import Tally
from orchestrator.text import NAME_LIMIT, clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from orchestrator.comparison.record import RunRecord
    from orchestrator.stats import Pair


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch that a baseline is of: its name, and its runs that were made like the baseline."""

    name: str
    runs: tuple[RunRecord, ...]


@dataclass(frozen=True, slots=True)
class Flip:
    """A task that differs and flips by itself: ``successes`` of ``scored`` trials of ``runs``."""

    key: Key
    lost: bool
    successes: int
    scored: int


@dataclass(frozen=True, slots=True)
class Flips:
    """The tasks that differ in a comparison and flip in the baseline's own history.

    ``where`` is the branch, "" for the baseline itself; ``runs`` how many runs were looked at.
    """

    where: str
    runs: int
    tasks: tuple[Flip, ...]


def flips_of(
    baseline: Side, candidate: Side, pairs: Mapping[Key, Pair], branch: Branch | None = None
) -> Flips | None:
    """Return which of the tasks that differ flip by themselves.

    Looked at are the baseline's trials and those of the branch's other runs; never the candidate's
    own run, and none that was made unlike the baseline.

    Returns:
        None where no task has two scored trials to differ: nothing is known then.
    """
    known = _trials(_looked_at(baseline, candidate, branch))
    if not any(task_tally.scored > 1 for task_tally in known.values()):
        return None
    flips = [
        Flip(key, pair.difference < 0, task_tally.successes, task_tally.scored)
        for key, pair in pairs.items()
        if pair.scored
        and pair.difference != 0
        and (task_tally := known.get(key))
        and _flips(task_tally)
    ]
    runs = len(_looked_at(baseline, candidate, branch))
    ordered = sorted(flips, key=lambda flip: (not flip.lost, flip.key))
    return Flips(clean(branch.name, NAME_LIMIT) if branch else "", runs, tuple(ordered))


def _looked_at(baseline: Side, candidate: Side, branch: Branch | None) -> list[RunRecord]:
    runs = list(baseline.runs)
    for run in branch.runs if branch else ():
        if _like(run, baseline.runs) and not _is_among(run, runs):
            runs.append(run)
    return [run for run in runs if not _is_among(run, candidate.runs)]


def _is_among(run: RunRecord, runs: Sequence[RunRecord]) -> bool:
    return any(is_same_run(run, other) for other in runs)


def _like(run: RunRecord, runs: Sequence[RunRecord]) -> bool:
    return any(
        run.simulated == record.simulated and run.fingerprint == record.fingerprint
        for record in runs
    )


def _trials(runs: Iterable[RunRecord]) -> dict[Key, Tally]:
    result: dict[Key, Tally] = {}
    for run in runs:
        for key, trials in run.trials.items():
            task_tally, two = result.get(key, Tally(0, 0, 0)), tally(trials)
            result[key] = Tally(
                task_tally.expected + two.expected,
                task_tally.scored + two.scored,
                task_tally.successes + two.successes,
            )
    return result


def _flips(task_tally: Tally) -> bool:
    return 0 < task_tally.successes < task_tally.scored
