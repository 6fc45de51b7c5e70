#!/usr/bin/env python3
"""Prints what it would save to buy trials in rounds, only until a comparison is decided.

Every design is fixed before its first look: rounds of trials, levels that add up to 0.05 over the
looks, a stop for futility. It is measured by the same test, the same gate and the same simulated
fleet as the product's, beside all trials bought at once against the same baseline. Each is shown at
the boundary that costs it the least.

The feature is not offered, for no design saves enough. Exit status 1 when a size is not kept, and
when a design would be worth it after all; the bounds are for the default draws, fewer wander.
Nothing is timed: the same seed gives the same table.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from orchestrator.stats.power import ALPHA, POWER
from orchestrator.stats.reach import CHANCES, difference
from scripts.until import rejected
from scripts.until.boundary import Boundary
from scripts.until.design import AT_ONCE
from scripts.until.machine_time import Fleet
from scripts.until.table import (
    NULLS,
    WITHIN,
    Effect,
    Prices,
    Row,
    Size,
    at_once,
    first_look,
    lower_limit,
    play,
    rows,
    size,
)
from scripts.until.worlds import SUITES, TASKS, World

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MOST_COST, MOST_IDLE_COST = 0.65, 1.10
MOST_SIZE = 0.055
LOST = (0.02, 0.05)
_MORE, _MORE_DRAWS = 2, 1_000

_DESIGNS = "{:<38}{:<18}{:<27}{:>8}{:>7}{:>7}"
_SIZES = "{:<38}{:<18}{:<14}{:>6}{:>9}{:>9}{:>10}"


@click.command(help=__doc__)
@click.option(
    "--draws",
    type=click.IntRange(min=SUITES),
    default=20_000,
    show_default=True,
    help=f"Comparisons for each figure, in whole multiples of {SUITES}.",
)
@click.option("--seed", default=0, show_default=True, help="Of the draws.")
@click.option("--workers", default=20, show_default=True, help="Machines of the fleet.")
def main(draws: int, seed: int, workers: int) -> None:
    """Print the tables and the bounds."""
    draws -= draws % SUITES
    effect = Effect.sought(draws, seed)
    click.echo(
        f"Trials bought in rounds; {TASKS} tasks, {workers} machines, {draws:,} draws, seed {seed}"
    )
    table = designs(effect, Prices(Fleet(workers, seed), effect.world))
    chosen = list(cheapest_of_each(table))
    sizes = list(nothing(chosen, draws, seed))
    lost_units(chosen, effect)
    click.echo("\nBounds")
    held = [*size_bounds(chosen, sizes), differing(seed), verdict(table, sizes)]
    sys.exit(0 if all(held) else 1)


def designs(effect: Effect, prices: Prices) -> list[Row]:
    """Print and return every design: power, and machine time as a share of that at once."""
    click.echo(
        f"Chances of success Beta{CHANCES}; the second side is lower by "
        f"{100 * difference(effect.step):.1f} points, where 3 v 3 at once has power "
        f"{effect.power:.1%}\n"
    )
    click.echo(_DESIGNS.format("who buys", "trials", "levels", "futile", "power", "time"))
    for row in at_once(effect):
        say(row)
    table = []
    for row in rows(effect, prices):
        say(row)
        table.append(row)
    return table


def say(row: Row) -> None:
    """Print a design."""
    cells = ["out of reach", "", "", ""]
    if row.boundary is not None:
        levels = ", ".join(f"{level:.3f}".lstrip("0") for level in row.boundary.levels)
        cells = [levels, f"{row.boundary.futile:.0%}", f"{row.power:.1%}", f"{row.cost:.1%}"]
    click.echo(_DESIGNS.format(row.design.name, trials(row), *cells))


def trials(row: Row) -> str:
    """Return what a table says of the trials a task at each look."""
    looks = ", ".join(f"{look:g}" for look in row.design.looks)
    return looks if len(row.design.looks) > 1 else f"{looks} at once"


def cheapest_of_each(table: Sequence[Row]) -> Iterator[Row]:
    """Yield the cheapest row of each baseline: with trials alike, and by a history."""
    for baseline in AT_ONCE:
        for by_history in (False, True):
            of_kind = [
                row
                for row in table
                if row.design.possible
                and row.design.baseline == baseline
                and (row.design.history > 0) == by_history
            ]
            best = min(of_kind, key=lambda row: row.cost)
            if best.boundary is not None:
                yield best


def nothing(chosen: Sequence[Row], draws: int, seed: int) -> Iterator[Size]:
    """Print and yield how often a difference is called where there is none, and what it costs."""
    best = min(chosen, key=lambda row: row.cost)
    click.echo("\nWhere neither side is ahead, how often one is called so\n")
    click.echo(_SIZES.format("who buys", "trials", "alike", "lost", "called", "limit", "time"))
    for null, pair in NULLS.items():
        for lost in (0.0, *LOST):
            world = World(pair, draws, seed, lost)
            for row in chosen if not lost else (best,):
                cell = size(row, null, world)
                shares = f"{cell.called / draws:.2%}", f"{cell.limit:.2%}", f"{cell.cost:.1%}"
                click.echo(
                    _SIZES.format(row.design.name, trials(row), null, f"{lost:.0%}", *shares)
                )
                yield cell


def lost_units(chosen: Sequence[Row], effect: Effect) -> None:
    """Print what losses leave of the power: what is lost runs again before each look."""
    best = min(chosen, key=lambda row: row.cost)
    assert best.boundary is not None
    click.echo("")
    for lost in LOST:
        world = effect.losing(lost)
        course = play(world, best.design, best.boundary)
        whole = play(world, AT_ONCE[best.design.baseline], Boundary((ALPHA,)))
        click.echo(
            f"With {lost:.0%} lost at each run, {best.design.name}: power {course.lost:.1%} "
            f"({whole.lost:.1%} at once), machine time {course.cost(best.costs):.1%}"
        )


def size_bounds(chosen: Sequence[Row], sizes: Sequence[Size]) -> Iterator[bool]:
    """Print and yield whether the sizes are kept, sampled and enumerated."""
    widest = max(cell.limit for cell in sizes)
    yield bound(
        f"{widest:.4f} <= {MOST_SIZE}  upper 99% limit of every size above",
        holds=widest <= MOST_SIZE,
    )
    for level in sorted({row.boundary.levels[0] for row in chosen if row.boundary} | {ALPHA}):
        exact = first_look(TASKS, level)
        yield bound(
            f"{exact:.4f} <= {level:.3f}  1 v 1 at its first look, by enumeration",
            holds=exact <= level,
        )


def differing(seed: int) -> bool:
    """Print how often nothing is called when the tasks that differ get the trials."""
    called = {
        null: rejected.findings(pair, _MORE_DRAWS, seed, more=_MORE) for null, pair in NULLS.items()
    }
    cells = ", ".join(f"{null} {count / _MORE_DRAWS:.1%}" for null, count in called.items())
    least = max(lower_limit(count, _MORE_DRAWS) for count in called.values())
    return bound(
        f"{least:.3f} > {MOST_SIZE}  lower 99% limit of the size, rejected: "
        f"{_MORE} more trials of the tasks that differ ({cells})",
        holds=least > MOST_SIZE,
    )


def verdict(table: Sequence[Row], sizes: Sequence[Size]) -> bool:
    """Print which bound keeps the feature from being offered; whether one still does."""
    possible = [row for row in table if row.design.possible]
    best = min(possible, key=lambda row: row.cost)
    idle = max(cell.cost for cell in sizes if cell.row == best)
    known = min(row.cost for row in table)
    cheap, cheap_idle = best.cost <= MOST_COST, idle <= MOST_IDLE_COST
    click.echo(
        f"{'kept' if cheap else 'not kept'}: {best.cost:.1%} <= {MOST_COST:.0%} of the machine "
        f"time at once: {best.design.name}, {trials(best)} trials, the cheapest of {len(possible)} "
        f"designs with power {POWER - WITHIN:.0%} ({known:.1%} if all chances were known)\n"
        f"{'kept' if cheap_idle else 'not kept'}: {idle:.1%} <= {MOST_IDLE_COST:.0%} of it where "
        f"there is no difference"
    )
    if cheap and cheap_idle:
        return bound("a design is worth it after all: offer it", holds=False)
    return bound("run --until-decided is not offered, for a bound is not kept", holds=True)


def bound(what: str, *, holds: bool) -> bool:
    """Print a bound and return whether it holds."""
    click.echo(f"{'ok  ' if holds else 'FAIL'} {what}")
    return holds


if __name__ == "__main__":
    main()
