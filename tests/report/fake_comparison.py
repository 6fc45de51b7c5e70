"""A comparison of played runs, made by the product from their documents."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from orchestrator.comparison import KNOWN, against, compare, read_record, side_of
from orchestrator.report import summarize, to_document
from orchestrator.report.formats.comparison_document import to_comparison
from tests.report.fake_fleet import fake_fleet
from tests.report.fake_run import START, demo_run, facts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.comparison import RunRecord
    from orchestrator.ledger.records import Outcome
    from orchestrator.report import Results
    from tests.report.fake_run import FakeRun

GAINED, LOST, FASTER = 31, 5, 0.92


def fake_comparison(pooled: int = 1) -> dict[str, Any]:
    """Return ``comparison.json`` of a candidate with so many baseline runs, and with Navi."""
    names = ["main", *(f"main-{number}" for number in range(2, pooled + 1))]
    baseline = side_of([_record(demo_run(), name, days) for days, name in enumerate(names, 1)])
    candidate = side_of([_record(candidate_run(), "planner")])
    return to_comparison(compare(baseline, [candidate], [against(candidate, KNOWN["navi"])]))


def candidate_run() -> FakeRun:
    """Return the played run again by a faster agent, which gains and loses some tasks."""
    run = demo_run()
    folded = run.fold()
    ends = [result.counted for result in folded.results if result.counted is not None]
    turned = _some(ends, 0.0, GAINED) | _some(ends, 1.0, LOST)
    for result in folded.results:
        for outcome in result.attempts:
            score = (
                turned.get(str(outcome.unit), outcome.score)
                if outcome == result.counted
                else outcome.score
            )
            run.end(_sooner(replace(outcome, score=score)))
    for worker, left in folded.left.items():
        by = left.by if left.by != worker else ""
        run.leave(worker, _moved(left.at), left.exit_code, by)
    return run


def _sooner(outcome: Outcome) -> Outcome:
    """Return an attempt as the faster agent made it; one that was lost tells no times."""
    times = (_moved(outcome.started), _moved(outcome.ended)) if outcome.started else (0.0, 0.0)
    return replace(
        outcome,
        started=times[0],
        ended=times[1],
        seconds=outcome.seconds * FASTER,
        fingerprint={**outcome.fingerprint, "agent": "planner"},
    )


def _moved(at: float) -> float:
    return START + FASTER * (at - START)


def _some(ends: Sequence[Outcome], score: float, count: int) -> dict[str, float]:
    """Return the other score for some of the tasks that have this one, spread over all."""
    texts = [str(outcome.unit) for outcome in ends if outcome.score == score and not outcome.flags]
    return {texts[place * len(texts) // count]: 1.0 - score for place in range(count)}


def results_of(run: FakeRun, name: str) -> Results:
    """Return what a played run amounts to, with its fleet; it took as long as its tasks did."""
    folded = run.fold()
    ended = max(outcome.ended for result in folded.results for outcome in result.attempts)
    return summarize(run.plan, folded, facts(run=name, ended=ended), fake_fleet(run))


def _record(run: FakeRun, name: str, days_ago: int = 0) -> RunRecord:
    """Return the run as one that began some days before: by its start and plan a run is known."""
    result = to_document(results_of(run, name))
    started = START - 86_400.0 * days_ago
    return read_record({**result, "run": {**result["run"], "started": started}}, name)
