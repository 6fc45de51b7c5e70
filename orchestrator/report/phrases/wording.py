"""The sentences that every surface shares, so that no two tell the same run differently."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.errors import EXIT_COMPLETE, EXIT_INCOMPLETE, EXIT_INTERRUPTED
from orchestrator.ledger.causes import Cause, Flag
from orchestrator.report.model.entries import ESTIMAND
from orchestrator.report.phrases.amounts import NONE, dollars, moment, percent, span_of_time
from orchestrator.stats import CHANCES, POWER

if TYPE_CHECKING:
    from orchestrator.report.model.entries import Score
    from orchestrator.report.model.figures import Repeats
    from orchestrator.report.model.results import Results
    from orchestrator.report.schemas.fleet_entry import FleetEntry
    from orchestrator.stats import Interval

SIMULATED = "Simulated: no Windows was involved, and no score here says anything about an agent."

GRADES = {
    "success": "full score",
    "partial": "partial score",
    "zero": "scored 0",
    "infrastructure": "infrastructure",
    "missing": "missing",
}
"""The grades of a task in the order in which they are shown, with their names."""


def title(results: Results) -> str:
    """Return the report's title, with the word that must not be missed first."""
    name = f"WAA Matrix run {results.facts.run}"
    return f"[SIMULATED] {name}" if results.facts.simulated else name


def headline(score: Score) -> str:
    """Return the figure to quote: the mean when all is scored, else the band it could lie in."""
    if score.counts.expected == 0:
        return NONE
    if score.counts.complete:
        return percent(score.mean)
    return band(score)


def band(score: Score) -> str:
    """Return the worst and the best case."""
    return _range(score.band.worst, score.band.best)


def _range(low: float, high: float) -> str:
    shown = f"{100 * low:.1f}", f"{100 * high:.1f}"
    return f"{shown[0]}%" if shown[0] == shown[1] else f"{shown[0]} to {shown[1]}%"


def explained(score: Score) -> str:
    """Return what the headline is, in one sentence."""
    counts = score.counts
    if counts.expected == 0:
        return "Nothing was expected."
    if counts.complete:
        return f"Mean score over all {counts.expected} expected."
    lost = counts.infrastructure + counts.missing
    return (
        f"{lost} of {counts.expected} expected have no score: this is the worst and the best case. "
        f"The mean over the {counts.scored} scored is {percent(score.mean)}."
    )


def interval(result: Interval | None) -> str:
    """Return an interval's bounds, or a dash."""
    return NONE if result is None else _range(result.low, result.high)


def mean(score: Score) -> str:
    """Return the mean with its interval, and over how many of how many it is."""
    counts = score.counts
    return f"{bare_mean(score)}, {counts.scored}/{counts.expected} scored"


def bare_mean(score: Score) -> str:
    """Return the mean with its interval."""
    return f"{percent(score.mean)} (95%: {interval(score.mean_interval)})"


def successes(score: Score) -> str:
    """Return full successes over scored, with their rate and interval."""
    scored = score.counts.scored
    if not scored:
        return "no task is scored"
    return f"{score.successes}/{scored} = {percent(score.rate)} (95%: {interval(score.interval)})"


def accounting(score: Score) -> str:
    """Return the three counts and their sum."""
    counts = score.counts
    return (
        f"{counts.expected} expected = {counts.scored} scored + {counts.infrastructure} "
        f"infrastructure + {counts.missing} missing"
    )


def timing(results: Results) -> str:
    """Return actual against predicted makespan, or "" when neither is known."""
    parts = [span_of_time(results.makespan_s) if results.makespan_s is not None else ""]
    parts.append(foretold(results))
    return ", ".join(part for part in parts if part)


def foretold(results: Results) -> str:
    """Return how the makespan compares with the predicted one, or "" when that is unknown."""
    actual, predicted = results.makespan_s, results.facts.predicted_s
    if not predicted:
        return ""
    if actual is None:
        return f"predicted {span_of_time(predicted)}"
    change = actual / predicted - 1
    side = "over" if change > 0 else "under"
    return f"{abs(change):.0%} {side} the predicted {span_of_time(predicted)}"


def cost(results: Results) -> str:
    """Return the cost, against the predicted one and per full success; "" when unknown."""
    known = results.facts.cost_usd
    parts = ["" if known is None else dollars(known), cost_note(results)]
    return ", ".join(part for part in parts if part)


