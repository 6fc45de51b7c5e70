"""``results.json``: what a run amounts to, for programs. Its schema ships beside this module."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from orchestrator.errors import BadInputError, Problem
from orchestrator.suite import TaskKey

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from orchestrator.report.entries import (
        AttemptEntry,
        Score,
        SessionEntry,
        TaskEntry,
        WorkerEntry,
    )
    from orchestrator.report.figures import Adjusted, Repeats
    from orchestrator.report.fleet_entry import FleetEntry
    from orchestrator.report.results import Results
    from orchestrator.stats import Interval

SCHEMA = "waa-matrix/results/2"
"""The value of ``schema`` as it is written: 2 has causes and flags that 1 had not."""

SCHEMAS_READ = ("waa-matrix/results/1", SCHEMA)
"""The values of ``schema`` that are read: a document of any other one is another format."""

_PROBLEMS_SHOWN = 20


def schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of the document."""
    text = files("orchestrator.report").joinpath("results.schema.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def to_document(results: Results) -> dict[str, Any]:
    """Return ``results.json`` as a value that JSON can hold.

    Scores and rates are fractions of 1, durations seconds, moments Unix seconds, costs US dollars;
    null stands for what is not known.
    """
    caveats = results.caveats
    return {
        "schema": SCHEMA,
        "run": _run(results),
        "counts": asdict(results.counts),
        "score": {
            **_score(results.score),
            "flagged": caveats.flagged,
            "mean_without_flagged": caveats.mean_without_flagged,
            "without_flagged_interval": _interval(caveats.without_flagged_interval),
            "clustered_interval": _interval(caveats.clustered),
            "clusters": caveats.clusters,
            "detectable": {
                "paired": caveats.paired_detectable,
                "unpaired": caveats.unpaired_detectable,
            },
        },
        "infeasible": {"counts": asdict(results.infeasible.counts), **_score(results.infeasible)},
        "feasible": {"counts": asdict(results.feasible.counts), **_score(results.feasible)},
        "domains": [
            {
                "domain": domain,
                "counts": asdict(score.counts),
                **_score(score),
                **_adjusted(results.adjusted.get(domain)),
            }
            for domain, score in results.domains
        ],
        "fail_answers": asdict(results.fail_answers),
        "trials": _repeats(results.repeats),
        "causes": dict(results.causes),
        "tasks": [task_document(task) for task in results.tasks],
        "workers": [_worker(worker) for worker in results.workers],
        "sessions": [_session(session) for session in results.sessions],
        "fingerprint": {
            "common": dict(results.fingerprint),
            "varying": {key: list(values) for key, values in results.varying.items()},
        },
        "damage": list(results.damage),
        "fleet": None if results.fleet is None else fleet_document(results.fleet),
    }


def document_pieces(results: Results) -> Iterator[str]:
    """Yield ``results.json`` as text, piece by piece: a large one is never whole in memory."""
    yield from json.JSONEncoder(indent=1).iterencode(to_document(results))
    yield "\n"


def _run(results: Results) -> dict[str, Any]:
    facts = results.facts
    return {
        "id": facts.run,
        "simulated": facts.simulated,
        "complete": results.counts.complete,
        "started": facts.started or None,
        "ended": facts.ended or None,
        "makespan_s": results.makespan_s,
        "predicted_s": facts.predicted_s,
        "cost_usd": facts.cost_usd,
        "predicted_cost_usd": facts.predicted_cost_usd,
        "exit_code": facts.exit_code,
        "store": facts.store,
        "version": facts.version,
        "command": facts.command,
        "plan_digest": results.settings.plan_digest,
        "suite_digest": results.settings.suite_digest,
        "settings": dict(results.settings.shown),
        "notes": list(facts.notes),
        "warnings": list(facts.warnings),
    }


def _score(score: Score) -> dict[str, Any]:
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


def _adjusted(found: Adjusted | None) -> dict[str, Any]:
    return {
        "adjusted_interval": _interval(found.interval) if found else None,
        "adjusted_p": found.p if found else None,
        "adjusted_direction": found.direction if found else None,
    }


def _repeats(found: Repeats | None) -> dict[str, Any] | None:
    if found is None:
        return None
    trials = found.trials
    return {
        "most": trials.most,
        "tasks": trials.tasks,
        "pass_at": {str(k): value for k, value in trials.pass_at.items()},
        "pass_all": {str(k): value for k, value in trials.pass_all.items()},
        "pass_tasks": trials.pass_tasks,
        "pass_at_intervals": _intervals(trials.pass_at_intervals),
        "pass_all_intervals": _intervals(trials.pass_all_intervals),
        "flip_rate": trials.flip_rate,
        "flip_interval": _interval(trials.flip_interval),
        "flaky": list(found.flaky),
        "interval": _interval(trials.interval),
    }


def _interval(interval: Interval | None) -> dict[str, Any] | None:
    return None if interval is None else asdict(interval)


def _intervals(found: Mapping[int, Interval | None]) -> dict[str, Any]:
    return {str(k): _interval(interval) for k, interval in found.items()}


def task_document(task: TaskEntry) -> dict[str, Any]:
    """Return one entry of ``tasks``."""
    return {
        "domain": task.domain,
        "name": task.name,
        "trial": task.trial,
        "infeasible": task.infeasible,
        "status": task.status.value,
        "cause": task.cause.value if task.cause else None,
        "score": task.score,
        "message": task.message,
        "flags": [flag.value for flag in task.flags],
        "steps": task.steps,
        "seconds": task.seconds,
        "expected_s": task.expected_s,
        "worker": task.worker or None,
        "attempts": [_attempt(one) for one in task.attempts],
        "fingerprint": dict(task.fingerprint),
    }


def _attempt(one: AttemptEntry) -> dict[str, Any]:
    return {
        "attempt": one.number,
        "worker": one.worker,
        "machine": one.machine,
        "session": one.session,
        "status": one.status.value,
        "cause": one.cause.value if one.cause else None,
        "score": one.score,
        "message": one.message,
        "flags": [flag.value for flag in one.flags],
        "steps": one.steps,
        "seconds": one.seconds,
        "started": one.started or None,
        "ended": one.ended or None,
        "stolen": one.stolen,
        "phases": dict(one.phases),
    }


def _worker(worker: WorkerEntry) -> dict[str, Any]:
    return {
        "id": worker.id,
        "shard": worker.shard,
        "machine": worker.machine,
        "session": worker.session,
        "exit": worker.exit_code,
        "reason": worker.reason,
        "died": worker.died,
        "left_at": worker.left_at or None,
        "scored": worker.scored,
        "stolen": worker.stolen,
        "busy_s": worker.busy_s,
        "spans": [asdict(span) for span in worker.spans],
    }


def _session(session: SessionEntry) -> dict[str, Any]:
    return {
        "id": session.id,
        "started": session.started or None,
        "ended": session.ended or None,
        "who": session.who,
        "machines": session.machines,
        "workers": list(session.workers),
    }


def fleet_document(fleet: FleetEntry) -> dict[str, Any]:
    """Return ``fleet``."""
    document = asdict(fleet)
    for name in ("phases", "machines", "events"):
        document[name] = list(document[name])
    if fleet.proof is not None:
        document["proof"]["left"] = list(fleet.proof.left)
    return document


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
