"""The last lines of a run: what came out, and where it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.report.model.results import Results


def closing_lines(results: Results, out: Path, stopped_by: str) -> list[str]:
    """Return the lines that end a run's output."""
    from orchestrator.report.phrases import wording

    lines = [wording.SIMULATED] if results.facts.simulated else []
    score = results.score
    lines.append(f"Score {wording.headline(score)}. {wording.explained(score)}")
    lines.append(f"Full successes: {wording.successes(score)}")
    lines.append(f"Mean over scored: {wording.mean(score)}")
    lines += [line for line in (wording.clustered(results), _fail_answers(results)) if line]
    if results.repeats is not None:
        lines += [f"{name}: {value}" for name, value in wording.trials(results.repeats)]
    lines.append(wording.accounting(score))
    lines += [line for line in (wording.no_start(results), wording.outage(results)) if line]
    if stopped_by:
        lines.append(f"Stopped by {stopped_by}.")
    lines.append(f"Report: {out / 'report.html'}")
    return lines


def below_bar(mean: float | None, bar: float | None) -> str:
    """Return why a mean fails ``--fail-under``; "" when it does not, or there is no bar."""
    if bar is None or (mean is not None and mean >= bar):
        return ""
    reached = "there is no mean" if mean is None else f"the mean is {mean:.4f}"
    return f"Exit 1: {reached}, and --fail-under is {bar:g} (on the scale from 0 to 1)."


def _fail_answers(results: Results) -> str:
    """Return how often FAIL was answered; "" where it never was, and never would be right."""
    answers = results.fail_answers
    parts = [
        _share(answers.infeasible, answers.infeasible_scored, "scored infeasible tasks"),
        _share(answers.feasible, answers.feasible_scored, "others"),
    ]
    if not (answers.infeasible_scored or answers.feasible):
        return ""
    return "FAIL answered: " + ", ".join(part for part in parts if part)


def _share(answered: int, scored: int, of: str) -> str:
    return f"{answered}/{scored} {of}" if scored else ""
