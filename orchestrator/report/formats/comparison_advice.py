"""What is said beside a verdict: which tasks flip anyway, and what would settle it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.report.formats import comparison_phrases as words
from orchestrator.stats import MOST_MISSING, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.comparison.compare import Candidate
    from orchestrator.comparison.flips import Flip, Flips
    from orchestrator.comparison.rerun import Unscored
    from orchestrator.stats import Tipping

_NAMED = 5
_OPEN = (Verdict.NOT_DISTINGUISHABLE, Verdict.UNDERPOWERED)


def advice(candidate: Candidate) -> list[str]:
    """Return what is to be read beside a verdict before anybody acts on it, as sentences."""
    said = []
    if candidate.decision is not None and candidate.beside.flips is not None:
        said += _flips(candidate, candidate.beside.flips)
    if candidate.beside.tipping is not None:
        said.append(_tipping(candidate, candidate.beside.tipping))
    elif _too_many(candidate):
        said.append(f"More than {MOST_MISSING} scores are missing: how few undo it is not counted.")
    if candidate.verdict in _OPEN and candidate.beside.unscored:
        said.append(_rerun(candidate.beside.unscored))
    return said


def _too_many(candidate: Candidate) -> bool:
    """Whether so much is missing that no tipping point was looked for."""
    lacking = sum(run.trials for run in candidate.beside.unscored)
    return (
        candidate.decision is not None
        and candidate.decision.survives is False
        and lacking > MOST_MISSING
    )


def _flips(candidate: Candidate, flips: Flips) -> list[str]:
    where = f"on {flips.where}" if flips.where else "in the baseline"
    sides = (
        ("lost", candidate.paired.lost, [task for task in flips.tasks if task.lost]),
        ("gained", candidate.paired.gained, [task for task in flips.tasks if not task.lost]),
    )
    return [
        f"{len(tasks)} of the {total} {name} {'task' if total == 1 else 'tasks'} "
        f"{'flips' if len(tasks) == 1 else 'flip'} {where} by "
        f"{'itself' if len(tasks) == 1 else 'themselves'}: {_names(tasks)}."
        for name, total, tasks in sides
        if tasks
    ]


def _names(tasks: Sequence[Flip]) -> str:
    shown = [f"{'/'.join(flip.key)} ({flip.successes} of {flip.scored})" for flip in tasks[:_NAMED]]
    more = [f"{len(tasks) - _NAMED} more"] if len(tasks) > _NAMED else []
    return ", ".join([*shown, *more])


def _tipping(candidate: Candidate, tipping: Tipping) -> str:
    finding = f"The finding ({words.DIRECTIONS[candidate.direction]})"
    if not tipping.needed:
        return f"{finding} can be undone by what other scores lack, however its own had ended."
    if tipping.missing == 1:
        return f"{finding} holds unless the missing score goes against it."
    many = (
        f"all {tipping.missing} missing scores go"
        if tipping.needed == tipping.missing
        else f"{tipping.needed} of the {tipping.missing} missing scores "
        f"{'goes' if tipping.needed == 1 else 'go'}"
    )
    return f"{finding} holds unless {many} against it."


def _rerun(runs: Sequence[Unscored]) -> str:
    named = ", ".join(
        f"{unscored.trials} {'trial' if unscored.trials == 1 else 'trials'}"
        f" of {unscored.run} ({unscored.role})"
        for unscored in runs[:_NAMED]
    )
    more = f", and {len(runs) - _NAMED} runs more" if len(runs) > _NAMED else ""
    commands = "; ".join(dict.fromkeys(unscored.said for unscored in runs[:_NAMED]))
    return f"Run again what has no score, then compare again: {named}{more}. {commands}"