def cost_note(results: Results) -> str:
    """Return what stands beside the cost: the prediction, and the cost of a full success."""
    facts, wins = results.facts, results.score.successes
    parts = []
    if facts.predicted_cost_usd is not None:
        parts.append(f"predicted {dollars(facts.predicted_cost_usd)}")
    if facts.cost_usd is not None and wins:
        parts.append(f"{dollars(facts.cost_usd / wins)} a full success")
    return ", ".join(parts)


def fleet_cost(fleet: FleetEntry) -> str:
    """Return what a fleet cost, as a sentence."""
    cost, minutes = fleet.cost, fleet.minutes
    if cost.final_usd is None:
        return "What it cost is not known: no price was known for its machines."
    parts = [f"{dollars(cost.final_usd)} at list prices"]
    if cost.predicted_usd is not None:
        parts.append(f"predicted {dollars(cost.predicted_usd)}")
    if cost.per_task_usd is not None:
        parts.append(f"{dollars(cost.per_task_usd)} a scored task")
    if cost.per_success_usd is not None:
        parts.append(f"{dollars(cost.per_success_usd)} a full success")
    if minutes.ratio is not None:
        billed = f"{minutes.billed:.0f} minutes billed for {minutes.tasks:.0f} of tasks"
        parts.append(f"{billed}, a factor of {minutes.ratio:.2f}")
    if cost.open_machines:
        parts.append(f"so far: {cost.open_machines} not known to be deleted")
    if cost.unpriced_machines:
        parts.append(f"without {cost.unpriced_machines} whose price is not known")
    return ", ".join(parts) + "."


def proof(fleet: FleetEntry) -> str:
    """Return whether it is known that nothing is left of a fleet, as a sentence."""
    entry = fleet.proof
    if entry is None:
        return "Not yet proved gone: no teardown has looked until the end."
    if entry.proved:
        return f"Proved gone: nothing was left after {entry.looks} looks, {moment(entry.at)}."
    return f"NOT proved gone after {entry.looks} looks, {moment(entry.at)}."


def caveats(results: Results) -> list[str]:
    """Return what a reader must know before using the number, as sentences."""
    score, extra = results.score, results.caveats
    said = [said for said in (no_start(results), outage(results)) if said]
    if score.interval is not None:
        said.append(ESTIMAND)
    if score.timeouts:
        said.append(
            f"{score.timeouts} timed out: scored 0, in the mean, in the worst and best case and in "
            f"verdicts. Had all of them succeeded, the mean over the {score.counts.scored} scored "
            f"would be {percent(score.had_timeouts_succeeded)}."
        )
    if extra.flagged:
        others, held = score.counts.scored - extra.flagged, extra.without_flagged_interval
        said.append(
            f"{extra.flagged} scored while an evaluator's exception was swallowed or a step of the "
            f"set-up failed that upstream goes on from; the mean of the {others} others is "
            f"{percent(extra.mean_without_flagged)} (95%: {interval(held)})."
        )
    if results.infeasible.counts.expected:
        said.append(
            f"Infeasible tasks by themselves: {successes(results.infeasible)}; all others: mean "
            f"{mean(results.feasible)}. Always answering FAIL would score "
            f"{results.infeasible.counts.expected}/{score.counts.expected}."
        )
    if answers := fail_answers(results):
        said.append(answers)
    if grouped := clustered(results):
        said.append(grouped)
    if results.varying:
        names = ", ".join(results.varying)
        said.append(f"Tasks ran under unlike conditions ({names}): compare with care.")
    if results.damage:
        said.append(f"{len(results.damage)} objects of the ledger could not be read.")
    return said


_NOT_FAILED = (None, EXIT_COMPLETE, EXIT_INCOMPLETE, EXIT_INTERRUPTED)


def no_start(results: Results) -> str:
    """Return the last word of a worker that failed where nothing came of the run; else ""."""
    failed = [worker for worker in results.workers if worker.exit_code not in _NOT_FAILED]
    if results.counts.scored or not failed:
        return ""
    tried = [attempt for task in results.tasks for attempt in task.attempts]
    began = any(attempt.cause is not Cause.RELEASED for attempt in tried)
    what = "No task was scored." if began else "No worker got as far as a task."
    last = max(failed, key=lambda worker: worker.left_at)
    return f"{what} The last one that failed said: {last.reason or 'nothing'}"


