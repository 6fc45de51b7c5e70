"""Forecasts: what a plan takes on N machines, and how N is chosen."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import BadInputError
from orchestrator.planning.costs import MachineKind, Rates
from orchestrator.planning.forecast import (
    HOSTED_LIMIT_S,
    Assumptions,
    Money,
    Prediction,
    assume,
    choose,
    evidence_mb,
    forecast,
    hosted_problem,
    minutes_text,
    predict,
    simulated_runs,
)
from orchestrator.planning.plan import (
    AgentSettings,
    ArenaSettings,
    Limits,
    Plan,
    PlanInputs,
    make_plan,
)
from orchestrator.planning.schedule import lower_bound
from orchestrator.planning.suite import demo_suite

WINDOWS = ArenaSettings(kind="winarena", image="windowsarena/winarena")
PLAN = make_plan(PlanInputs(demo_suite(), arena=WINDOWS))
EXACT = Assumptions(spread=0.0, delete_s=0.0, draws=1)
MONEY = Money(Rates("Standard_D8s_v5", "eastus", 0.384, 0.1, 0.027, 0.005), MachineKind())


def test_without_spread_or_boot_the_forecast_is_the_schedule_itself() -> None:
    prediction = predict(PLAN, 1, EXACT)

    assert prediction.makespan_s == pytest.approx(sum(PLAN.expected))
    assert prediction.machine_minutes == pytest.approx(sum(PLAN.expected) / 60)
    assert prediction.usd is None


def test_more_machines_are_faster_and_never_below_the_lower_bound() -> None:
    few, many = forecast(PLAN, (4, 16), assume(PLAN, fleet=True), MONEY)

    assert (few.workers, many.workers) == (4, 16)
    assert many.makespan_s < few.makespan_s
    assert few.makespan_s > lower_bound(PLAN.expected, 4)
    assert few.makespan_s < few.makespan_high_s
    assert few.usd is not None
    assert many.usd is not None
    assert few.usd < many.usd


def test_money_is_machine_minutes_at_the_rate() -> None:
    prediction = predict(PLAN, 4, assume(PLAN, fleet=True), MONEY)

    assert prediction.usd == pytest.approx(prediction.machine_minutes / 60 * (0.384 + 0.027))


def test_the_same_question_gets_the_same_answer() -> None:
    assumptions = assume(PLAN, fleet=True)

    assert predict(PLAN, 7, assumptions, MONEY) == predict(PLAN, 7, assumptions, MONEY)


def test_a_forecast_is_what_it_was_before_it_was_fast() -> None:
    plan = make_plan(PlanInputs(demo_suite()))
    counts = (1, 2, 7, 40, 60)

    predictions = forecast(plan, counts, assume(plan, fleet=True))

    results = [round(prediction.makespan_s, 3) for prediction in predictions]
    assert results == [66145.268, 33419.669, 10152.728, 2823.236, 2331.149]
    assert list(predictions) == [predict(plan, n, assume(plan, fleet=True)) for n in counts]


def test_a_fleet_boots_and_a_reset_before_every_task_takes_its_time() -> None:
    each = make_plan(PlanInputs(demo_suite(), arena=replace(WINDOWS, reset="task")))
    base = replace(assume(PLAN, fleet=True), spread=0.0)

    booted = predict(PLAN, 4, base)
    reset = predict(each, 4, replace(assume(each, fleet=True), spread=0.0))

    assert booted.makespan_s > predict(PLAN, 4, EXACT).makespan_s + 240
    assert reset.makespan_s > booted.makespan_s + 30 * 180


def test_a_simulated_arena_is_faster_by_its_speed_and_boots_nothing() -> None:
    plan = make_plan(PlanInputs(demo_suite(), speed=100.0))
    assumed = assume(plan, fleet=False)

    assert assumed.overheads.boot_high_s == 0.0
    prediction = predict(plan, 1, replace(assumed, spread=0.0))
    assert prediction.makespan_s == pytest.approx(sum(plan.expected) / 100)


def test_every_trial_is_forecast() -> None:
    thrice = make_plan(PlanInputs(demo_suite(), arena=WINDOWS, trials=3))

    assert predict(thrice, 5, EXACT).machine_minutes == pytest.approx(
        3 * predict(PLAN, 1, EXACT).machine_minutes, rel=0.02
    )


def test_no_task_is_forecast_beyond_its_deadline() -> None:
    short = make_plan(PlanInputs(demo_suite(), arena=WINDOWS, limits=Limits(task_s=500.0)))

    for line in simulated_runs(short, 4, assume(short, fleet=True)):
        assert max(span.end - span.start for span in line.spans) <= 500.0 + 1e-6


def _evidence_of(*arguments: str) -> float:
    agent = AgentSettings(client_args=arguments)
    return evidence_mb(make_plan(PlanInputs(demo_suite(), arena=WINDOWS, agent=agent)), "screens")


def test_evidence_grows_with_steps_and_with_what_is_kept() -> None:
    kinds = [evidence_mb(PLAN, kind) for kind in ("none", "traj", "screens", "all")]

    assert kinds[0] == 0
    assert kinds == sorted(set(kinds))
    assert _evidence_of("--max_steps", "31") == pytest.approx(2 * kinds[2])
    assert _evidence_of("--max_steps=31") == pytest.approx(2 * kinds[2])
    assert _evidence_of("--temperature", "0", "--max_steps", "many") == kinds[2]


def _on(workers: int, minutes: float, usd: float | None) -> Prediction:
    return Prediction(workers, minutes * 50, minutes * 60, workers * minutes, usd, usd)


TABLE = (_on(1, 600, 4.0), _on(2, 310, 4.2), _on(4, 170, 4.6), _on(8, 100, 5.4), _on(16, 100, 8))


def test_a_deadline_takes_the_fewest_machines_that_meet_it() -> None:
    assert choose(TABLE, deadline_s=170 * 60).workers == 4
    assert choose(TABLE, deadline_s=170 * 60 - 1).workers == 8


def test_a_budget_buys_the_fastest_run_and_no_machine_too_many() -> None:
    assert choose(TABLE, budget_usd=5.0).workers == 4
    assert choose(TABLE, budget_usd=100.0).workers == 8


def test_both_together_are_both_kept() -> None:
    assert choose(TABLE, deadline_s=200 * 60, budget_usd=5.0).workers == 4
    with pytest.raises(BadInputError, match=r"within 4\.30 USD.*fastest is 2, in up to 5 h 10 min"):
        choose(TABLE, deadline_s=200 * 60, budget_usd=4.3)


def test_what_cannot_be_had_is_refused_with_the_nearest_that_can() -> None:
    with pytest.raises(BadInputError, match=r"--deadline.*fastest is 8, in up to 1 h 40 min"):
        choose(TABLE, deadline_s=60)
    with pytest.raises(BadInputError, match=r"--budget.*cheapest is 1, at up to 4\.00 USD"):
        choose(TABLE, budget_usd=1.0)
    with pytest.raises(BadInputError, match="--workers: is missing"):
        choose(TABLE)


def test_a_budget_without_prices_is_refused() -> None:
    with pytest.raises(BadInputError, match="needs prices"):
        choose([_on(1, 10, None)], budget_usd=5.0)
    assert choose([_on(1, 10, None)], deadline_s=600.0).workers == 1


def _at(plan: Plan, workers: int) -> Prediction:
    return predict(plan, workers, assume(plan, fleet=True))


def test_a_run_that_outlives_its_hosted_job_is_refused_with_the_number_that_fits() -> None:
    problem = hosted_problem(2, lambda count: _at(PLAN, count), 256)

    assert problem is not None
    assert problem.where == "--workers 2"
    assert "5 h 30 min" in problem.what
    fits = int(problem.fix.split()[2])
    assert _at(PLAN, fits).makespan_high_s <= HOSTED_LIMIT_S
    assert _at(PLAN, fits - 1).makespan_high_s > HOSTED_LIMIT_S
    assert hosted_problem(fits, lambda count: _at(PLAN, count), 256) is None


@given(st.integers(min_value=2, max_value=256))
def test_the_number_that_fits_is_the_smallest(fewest: int) -> None:
    def at(workers: int) -> Prediction:
        return _on(workers, 329 if workers >= fewest else 331, None)

    problem = hosted_problem(1, at, 256)

    assert problem is not None
    assert problem.fix == f"Give --workers {fewest} or more."
    assert hosted_problem(fewest, at, 256) is None


def test_a_plan_that_fits_no_fleet_is_told_to_shrink() -> None:
    problem = hosted_problem(2, lambda count: _on(count, 600, None), 4)

    assert problem is not None
    assert "Not even 4 workers" in problem.fix


def test_minutes_are_rounded_up() -> None:
    assert minutes_text(61) == "2 min"
    assert minutes_text(HOSTED_LIMIT_S) == "5 h 30 min"
