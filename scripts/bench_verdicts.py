#!/usr/bin/env python3
"""Prints how often a comparison of two runs decides, exactly, beside the bounds it must keep.

Each row sums over every outcome of 154 tasks tried once on each side, judged by the test that
decides; some outcomes are also compared as ``waa-matrix compare`` does, and must be judged alike.
Nothing is timed. Exit status 1 when a bound fails.
"""

from __future__ import annotations

import random
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click
import numpy as np
from scipy.stats import binom

from orchestrator.comparison import compare, read_record, side_of
from orchestrator.comparison.schema import SCHEMA
from orchestrator.planning.suite import demo_suite
from orchestrator.stats import ALPHA, Verdict, single_trial_test

if TYPE_CHECKING:
    from collections.abc import Sequence

TASKS = 154
COMPARED = 40


@dataclass(frozen=True, slots=True)
class Row:
    """Shares of tasks that only the baseline, or only the candidate solves, and its bounds.

    The candidate must be called better at least, and better or worse at most, this often.
    """

    lost: float
    gained: float
    least: float = 0.0
    most: float = 1.0


ROWS = (Row(0.08, 0.20, least=0.80), Row(0.10, 0.10, most=ALPHA), Row(0.20, 0.08), Row(0.02, 0.02))


def called() -> Any:
    """Return 1, -1 or 0 for each outcome (gained, lost): better, worse, or neither."""
    result = np.zeros((TASKS + 1, TASKS + 1), dtype=int)
    for gained in range(TASKS + 1):
        for lost in range(min(gained, TASKS - gained + 1)):
            better = single_trial_test(gained, lost, TASKS)[0] <= ALPHA
            result[gained, lost], result[lost, gained] = better, -better
    return result


def chances(row: Row) -> Any:
    """Return the chance of each outcome (gained, lost)."""
    gained = np.arange(TASKS + 1)[:, None]
    lost = np.arange(TASKS + 1)[None, :]
    left = np.maximum(TASKS - gained, 0)
    first = binom.pmf(gained, TASKS, row.gained)
    return np.where(lost <= left, first * binom.pmf(lost, left, row.lost / (1 - row.gained)), 0.0)


def agreed(outcomes: Any, seed: int) -> int:
    """Compare drawn outcomes as documents; return how many are called as the table says."""
    draws = random.Random(seed)  # noqa: S311  # a seeded choice
    same = 0
    for _ in range(COMPARED):
        gained = draws.randint(0, 40)
        lost = draws.randint(0, 40)
        sign = {Verdict.BETTER: 1, Verdict.WORSE: -1}.get(verdict(gained, lost), 0)
        same += sign == outcomes[gained, lost]
    return same


def verdict(gained: int, lost: int) -> Verdict:
    """Return what the product says of a pair of runs with these numbers."""
    baseline = [0.0] * gained + [1.0] * lost + [0.0] * (TASKS - gained - lost)
    candidate = [1.0] * gained + [0.0] * (TASKS - gained)
    sides = [
        side_of([read_record(results(name, scores), "drawn")])
        for name, scores in (("baseline", baseline), ("candidate", candidate))
    ]
    return compare(sides[0], sides[1:]).candidates[0].verdict


def results(name: str, scores: Sequence[float]) -> dict[str, Any]:
    """Return a simulated run's ``results.json``, as far as a comparison reads it."""
    tasks = [
        {
            "domain": task.domain,
            "name": task.name,
            "trial": 0,
            "status": "scored",
            "cause": None,
            "score": score,
            "seconds": 400.0,
        }
        for task, score in zip(demo_suite().tasks, scores, strict=True)
    ]
    return {"schema": SCHEMA, "run": {"id": name, "simulated": True}, "tasks": tasks}


@click.command(help=__doc__)
@click.option("--seed", default=0, show_default=True, help="Of the outcomes that are compared.")
def main(seed: int) -> None:
    """Print the table and the bounds."""
    outcomes = called()
    click.echo(f"Verdicts on {TASKS} tasks, one trial a side, over every outcome\n")
    click.echo("lost  gained   better   worse  neither")
    held = []
    for row in ROWS:
        chance = chances(row)
        better, worse = (float(chance[outcomes == sign].sum()) for sign in (1, -1))
        shown = f"{better:>8.1%} {worse:>7.1%} {1 - better - worse:>8.1%}"
        click.echo(f"{row.lost:>4.0%} {row.gained:>7.0%} {shown}")
        held += bounds(row, better, worse)
    alike = agreed(outcomes, seed)
    held.append((alike == COMPARED, f"{alike} of {COMPARED} drawn outcomes are so called"))
    click.echo("")
    for kept, said in held:
        click.echo(f"{'ok  ' if kept else 'FAIL'} {said}")
    sys.exit(0 if all(kept for kept, _ in held) else 1)


def bounds(row: Row, better: float, worse: float) -> list[tuple[bool, str]]:
    """Return whether a row keeps its bounds, each in words."""
    where = f"{row.lost:.0%} against {row.gained:.0%}"
    result = []
    if row.least:
        result.append((better >= row.least, f"{better:.1%} >= {row.least:.1%} better, {where}"))
    if row.most < 1:
        either = better + worse
        result.append((either <= row.most, f"{either:.1%} <= {row.most:.1%} either way, {where}"))
    return result


if __name__ == "__main__":
    main()
