"""What is said of a pair of runs, on every surface, recomputed from the raw ledgers."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any

import pytest

from tests.report.accounts import (
    KINDS,
    WAYS,
    between,
    duration,
    mean_said,
    p_long,
    p_short,
    pct,
    points,
    success_said,
)
from tests.report.recomputed import Of, by_task, scored, wins
from tests.report.redrawn import power_at
from tests.report.sweep import Ledgers, agree, held, plain, section, sweep

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.report.recomputed import Unit

NAMES = ("base", "next")
ALPHA = {"alpha": 0.05}


def reach(made: Ledgers) -> float:
    return float(made.shown.comparison["candidates"][0]["paired"]["detectable"])


def domain_rows(made: Ledgers, *, page: bool, changed_only: bool = False) -> list[str]:
    pair, rows = made.pair, []
    for domain, (labels, p) in pair.domains.items():
        changes = [pair.changes[label] for label in labels]
        rates = [
            pct(
                statistics.fmean(
                    pair.sides[label][side][0] / pair.sides[label][side][1] for label in labels
                )
            )
            for side in (0, 1)
        ]
        up, down = (sum(value * way > 0 for value in changes) for way in (1, -1))
        match = pair.interval(changes, p)
        change = points(statistics.fmean(changes)) + (f" ({between(match)})" if match else "")
        if changed_only:
            cells = [domain, f"{len(labels)}", f"+{up}", f"-{down}", change, p_short(p)]
        elif page:
            cells = [domain, f"{len(labels)}", *rates, change, f"{up}", f"{down}", p_long(p)]
        else:
            cells = [domain, f"{len(labels)}", *rates, f"{up}", f"{down}", change, p_short(p)]
        if up or down or not changed_only:
            rows.append((" | " if not (page or changed_only) else " ").join(cells))
    return rows


def scores_said(made: Ledgers) -> str:
    mean, match, p, way = made.pair.scores()
    return (
        f"scores {points(mean)} (95%: {between(match)}), exact permutation p = "
        f"{p_short(made.pair.score_p)} (better), Wilcoxon p = {p_short(p)} "
        f"(ranks for {WAYS[way]})"
    )


def by_application(made: Ledgers) -> str:
    pair = made.pair
    return (
        f"by application {points(pair.mean_change)} (95%: {between(pair.clustered)}; "
        f"{pair.applications()}"
    )


def side_rows(made: Ledgers, roles: tuple[str, str], mark: str) -> list[str]:
    return [
        mark.join(
            [
                role,
                f"{run.of['scored']}/{run.of['expected']}",
                success_said(run.of),
                mean_said(run.of),
                "—",
                duration(run.makespan_s),
            ]
        )
        for role, run in zip(roles, (made.base, made.run), strict=True)
    ]


def cells(units: Sequence[Unit]) -> str:
    """Return a side's scores of a task as a cell, with the cause of the first that has one."""
    shown = ", ".join(f"{score:.2g}" for score in scored(units))
    cause = next((unit.cause for unit in units if unit.cause), "")
    return shown + (f" ({cause})" if cause else "")


def changed_rows(made: Ledgers) -> list[str]:
    pair, rows = made.pair, []
    for way, title in KINDS.items():
        labels = pair.changed(way)
        rows.append(f"{title} ({len(labels)})")
        rows += [
            f"{label} | {cells(pair.pairs[label][0])} | {cells(pair.pairs[label][1])} |"
            for label in labels
        ]
    return rows


def test_the_terminal_of_a_pair(made: Ledgers) -> None:
    pair = made.pair
    phrases = [
        *pair.sentence(),
        *pair.caveats(NAMES),
        *side_rows(made, NAMES, " "),
        f"{len(pair.sides)} tasks scored on both sides full successes {pair.change()}",
        scores_said(made),
        by_application(made),
        *domain_rows(made, page=False, changed_only=True),
        *(f"{title} ({len(pair.changed(way))})" for way, title in KINDS.items()),
    ]
    sweep("terminal", plain(made.shown.terminal), phrases)


def test_the_markdown_of_a_pair(made: Ledgers) -> None:
    phrases = [
        *made.pair.sentence(),
        *made.pair.caveats(NAMES),
        *side_rows(made, ("Baseline base", "Candidate next"), " | "),
        f"The difference {by_application(made)}",
        *domain_rows(made, page=False),
        *changed_rows(made),
    ]
    sweep("markdown", plain(made.shown.markdown), phrases)


