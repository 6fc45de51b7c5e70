"""``comparison.json``: a comparison for programs and for the page. Its schema ships beside this."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from orchestrator import __version__
from orchestrator.causes import Status
from orchestrator.report.comparison import words
from orchestrator.report.comparison.advice import advice
from orchestrator.report.comparison.inputs import left_out
from orchestrator.report.comparison.sides import mean_score, tally, totals
from orchestrator.stats import ALPHA

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.report.comparison.compare import Candidate, Changed, Comparison
    from orchestrator.report.comparison.flips import Flips
    from orchestrator.report.comparison.published import Against
    from orchestrator.report.comparison.record import RunRecord, Trial
    from orchestrator.report.comparison.sides import Side
    from orchestrator.stats import Interval

SCHEMA = "waa-matrix/comparison/1"
"""The value of ``schema``: a document of another one is another format."""


def comparison_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of the document."""
    text = files("orchestrator.report").joinpath("comparison.schema.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def to_comparison(comparison: Comparison) -> dict[str, Any]:
    """Return ``comparison.json`` as a value that JSON can hold; differences are in [-1, 1]."""
    return {
        "schema": SCHEMA,
        "version": __version__,
        "simulated": comparison.simulated,
        "baseline": _side(comparison.baseline),
        "candidates": [_candidate(comparison, one) for one in comparison.candidates],
        "published": [_against(one) for one in comparison.against],
    }


def _side(side: Side) -> dict[str, Any]:
    found = totals(side.trials)
    return {
        "name": side.name,
        "runs": [_run(run) for run in side.runs],
        "tasks": len(side.trials),
        "trials": found.expected,
        "scored": found.scored,
        "successes": found.successes,
        "rate": found.rate,
        "interval": _interval(found.interval),
        "mean": found.mean,
        "mean_interval": _interval(found.mean_interval),
    }


def _run(run: RunRecord) -> dict[str, Any]:
    found, trials = totals(run.trials), run.all_trials
    cost = run.cost_usd
    per_success = cost / found.successes if cost is not None and found.successes else None
    return {
        "id": run.id,
        "source": run.source,
        "started": run.started,
        "ended": run.ended,
        "makespan_s": run.makespan_s,
        "simulated": run.simulated,
        "expected": found.expected,
        "scored": found.scored,
        "infrastructure": found.infrastructure,
        "missing": found.missing,
        "successes": found.successes,
        "rate": found.rate,
        "interval": _interval(found.interval),
        "mean": found.mean,
        "mean_interval": _interval(found.mean_interval),
        "worst_case": found.worst,
        "best_case": found.best,
        "cost_usd": cost,
        "cost_per_success_usd": per_success,
        "retries": sum(max(0, one.attempts - 1) for one in trials),
        "attempts": sum(one.attempts for one in trials),
        "causes": dict(Counter(one.cause for one in trials if one.cause)),
        "agent": run.value("agent"),
        "model": run.value("model"),
    }


def _interval(interval: Interval | None) -> dict[str, Any] | None:
    return None if interval is None else asdict(interval)


def _candidate(comparison: Comparison, one: Candidate) -> dict[str, Any]:
    only_baseline, only_candidate = left_out(comparison.baseline, one.side)
    return {
        "side": _side(one.side),
        "verdict": _verdict(one),
        "paired": _paired(one),
        "left_out": {"baseline": only_baseline, "candidate": only_candidate},
        "domains": [asdict(row) for row in one.domains],
        "tasks": [_changed(comparison.baseline, one.side, changed) for changed in one.changed],
        "unlike": [
            {
                "key": entry.key,
                "baseline": list(entry.first),
                "candidate": list(entry.second),
                "kind": entry.kind,
            }
            for entry in one.unlike
        ],
        "warnings": words.warnings(comparison, one),
        "advice": advice(one),
        "unscored": [{**asdict(run), "command": run.command} for run in one.beside.unscored],
        "flips": _flips(one.beside.flips),
    }


def _flips(flips: Flips | None) -> dict[str, Any] | None:
    if flips is None:
        return None
    tasks = [
        {
            "domain": task.key[0],
            "name": task.key[1],
            "change": "lost" if task.lost else "gained",
            "successes": task.successes,
            "scored": task.scored,
        }
        for task in flips.tasks
    ]
    return {"where": flips.where, "runs": flips.runs, "tasks": tasks}


def _verdict(one: Candidate) -> dict[str, Any]:
    decision = one.decision
    return {
        "value": one.verdict.value,
        "sentence": words.verdict_sentence(one),
        "reasons": [words.reason(one), *([words.reach(one.paired)] if one.on == "success" else [])],
        "on": one.on,
        "test": decision.method if decision else None,
        "alpha": ALPHA,
        "p": decision.p if decision else None,
        "p_worst": decision.p_worst if decision else None,
        "survives": decision.survives if decision else None,
        "tipping": asdict(one.beside.tipping) if one.beside.tipping else None,
        "direction": _direction(one.direction if decision else None),
        "direction_worst": _direction(
            None if decision is None or decision.turn is None else one.direction * decision.turn
        ),
    }


def _direction(sign: int | None) -> str | None:
    return None if sign is None else words.DIRECTIONS[sign]


def _paired(one: Candidate) -> dict[str, Any]:
    paired, described = one.paired, one.paired.described.score_test
    return {
        "tasks": paired.tasks,
        "unscored": paired.unscored,
        "undecided": paired.undecided,
        "only_baseline": paired.only_baseline,
        "only_candidate": paired.only_candidate,
        "both": paired.both,
        "tied": paired.tied,
        "gained": paired.gained,
        "lost": paired.lost,
        "neither": paired.neither,
        "gained_cut_off": paired.gained_cut_off,
        "lost_cut_off": paired.lost_cut_off,
        "discordance": paired.discordance,
        "difference": paired.difference,
        "difference_interval": _interval(paired.interval),
        "score_difference": paired.score_difference,
        "score_interval": _interval(paired.score_interval),
        "clustered_interval": _interval(paired.described.clustered_interval),
        "clusters": paired.described.clusters,
        "score_test": described.method if described else None,
        "score_p": described.p if described else None,
        "score_direction": _direction(described.direction if described else None),
        "score_differing": paired.described.differing,
        "wilcoxon_p": paired.wilcoxon.p if paired.wilcoxon else None,
        "wilcoxon_direction": _direction(paired.wilcoxon.direction if paired.wilcoxon else None),
        "detectable": paired.detectable,
    }


def _changed(baseline: Side, side: Side, changed: Changed) -> dict[str, Any]:
    domain, name = changed.key
    return {
        "domain": domain,
        "name": name,
        "kind": changed.kind,
        "baseline": task_result(baseline.trials[changed.key]),
        "candidate": task_result(side.trials[changed.key]),
    }


def task_result(trials: Sequence[Trial]) -> dict[str, Any]:
    """Return a side's scores of one task; the cause is that of the first trial that has one."""
    found = tally(trials)
    statuses = {one.status for one in trials}
    lost = Status.INFRASTRUCTURE if Status.INFRASTRUCTURE in statuses else Status.MISSING
    return {
        "trials": found.expected,
        "scored": found.scored,
        "successes": found.successes,
        "score": mean_score(trials),
        "status": (Status.SCORED if found.scored else lost).value,
        "cause": next((one.cause for one in trials if one.cause), None),
    }


def _against(one: Against) -> dict[str, Any]:
    return {
        "run": one.side.name,
        "name": one.published.name,
        "verdict": one.verdict.value,
        "sentence": words.against_sentence(one),
        "groups": [
            {
                "group": row.group,
                "tasks": row.tasks,
                "scored": row.scored,
                "tasks_scored": row.tasks_scored,
                "successes": row.successes,
                "rate": row.rate,
                "published_rate": row.published,
                "difference": row.difference,
                "interval": _interval(row.interval),
                "p": row.p,
            }
            for row in one.rows
        ],
        "warnings": words.against_warnings(one),
    }
