#!/usr/bin/env python3
"""Prints how often a comparison of two runs decides, beside the bounds it must keep.

Each row is many seeded pairs of simulated runs of 154 tasks, compared as ``waa-matrix compare``
does. Nothing is timed: the same seed gives the same table. Exit status 1 when a bound fails.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from dataclasses import dataclass
from typing import Any

import click

from orchestrator.report.comparison import compare, read_record, side_of
from orchestrator.report.document import SCHEMA
from orchestrator.stats import Verdict
from orchestrator.suite import TaskKey, demo_suite

PAIRS = 200
BOTH = 0.25
"""The share of tasks on which both runs succeed."""


@dataclass(frozen=True, slots=True)
class Row:
    """Shares of tasks that only the baseline, or only the candidate solves, and a bound.

    Of 200 pairs at least ``least`` must be called better, at most ``most`` better or worse.
    """

    lost: float
    gained: float
    least: int = 0
    most: int = PAIRS


ROWS = (Row(0.08, 0.20, least=146), Row(0.10, 0.10, most=10), Row(0.20, 0.08), Row(0.02, 0.02))


def pair(row: Row, draws: random.Random) -> tuple[dict[str, Any], dict[str, Any]]:
    """Draw a baseline and a candidate as their ``results.json``."""
    shares = (row.lost, row.gained, BOTH, 1 - row.lost - row.gained - BOTH)
    kinds = ((1.0, 0.0), (0.0, 1.0), (1.0, 1.0), (0.0, 0.0))
    tasks = demo_suite().tasks
    scores = draws.choices(kinds, shares, k=len(tasks))
    first = [document(one[0], task) for one, task in zip(scores, tasks, strict=True)]
    second = [document(one[1], task) for one, task in zip(scores, tasks, strict=True)]
    return results("baseline", first), results("candidate", second)


def document(score: float, task: TaskKey) -> dict[str, Any]:
    """Return one entry of ``tasks``."""
    return {
        "domain": task.domain,
        "name": task.name,
        "trial": 0,
        "status": "scored",
        "cause": None,
        "score": score,
        "seconds": 400.0,
    }


def results(name: str, tasks: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a simulated run's ``results.json``, as far as a comparison reads it."""
    return {"schema": SCHEMA, "run": {"id": name, "simulated": True}, "tasks": tasks}


def verdicts(row: Row, seed: int) -> Counter[str]:
    """Compare the row's pairs; return how often each verdict came."""
    found: Counter[str] = Counter()
    for number in range(PAIRS):
        drawn = pair(row, random.Random(f"{seed}/{number}"))  # noqa: S311  # a seeded simulation
        first, second = (side_of([read_record(one, "drawn")]) for one in drawn)
        found[compare(first, [second]).candidates[0].verdict.value] += 1
    return found


def holds(row: Row, found: Counter[str]) -> bool:
    """Whether a row keeps its bound."""
    better, worse = found[Verdict.BETTER.value], found[Verdict.WORSE.value]
    return better >= row.least and better + worse <= row.most


@click.command(help=__doc__)
@click.option("--seed", default=0, show_default=True, help="Of the draws.")
@click.option("--bounded", is_flag=True, help="Only the rows that have a bound.")
def main(seed: int, *, bounded: bool) -> None:
    """Print the table and the bounds."""
    rows = [row for row in ROWS if not bounded or (row.least, row.most) != (0, PAIRS)]
    table = [(row, verdicts(row, seed)) for row in rows]
    click.echo(f"Verdicts on {PAIRS} pairs of simulated runs of 154 tasks, seed {seed}\n")
    click.echo("lost  gained   " + "  ".join(one.value for one in Verdict))
    for row, found in table:
        cells = "  ".join(f"{found[one.value]:>{len(one.value)}}" for one in Verdict)
        click.echo(f"{row.lost:>4.0%} {row.gained:>7.0%}   {cells}")
    click.echo("")
    for row, found in table:
        say(row, found)
    sys.exit(0 if all(holds(row, found) for row, found in table) else 1)


def say(row: Row, found: Counter[str]) -> None:
    """Print a row's bound, if it has one."""
    better, worse = found[Verdict.BETTER.value], found[Verdict.WORSE.value]
    mark = "ok  " if holds(row, found) else "FAIL"
    where = f"{row.lost:.0%} against {row.gained:.0%}"
    if row.least:
        click.echo(f"{mark} {better} >= {row.least} better, {where}")
    if row.most < PAIRS:
        click.echo(f"{mark} {better + worse} <= {row.most} of a difference, {where}")


if __name__ == "__main__":
    main()
