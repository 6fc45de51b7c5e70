"""``comparison.json``: a comparison for programs and for the page. Its schema ships beside this."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final, cast

from orchestrator import __version__
from orchestrator.comparison.inputs import left_out
from orchestrator.comparison.sides import mean_score, tally, totals
from orchestrator.ledger.causes import Status
from orchestrator.report.formats import comparison_phrases as words
from orchestrator.report.formats.comparison_advice import advice
from orchestrator.report.schemas import comparison as schemas
from orchestrator.report.schemas import decision
from orchestrator.report.schemas.files import committed
from orchestrator.report.schemas.value import json_value
from orchestrator.stats import ALPHA

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.comparison.compare import Candidate, Changed, Comparison
    from orchestrator.comparison.domains import DomainRow
    from orchestrator.comparison.flips import Flips
    from orchestrator.comparison.published import Against
    from orchestrator.comparison.record import RunRecord, Trial
    from orchestrator.comparison.sides import Side
    from orchestrator.stats import Interval

SCHEMA: Final = "waa-matrix/comparison/1"
"""The value of ``schema``: a document of another one is another format."""


def comparison_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of the document."""
    return committed("comparison.schema.json")


def to_comparison(comparison: Comparison) -> dict[str, Any]:
    """Return ``comparison.json`` as a value that JSON can hold; differences are in [-1, 1]."""
    return json_value(
        schemas.ComparisonDocument(
            schema=SCHEMA,
            version=__version__,
            simulated=comparison.simulated,
            baseline=_side(comparison.baseline),
            candidates=[_candidate(comparison, candidate) for candidate in comparison.candidates],
            published=[_published(against) for against in comparison.against],
        )
    )


def _side(side: Side) -> schemas.SideDocument:
    tallied = totals(side.trials)
    return schemas.SideDocument(
        name=side.name,
        runs=[_run(run) for run in side.runs],
        tasks=len(side.trials),
        trials=tallied.expected,
        scored=tallied.scored,
        successes=tallied.successes,
        rate=tallied.rate,
        interval=_interval(tallied.interval),
        mean=tallied.mean,
        mean_interval=_interval(tallied.mean_interval),
    )


def _run(run: RunRecord) -> schemas.ComparedRunDocument:
    tallied, trials = totals(run.trials), run.all_trials
    cost = run.cost_usd
    per_success = cost / tallied.successes if cost is not None and tallied.successes else None
    return schemas.ComparedRunDocument(
        id=run.id,
        source=run.source,
        started=run.started,
        ended=run.ended,
        makespan_s=run.makespan_s,
        simulated=run.simulated,
        expected=tallied.expected,
        scored=tallied.scored,
        infrastructure=tallied.infrastructure,
        missing=tallied.missing,
        successes=tallied.successes,
        rate=tallied.rate,
        interval=_interval(tallied.interval),
        mean=tallied.mean,
        mean_interval=_interval(tallied.mean_interval),
        worst_case=tallied.worst,
        best_case=tallied.best,
        cost_usd=cost,
        cost_per_success_usd=per_success,
        retries=sum(max(0, trial.attempts - 1) for trial in trials),
        attempts=sum(trial.attempts for trial in trials),
        causes=dict(Counter(trial.cause for trial in trials if trial.cause)),
        agent=run.value("agent"),
        model=run.value("model"),
    )


def _interval(interval: Interval | None) -> decision.DifferenceIntervalDocument | None:
    return None if interval is None else decision.DifferenceIntervalDocument(**asdict(interval))


def _candidate(comparison: Comparison, candidate: Candidate) -> schemas.CandidateDocument:
    only_baseline, only_candidate = left_out(comparison.baseline, candidate.side)
    return schemas.CandidateDocument(
        side=_side(candidate.side),
        verdict=_verdict(candidate),
        paired=_paired(candidate),
        left_out=schemas.LeftOut(baseline=only_baseline, candidate=only_candidate),
        domains=[_domain(row) for row in candidate.domains],
        tasks=[
            _changed(comparison.baseline, candidate.side, changed) for changed in candidate.changed
        ],
        unlike=[
            schemas.UnlikeDocument(
                key=entry.key,
                baseline=list(entry.first),
                candidate=list(entry.second),
                kind=entry.kind,
            )
            for entry in candidate.unlike
        ],
        warnings=words.warnings(comparison, candidate),
        advice=advice(candidate),
        unscored=[
            schemas.UnscoredDocument(**asdict(run), command=run.command)
            for run in candidate.beside.unscored
        ],
        flips=_flips(candidate.beside.flips),
    )


