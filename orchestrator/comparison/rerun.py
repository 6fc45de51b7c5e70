"""What to run again, so that a comparison need not guess how it would have ended."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from orchestrator.comparison.sides import Key, Side

COMMAND = "waa-matrix run --resume --rerun-undecided --out DIR"
"""What runs exactly those trials of a run again that have no score."""

_IN_WORKFLOW = "gh workflow run benchmark.yml -f resume="
_WORKFLOW_RUN = re.compile(r"waa-([0-9]{1,20})\Z", re.ASCII)
"""How ``provision`` names the run of a workflow run."""


@dataclass(frozen=True, slots=True)
class Unscored:
    """A run that lacks the score of ``trials`` trials of the compared tasks, on one side."""

    run: str
    role: Literal["baseline", "candidate"]
    trials: int

    @property
    def command(self) -> str:
        """The command that runs them again; no text of the run's own but a number is in it."""
        workflow = _WORKFLOW_RUN.match(self.run)
        if workflow is None:
            return COMMAND
        return f"{_IN_WORKFLOW}{workflow[1]}"

    @property
    def said(self) -> str:
        """The command as part of a sentence, with what has to be added to it."""
        command = self.command
        return f"{command} (and its other inputs)" if command.startswith(_IN_WORKFLOW) else command


def unscored(baseline: Side, candidate: Side, tasks: Container[Key]) -> tuple[Unscored, ...]:
    """Return the runs of either side that lack a score of these tasks, the candidate's first."""
    return (*_of(candidate, "candidate", tasks), *_of(baseline, "baseline", tasks))


def _of(
    side: Side, role: Literal["baseline", "candidate"], tasks: Container[Key]
) -> Iterator[Unscored]:
    for run in side.runs:
        lacking = sum(
            trial.score is None
            for key, trials in run.trials.items()
            if key in tasks
            for trial in trials
        )
        if lacking:
            yield Unscored(run.id, role, lacking)
