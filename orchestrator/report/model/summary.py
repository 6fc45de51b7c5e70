"""Turns a plan and what its ledger tells into results. Pure, and linear in attempts."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from orchestrator import stats
from orchestrator.ledger.causes import CUT_OFF, SCORE_FLAGS, Status
from orchestrator.report.model.entries import AttemptEntry, Caveats, Counts, Score, TaskEntry
from orchestrator.report.model.figures import adjusted_domains, fail_answers, repeats
from orchestrator.report.model.fleet import fleet_of
from orchestrator.report.model.results import Results, ScoreSettings
from orchestrator.report.model.timeline import home_shards, sessions_of, workers_of
from orchestrator.text import NAME_LIMIT, clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from orchestrator.ledger.fold import Folded, TaskResult
    from orchestrator.ledger.records import Outcome
    from orchestrator.planning.plan import Plan
    from orchestrator.planning.suite import Unit
    from orchestrator.report.model.facts import RunFacts
    from orchestrator.report.model.fleet import FleetEvents
    from orchestrator.report.model.timeline import Homes
    from orchestrator.report.schemas.fleet_entry import FleetEntry

# What differs between the tasks of any run without making them unlike.
_OF_ONE_TASK = frozenset({"position", "position_since_reset"})
_VALUES_SHOWN = 8


def summarize(
    plan: Plan, folded: Folded, facts: RunFacts, events: FleetEvents | None = None
) -> Results:
    """Return what the run amounts to.

    A run is called simulated if the plan or the facts say so. ``events`` are its fleet's; the costs
    that they tell stand where the facts give none.
    """
    where = home_shards(plan, folded)
    expected_s = dict(zip(plan.units, plan.expected, strict=True))
    reader = _Reader(where, expected_s)
    tasks = sorted(
        (reader.task(result) for result in folded.results),
        key=lambda task: (task.domain, task.name, task.trial),
    )
    workers = workers_of(folded, where)
    common, varying = _fingerprints(tasks)
    domains = _domains(tasks)
    score = score_of(tasks)
    fleet = None if events is None else fleet_of(events, tasks, workers)
    damage = (*folded.damage, *(events.damage if events else ()))
    return Results(
        facts=_clean_facts(_priced(facts, fleet), simulated=facts.simulated or plan.simulated),
        settings=_settings(plan),
        score=score,
        caveats=_caveats(tasks, score),
        infeasible=score_of([task for task in tasks if task.infeasible]),
        feasible=score_of([task for task in tasks if not task.infeasible]),
        domains=domains,
        adjusted=adjusted_domains(tasks),
        fail_answers=fail_answers(tasks),
        repeats=repeats(tasks),
        tasks=tuple(tasks),
        workers=workers,
        sessions=sessions_of(folded, workers),
        causes=_causes(tasks),
        fingerprint=common,
        varying=varying,
        damage=tuple(clean(path) for path in damage),
        fleet=fleet,
    )


@dataclass(frozen=True, slots=True)
class _Reader:
    """Turns fold results into entries, with their texts cleaned."""

    where: Homes
    expected_s: Mapping[Unit, float]

    def task(self, result: TaskResult) -> TaskEntry:
        counted = result.counted
        outcome = counted or (result.attempts[-1] if result.attempts else None)
        return TaskEntry(
            domain=clean(result.unit.task.domain, NAME_LIMIT),
            name=clean(result.unit.task.name, NAME_LIMIT),
            trial=result.unit.trial,
            infeasible=result.unit.task.infeasible,
            status=result.status,
            cause=result.cause,
            score=result.score,
            message=clean(outcome.message) if outcome else "",
            flags=counted.flags if counted else (),
            steps=counted.steps if counted else 0,
            seconds=counted.seconds if counted else 0.0,
            expected_s=self.expected_s.get(result.unit, 0.0),
            worker=clean(counted.worker, NAME_LIMIT) if counted else "",
            attempts=tuple(self.attempt(outcome) for outcome in result.attempts),
            fingerprint=_clean_texts(counted.fingerprint) if counted else {},
        )

    def attempt(self, outcome: Outcome) -> AttemptEntry:
        return AttemptEntry(
            number=outcome.attempt,
            worker=clean(outcome.worker, NAME_LIMIT),
            machine=clean(outcome.machine, NAME_LIMIT),
            session=clean(outcome.session, NAME_LIMIT),
            status=outcome.status,
            cause=outcome.cause,
            score=outcome.points,
            message=clean(outcome.message),
            flags=outcome.flags,
            steps=outcome.steps,
            seconds=outcome.seconds,
            started=outcome.started,
            ended=outcome.ended,
            stolen=self.where.stolen(outcome),
            phases={clean(name, NAME_LIMIT): value for name, value in outcome.phases.items()},
        )


def _priced(facts: RunFacts, fleet: FleetEntry | None) -> RunFacts:
    """Return the facts with what the fleet tells of costs."""
    if fleet is None:
        return facts
    predicted = facts.predicted_cost_usd
    return replace(
        facts,
        cost_usd=fleet.cost.final_usd if facts.cost_usd is None else facts.cost_usd,
        predicted_cost_usd=fleet.cost.predicted_usd if predicted is None else predicted,
    )


def _clean_texts(texts: Mapping[str, str]) -> dict[str, str]:
    return {clean(key, NAME_LIMIT): clean(value, NAME_LIMIT) for key, value in texts.items()}


def _clean_facts(facts: RunFacts, *, simulated: bool) -> RunFacts:
    return replace(
        facts,
        run=clean(facts.run, NAME_LIMIT),
        simulated=simulated,
        store=_without_key(facts.store),
        version=clean(facts.version, NAME_LIMIT),
        command=clean(facts.command),
        notes=tuple(clean(note) for note in facts.notes),
        warnings=tuple(clean(warning) for warning in facts.warnings),
    )


def score_of(tasks: Sequence[TaskEntry]) -> Score:
    """Return what these tasks scored together."""
    scored = [task for task in tasks if task.score is not None]
    points = [task.score for task in scored if task.score is not None]
    counts = Counts(
        expected=len(tasks),
        scored=len(scored),
        infrastructure=sum(task.status is Status.INFRASTRUCTURE for task in tasks),
        missing=sum(task.status is Status.MISSING for task in tasks),
    )
    timeouts = sum(task.cause in CUT_OFF for task in scored)
    successes = sum(point >= 1.0 for point in points)
    undecided = counts.infrastructure + counts.missing
    rate = successes / len(points) if points else None
    independent = len({(task.domain, task.name) for task in scored})
    return Score(
        counts=counts,
        mean=_mean(points),
        mean_interval=stats.by_task(_by(tasks, by_task=True)),
        successes=successes,
        partial=sum(0 < point < 1 for point in points),
        rate=rate,
        interval=stats.success_interval(_successes(tasks)),
        band=stats.worst_best(points, undecided, counts.expected),
        timeouts=timeouts,
        tasks=independent,
    )


def _mean(points: Sequence[float]) -> float | None:
    return math.fsum(points) / len(points) if points else None


def _by(tasks: Iterable[TaskEntry], *, by_task: bool) -> list[list[float]]:
    """Return scores grouped by task, or else by domain."""
    groups: dict[tuple[str, str], list[float]] = {}
    for task in tasks:
        if task.score is not None:
            groups.setdefault((task.domain, task.name if by_task else ""), []).append(task.score)
    return list(groups.values())


def _successes(tasks: Iterable[TaskEntry]) -> list[tuple[int, int]]:
    """Return the full successes and the scored trials of each task."""
    groups = _by(tasks, by_task=True)
    return [(sum(score >= 1.0 for score in scores), len(scores)) for scores in groups]


def _caveats(tasks: Sequence[TaskEntry], score: Score) -> Caveats:
    scored = [task for task in tasks if task.score is not None]
    sound = [task for task in scored if SCORE_FLAGS.isdisjoint(task.flags)]
    n, rate = score.tasks, score.rate
    return Caveats(
        flagged=len(scored) - len(sound),
        mean_without_flagged=_mean([task.score for task in sound if task.score is not None]),
        without_flagged_interval=stats.by_task(_by(sound, by_task=True)),
        clustered=stats.clustered(_by(scored, by_task=False)),
        clusters=len({task.domain for task in scored}),
        paired_detectable=stats.detectable(_beside_a_like_run(tasks)),
        unpaired_detectable=None if rate is None else stats.unpaired_detectable(n, rate),
    )


def _beside_a_like_run(tasks: Sequence[TaskEntry]) -> list[stats.Pair]:
    """Return this run's trials beside those of a run that is complete."""
    trials: dict[tuple[str, str], list[TaskEntry]] = {}
    for task in tasks:
        trials.setdefault((task.domain, task.name), []).append(task)
    return [
        stats.Pair(
            stats.Tally(len(every), sum(task.score is not None for task in every), 0),
            stats.Tally(len(every), len(every), 0),
        )
        for every in trials.values()
    ]


