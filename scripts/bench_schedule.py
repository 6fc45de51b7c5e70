#!/usr/bin/env python3
"""Prints makespans and billed minutes of simulated runs beside the bounds they must keep.

Exit status 1 when a bound does not hold; the bounds are on means over the default 300 draws, fewer
wander. Nothing is timed: the same seed gives the same tables.
"""

from __future__ import annotations

import sys
from typing import Literal, NamedTuple

import click

from orchestrator.planning.simulate import BOOTS, BOOTS_AND_RESETS, POLICIES, Overheads
from orchestrator.planning.simulation_study import Study, StudyRow, render_table, study

CONTIGUOUS, ROUND_ROBIN, _STATIC, _BLIND, DOMAINS, HISTORY = (policy.name for policy in POLICIES)


class Bound(NamedTuple):
    """A figure that a row must not exceed."""

    overheads: str
    policy: str
    workers: int
    value: Literal["ratio", "billed"]
    most: float


PLAIN = Overheads().name
BOUNDS = (
    Bound(PLAIN, HISTORY, 10, "ratio", 1.02),
    Bound(PLAIN, HISTORY, 40, "ratio", 1.10),
    Bound(PLAIN, DOMAINS, 10, "ratio", 1.05),
    Bound(PLAIN, DOMAINS, 40, "ratio", 1.27),
    Bound(BOOTS.name, HISTORY, 10, "billed", 1.15),
    Bound(BOOTS.name, HISTORY, 40, "billed", 1.35),
)


def check(rows: list[StudyRow], bounds: tuple[Bound, ...] = BOUNDS) -> list[tuple[str, bool]]:
    """Return one line for each bound, and whether it holds."""
    result = {(row.overheads, row.policy, row.workers): row for row in rows}
    lines = []
    for bound in bounds:
        seen = getattr(result[bound.overheads, bound.policy, bound.workers], bound.value)
        holds = seen <= bound.most
        verdict = "ok  " if holds else "FAIL"
        where = f"{bound.value:<6} N={bound.workers:<3} {bound.policy}, {bound.overheads}"
        lines.append((f"{verdict} {seen:.3f} <= {bound.most:.2f}  {where}", holds))
    return lines


@click.command(help=__doc__)
@click.option("--draws", default=300, show_default=True, help="Drawn runs for each figure.")
@click.option("--seed", default=0, show_default=True, help="Of the draws.")
def main(draws: int, seed: int) -> None:
    """Print the tables and the bounds."""
    rows = study(Study(draws=draws, seed=seed, overheads=(Overheads(), BOOTS, BOOTS_AND_RESETS)))
    booted = [row for row in rows if row.overheads == BOOTS.name]
    click.echo(f"Makespan over max(total/N, longest task); 154 tasks, {draws} draws, seed {seed}\n")
    click.echo(render_table(rows))
    click.echo("\nMachine minutes over task minutes, each machine deleted when its worker leaves\n")
    click.echo(render_table(booted, "billed"))
    click.echo("\nThe same, the whole fleet deleted at the end\n")
    click.echo(render_table(booted, "kept"))
    lines = check(rows)
    click.echo("\nBounds\n" + "\n".join(line for line, _ in lines))
    sys.exit(0 if all(holds for _, holds in lines) else 1)


if __name__ == "__main__":
    main()