def test_the_comment_of_a_pair(made: Ledgers) -> None:
    pair = made.pair
    both = (made.run.of, made.base.of)
    unscored = by_task([unit for unit in made.second if unit.score is None])
    lost = [
        (each[0].cause or "never finished", len(each[0].attempts)) for each in unscored.values()
    ]

    def mean(of: Of) -> str:
        worst, best = pct(of["worst_case"]), pct(of["best_case"])
        return f"{mean_said(of)} over scored; worst and best case {worst} to {best}"

    def counts(of: Of) -> str:
        gone = f"({of['infrastructure']} infrastructure, {of['missing']} missing)"
        return f"{of['scored']}/{of['expected']} {gone}"

    phrases = [
        *pair.sentence(),
        *pair.caveats(NAMES),
        f"Full successes | {' | '.join(map(success_said, both))} |",
        f"Mean score | {' | '.join(map(mean, both))} |",
        f"Scored | {' | '.join(map(counts, both))} |",
        f"Time | {duration(made.run.makespan_s)} | {duration(made.base.makespan_s)} |",
        f"Infrastructure | {made.run.noise()} |",
        *changed_rows(made),
        f"Without a score ({len(unscored)})",
        *(f"| {cause} | {attempts} |" for cause, attempts in lost),
    ]
    sweep("comment", plain(made.shown.comment), phrases)


def test_the_page_of_a_pair(made: Ledgers) -> None:
    pair, page = made.pair, made.shown.compared_page
    up, down, count = len(pair.changed(1)), len(pair.changed(-1)), len(pair.sides)
    before, after = (
        statistics.fmean(sides[side][0] / sides[side][1] for sides in pair.sides.values())
        for side in (0, 1)
    )
    ranges = [sorted({sides[side][1] for sides in pair.sides.values()}) for side in (0, 1)]
    first, second = (
        f"{entry[0]} to {entry[-1]}" if len(entry) > 1 else f"{entry[0]}" for entry in ranges
    )
    shown = [
        *pair.sentence(),
        (
            f"A difference below {100 * reach(made):.1f} points would mostly go unseen ({first} "
            f"against {second} trials of {count} tasks, what lacks a score counted against it; "
            "power 0.8, chances of tasks spread as Beta(0.35, 0.9))."
        ),
        f"Success rate {pct(before)} → {pct(after)} of the {count} paired tasks",
        f"Difference {pair.change()}",
        f"{up} gained, {down} lost of {count} paired",
        f"p {p_long(pair.p)} better, stratified-exact,",
        f"gone against it {p_long(pair.p_worst)} better; the verdict survives",
        f"Could have shown {100 * reach(made):.1f} points or more",
    ]
    sweep("page, overview", section(page, "overview"), shown)
    rates = "; ".join(
        f"{name}: {pct(run.of['rate'])}"
        for name, run in zip(NAMES, (made.base, made.run), strict=True)
    )
    sides = [
        f"{run.of['scored']}/{run.of['expected']} {run.of['infrastructure']} {run.of['missing']} "
        f"{success_said(run.of)} {mean_said(run.of)} {duration(run.makespan_s)} — — "
        f"{sum(max(0, len(unit.attempts) - 1) for unit in run.units)}"
        for run in (made.base, made.run)
    ]
    sweep("page, sides", section(page, "sides"), [f"Success rates: {rates}", *sides])
    mean, match, p, way = pair.scores()
    numbers = grouped(made)
    legend = (
        f"both {numbers['both']} the same rate in between {numbers['tied']} gained {up} "
        f"lost {down} neither {numbers['neither']}"
    )
    by_domain = "; ".join(
        f"{domain} {points(statistics.fmean(pair.changes[label] for label in labels))}"
        for domain, (labels, _) in pair.domains.items()
    )
    whole = len(pair.pairs)
    phrases = [
        *pair.caveats(NAMES),
        f"{count} tasks, paired",
        legend,
        (
            f"{numbers['both']} succeeded on both, {numbers['tied']} the same rate in between, "
            f"{up} gained, {down} lost, {numbers['neither']} succeeded on neither"
        ),
        (
            f"{count} of the {whole} tasks that both expected are scored on both sides, "
            f"{whole - count} are not; {pair.undecided - whole + count} of the {count} lack the "
            "score of a trial."
        ),
        (
            f"mean score: {points(mean)} (95%: {between(match)}), permutation p = "
            f"{p_long(pair.score_p)} (better), Wilcoxon p = {p_long(p)} (ranks for {WAYS[way]})"
        ),
        (
            f"the difference is {points(pair.mean_change)} (95%: {between(pair.clustered)}): "
            f"{pair.applications()}"
        ),
        f"success rate {points(pair.mean_change)}; mean score {points(mean)}",
        f"Differences by domain: {by_domain}",
        *domain_rows(made, page=True),
        *(_page_row(made, label) for way in KINDS for label in pair.changed(way)),
    ]
    sweep("page, candidate", section(page, "candidate-1"), phrases)


def _page_row(made: Ledgers, label: str) -> str:
    def side(units: Sequence[Unit]) -> str:
        return f"{statistics.fmean(scored(units)):.2f} {wins(units)}/{len(scored(units))}"

    way = "more" if made.pair.changes[label] > 0 else "less"
    entry, two = made.pair.pairs[label]
    return f"{label.replace('/', '/ ')} succeeds {way} often {side(entry)} {side(two)}"


