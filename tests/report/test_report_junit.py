from __future__ import annotations

from xml.etree import ElementTree as ET

from orchestrator.ledger.causes import Cause
from orchestrator.report import render_junit, summarize
from tests.report.fake_run import FakeRun, demo_run, facts, outcome, plan_of, suite_named
from tests.report.hostile import CORPUS, hostile_run


def junit_of(run: FakeRun, /, **changes: object) -> ET.Element:
    return ET.fromstring(render_junit(summarize(run.plan, run.fold(), facts(**changes))))


def test_each_grade_is_what_a_viewer_expects() -> None:
    run = FakeRun(plan_of(suite_named(6, domains=1)))
    full, partial, zero, late, broke, missing = run.plan.units
    run.end(outcome(full, 1.0))
    run.end(outcome(partial, 0.5))
    run.end(outcome(zero, 0.0))
    run.end(outcome(late, None, Cause.TIMEOUT))
    run.end(outcome(broke, None, Cause.ARENA, message="QMP is silent"))
    root = junit_of(run)
    result = {
        case.get("name"): [(e.tag, e.get("type")) for e in case if e.tag not in _FURNITURE]
        for case in root.iter("testcase")
    }
    assert result == {
        full.task.name: [],
        partial.task.name: [("failure", "score")],
        zero.task.name: [("failure", "score")],
        late.task.name: [("failure", "timeout")],
        broke.task.name: [("error", "arena")],
        missing.task.name: [("skipped", None)],
    }
    assert "QMP is silent" in str(next(root.iter("error")).get("message"))


_FURNITURE = ("properties", "system-out")


def test_the_totals_are_those_of_the_cases() -> None:
    root = junit_of(demo_run())
    for held in (root, *root.iter("testsuite")):
        assert held.get("tests") == str(len(list(held.iter("testcase"))))
        for kind, tag in [("failures", "failure"), ("errors", "error"), ("skipped", "skipped")]:
            assert held.get(kind) == str(len(list(held.iter(tag))))
    assert root.get("tests") == "154"
    assert len(list(root.iter("testsuite"))) == 12


def test_simulated_is_in_every_name_and_a_property() -> None:
    root = junit_of(demo_run())
    assert all("[SIMULATED]" in str(held.get("name")) for held in (root, *root.iter("testsuite")))
    for suite in root.iter("testsuite"):
        shown = {p.get("name"): p.get("value") for p in suite.findall("properties/property")}
        assert shown["simulated"] == "true"


def test_trials_are_cases_of_their_own() -> None:
    run = FakeRun(plan_of(suite_named(1), trials=2))
    names = [case.get("name") for case in junit_of(run).iter("testcase")]
    assert names == ["task-00000", "task-00000 (trial 1)"]


def test_hostile_text_is_legal_xml_and_stays_text() -> None:
    run = hostile_run()
    root = junit_of(run, run=CORPUS[0], command=CORPUS[15])
    assert len(list(root.iter("testcase"))) == len(CORPUS)
    assert {element.tag for element in root.iter()} <= {
        *("testsuites", "testsuite", "testcase", "properties", "property"),
        *("failure", "error", "skipped", "system-out"),
    }
