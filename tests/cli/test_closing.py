"""The lines that end ``run`` and ``report``."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from orchestrator.cli.outputs.summary_lines import closing_lines
from orchestrator.errors import EXIT_INFRASTRUCTURE
from orchestrator.ledger.causes import Cause, Flag
from orchestrator.planning.suite import INFEASIBLE_PREFIX, Suite, TaskKey, suite_of
from orchestrator.report import Results, summarize
from orchestrator.report.phrases import wording
from tests.e2e.command import call, quick
from tests.report.fake_run import START, FakeRun, demo_run, facts, outcome, plan_of, suite_named
from tests.report.fake_trials import trials_run


def results_of(run: FakeRun) -> Results:
    return summarize(run.plan, run.fold(), facts())


def line(results: Results, start: str) -> str:
    lines = closing_lines(results, Path("out"), "")
    return next((entry for entry in lines if entry.startswith(start)), "")


def mixed_suite() -> Suite:
    feasible = [TaskKey(f"domain_{n % 3}", f"task-{n}") for n in range(6)]
    infeasible = [TaskKey("domain_0", f"{INFEASIBLE_PREFIX}task-{n}") for n in range(2)]
    return suite_of((*feasible, *infeasible))


def answering_fail(*names: str, suite: Suite | None = None) -> Results:
    run = FakeRun(plan_of(suite or mixed_suite()))
    for number, unit in enumerate(run.plan.units):
        flags = (Flag.ANSWERED_FAIL,) if unit.task.name in names else ()
        run.end(outcome(unit, float(number % 2), flags=flags))
    return results_of(run)


def test_the_mean_has_an_interval_by_task_and_an_indicative_one_by_application() -> None:
    results = results_of(demo_run())
    assert line(results, "Mean over scored: ") == f"Mean over scored: {wording.mean(results.score)}"
    assert line(results, "Were the 12 applications drawn too") == wording.clustered(results)
    assert f"could lie at {wording.interval(results.caveats.clustered)} (95%" in wording.clustered(
        results
    )
    assert results.caveats.clusters == 12


def test_one_application_gives_no_interval_by_application() -> None:
    run = FakeRun(plan_of(suite_named(4, domains=1)))
    for number, unit in enumerate(run.plan.units):
        run.end(outcome(unit, float(number % 2)))
    assert "application" not in "\n".join(closing_lines(results_of(run), Path("out"), ""))


def test_the_rate_of_answering_fail_is_told_apart_for_infeasible_tasks() -> None:
    said = line(answering_fail(f"{INFEASIBLE_PREFIX}task-0", "task-1", "task-3", "task-4"), "FAIL")
    assert said == "FAIL answered: 1/2 scored infeasible tasks, 3/6 others"


def test_never_answering_fail_is_told_where_it_would_be_right() -> None:
    said = line(answering_fail(), "FAIL")
    assert said == "FAIL answered: 0/2 scored infeasible tasks, 0/6 others"
    assert line(answering_fail(suite=suite_named(4)), "FAIL") == ""
    other = line(answering_fail("task-00001", suite=suite_named(4)), "FAIL")
    assert other == "FAIL answered: 1/4 others"


def test_trials_end_with_their_figures() -> None:
    results = results_of(trials_run())
    assert results.repeats is not None
    lines = closing_lines(results, Path("out"), "")
    for name, value in wording.trials(results.repeats):
        assert f"{name}: {value}" in lines
    assert line(results, "pass@3, pass^3: ")
    assert line(results, "Flip rate: ")


def test_run_and_report_end_with_the_same_figures(tmp_path: Path) -> None:
    out = tmp_path / "run"
    ran = call(*quick(out, tasks=8), "--trials", "2")
    assert ran.returncode == 0, ran.stderr
    again = call("report", str(out), "--out", str(tmp_path / "again"))
    document = json.loads((tmp_path / "again" / "results.json").read_text())
    for start in ("Mean over scored: ", "FAIL answered: ", "pass@2, pass^2: ", "Flip"):
        (said,) = [entry for entry in again.stdout.splitlines() if entry.startswith(start)]
        assert said in ran.stdout.splitlines()
    interval = document["score"]["clustered_interval"]
    shown = f"could lie at {100 * interval['low']:.1f} to {100 * interval['high']:.1f}%"
    assert shown in again.stdout


def test_when_nobody_started_the_last_reason_is_said_everywhere() -> None:
    run = FakeRun(plan_of(suite_named(4)))
    run.start()
    for number in range(2):
        run.beat(f"w{number}", number)
        run.leave(f"w{number}", START + number, code=EXIT_INFRASTRUCTURE)
    results = results_of(run)

    said = line(results, "No worker got as far as a task")
    reason = results.workers[-1].reason
    assert reason
    assert said == f"No worker got as far as a task. The last one that failed said: {reason}"
    assert said in wording.caveats(results)


def test_one_that_got_to_a_task_is_not_a_failed_start() -> None:
    run = FakeRun(plan_of(suite_named(2)))
    run.end(outcome(run.plan.units[0], None, Cause.ARENA))
    run.leave("w0", START, code=EXIT_INFRASTRUCTURE)

    assert line(results_of(run), "No worker") == ""


def test_what_an_outage_cost_is_said() -> None:
    run = FakeRun(plan_of(suite_named(4)))
    unit, two, three, _ = run.plan.units
    run.end(outcome(unit, None, Cause.PROVIDER, seconds=600.0))
    run.end(outcome(two, None, Cause.RELEASED, flags=(Flag.PROBE,), seconds=600.0))
    run.end(outcome(three, 1.0, seconds=1200.0))
    priced = summarize(run.plan, run.fold(), replace(facts(), cost_usd=8.0))

    said = line(priced, "The model's provider did not answer")
    assert "2 attempts" in said
    assert "20:00 of the arena's time" in said or "20 min" in said
    assert "about $4.00" in said
    assert said in wording.caveats(priced)
    assert line(results_of(demo_run()), "The model's provider") == ""


def test_a_score_that_a_window_may_have_turned_is_told_apart() -> None:
    run = FakeRun(plan_of(suite_named(2)))
    run.end(outcome(run.plan.units[0], 0.0, flags=(Flag.SETUP_WARNING,)))
    run.end(outcome(run.plan.units[1], 1.0))
    results = results_of(run)

    assert (results.caveats.flagged, results.caveats.mean_without_flagged) == (1, 1.0)
    assert any("1 scored while" in text for text in wording.caveats(results))