def outage(results: Results) -> str:
    """Return what the silence of the model's provider cost; "" when it always answered."""
    lost = [
        attempt
        for task in results.tasks
        for attempt in task.attempts
        if attempt.cause is Cause.PROVIDER or Flag.PROBE in attempt.flags
    ]
    if not lost:
        return ""
    seconds = sum(attempt.seconds for attempt in lost)
    busy_s = sum(attempt.seconds for task in results.tasks for attempt in task.attempts)
    cost = results.facts.cost_usd
    money = f", about ${cost * seconds / busy_s:.2f}" if cost and busy_s else ""
    return (
        f"The model's provider did not answer {len(lost)} attempts: {span_of_time(seconds)} of the "
        f"arena's time{money} were lost to it, beside what workers waited."
    )


def fail_answers(results: Results) -> str:
    """Return how often FAIL was answered, apart for infeasible tasks; "" when it never was."""
    answers = results.fail_answers
    if not answers.infeasible + answers.feasible:
        return ""
    return (
        f"FAIL was answered on {answers.infeasible} of {answers.infeasible_scored} scored"
        f" infeasible tasks, where it is right, and on {answers.feasible} of"
        f" {answers.feasible_scored} others."
    )


def clustered(results: Results) -> str:
    """Return what is known of other applications, which is not what the mean's interval says."""
    extra = results.caveats
    if extra.clustered is None:
        return ""
    return (
        f"Were the {extra.clusters} applications drawn too, and not their tasks alone, another "
        f"draw of applications like these could lie at {interval(extra.clustered)} (95%, CR2, t): "
        "indicative."
    )


def adjusted(results: Results, domain: str) -> str:
    """Return a domain's interval after Holm, or a dash where nothing of it is scored."""
    result = results.adjusted.get(domain)
    return interval(result.interval if result else None)


def adjusted_p(results: Results, domain: str) -> str:
    """Return the Holm-adjusted p of a domain against all others, or a dash."""
    result = results.adjusted.get(domain)
    if result is None:
        return NONE
    shown = "< 0.001" if result.p < 0.001 else f"{result.p:.3f}"
    return f"{shown} {result.beside}".rstrip()


def trials(repeats: Repeats) -> list[tuple[str, str]]:
    """Return what several trials of each task say, as names and values."""
    rows = [(f"pass@{k}, pass^{k}", f"{entry}, {every}") for k, entry, every in passes(repeats)]
    return [*rows, ("pass@k and pass^k over", pass_tasks(repeats)), *agreement(repeats)]


def passes(repeats: Repeats) -> list[tuple[int, str, str]]:
    """Return k, pass@k and pass^k with their intervals, of every known k."""
    over = repeats.trials
    return [
        (
            k,
            with_interval(over.pass_at[k], over.pass_at_intervals[k]),
            with_interval(over.pass_all[k], over.pass_all_intervals[k]),
        )
        for k in sorted(over.pass_at)
    ]


def with_interval(value: float | None, result: Interval | None) -> str:
    """Return a share with its 95% interval; all of that may be unknown."""
    return f"{percent(value)} ({interval(result)})" if result else percent(value)


def pass_tasks(repeats: Repeats) -> str:
    """Return over which tasks pass@k and pass^k are, for every k the same ones."""
    over = repeats.trials
    noun = "task" if over.pass_tasks == 1 else "tasks"
    return f"{over.pass_tasks} {noun} with {over.most} scored trials"


def agreement(repeats: Repeats) -> list[tuple[str, str]]:
    """Return how far trials of one task agree, as names and values."""
    over = repeats.trials
    return [
        ("Flip rate", f"{percent(over.flip_rate)} of pairs of trials, over {over.tasks} tasks"),
        ("95% of the flip rate", interval(over.flip_interval)),
        ("Flaky tasks", f"{len(repeats.flaky)} of {over.tasks}"),
    ]


def reach(results: Results) -> str:
    """Return which differences a run of this size can show."""
    extra = results.caveats
    if extra.paired_detectable is None:
        return "Too few tasks are scored to tell two runs apart, had the others gone against it."
    said = (
        f"A second run of the same tasks must differ by {100 * extra.paired_detectable:.1f} points"
        f" or more to be told apart (paired, complete, as many trials, power {POWER:g}, chances of"
        f" tasks spread as Beta({CHANCES[0]:g}, {CHANCES[1]:g}))"
    )
    if extra.unpaired_detectable is None:
        return said + "."
    return f"{said}; a published number by {100 * extra.unpaired_detectable:.1f} points."
