"""The sentences of a comparison, shared by every surface."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.comparison.inputs import unlike_inputs
from orchestrator.comparison.sides import totals
from orchestrator.report.phrases.amounts import NONE, percent
from orchestrator.stats import (
    CHANCES,
    DRAWN,
    DRAWS,
    FEWEST_DISCORDANT,
    MCNEMAR,
    PERMUTATION,
    POWER,
    UNCONDITIONAL,
    Verdict,
    drawn_error,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.comparison.compare import Candidate, Comparison, Paired
    from orchestrator.comparison.domains import DomainRow
    from orchestrator.comparison.published import Against, GroupRow
    from orchestrator.comparison.sides import Totals, Unlike
    from orchestrator.report.schemas.decision import Direction
    from orchestrator.stats import Decision, Interval

TITLES = {
    Verdict.BETTER: "Better",
    Verdict.WORSE: "Worse",
    Verdict.NOT_DISTINGUISHABLE: "Not distinguishable",
    Verdict.UNDERPOWERED: "Underpowered",
    Verdict.NONE: "No verdict",
}
"""How a verdict is called."""

DIRECTIONS: Mapping[int, Direction] = {1: "better", -1: "worse", 0: "even"}
"""How the sign of a difference, candidate minus baseline, is called beside its p-value."""

CHANCES_SAID = f"chances of tasks spread as Beta({CHANCES[0]:g}, {CHANCES[1]:g})"
"""The model between tasks under which a reach is computed."""

TESTS = {
    MCNEMAR: "exact McNemar",
    UNCONDITIONAL: "exact unconditional McNemar",
    PERMUTATION: "exact permutation",
    DRAWN: f"permutation by {DRAWS:,} drawn deals",
}
"""How the tests that decide are called; any other is an exact stratified one."""


def verdict_sentence(candidate: Candidate) -> str:
    """Return the verdict on a candidate and what it rests on, as one sentence."""
    return f"{TITLES[candidate.verdict]}: {reason(candidate)}"


def reason(candidate: Candidate) -> str:
    """Return why the verdict is what it is."""
    decision = candidate.decision
    if decision is None:
        return "a simulated run says nothing about a real one."
    test = TESTS.get(decision.method, "exact stratified")
    seen = f"{moved(candidate)} ({test} {p_of(decision.p, decision.method)})"
    if decision.survives is False:
        return (
            f"{seen[:-1]} for {DIRECTIONS[candidate.direction]}), but"
            f" {undecided(candidate.paired)}; {at_worst(candidate, decision)}."
            f" {beside(candidate.paired)}"
            "Finish the runs, then compare again."
        )
    if decision.verdict is Verdict.UNDERPOWERED:
        return f"{seen}. {beside(candidate.paired)}{_why_underpowered(candidate)}"
    if decision.verdict is Verdict.NOT_DISTINGUISHABLE:
        unseen = reach(candidate.paired) if candidate.on == "success" else ""
        return f"{seen}. {beside(candidate.paired)}{unseen}".strip()
    held = f" It holds however they had ended: {undecided(candidate.paired)}."
    against = _moves_against(candidate)
    said = " ".join((beside(candidate.paired) + against).split())
    return " ".join(
        part
        for part in (
            f"{seen}, {_change(candidate)}.",
            said,
            held.strip() if candidate.paired.undecided else "",
        )
        if part
    )


def beside(paired: Paired) -> str:
    """Return how many of the changed tasks were cut off; "" where none was, else with a space.

    A task that is cut off is scored 0, in a verdict as in a mean (``causes.CUT_OFF``).
    """
    said = ""
    if paired.lost_cut_off:
        said += f"{paired.lost_cut_off} of the {paired.lost} lost timed out. "
    if paired.gained_cut_off:
        said += (
            f"{paired.gained_cut_off} of the {paired.gained} gained had timed out in the baseline. "
        )
    return said


def moved(candidate: Candidate) -> str:
    """Return what changed of what decides."""
    paired = candidate.paired
    if candidate.on == "success":
        return counts(paired)
    differing = f"{paired.described.differing} of {tasks(paired.tasks)} differ"
    return f"mean score {points(paired.score_difference)}, {differing}"


def _change(candidate: Candidate) -> str:
    """Return the difference that decides, with its interval."""
    if candidate.on == "success":
        return change(candidate.paired)
    held = point_range(candidate.paired.score_interval)
    return f"95%: {held}" if candidate.paired.score_interval else "alike on all of them"


def _moves_against(candidate: Candidate) -> str:
    """Return that what does not decide contradicts what does; "" where it does not."""
    paired = candidate.paired
    if candidate.on == "success":
        return _mean_against(paired)
    if paired.direction * candidate.direction >= 0:
        return ""
    return f"Full successes move the other way: {change(paired)}; mean scores decide."


def _mean_against(paired: Paired) -> str:
    """Return that the mean score contradicts what full successes decided; "" where it does not."""
    if (paired.score_difference or 0.0) * paired.direction >= 0:
        return ""
    held = f" (95%: {point_range(paired.score_interval)})" if paired.score_interval else ""
    return (
        f"The mean score moves the other way: {points(paired.score_difference)}{held}; "
        "full successes decide."
    )


def at_worst(candidate: Candidate, decision: Decision) -> str:
    """Return what the missing scores would make of a finding: its p, and in which direction."""
    against = candidate.direction * (decision.turn or 0)
    towards = f"for {DIRECTIONS[against]}" if against else "for no difference"
    return f"at worst {p_is(decision.p_worst)} {towards}, had they all gone against it"


def _why_underpowered(candidate: Candidate) -> str:
    paired = candidate.paired
    differing = (
        paired.gained + paired.lost if candidate.on == "success" else paired.described.differing
    )
    if differing < FEWEST_DISCORDANT:
        return (
            f"Fewer than {FEWEST_DISCORDANT} tasks that differ can never reach 0.05, whichever way "
            "they go."
        )
    return f"Whichever way they went, it could be undone: {undecided(paired)}."


def counts(paired: Paired) -> str:
    """Return how many tasks were gained and lost, of how many."""
    return f"{paired.gained} gained, {paired.lost} lost of {tasks(paired.tasks)}"


def tasks(number: int) -> str:
    """Return a number of tasks."""
    return f"{number} task" if number == 1 else f"{number} tasks"


def undecided(paired: Paired) -> str:
    """Return how many tasks lack a score."""
    verb = "lacks" if paired.undecided == 1 else "lack"
    said = f"{tasks(paired.undecided)} {verb} a score on a side"
    partly = paired.undecided - paired.unscored
    return f"{said} ({paired.unscored} every trial of it, {partly} some)" if partly else said


def change(paired: Paired) -> str:
    """Return the difference of the success rates with its interval."""
    shown = points(paired.difference)
    return f"{shown} (95%: {point_range(paired.interval)})" if paired.interval else shown


def reach(paired: Paired) -> str:
    """Return what difference so many tasks could have shown."""
    if paired.detectable is None:
        return "So few tasks could not show any difference with chance 0.8."
    first, second = (f"{low}" if low == high else f"{low} to {high}" for low, high in paired.trials)
    gate = ", what lacks a score counted against it" if paired.undecided else ""
    return (
        f"A difference below {100 * paired.detectable:.1f} points would mostly go unseen "
        f"({first} against {second} trials of {tasks(paired.tasks)}{gate}; power {POWER:g}, "
        f"{CHANCES_SAID})."
    )


def p(value: float | None) -> str:
    """Return a p-value with two significant digits."""
    if value is None:
        return NONE
    if value < 0.0001:
        return "<0.0001"
    return f"{value:.2g}" if value < 0.995 else "1"


def p_is(value: float | None) -> str:
    """Return what a p-value is, as part of a sentence: ``p = 0.031``, ``p < 0.0001``."""
    shown = p(value)
    return f"p {shown[0]} {shown[1:]}" if shown.startswith("<") else f"p = {shown}"


def p_of(value: float, method: str) -> str:
    """Return a p-value of a test, with its Monte Carlo error (two standard ones) if drawn."""
    return p_is(value) + (f" ± {2 * drawn_error(value):.1g}" if method == DRAWN else "")


def points(difference: float | None) -> str:
    """Return a difference of fractions in percentage points, with its sign."""
    return NONE if difference is None else f"{100 * difference:+.1f} points"


def point_range(interval: Interval | None) -> str:
    """Return an interval of a difference, in points."""
    return NONE if interval is None else f"{100 * interval.low:+.1f} to {100 * interval.high:+.1f}"


def mean(sums: Totals) -> str:
    """Return the mean over scored with its interval."""
    held = sums.mean_interval
    return percent(sums.mean) + (f" (95%: {_between(held)})" if held else "")


def successes(sums: Totals) -> str:
    """Return full successes over scored, their rate and its interval; a dash without a score."""
    if sums.rate is None:
        return NONE
    held = f" (95%: {_between(sums.interval)})" if sums.interval else ""
    return f"{sums.successes}/{sums.scored} = {percent(sums.rate)}{held}"


def _between(interval: Interval) -> str:
    return f"{100 * interval.low:.1f} to {100 * interval.high:.1f}%"


def domain_change(row: DomainRow) -> str:
    """Return the difference in a domain with its interval."""
    held = f" ({point_range(row.interval)})" if row.interval else ""
    return points(row.difference) + held


def warnings(comparison: Comparison, candidate: Candidate) -> list[str]:
    """Return what a reader must know before using the verdict, as sentences."""
    simulated = ["Simulated: no score here says anything about an agent."]
    return (simulated if comparison.simulated else []) + caveats(comparison, candidate)


def caveats(comparison: Comparison, candidate: Candidate) -> list[str]:
    """Return the warnings, but for that of simulation, which most surfaces show by itself."""
    paired = candidate.paired
    said = unlike_inputs(comparison.baseline, candidate.side)
    if paired.undecided:
        said.append(f"Incomplete: {undecided(paired)}.")
    return said + [_unlike_sentence(entry) for entry in candidate.unlike]


def _unlike_sentence(entry: Unlike) -> str:
    first, second = (", ".join(values) or "unknown" for values in (entry.first, entry.second))
    if entry.kind == "subject":
        return f"What is compared differs in {entry.key}: {first} → {second}."
    if entry.first == entry.second:
        return f"Tasks met unlike conditions within the runs ({entry.key}: {first})."
    return (
        f"The conditions differ in {entry.key}: {first} → {second}; the difference may be theirs."
    )


def against_warnings(comparison: Against) -> list[str]:
    """Return what must be read with a run beside published numbers, as sentences."""
    totals_, whole, number = (
        totals(comparison.side.trials),
        comparison.whole,
        len(comparison.side.trials),
    )
    said = ["Published numbers are unpaired: another time, other machines, perhaps other tasks."]
    if totals_.scored < totals_.expected:
        said.append(f"{totals_.expected - totals_.scored} of {totals_.expected} have no score.")
    if whole is not None and number != whole.tasks:
        said.append(f"The run has {number} tasks, the published list {whole.tasks}.")
    return said


def group_rate(row: GroupRow) -> str:
    """Return a run's rate in a group; of several trials, as the mean of the tasks' rates."""
    if row.scored == row.tasks_scored:
        return f"{row.successes}/{row.scored} = {percent(row.rate)}"
    return f"{percent(row.rate)} of {tasks(row.tasks_scored)} ({row.successes}/{row.scored} trials)"


def against_sentence(comparison: Against) -> str:
    """Return what can be said of a run beside published numbers, as one sentence."""
    row = comparison.whole
    name = comparison.published.name
    if comparison.side.simulated:
        return f"No verdict: a simulated run says nothing beside {name}."
    if row is None or row.rate is None:
        return f"No verdict: no total to set beside {name}."
    seen = (
        f"{group_rate(row)} against {percent(row.published)} "
        f"({name}); {points(row.difference)} (95%: {point_range(row.interval)}), Fisher's exact "
        f"{p_is(row.p)}"
    )
    return f"{TITLES[comparison.verdict]}: {seen}. Unpaired, under conditions of their own."
