"""The last lines of a run: what came out, and where it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.report.results import Results


def closing_lines(results: Results, out: Path, stopped_by: str) -> list[str]:
    """Return the lines that end a run's output."""
    from orchestrator.report import wording

    lines = [wording.SIMULATED] if results.facts.simulated else []
    score = results.score
    lines.append(f"Score {wording.headline(score)}. {wording.explained(score)}")
    lines.append(f"Full successes: {wording.successes(score)}")
    if results.repeats is not None:
        lines += [f"{name}: {value}" for name, value in wording.trials(results.repeats)]
    lines.append(wording.accounting(score))
    if stopped_by:
        lines.append(f"Stopped by {stopped_by}; go on with --resume --out {out}.")
    lines.append(f"Report: {out / 'report.html'}")
    return lines