def _domains(tasks: Sequence[TaskEntry]) -> tuple[tuple[str, Score], ...]:
    groups: dict[str, list[TaskEntry]] = {}
    for task in tasks:
        groups.setdefault(task.domain, []).append(task)
    return tuple((domain, score_of(group)) for domain, group in sorted(groups.items()))


def _causes(tasks: Iterable[TaskEntry]) -> tuple[tuple[str, int], ...]:
    """Return how many tasks ended for each cause, the most frequent first."""
    counts = Counter(task.cause.value for task in tasks if task.cause is not None)
    return tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def _fingerprints(
    tasks: Iterable[TaskEntry],
) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    """Return what every counted outcome agrees on, and the values of what they do not."""
    values: dict[str, dict[str, None]] = {}
    for task in tasks:
        for key, value in task.fingerprint.items():
            if key not in _OF_ONE_TASK:
                values.setdefault(key, {})[value] = None
    common = {key: next(iter(seen)) for key, seen in sorted(values.items()) if len(seen) == 1}
    varying = {
        key: tuple(sorted(seen)[:_VALUES_SHOWN])
        for key, seen in sorted(values.items())
        if len(seen) > 1
    }
    return common, varying


def _settings(plan: Plan) -> ScoreSettings:
    arena, agent, limits = plan.arena, plan.agent, plan.limits
    shown = (
        ("Agent", agent.name),
        ("Model", agent.model),
        ("Client", agent.client_digest or "the image's own"),
        ("Client arguments", " ".join(agent.client_args) or "none"),
        ("Arena", arena.kind + (f", {arena.image}" if arena.image else "")),
        ("Guest", f"{arena.guest_cores} cores, {arena.guest_ram_gb} GiB"),
        ("Reset", arena.reset),
        ("Trials", str(plan.trials)),
        ("Task deadline", f"{limits.task_s:g} s"),
        ("Speed", f"{plan.speed:g} times the wall clock"),
    )
    return ScoreSettings(
        plan_digest=plan.digest,
        suite_digest=clean(plan.suite_digest, NAME_LIMIT),
        shown=tuple((name, clean(value)) for name, value in shown),
    )


def _without_key(url: str) -> str:
    """Return a store's address without what may carry a key: its user, query and fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    host = parts.netloc.rpartition("@")[2]
    return clean(parts._replace(netloc=host, query="", fragment="").geturl())
