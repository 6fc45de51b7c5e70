"""What is wrong with the runs that are to be compared, and what they were given unlike.

What cannot be compared at all is an error. What can be compared in part is compared, and said.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from orchestrator.errors import Problem
from orchestrator.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from orchestrator.comparison.record import RunRecord
    from orchestrator.comparison.sides import Key, Side

_NAMES_SHOWN = 5
_NAME_LIMIT = 60
_DIGEST_SHOWN = 12


def is_same_run(record: RunRecord, other: RunRecord) -> bool:
    """Whether two documents tell of one run, perhaps at different times of it.

    A plan and the moment of its first session name a run wherever it was read from; where either
    is unknown, its id does.
    """
    if all(run.plan_digest and run.started is not None for run in (record, other)):
        return (record.plan_digest, record.started) == (other.plan_digest, other.started)
    return record.id == other.id


def repeated(runs: Sequence[RunRecord]) -> list[Problem]:
    """Return a problem for each run that was given before."""
    result = []
    for number, run in enumerate(runs):
        before = next((record for record in runs[:number] if is_same_run(record, run)), None)
        if before is not None:
            fix = "Give each run once: its trials would be counted twice."
            result.append(
                Problem(run.source, f"is the same run as {before.source} ({run.id})", fix)
            )
    return result


def without_repeats(runs: Iterable[RunRecord]) -> list[RunRecord]:
    """Return the runs in their order, each once: by its document with the most scores."""
    kept: list[RunRecord] = []
    for run in runs:
        place = next((n for n, record in enumerate(kept) if is_same_run(record, run)), None)
        if place is None:
            kept.append(run)
        elif run.scored >= kept[place].scored:
            kept[place] = run
    return kept


def input_problems(baseline: Side, candidates: Sequence[Side]) -> list[Problem]:
    """Return why these sides cannot be compared: every reason, in the order of the runs."""
    judged = [run for side in candidates for run in side.runs]
    problems = repeated([*baseline.runs, *judged])
    problems += [
        _nothing_common(side.name, side.trials.keys(), baseline.name, baseline.trials.keys())
        for side in candidates
        if not side.trials.keys() & baseline.trials.keys()
    ]
    wanted: set[Key] = set().union(*(side.trials.keys() for side in candidates))
    problems += [
        _nothing_common(run.id, run.trials.keys(), "any run that is judged", wanted)
        for run in baseline.runs
        if len(baseline.runs) > 1 and wanted and not run.trials.keys() & wanted
    ]
    return problems


def _nothing_common(
    name: str, tasks: Iterable[Key], other: str, other_tasks: Iterable[Key]
) -> Problem:
    ours, theirs = sorted(tasks), sorted(other_tasks)
    counts = f"{len(ours)} tasks against {len(theirs)}"
    examples = f"{_label(ours[0])} against {_label(theirs[0])}"
    what = f"has no task in common with {other} ({counts}, such as {examples})"
    return Problem(name, what, "Compare runs of one suite.")


def left_out(baseline: Side, side: Side) -> tuple[list[str], list[str]]:
    """Return the tasks that only the baseline has, and those that only the candidate has."""
    return _only(baseline, side), _only(side, baseline)


def _only(side: Side, other: Side) -> list[str]:
    return [_label(key) for key in sorted(side.trials.keys() - other.trials.keys())]


def unlike_inputs(baseline: Side, side: Side) -> list[str]:
    """Return, as sentences, in what the runs' tasks, trials and progress are unlike."""
    runs = (*baseline.runs, *side.runs)
    said = [_unlike_arenas(runs), _lists(baseline, side)]
    said += [_pool(baseline), _pool(side), _trials(runs)]
    said += [_unfinished(run) for run in runs]
    return [*(sentence for sentence in said if sentence), *_namesakes(runs)]


def _unlike_arenas(runs: Sequence[RunRecord]) -> str:
    """Return which runs are simulated and which are not; "" where all are alike."""
    simulated = [run.id for run in runs if run.simulated]
    real = [run.id for run in runs if not run.simulated]
    if not simulated or not real:
        return ""
    return (
        f"Simulated and real runs are beside each other (simulated: {_some(simulated)}; real: "
        f"{_some(real)}): no verdict is given."
    )


def _lists(baseline: Side, side: Side) -> str:
    common = len(baseline.trials.keys() & side.trials.keys())
    parts = [
        f"{len(labels)} that only {run_side.name} has ({_some(labels)})"
        for run_side, labels in zip((baseline, side), left_out(baseline, side), strict=True)
        if labels
    ]
    if parts:
        left = "; ".join(parts)
        return f"The task lists differ: {_tasks(common)} are compared. Left out: {left}."
    digests = [sorted({run.suite_digest for run in run_side.runs}) for run_side in (baseline, side)]
    if digests[0] == digests[1] or any("" in known for known in digests):
        return ""
    first, second = (", ".join(digest[:_DIGEST_SHOWN] for digest in known) for known in digests)
    return (
        "The task lists differ: the names are the same, the contents are not "
        f"({first} → {second}); all {_tasks(common)} are compared."
    )


def _pool(side: Side) -> str:
    """Return that runs which are pooled do not all have the same tasks; "" where they do."""
    in_all = set(side.trials).intersection(*(run.trials.keys() for run in side.runs))
    if len(in_all) == len(side.trials):
        return ""
    return (
        f"The pooled runs have unlike lists: of {_tasks(len(side.trials))} {len(in_all)} are in "
        "all of them; the others weigh as much, on fewer trials."
    )


def _trials(runs: Sequence[RunRecord]) -> str:
    """Return that runs tried tasks unlike often; "" where every run tried each as often."""
    counts = {run.id: {len(trials) for trials in run.trials.values()} for run in runs}
    if len(set().union(*counts.values())) < 2:
        return ""
    groups: dict[str, list[str]] = {}
    for name, each in counts.items():
        low, high = min(each), max(each)
        shown = f"{low}" if low == high else f"{low} to {high}"
        groups.setdefault(f"{shown} trial{'' if high == 1 else 's'}", []).append(name)
    shown = "; ".join(f"{trials} in {_some(names)}" for trials, names in groups.items())
    return (
        f"The runs tried each task unlike often: {shown}. A task's trials on a side are averaged "
        "first, so that each task weighs the same."
    )


def _unfinished(run: RunRecord) -> str:
    """Return that a run had tasks which never ended when its document was written; else ""."""
    if not run.missing:
        return ""
    of = f"{run.missing} of {run.expected} expected"
    if run.working:
        workers = f"{run.working} worker{'' if run.working == 1 else 's'}"
        going = f"{workers} had not ended when it was read"
        return f"{run.id} may be still going ({going}): {of} are open."
    return f"{run.id} was not finished: {of} never ended an attempt."


def _namesakes(runs: Sequence[RunRecord]) -> Iterator[str]:
    for record, other in combinations(runs, 2):
        if record.id == other.id:
            yield f"Two runs are called {record.id}: {record.source} and {other.source}."


def _label(key: Key) -> str:
    return "/".join(key)


def _some(names: Sequence[str]) -> str:
    more = len(names) - _NAMES_SHOWN
    shown = ", ".join(clean(name, _NAME_LIMIT) for name in names[:_NAMES_SHOWN])
    return f"{shown} and {more} more" if more > 0 else shown


def _tasks(number: int) -> str:
    return f"{number} task" if number == 1 else f"{number} tasks"
