"""Five surfaces of one pair of runs against their raw ledgers, recomputed by separate code.

Every figure that a surface prints is in a phrase of ``accounts`` or among ``NOT_FIGURES``: a new
one that nothing here computes fails the sweep, which names the surface and the text around it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.report.accounts import duration, mean_said, pct, span, success_said
from tests.report.recomputed import (
    Of,
    Repeated,
    by_task,
    domains_among_themselves,
    scored,
)
from tests.report.redrawn import power_at
from tests.report.sweep import Ledgers, agree, held, plain, section, sweep

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.report.recomputed import Unit


def run_reach(made: Ledgers) -> float:
    return float(made.shown.results["score"]["detectable"]["paired"])


def test_the_terminal_of_a_run(made: Ledgers) -> None:
    run = made.run
    apart, others = Of(run.infeasible), Of(run.feasible)
    answered = (
        f"FAIL answered: {run.answered_fail(run.infeasible)}/{apart['scored']} scored infeasible "
        f"tasks, {run.answered_fail(run.feasible)}/{others['scored']} others"
    )
    phrases = [
        f"Score {run.band()}.",
        *run.headline(),
        f"Full successes: {success_said(run.of)}",
        f"Mean over scored: {run.mean_counted()}",
        run.applications(),
        answered,
        *run.trials(),
    ]
    sweep("terminal", plain(made.shown.closing), phrases)


def test_the_summary_of_a_run(made: Ledgers) -> None:
    run = made.run
    unscored = [unit for unit in made.second if unit.score is None]
    zeros = [unit for unit in made.second if unit.score is not None and unit.cause]
    busy = sum(attempt["seconds"] for unit in made.second for attempt in unit.attempts)
    phrases = [
        f"## {run.band()}",
        *run.headline(),
        f"| Mean over scored | {run.mean_counted()} |",
        f"| Worst and best case over expected | {run.band()} |",
        f"| Full successes | {success_said(run.of)} |",
        f"| Time | {duration(run.makespan_s)} |",
        "| Workers | 2 |",
        *run.caveats(run_reach(made)),
        *run.domain_rows(page=False),
        *run.trials(between_k=" | "),
        f"Trials disagree ({len(Repeated(made.second).flaky)})",
        f"### Without a score ({len(unscored)})",
        *(
            f"{unit.cause or 'never finished an attempt'} | {len(unit.attempts)} |"
            for unit in unscored
        ),
        f"Scored 0 without an evaluation ({len(zeros)})",
        f"busy {duration(busy)} in all",
    ]
    sweep("summary", plain(made.shown.summary), phrases)


def test_the_page_of_a_run(made: Ledgers) -> None:
    run, of, page = made.run, made.run.of, made.shown.page
    apart, others = Of(run.infeasible), Of(run.feasible)
    zero = of["scored"] - of["successes"] - of["partial"]
    attempts = sum(len(unit.attempts) for unit in made.second)
    ended = f"{of['infrastructure']}", f"{of['missing']}"
    phrases = [
        *run.headline(),
        *run.caveats(run_reach(made)),
        (f"Workers 2 Started 2024-05-02 10:00:00 UTC Took {duration(run.makespan_s)} {run.band()}"),
        (
            f"full score {of['successes']} partial score {of['partial']} scored 0 {zero} "
            f"infrastructure {ended[0]} missing {ended[1]}"
        ),
        (
            f"{of['successes']} full score, {of['partial']} partial score, {zero} scored 0, "
            f"{ended[0]} infrastructure, {ended[1]} missing"
        ),
        (
            f"Mean over scored {pct(of['mean'])} {of['scored']}/{of['expected']} scored; 95%: "
            f"{span(of['mean_interval'])}"
        ),
        f"Worst and best case {run.band()} over all {of['expected']} expected",
        (
            f"Full successes {of['successes']}/{of['scored']} {pct(of['rate'])}; 95%: "
            f"{span(of['interval'])}"
        ),
        (
            f"Infeasible, apart {apart['successes']}/{apart['scored']} {pct(apart['rate'])}; 95%: "
            f"{span(apart['interval'])}; all others: mean {mean_said(others)}, "
            f"{others['scored']}/{others['expected']} scored"
        ),
        f"Time {duration(run.makespan_s)}",
        f"client start 14.0 s 14.0 s 14.0 s {attempts}",
        f"task 1 min 26 s 1 min 26 s 1 min 26 s {attempts}",
        (
            "client start: median 14.0 s, 90% 14.0 s, longest 14.0 s; task: median 1 min 26 s, "
            "90% 1 min 26 s, longest 1 min 26 s"
        ),
        f"Worst to best case {run.band()}; mean over scored {run.mean_counted()}",
    ]
    sweep("page, overview", section(page, "overview"), phrases)
    rates = (
        f"{d} {pct(Of(u)['rate'])} ({span(Of(u)['interval'])})" for d, u in run.domains.items()
    )
    sweep("page, domains", section(page, "domains"), [*run.domain_rows(page=True), *rates])
    flaky = Repeated(made.second).flaky
    marks = [unit for unit in made.second if unit.label in flaky]
    states = {"lost": "infrastructure", "arena": "infrastructure", None: "missing"}
    trials = [
        *run.trials(between_k=" ", comma=" "),
        f"{len(flaky)} whose trials disagree",
        *(
            f"Trial {u.trial} of {u.label}: "
            + (states[u.cause] if u.score is None else f"{u.score:.2f}")
            for u in marks
        ),
        *(_marks(label, marks) for label in flaky),
    ]
    sweep("page, trials", section(page, "trials"), trials)
    rows = re.findall(r'<td class="num">(\d\.\d\d|—)</td>', page.split('<section id="tasks"')[1])
    assert rows == ["—" if u.score is None else f"{u.score:.2f}" for u in made.second]


def _marks(label: str, units: Sequence[Unit]) -> str:
    scores = ["—" if u.score is None else f"{u.score:.2f}" for u in units if u.label == label]
    return " ".join([label.replace("/", "/ "), *scores])


def scores_of(of: Of) -> dict[str, Any]:
    counts = ("expected", "scored", "infrastructure", "missing")
    return {
        "counts": {name: of[name] for name in counts},
        **{name: value for name, value in of.figures.items() if name not in counts},
        "mean_interval": held(of["mean_interval"]),
        "interval": held(of["interval"]),
    }


def test_results_json(made: Ledgers) -> None:
    run, repeated, result = made.run, Repeated(made.second), made.shown.results
    own = scores_of(run.of)
    sound = Of(run.sound)
    flips, flip_span, tasks = repeated.flips
    passes = {
        name: {str(k): repeated.passes(k, choose) for k in range(1, repeated.most + 1)}
        for name, choose in (("pass_at", any), ("pass_all", all))
    }
    levels = {d["domain"]: d["adjusted_interval"]["level"] for d in result["domains"]}
    among = domains_among_themselves(made.second)
    computed = {
        "counts": own.pop("counts"),
        "score": {
            **own,
            "flagged": run.of["scored"] - sound["scored"],
            "mean_without_flagged": sound["mean"],
            "without_flagged_interval": held(sound["mean_interval"]),
            "clustered_interval": held(run.clustered),
            "clusters": len(run.domains),
            "detectable": {"paired": run_reach(made), "unpaired": run.against_published},
        },
        "infeasible": scores_of(Of(run.infeasible)),
        "feasible": scores_of(Of(run.feasible)),
        "domains": [
            {
                **scores_of(Of(units)),
                "adjusted_p": among[domain][0],
                "adjusted_direction": among[domain][1],
                "adjusted_interval": held(among[domain][2], levels[domain]),
            }
            for domain, units in run.domains.items()
        ],
        "fail_answers": {
            "infeasible": run.answered_fail(run.infeasible),
            "infeasible_scored": Of(run.infeasible)["scored"],
            "feasible": run.answered_fail(run.feasible),
            "feasible_scored": Of(run.feasible)["scored"],
        },
        "trials": {
            "most": repeated.most,
            "tasks": tasks,
            "pass_tasks": len(repeated.whole),
            **{name: {k: v for k, (v, _) in each.items()} for name, each in passes.items()},
            **{
                f"{name}_intervals": {k: held(s) for k, (_, s) in each.items()}
                for name, each in passes.items()
            },
            "flip_rate": flips,
            "flip_interval": held(flip_span),
            "interval": held(run.of["mean_interval"]),
        },
    }
    agree({name: result[name] for name in computed}, computed)
    assert result["trials"]["flaky"] == repeated.flaky
    reported = [
        (t["domain"], t["name"], t["trial"], t["status"], t["score"]) for t in result["tasks"]
    ]
    assert reported == [(u.domain, u.name, u.trial, u.status, u.score) for u in made.second]
    expected = {
        "schema",
        "run",
        "causes",
        "tasks",
        "workers",
        "sessions",
        "fingerprint",
        "damage",
        "fleet",
    }
    assert result.keys() - computed.keys() == expected


def test_the_reach_of_a_run(made: Ledgers) -> None:
    """By draws of the tests' own: at the printed difference four of five are called."""
    shapes = [
        ((len(scored(units)), len(units)), (len(units), len(units)))
        for units in by_task(made.second).values()
    ]
    assert power_at(run_reach(made), shapes) == pytest.approx(0.8, abs=0.1)
