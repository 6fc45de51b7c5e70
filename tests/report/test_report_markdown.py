from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.cli.outputs.summary_lines import closing_lines
from orchestrator.ledger.causes import Cause, Flag
from orchestrator.report import Results, render_html, render_markdown, summarize
from orchestrator.report.formats.markdown import SIZE_LIMIT
from orchestrator.report.phrases import wording
from orchestrator.report.phrases.amounts import dollars
from tests.report.fake_run import FakeRun, demo_run, facts, outcome, plan_of, suite_named
from tests.report.hostile import CORPUS, hostile_run


def markdown_of(run: FakeRun, /, **changes: object) -> str:
    return render_markdown(summarize(run.plan, run.fold(), facts(**changes)))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1234.5, "$1,234.50"),
        (0.5, "$0.50"),
        (0.063, "$0.063"),
        (0.00086, "$0.00086"),
        (0.0, "$0.00"),
        (None, "—"),
    ],
)
def test_small_amounts_keep_the_digits_that_tell_them_apart(
    value: float | None, shown: str
) -> None:
    assert dollars(value) == shown


def test_it_opens_with_the_simulation_and_the_headline() -> None:
    lines = markdown_of(demo_run()).splitlines()
    assert lines[0] == "> [!WARNING]"
    assert lines[1].startswith("> **SIMULATED.**")
    assert re.fullmatch(r"## \d+\.\d to \d+\.\d%", lines[3])


def test_a_complete_run_is_headed_by_its_mean() -> None:
    assert re.search(r"^## \d+\.\d%$", markdown_of(demo_run(complete=True)), re.MULTILINE)


def test_it_names_domains_lost_tasks_and_their_causes() -> None:
    run = FakeRun(plan_of(suite_named(3)))
    done, broke, _ = run.plan.units
    run.end(outcome(done, 1.0))
    run.end(outcome(broke, None, Cause.SETUP, message="404 for a|b"))
    text = markdown_of(run)
    assert f"| <code>{broke}</code> | setup | 1 |".replace("/0<", "<") in text
    assert "404 for a&#124;b" in text
    assert "never finished an attempt" in text
    assert "3 expected = 1 scored + 1 infrastructure + 1 missing" in text
    assert all(f"<code>domain_{n}</code> |" in text for n in range(3))


def _outside_the_diagram(text: str) -> str:
    return re.sub(r"```mermaid\n.*?\n```", "", text, flags=re.DOTALL)


def test_hostile_text_is_inert() -> None:
    """Only the characters that the renderer itself writes may carry meaning."""
    run = hostile_run()
    text = markdown_of(run, notes=CORPUS, warnings=CORPUS, run=CORPUS[0], version=CORPUS[2])
    plain = _outside_the_diagram(text)
    for start in ("<script", "<img", "<svg", "<h1", "](", "![", "<!--", "@octo", "http://evil"):
        assert start not in plain.lower()
    assert "www.evil" not in plain
    own = {"<code>", "</code>", "<sub>", "</sub>", "<details>", "</details>"}
    own |= {"<summary>", "</summary>"}
    assert set(re.findall(r"<[^>]*>", plain)) <= own
    assert "`" not in plain
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\ud800-\udfff]", text)


def test_hostile_text_adds_no_row_and_no_column() -> None:
    rows = [line for line in markdown_of(hostile_run()).splitlines() if line.startswith("| <code>")]
    lost = [row for row in rows if "task-" in row]
    assert lost
    assert {row.count("|") for row in lost} == {5}


@pytest.mark.parametrize("name", CORPUS)
def test_hostile_names_break_no_diagram(name: str) -> None:
    run = demo_run()
    results = summarize(run.plan, run.fold(), facts())
    worker = replace(results.workers[0], id=name)
    session = replace(results.sessions[0], workers=(name,))
    text = render_markdown(replace(results, workers=(worker,), sessions=(session,)))
    diagram = re.search(r"```mermaid\n(.*?)\n```", text, re.DOTALL)
    assert diagram is not None
    known = r"  section [\w ./-]+|  [\w!-]+ :(done, |crit, |milestone, crit, )?\d+, \d+ms"
    bars = diagram.group(1).splitlines()[6:]
    assert len(bars) > 3
    assert [line for line in bars if not re.fullmatch(known, line)] == []


def test_the_diagram_shows_every_worker_with_its_boot_and_its_death() -> None:
    diagram = re.search(r"```mermaid\n(.*?)\n```", markdown_of(demo_run()), re.DOTALL)
    assert diagram is not None
    sections = diagram.group(1).split("  section ")[1:]
    assert [s.splitlines()[0] for s in sections] == ["0 w0", "1 w1", "2 w2", "2 w2b", "3 w3"]
    assert all("- :done" in section for section in sections)
    assert [":milestone" in section for section in sections] == [False, False, True, False, False]


@pytest.mark.parametrize("message", ["x" * 500, "\U0001f600<|>`" * 120])
def test_it_never_exceeds_what_github_shows(message: str) -> None:
    run = FakeRun(plan_of(suite_named(6000, domains=900)))
    run.start()
    for number, unit in enumerate(run.plan.units):
        cause = Cause.ARENA if number % 2 else Cause.AGENT
        run.end(outcome(unit, None, cause, worker=f"w{number % 300}", message=message))
    text = markdown_of(run, warnings=(message,) * 2000)
    assert 100_000 < len(text.encode()) <= SIZE_LIMIT
    assert "more tasks; see results.json" in text
    assert text.rstrip().endswith("</sub>")
    diagram = re.search(r"```mermaid\n(.*?)\n```", text, re.DOTALL)
    assert diagram is not None
    assert len(diagram.group(1)) < 50_000


def _with_trials() -> Results:
    run = FakeRun(plan_of(suite_named(2), trials=2))
    for unit, score in zip(run.plan.units, (1.0, 0.0, 1.0, 1.0), strict=True):
        flags = (Flag.ANSWERED_FAIL,) if score == 0.0 else ()
        run.end(outcome(unit, score, flags=flags))
    return summarize(run.plan, run.fold(), facts())


def test_trials_domains_applications_and_fail_answers_are_told_alike_on_both_surfaces() -> None:
    results = _with_trials()
    text, page = render_markdown(results), render_html(results, {})
    assert results.repeats is not None
    for name, value in wording.trials(results.repeats):
        assert f"| {name} | {value} |" in text
    for name, value in wording.agreement(results.repeats):
        assert f"<dt>{name}</dt><dd>{value}</dd>" in page
    assert len(results.repeats.flaky) == 1
    assert "| Flip rate | 50.0% of pairs of trials, over 2 tasks |" in text
    assert results.repeats.flaky[0] in text
    for said in (wording.fail_answers(results), wording.clustered(results)):
        assert said
        assert said in page
    assert "Were the 2 applications drawn too, and not their tasks alone" in page
    assert "on 1 of 4 others" in text
    closing = closing_lines(results, Path("out"), "")
    assert "Flip rate: 50.0% of pairs of trials, over 2 tasks" in closing
    for domain, _ in results.domains:
        assert f'<td class="num">{wording.adjusted(results, domain)}</td>' in page
        assert f"| {wording.adjusted(results, domain)} |" in text


def test_one_trial_has_no_section_of_trials() -> None:
    run = demo_run()
    results = summarize(run.plan, run.fold(), facts())
    assert "### Trials" not in render_markdown(results)
    assert 'id="trials"' not in render_html(results, {})