def grouped(made: Ledgers) -> dict[str, int]:
    """Return how many tasks succeeded on both sides always, on neither ever, or tied in between."""
    rates = [(a / n, b / m) for (a, n), (b, m) in made.pair.sides.values()]
    return {
        "both": sum(value == two == 1 for value, two in rates),
        "tied": sum(value == two and 0 < value < 1 for value, two in rates),
        "neither": sum(value == two == 0 for value, two in rates),
    }


def result(units: Sequence[Unit]) -> dict[str, Any]:
    known = scored(units)
    return {
        "trials": len(units),
        "scored": len(known),
        "successes": wins(units),
        "score": statistics.fmean(known),
    }


def side(run: Any) -> dict[str, Any]:
    of: Of = run.of
    figures = {name: of[name] for name in ("scored", "successes", "rate", "mean")}
    spans = {name: held(of[name]) for name in ("interval", "mean_interval")}
    attempts = [len(unit.attempts) for unit in run.units]
    causes: dict[str, int] = {}
    for unit in run.units:
        if unit.cause:
            causes[unit.cause] = causes.get(unit.cause, 0) + 1
    whole = {
        **figures,
        **spans,
        **{name: of[name] for name in ("expected", "infrastructure", "missing")},
        "worst_case": of["worst_case"],
        "best_case": of["best_case"],
        "started": run.began,
        "ended": run.began + run.makespan_s,
        "makespan_s": run.makespan_s,
        "attempts": sum(attempts),
        "retries": sum(max(0, number - 1) for number in attempts),
        "causes": causes,
    }
    return {
        "tasks": len(by_task(run.units)),
        "trials": of["expected"],
        **figures,
        **spans,
        "runs": [whole],
    }


def test_comparison_json(made: Ledgers) -> None:
    pair, match = made.pair, made.shown.comparison
    mean, score_span, wilcoxon_p, way = pair.scores()
    up, down, count = len(pair.changed(1)), len(pair.changed(-1)), len(pair.sides)
    candidate = {
        "side": side(made.run),
        "verdict": {"alpha": 0.05, "p": pair.p, "p_worst": pair.p_worst},
        "paired": {
            "tasks": count,
            "unscored": len(pair.pairs) - count,
            "undecided": pair.undecided,
            "only_baseline": 0,
            "only_candidate": 0,
            **grouped(made),
            "gained": up,
            "lost": down,
            "gained_cut_off": pair.cut_off(1),
            "lost_cut_off": pair.cut_off(-1),
            "discordance": (up + down) / count,
            "difference": pair.mean_change,
            "difference_interval": held(pair.interval(list(pair.changes.values()), pair.p)),
            "score_difference": mean,
            "score_interval": held(score_span),
            "wilcoxon_p": wilcoxon_p,
            "detectable": reach(made),
            "clustered_interval": held(pair.clustered),
            "clusters": len(pair.domains),
            "score_p": pair.score_p,
            "score_differing": pair.differing,
        },
        "unscored": [
            {"trials": sum(unit.score is None for unit in units)}
            for units in (made.second, made.first)
        ],
        "flips": {
            "runs": 1,
            "tasks": [
                {"successes": won, "scored": trials}
                for direction in KINDS
                for won, trials in pair.flips(direction).values()
            ],
        },
        "domains": [_domain(made, labels, p) for labels, p in pair.domains.values()],
        "tasks": [
            {"baseline": result(pair.pairs[label][0]), "candidate": result(pair.pairs[label][1])}
            for direction in KINDS
            for label in pair.changed(direction)
        ],
    }
    agree(match, {"baseline": side(made.base), "candidates": [candidate]})
    (reported,) = match["candidates"]
    assert reported["verdict"]["value"] == reported["verdict"]["direction"] == "better"
    assert reported["paired"]["wilcoxon_direction"] == WAYS[way]


def _domain(made: Ledgers, labels: Sequence[str], p: float) -> dict[str, Any]:
    sides = [made.pair.sides[label] for label in labels]
    changes = [made.pair.changes[label] for label in labels]
    return {
        "tasks": len(labels),
        "gained": sum(value > 0 for value in changes),
        "lost": sum(value < 0 for value in changes),
        "difference": statistics.fmean(changes),
        "interval": held(made.pair.interval(changes, p)),
        "p": p,
        "baseline_rate": statistics.fmean(won / n for (won, n), _ in sides),
        "candidate_rate": statistics.fmean(won / n for _, (won, n) in sides),
    }


def test_the_reach_of_the_pair(made: Ledgers) -> None:
    """By draws of the tests' own: at the printed difference four of five are called."""
    shapes = [
        ((len(scored(entry)), len(entry)), (len(scored(two)), len(two)))
        for entry, two in made.pair.pairs.values()
    ]
    assert power_at(reach(made), shapes) == pytest.approx(0.8, abs=0.1)
