from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import fisher_exact

from orchestrator.ledger.causes import Cause, Flag, Status
from orchestrator.ledger.fold import fold, read_objects
from orchestrator.ledger.records import Heartbeat, to_json
from orchestrator.planning.suite import TaskKey, suite_of
from orchestrator.report import Results, summarize
from orchestrator.report.phrases import wording
from tests.report.fake_run import (
    FINGERPRINT,
    START,
    FakeRun,
    demo_run,
    facts,
    outcome,
    plan_of,
    suite_named,
)

ENDINGS = [*Cause, None, 0.0, 0.4, 1.0]


def results_of(*endings: Cause | float | None, trials: int = 1) -> Results:
    """Return the results of a run whose n-th unit ended so; None: it was never begun."""
    run = FakeRun(plan_of(suite_named(len(endings) // trials), trials))
    run.start()
    for unit, ending in zip(run.plan.units, endings, strict=True):
        if isinstance(ending, Cause):
            run.end(outcome(unit, None, ending))
        elif ending is not None:
            run.end(outcome(unit, ending))
    return summarize(run.plan, run.fold(), facts())


@given(st.lists(st.sampled_from(ENDINGS), min_size=1, max_size=40))
def test_expected_is_always_accounted_for(endings: list[Cause | float | None]) -> None:
    results = results_of(*endings)
    counts, score = results.counts, results.score
    assert counts.expected == len(endings) == len(results.tasks)
    assert counts.expected == counts.scored + counts.infrastructure + counts.missing
    assert 0 <= score.band.worst <= score.band.best <= 1
    if score.mean is not None:
        assert score.band.worst <= score.mean <= score.band.best + 1e-12
    for part in ("expected", "scored", "infrastructure", "missing"):
        assert sum(getattr(score.counts, part) for _, score in results.domains) == getattr(
            counts, part
        )


def test_the_mean_is_over_scored_and_the_band_over_expected() -> None:
    results = results_of(1.0, 0.5, Cause.ARENA, None)
    assert results.score.mean == 0.75
    assert (results.score.band.worst, results.score.band.best) == (0.375, 0.875)
    assert (results.score.successes, results.score.partial, results.score.rate) == (1, 1, 0.5)


def test_a_complete_run_quotes_its_mean_and_an_incomplete_one_its_band() -> None:
    assert wording.headline(results_of(1.0, 0.0).score) == "50.0%"
    assert wording.headline(results_of(1.0, Cause.LOST).score) == "50.0 to 100.0%"
    assert "mean over the 1 scored is 100.0%" in wording.explained(
        results_of(1.0, Cause.LOST).score
    )


def test_a_timeout_is_scored_0_in_the_mean_and_in_the_band_and_is_said() -> None:
    results = results_of(1.0, Cause.TIMEOUT, Cause.LOST)
    score = results.score
    assert (score.mean, score.timeouts) == (0.5, 1)
    assert score.band.worst == pytest.approx(1 / 3)
    assert score.band.best == pytest.approx(2 / 3)
    assert any(
        said.startswith("1 timed out: scored 0")
        and said.endswith("the mean over the 2 scored would be 100.0%.")
        for said in wording.caveats(results)
    )


def test_a_run_of_nothing_scored_has_no_mean() -> None:
    score = results_of(Cause.SETUP, None).score
    assert (score.mean, score.rate, score.interval) == (None, None, None)
    assert (score.band.worst, score.band.best) == (0.0, 1.0)


def test_flagged_zeros_are_counted_apart() -> None:
    run = FakeRun(plan_of(suite_named(3)))
    scores = [(1.0, ()), (0.0, (Flag.EVALUATOR,)), (0.0, ())]
    for unit, (score, flags) in zip(run.plan.units, scores, strict=True):
        run.end(outcome(unit, score, flags=flags))
    caveats = summarize(run.plan, run.fold(), facts()).caveats
    assert (caveats.flagged, caveats.mean_without_flagged) == (1, 0.5)


def test_infeasible_tasks_stand_apart() -> None:
    suite = suite_of((TaskKey("clock", "INF-a"), TaskKey("clock", "b"), TaskKey("clock", "c")))
    run = FakeRun(plan_of(suite))
    for unit in run.plan.units:
        run.end(outcome(unit, 1.0 if unit.task.infeasible else 0.0))
    results = summarize(run.plan, run.fold(), facts())
    assert (results.infeasible.successes, results.infeasible.counts.expected) == (1, 1)
    assert (results.feasible.mean, results.feasible.counts.expected) == (0.0, 2)


def test_trials_of_one_task_are_evidence_of_one_task() -> None:
    once, thrice = results_of(1.0, 0.0), results_of(1.0, 0.0, 1.0, 0.0, 1.0, 0.0, trials=3)
    assert thrice.counts.expected == 6
    assert thrice.score.interval == once.score.interval


def test_either_the_plan_or_the_facts_make_a_run_simulated() -> None:
    run = demo_run(complete=True)
    assert summarize(run.plan, run.fold(), facts(simulated=False)).facts.simulated


def test_a_stolen_attempt_is_one_away_from_home() -> None:
    run = FakeRun(plan_of(suite_named(8)), workers=2)
    run.start()
    for shard in (0, 1):
        run.beat(f"w{shard}", shard)
    own, other = run.plan.home(0, 2)[0], run.plan.home(1, 2)[0]
    run.end(outcome(own, 1.0, worker="w0"))
    run.end(outcome(other, 1.0, worker="w0", at=START + 300))
    results = summarize(run.plan, run.fold(), facts())
    stolen = {task.name: task.attempts[0].stolen for task in results.tasks if task.attempts}
    assert stolen == {own.task.name: False, other.task.name: True}
    assert [worker.stolen for worker in results.workers] == [1, 0]


def test_a_dead_worker_shows_its_death_and_the_attempt_it_lost() -> None:
    run = FakeRun(plan_of(suite_named(3)), workers=1)
    run.start()
    first, second, _ = run.plan.units
    run.end(outcome(first, 1.0, worker="w0", at=START + 60, seconds=100))
    run.claim(second, 1, "w0")
    run.beat("w0", 0)
    run.leave("w0", START + 400, None, by="supervise")
    worker = summarize(run.plan, run.fold(), facts()).workers[0]
    assert worker.died
    assert [span.kind for span in worker.spans] == ["boot", "success", "lost"]
    assert (worker.spans[-1].start, worker.spans[-1].end) == (START + 160, START + 400)


def test_a_lost_attempt_begins_when_its_workers_heartbeat_says() -> None:
    run = FakeRun(plan_of(suite_named(2)), workers=1)
    run.start()
    unit = run.plan.units[0]
    run.claim(unit, 1, "w0")
    beat = Heartbeat("w0", run.session, "m", 0, "task", 3, unit, 1, since=START + 90)
    run.put("workers/w0.json", to_json(beat))
    run.leave("w0", START + 200, None, by="parent")
    worker = summarize(run.plan, run.fold(), facts()).workers[0]
    assert [(s.kind, s.start, s.end) for s in worker.spans] == [("lost", START + 90, START + 200)]


def test_a_replacement_boots_from_its_predecessors_end() -> None:
    results = summarize((run := demo_run()).plan, run.fold(), facts())
    old, new = (worker for worker in results.workers if worker.shard == 2)
    assert old.died
    assert (new.spans[0].kind, new.spans[0].start) == ("boot", old.left_at)


def test_impossible_times_and_sizes_draw_nothing() -> None:
    run = FakeRun(plan_of(suite_named(3)), workers=10**15)
    run.start(at=-5e12)
    for unit, at in zip(run.plan.units, (-1e300, 1e300, 0.0), strict=True):
        run.end(outcome(unit, 1.0, at=at, seconds=1e290))
    results = summarize(run.plan, run.fold(), facts(started=-1e300, ended=1e300))
    assert [worker.spans for worker in results.workers] == [()]
    assert results.makespan_s is None


def test_tasks_that_ran_under_unlike_conditions_are_named() -> None:
    run = FakeRun(plan_of(suite_named(2)))
    unit, other = run.plan.units
    run.end(outcome(unit, 1.0))
    run.end(outcome(other, 1.0, fingerprint=FINGERPRINT | {"region": "northeurope"}))
    results = summarize(run.plan, run.fold(), facts())
    assert results.varying == {"region": ("northeurope", "westeurope")}
    assert "region" not in results.fingerprint
    assert results.fingerprint["model"] == "gpt-4o"
    assert any("region" in sentence for sentence in wording.caveats(results))


def test_the_order_of_the_ledgers_objects_changes_nothing() -> None:
    run = demo_run()
    objects = list(run.objects.values()) * 2
    random.Random(1).shuffle(objects)
    again = fold(run.plan.units, read_objects(objects))
    assert summarize(run.plan, again, facts()) == summarize(run.plan, run.fold(), facts())


def test_a_stores_address_loses_what_may_be_a_key() -> None:
    run = demo_run()
    given_ = facts(store="https://user:key@host/container?sv=1&sig=SECRET#x")
    result = summarize(run.plan, run.fold(), given_).facts.store
    assert result == "https://host/container"


@pytest.mark.parametrize(("actual", "said"), [(110.0, "10% over"), (80.0, "20% under")])
def test_the_makespan_is_set_against_the_prediction(actual: float, said: str) -> None:
    run = demo_run()
    known = facts(started=START, ended=START + actual, predicted_s=100.0)
    assert said in wording.timing(summarize(run.plan, run.fold(), known))


def test_the_counted_attempt_gives_a_task_its_figures() -> None:
    run = FakeRun(plan_of(suite_named(1)))
    unit = run.plan.units[0]
    run.end(outcome(unit, None, Cause.ARENA, worker="w0", attempt=1))
    run.end(outcome(unit, 0.5, worker="w1", attempt=2, seconds=77.0))
    task = summarize(run.plan, run.fold(), facts()).tasks[0]
    assert (task.status, task.worker, task.seconds) == (Status.SCORED, "w1", 77.0)
    assert [attempt.cause for attempt in task.attempts] == [Cause.ARENA, None]


def test_domains_are_tested_by_tasks_and_widened_about_their_own_rate() -> None:
    """Tasks of one domain lost trials: those that are left must not weigh by their number."""
    run = FakeRun(plan_of(suite_named(24, domains=2), trials=3))
    for unit in run.plan.units:
        number = int(unit.task.name[-5:])
        if number % 2 == 0 and unit.trial > 0 and number < 12:
            continue  # of six tasks of the first domain, which succeed, one trial alone ended
        run.end(outcome(unit, float(number % 2 == 0 and number < 12)))
    results = summarize(run.plan, run.fold(), facts())
    adjusted = results.adjusted["domain_0"]
    table = [[6, 6], [0, 12]]  # of tasks; of trials it would be 6 of 24
    assert adjusted.p == pytest.approx(2 * fisher_exact(table).pvalue)  # Holm's, of two domains
    score = dict(results.domains)["domain_0"]
    assert score.interval is not None
    assert adjusted.interval is not None
    assert adjusted.interval.level == pytest.approx(0.975)
    assert adjusted.interval.low < score.interval.low < score.interval.high < adjusted.interval.high
