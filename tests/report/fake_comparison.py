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
    ends = [one.counted for one in folded.results if one.counted is not None]
    turned = _some(ends, 0.0, GAINED) | _some(ends, 1.0, LOST)
    for result in folded.results:
        for one in result.attempts:
            score = turned.get(str(one.unit), one.score) if one == result.counted else one.score
            run.end(_sooner(replace(one, score=score)))
    for worker, left in folded.left.items():
        by = left.by if left.by != worker else ""
        run.leave(worker, _moved(left.at), left.exit_code, by)
    return run


def _sooner(one: Outcome) -> Outcome:
    """Return an attempt as the faster agent made it; one that was lost tells no times."""
    times = (_moved(one.started), _moved(one.ended)) if one.started else (0.0, 0.0)
    return replace(
        one,
        started=times[0],
        ended=times[1],
        seconds=one.seconds * FASTER,
        fingerprint={**one.fingerprint, "agent": "planner"},
    )


def _moved(at: float) -> float:
    return START + FASTER * (at - START)


def _some(ends: Sequence[Outcome], score: float, count: int) -> dict[str, float]:
    """Return the other score for some of the tasks that have this one, spread over all."""
    found = [str(one.unit) for one in ends if one.score == score and not one.flags]
    return {found[place * len(found) // count]: 1.0 - score for place in range(count)}


def results_of(run: FakeRun, name: str) -> Results:
    """Return what a played run amounts to, with its fleet; it took as long as its tasks did."""
    folded = run.fold()
    ended = max(one.ended for result in folded.results for one in result.attempts)
    return summarize(run.plan, folded, facts(run=name, ended=ended), fake_fleet(run))


def _record(run: FakeRun, name: str, days_ago: int = 0) -> RunRecord:
    """Return the run as one that began some days before: by its start and plan a run is known."""
    found = to_document(results_of(run, name))
    started = START - 86_400.0 * days_ago
    return read_record({**found, "run": {**found["run"], "started": started}}, name)
