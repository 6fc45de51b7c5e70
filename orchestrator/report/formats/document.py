"""``results.json``: what a run amounts to, for programs; ``schemas.results`` says what it holds."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Literal, cast

from orchestrator.comparison.schema import SCHEMA, SCHEMAS_READ
from orchestrator.errors import BadInputError, Problem
from orchestrator.ledger.causes import Cause
from orchestrator.planning.suite import TaskKey
from orchestrator.report.schemas import results as schemas
from orchestrator.report.schemas import tasks
from orchestrator.report.schemas.files import committed
from orchestrator.report.schemas.value import json_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from orchestrator.report.model.entries import (
        AttemptEntry,
        Counts,
        Score,
        SessionEntry,
        TaskEntry,
        WorkerEntry,
        WorkerSpan,
    )
    from orchestrator.report.model.figures import Adjusted, Repeats
    from orchestrator.report.model.results import Results
    from orchestrator.stats import Interval

_PROBLEMS_SHOWN = 20


def schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of the document."""
    return committed("results.schema.json")


def to_document(results: Results) -> dict[str, Any]:
    """Return ``results.json`` as a value that JSON can hold; ``schemas.results`` describes it."""
    document = json_value(_document(results))
    if results.fleet is not None:
        document["fleet"] = _listed(document["fleet"])
    return document


def document_pieces(results: Results) -> Iterator[str]:
    """Yield ``results.json`` as text, piece by piece: a large one is never whole in memory."""
    yield from json.JSONEncoder(indent=1).iterencode(to_document(results))
    yield "\n"


def task_document(task: TaskEntry) -> dict[str, Any]:
    """Return one entry of ``tasks``."""
    return json_value(_task(task))


def _document(results: Results) -> schemas.ResultsDocument:
    return schemas.ResultsDocument(
        schema=SCHEMA,
        run=_run(results),
        counts=_counts(results.counts),
        score=_score(results),
        infeasible=_group(results.infeasible),
        feasible=_group(results.feasible),
        domains=[
            _domain(domain, score, results.adjusted.get(domain))
            for domain, score in results.domains
        ],
        fail_answers=schemas.FailAnswersDocument(**asdict(results.fail_answers)),
        trials=None if results.repeats is None else _trials(results.repeats),
        causes={Cause(cause): count for cause, count in results.causes},
        tasks=[_task(task) for task in results.tasks],
        workers=[_worker(worker) for worker in results.workers],
        sessions=[_session(session) for session in results.sessions],
        fingerprint=schemas.Fingerprint(
            common=dict(results.fingerprint),
            varying={key: list(values) for key, values in results.varying.items()},
        ),
        damage=list(results.damage),
        fleet=results.fleet,
    )


def _listed(fleet: dict[str, Any]) -> dict[str, Any]:
    """Return a fleet with lists where its entry, which is shared, holds tuples."""
    lists = {name: list(fleet[name]) for name in ("phases", "machines", "events")}
    proof = fleet["proof"]
    return fleet | lists | {"proof": proof and proof | {"left": list(proof["left"])}}


def _run(results: Results) -> schemas.RunDocument:
    facts = results.facts
    return schemas.RunDocument(
        id=facts.run,
        simulated=facts.simulated,
        complete=results.counts.complete,
        started=facts.started or None,
        ended=facts.ended or None,
        makespan_s=results.makespan_s,
        predicted_s=facts.predicted_s,
        cost_usd=facts.cost_usd,
        predicted_cost_usd=facts.predicted_cost_usd,
        exit_code=facts.exit_code,
        store=facts.store,
        version=facts.version,
        command=facts.command,
        plan_digest=results.settings.plan_digest,
        suite_digest=results.settings.suite_digest,
        settings=dict(results.settings.shown),
        notes=list(facts.notes),
        warnings=list(facts.warnings),
    )


def _counts(counts: Counts) -> schemas.CountsDocument:
    return schemas.CountsDocument(**asdict(counts))


def _figures(score: Score) -> dict[str, Any]:
    return {
        "mean": score.mean,
        "mean_interval": _interval(score.mean_interval),
        "successes": score.successes,
        "partial": score.partial,
        "rate": score.rate,
        "interval": _interval(score.interval),
        "worst_case": score.band.worst,
        "best_case": score.band.best,
        "timeouts": score.timeouts,
    }


def _score(results: Results) -> schemas.ScoreDocument:
    caveats = results.caveats
    return schemas.ScoreDocument(
        **_figures(results.score),
        flagged=caveats.flagged,
        mean_without_flagged=caveats.mean_without_flagged,
        without_flagged_interval=_interval(caveats.without_flagged_interval),
        clustered_interval=_interval(caveats.clustered),
        clusters=caveats.clusters,
        detectable=schemas.Detectable(
            paired=caveats.paired_detectable, unpaired=caveats.unpaired_detectable
        ),
    )


def _group(score: Score) -> schemas.GroupDocument:
    return schemas.GroupDocument(counts=_counts(score.counts), **_figures(score))


def _domain(domain: str, score: Score, adjusted: Adjusted | None) -> schemas.DomainDocument:
    sign = cast("Literal[1, 0, -1] | None", adjusted.direction if adjusted else None)
    return schemas.DomainDocument(
        domain=domain,
        counts=_counts(score.counts),
        **_figures(score),
        adjusted_interval=_interval(adjusted.interval) if adjusted else None,
        adjusted_p=adjusted.p if adjusted else None,
        adjusted_direction=sign,
    )