def _domain(row: DomainRow) -> schemas.ComparedDomainDocument:
    return schemas.ComparedDomainDocument(
        domain=row.domain,
        tasks=row.tasks,
        gained=row.gained,
        lost=row.lost,
        difference=row.difference,
        interval=_interval(row.interval),
        p=row.p,
        baseline_rate=row.baseline_rate,
        candidate_rate=row.candidate_rate,
    )


def _flips(flips: Flips | None) -> schemas.FlipsDocument | None:
    if flips is None:
        return None
    tasks = [
        schemas.FlippingTask(
            domain=task.key[0],
            name=task.key[1],
            change="lost" if task.lost else "gained",
            successes=task.successes,
            scored=task.scored,
        )
        for task in flips.tasks
    ]
    return schemas.FlipsDocument(where=flips.where, runs=flips.runs, tasks=tasks)


def _verdict(candidate: Candidate) -> decision.VerdictDocument:
    decided, on_success = candidate.decision, candidate.on == "success"
    reasons = [words.reason(candidate), *([words.reach(candidate.paired)] if on_success else [])]
    tipping = candidate.beside.tipping
    turned = None if decided is None or decided.turn is None else candidate.direction * decided.turn
    return decision.VerdictDocument(
        value=candidate.verdict.value,
        sentence=words.verdict_sentence(candidate),
        reasons=reasons,
        on=candidate.on,
        test=cast("decision.Test | None", decided.method if decided else None),
        alpha=ALPHA,
        p=decided.p if decided else None,
        p_worst=decided.p_worst if decided else None,
        survives=decided.survives if decided else None,
        tipping=decision.TippingDocument(**asdict(tipping)) if tipping else None,
        direction=_direction(candidate.direction if decided else None),
        direction_worst=_direction(turned),
    )


def _direction(sign: int | None) -> decision.Direction | None:
    return None if sign is None else words.DIRECTIONS[sign]


def _paired(candidate: Candidate) -> decision.PairedDocument:
    paired, described = candidate.paired, candidate.paired.described.score_test
    wilcoxon = paired.wilcoxon
    return decision.PairedDocument(
        tasks=paired.tasks,
        unscored=paired.unscored,
        undecided=paired.undecided,
        only_baseline=paired.only_baseline,
        only_candidate=paired.only_candidate,
        both=paired.both,
        tied=paired.tied,
        gained=paired.gained,
        lost=paired.lost,
        neither=paired.neither,
        gained_cut_off=paired.gained_cut_off,
        lost_cut_off=paired.lost_cut_off,
        discordance=paired.discordance,
        difference=paired.difference,
        difference_interval=_interval(paired.interval),
        score_difference=paired.score_difference,
        score_interval=_interval(paired.score_interval),
        clustered_interval=_interval(paired.described.clustered_interval),
        clusters=paired.described.clusters,
        score_test=cast("decision.ScoreTest | None", described.method if described else None),
        score_p=described.p if described else None,
        score_direction=_direction(described.direction if described else None),
        score_differing=paired.described.differing,
        wilcoxon_p=wilcoxon.p if wilcoxon else None,
        wilcoxon_direction=_direction(wilcoxon.direction if wilcoxon else None),
        detectable=paired.detectable,
    )


def _changed(baseline: Side, side: Side, changed: Changed) -> schemas.ComparedTaskDocument:
    domain, name = changed.key
    return schemas.ComparedTaskDocument(
        domain=domain,
        name=name,
        kind=changed.kind,
        baseline=task_result(baseline.trials[changed.key]),
        candidate=task_result(side.trials[changed.key]),
    )


def task_result(trials: Sequence[Trial]) -> schemas.TaskScores:
    """Return a side's scores of one task; the cause is that of the first trial that has one."""
    tallied = tally(trials)
    statuses = {trial.status for trial in trials}
    lost = Status.INFRASTRUCTURE if Status.INFRASTRUCTURE in statuses else Status.MISSING
    return schemas.TaskScores(
        trials=tallied.expected,
        scored=tallied.scored,
        successes=tallied.successes,
        score=mean_score(trials),
        status=Status.SCORED if tallied.scored else lost,
        cause=next((trial.cause for trial in trials if trial.cause), None),
    )


def _published(against: Against) -> schemas.PublishedDocument:
    return schemas.PublishedDocument(
        run=against.side.name,
        name=against.published.name,
        verdict=against.verdict.value,
        sentence=words.against_sentence(against),
        groups=[
            schemas.PublishedGroup(
                group=row.group,
                tasks=row.tasks,
                scored=row.scored,
                tasks_scored=row.tasks_scored,
                successes=row.successes,
                rate=row.rate,
                published_rate=row.published,
                difference=row.difference,
                interval=_interval(row.interval),
                p=row.p,
            )
            for row in against.rows
        ],
        warnings=words.against_warnings(against),
    )