def _trials(repeats: Repeats) -> schemas.TrialsDocument:
    trials = repeats.trials
    return schemas.TrialsDocument(
        most=trials.most,
        tasks=trials.tasks,
        pass_at={str(k): value for k, value in trials.pass_at.items()},
        pass_all={str(k): value for k, value in trials.pass_all.items()},
        pass_tasks=trials.pass_tasks,
        pass_at_intervals=_intervals(trials.pass_at_intervals),
        pass_all_intervals=_intervals(trials.pass_all_intervals),
        flip_rate=trials.flip_rate,
        flip_interval=_interval(trials.flip_interval),
        flaky=list(repeats.flaky),
        interval=_interval(trials.interval),
    )


def _interval(interval: Interval | None) -> schemas.IntervalDocument | None:
    return None if interval is None else schemas.IntervalDocument(**asdict(interval))


def _intervals(
    intervals: Mapping[int, Interval | None],
) -> dict[str, schemas.IntervalDocument | None]:
    return {str(k): _interval(interval) for k, interval in intervals.items()}


def _task(task: TaskEntry) -> tasks.TaskDocument:
    return tasks.TaskDocument(
        domain=task.domain,
        name=task.name,
        trial=task.trial,
        infeasible=task.infeasible,
        status=task.status,
        cause=task.cause,
        score=task.score,
        message=task.message,
        flags=list(task.flags),
        steps=task.steps,
        seconds=task.seconds,
        expected_s=task.expected_s,
        worker=task.worker or None,
        attempts=[_attempt(attempt) for attempt in task.attempts],
        fingerprint=dict(task.fingerprint),
    )


def _attempt(attempt: AttemptEntry) -> tasks.AttemptDocument:
    return tasks.AttemptDocument(
        attempt=attempt.number,
        worker=attempt.worker,
        machine=attempt.machine,
        session=attempt.session,
        status=attempt.status,
        cause=attempt.cause,
        score=attempt.score,
        message=attempt.message,
        flags=list(attempt.flags),
        steps=attempt.steps,
        seconds=attempt.seconds,
        started=attempt.started or None,
        ended=attempt.ended or None,
        stolen=attempt.stolen,
        phases=dict(attempt.phases),
    )


def _worker(worker: WorkerEntry) -> tasks.WorkerDocument:
    return tasks.WorkerDocument(
        id=worker.id,
        shard=worker.shard,
        machine=worker.machine,
        session=worker.session,
        exit=worker.exit_code,
        reason=worker.reason,
        died=worker.died,
        left_at=worker.left_at or None,
        scored=worker.scored,
        stolen=worker.stolen,
        busy_s=worker.busy_s,
        spans=[_span(span) for span in worker.spans],
    )


def _span(span: WorkerSpan) -> tasks.SpanDocument:
    return tasks.SpanDocument(
        kind=cast("tasks.SpanKind", span.kind),
        start=span.start,
        end=span.end,
        domain=span.domain,
        name=span.name,
        trial=span.trial,
        attempt=span.attempt,
        stolen=span.stolen,
    )


def _session(session: SessionEntry) -> tasks.SessionDocument:
    return tasks.SessionDocument(
        id=session.id,
        started=session.started or None,
        ended=session.ended or None,
        who=session.who,
        machines=session.machines,
        workers=list(session.workers),
    )


def parse_document(data: bytes, where: str) -> dict[str, Any]:
    """Read a ``results.json``.

    Args:
        data: Its bytes.
        where: What to call it in messages.

    Raises:
        BadInputError: Not JSON, another format, or tasks that cannot be read; the first twenty.
    """
    fix = "Give a results.json that this program wrote."
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadInputError([Problem(where, f"not JSON ({error})", fix)]) from error
    if not isinstance(document, dict) or document.get("schema") not in SCHEMAS_READ:
        formats = " or ".join(SCHEMAS_READ)
        raise BadInputError([Problem(where, f"is not of the format {formats}", fix)])
    tasks = document.get("tasks")
    if not isinstance(tasks, list):
        raise BadInputError([Problem(f"{where}: tasks", "is not a list", fix)])
    problems = [
        Problem(f"{where}: tasks[{index}]", "has no readable domain, name, status, seconds", fix)
        for index, task in enumerate(tasks)
        if not _readable(task)
    ]
    if problems:
        raise BadInputError(problems[:_PROBLEMS_SHOWN])
    return document


def _readable(task: object) -> bool:
    if not isinstance(task, dict):
        return False
    seconds = task.get("seconds")
    return (
        all(isinstance(task.get(key), str) for key in ("domain", "name", "status"))
        and isinstance(seconds, int | float)
        and not isinstance(seconds, bool)
        and math.isfinite(seconds)
    )


def observations(document: Mapping[str, Any]) -> Iterator[tuple[TaskKey, float]]:
    """Yield (task, seconds) for each scored trial of a parsed document, for ``schedule.learn``.

    Seconds are the arena's, as in a plan. A timeout counts with its deadline: the task takes at
    least that long. Tasks whose agent raised are left out, for they ended early.
    """
    for task in document["tasks"]:
        whole = task.get("cause") in (None, "timeout")
        if task["status"] == "scored" and whole and task["seconds"] > 0:
            yield TaskKey(task["domain"], task["name"]), float(task["seconds"])
