#!/usr/bin/env python3
"""Prints the sizes and powers of the tests that could decide, beside the bounds they must keep.

One trial a side: on a fixed suite two like runs differ on a task with chance 2p(1-p), at most one
half. A test's chance of rejecting is linear in each of these chances, so that its size is the
largest over k tasks with one half and the others none: it is enumerated, for every number of tasks
and every level of Holm's steps. Unlike agents of equal mean success, which may differ on more than
half of the tasks, are drawn, and each one's chance of rejecting is summed over every outcome.
Scores: simulated comparisons. Nothing is timed. Exit status 1 when a bound fails.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click
import numpy as np
from scipy.special import bdtr
from scipy.stats import binom, norm

from orchestrator.stats import (
    ALPHA,
    CHANCES,
    FEWEST_DISCORDANT,
    Pair,
    ScorePair,
    Scores,
    Tally,
    paired_test,
    score_test,
)
from orchestrator.stats.unconditional import critical_square, largest_minority

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LEVELS = (0.05, 0.025, 0.05 / 3, 0.0125, 0.01)
FEWEST, MOST = 20, 154
SHOWN = (20, 30, 50, 100, 154)
POWERS = ((154, 0.80), (100, 0.61), (30, 0.13))
"""Tasks, and the least power of the test in use at 10 points and a discordance of 20%."""

DISCORDANT = np.arange(MOST + 1)


def mcnemar(tasks: int, alpha: float) -> Any:
    """The exact conditional test."""
    return _most(tasks, alpha, mid=False)


def mid_p(tasks: int, alpha: float) -> Any:
    """The same with half of the chance of what was seen; fewer than six never decide."""
    return np.where(DISCORDANT[: tasks + 1] < FEWEST_DISCORDANT, -1, _most(tasks, alpha, mid=True))


def _most(tasks: int, alpha: float, *, mid: bool) -> Any:
    discordant = DISCORDANT[: tasks + 1, None]
    minority = np.arange(tasks // 2 + 1)[None, :]
    p = 2 * bdtr(np.minimum(minority, discordant), np.maximum(discordant, 1), 0.5)
    if mid:
        p = p - binom.pmf(minority, discordant, 0.5)
    return ((p <= alpha) & (2 * minority < discordant)).sum(axis=1) - 1


def normal(tasks: int, alpha: float) -> Any:
    """The normal approximation, with any number of discordant tasks."""
    discordant = DISCORDANT[: tasks + 1]
    least = np.maximum(1, np.ceil(norm.isf(alpha / 2) * np.sqrt(discordant)))
    return np.floor((discordant - least) / 2)


def unconditional(tasks: int, alpha: float) -> Any:
    """The test in use."""
    square = critical_square(tasks, alpha)
    discordant = DISCORDANT[: tasks + 1]
    return np.full(tasks + 1, -1) if square is None else largest_minority(square, discordant)


TESTS: Mapping[str, Callable[[int, float], Any]] = {
    "McNemar": mcnemar,
    "mid-p": mid_p,
    "normal": normal,
    "unconditional": unconditional,
}
"""For so many tasks and a level: the largest minority that is a finding, for 0, 1, … discordant
tasks; below 0 where none is."""

USED = "unconditional"

EVEN = binom.pmf(DISCORDANT[None, :], DISCORDANT[:, None], 0.5)
"""The chance of each number of discordant tasks (column) with each number of even ones (row)."""


def size(most: Any, tasks: int) -> float:
    """Return the largest chance of rejecting that two like runs can have."""
    tails = np.where(
        most < 0, 0.0, 2 * bdtr(np.maximum(most, 0), np.maximum(DISCORDANT, 1)[: tasks + 1], 0.5)
    )
    return float((EVEN[: tasks + 1, : tasks + 1] @ np.minimum(1.0, tails)).max())


def power(most: Any, tasks: int, difference: float = 0.1, discordance: float = 0.2) -> float:
    """Return the chance of rejecting at a difference and a share of discordant tasks."""
    discordant = DISCORDANT[: tasks + 1]
    share = (1 + difference / discordance) / 2
    fewer, of = np.maximum(most, 0), np.maximum(discordant, 1)
    rejected = np.where(most < 0, 0.0, bdtr(fewer, of, share) + bdtr(fewer, of, 1 - share))
    return float((binom.pmf(discordant, tasks, discordance) * rejected).sum())


def agents(draws: np.random.Generator, tasks: int) -> tuple[Any, Any]:
    """Draw the chances of success of two unlike agents of equal mean."""
    kind = draws.integers(4)
    if kind < 2:  # the same chances, on other tasks
        first = draws.beta(*((0.35, 0.9), (0.1, 0.1))[kind], tasks)
        return first, draws.permutation(first)
    even, sure = 0.5, int(draws.integers(tasks))
    if kind == 2:  # strong where the other is weak, beside even tasks and certain ones
        turned = int(draws.integers(1, tasks // 2 + 1))
        high, low = draws.random(2)
        rest = np.where(np.arange(tasks - 2 * turned) < sure, even, 0.0)
        strong, weak = np.full(turned, high), np.full(turned, low)
        return np.r_[strong, weak, rest], np.r_[weak, strong, rest]
    gaining = int(draws.integers(1, tasks // 2))  # few large gains against many small losses
    losing = int(draws.integers(gaining, tasks - gaining + 1))
    total = draws.uniform(0, gaining)
    rest = np.where(np.arange(tasks - gaining - losing) < sure, even, 0.0)
    gain, loss = np.full(gaining, total / gaining), np.full(losing, total / losing)
    return np.r_[0 * gain, loss, rest], np.r_[gain, 0 * loss, rest]


def outcomes(first: Any, second: Any) -> Any:
    """Return the chance of each (gained, lost), of shape (pairs, tasks + 1, tasks + 1)."""
    pairs, tasks = first.shape
    table = np.zeros((pairs, tasks + 1, tasks + 1))
    table[:, 0, 0] = 1.0
    for task in range(tasks):
        gained = (second[:, task] * (1 - first[:, task]))[:, None, None]
        lost = (first[:, task] * (1 - second[:, task]))[:, None, None]
        held = table[:, : task + 1, : task + 1]
        after = np.zeros((pairs, task + 2, task + 2))
        after[:, :-1, :-1] = held * (1 - gained - lost)
        after[:, 1:, :-1] += held * gained
        after[:, :-1, 1:] += held * lost
        table[:, : task + 2, : task + 2] = after
    return table


def unlike(tasks: int, number: int, seed: int) -> dict[tuple[str, float], float]:
    """Return each test's largest chance of rejecting, at each level, over drawn unlike agents."""
    draws = np.random.default_rng((seed, tasks))
    drawn = [agents(draws, tasks) for _ in range(number)]
    first, second = (np.array(side) for side in zip(*drawn, strict=True))
    gained, lost = np.meshgrid(DISCORDANT[: tasks + 1], DISCORDANT[: tasks + 1], indexing="ij")
    differing = np.minimum(gained + lost, tasks)
    result = dict.fromkeys(((name, level) for name in TESTS for level in LEVELS), 0.0)
    for start in range(0, number, 50):
        chances = outcomes(first[start : start + 50], second[start : start + 50])
        for name, level in result:
            most = TESTS[name](tasks, level)
            rejected = (gained + lost <= tasks) & (np.minimum(gained, lost) <= most[differing])
            worst = float(chances[:, rejected].sum(axis=1).max())
            result[name, level] = max(result[name, level], worst)
    return result


@dataclass(frozen=True, slots=True)
class Kept:
    """A bound in words, and whether it holds."""

    holds: bool
    said: str


def like_runs() -> list[Kept]:
    """Print the sizes for like runs; return the bounds."""
    click.echo("Size, two like runs at their worst (one trial a side)\n")
    click.echo(
        f"{'':<14}{'level':>7}"
        + "".join(f"{f'n = {tasks}':>10}" for tasks in SHOWN)
        + f"   {FEWEST} to {MOST}"
    )
    kept = []
    for name, test in TESTS.items():
        for level in LEVELS:
            sizes = {tasks: size(test(tasks, level), tasks) for tasks in range(FEWEST, MOST + 1)}
            worst = max(sizes.values())
            cells = "".join(f"{sizes[tasks]:>10.4f}" for tasks in SHOWN)
            over = "" if worst <= level else "  above its level"
            click.echo(f"{name:<14}{level:>7.4f}{cells}{worst:>12.5f}{over}")
            if name == USED:
                kept.append(
                    Kept(
                        worst <= level,
                        f"{worst:.5f} <= {level:.5f}, like runs of {FEWEST} to {MOST} tasks",
                    )
                )
    return kept


def unlike_agents(seed: int) -> list[Kept]:
    """Print the sizes for unlike agents of equal mean; return the bounds."""
    click.echo("\nThe largest chance of rejecting, drawn unlike agents of equal mean\n")
    click.echo(f"{'':<20}" + "".join(f"{f'{level:.4f}':>10}" for level in LEVELS))
    kept = []
    for tasks, number in ((6, 2_000), (12, 2_000), (20, 2_000), (50, 300), (154, 100)):
        result = unlike(tasks, number, seed)
        for name in TESTS:
            cells = "".join(f"{result[name, level]:>10.4f}" for level in LEVELS)
            click.echo(f"{name:<14}{f'n = {tasks}':>6}{cells}")
        holds = all(result[USED, level] <= level for level in LEVELS)
        kept.append(
            Kept(holds, f"at most each level, {number} pairs of unlike agents on {tasks} tasks")
        )
    return kept


def powers() -> list[Kept]:
    """Print the powers; return the bounds."""
    click.echo("\nPower at +10 points and 20% discordance, level 0.05\n")
    click.echo(f"{'':<14}" + "".join(f"{f'n = {tasks}':>10}" for tasks, _ in POWERS))
    kept = []
    for name, test in TESTS.items():
        results = [power(test(tasks, ALPHA), tasks) for tasks, _ in POWERS]
        click.echo(f"{name:<14}" + "".join(f"{value:>10.3f}" for value in results))
        if name == USED:
            kept = [
                Kept(value >= least, f"{value:.3f} >= {least:.2f}, power on {tasks} tasks")
                for value, (tasks, least) in zip(results, POWERS, strict=True)
            ]
    return kept


@dataclass(frozen=True, slots=True)
class Graded:
    """Comparisons of runs with partial credit, of so many trials a task on each side.

    A task succeeds with one chance on both sides, drawn as Beta; a trial that does not is half
    right with the first chance of ``halves`` on the first side, with the second on the other.
    """

    trials: tuple[int, int]
    chances: tuple[float, float] = CHANCES
    halves: tuple[float, float] = (0.05, 0.05)

    def draw(self, draws: np.random.Generator) -> list[ScorePair]:
        """Draw one comparison."""
        chances = draws.beta(*self.chances, MOST)
        sides = []
        for number, half in zip(self.trials, self.halves, strict=True):
            shape = (MOST, number)
            won = draws.random(shape) < chances[:, None]
            sides.append(np.where(won, 1.0, np.where(draws.random(shape) < half, 0.5, 0.0)))
        return [
            ScorePair(*(Scores(len(side), tuple(side.tolist())) for side in both))
            for both in zip(*sides, strict=True)
        ]

    @property
    def said(self) -> str:
        """What it is, in words."""
        rare = "" if self.chances == CHANCES else ", seldom a success"
        gain = "" if self.like else f", half right {self.halves[0]:.0%} and {self.halves[1]:.0%}"
        return f"{self.trials[0]} against {self.trials[1]}{rare}{gain}"

    @property
    def like(self) -> bool:
        """Whether the sides are alike."""
        return self.halves[0] == self.halves[1]


GRADED = (
    Graded((1, 1)),
    Graded((3, 3)),
    Graded((5, 1)),
    Graded((5, 1), chances=(0.2, 20.0), halves=(0.0, 0.0)),
    Graded((1, 1), halves=(0.05, 0.25)),
)


def successes(pairs: list[ScorePair]) -> list[Pair]:
    """Return the full successes of these scores."""
    return [
        Pair(
            *(
                Tally(side.expected, len(side.scored), sum(score == 1.0 for score in side.scored))
                for side in (pair.first, pair.second)
            )
        )
        for pair in pairs
    ]


def sign_flips(pairs: list[ScorePair], draws: np.random.Generator) -> float:
    """Return the p of flipping the signs of the tasks' differences of means."""
    differences = np.array([pair.difference for pair in pairs])
    flipped = draws.choice((-1.0, 1.0), (999, len(differences))) @ differences
    return float(((np.abs(flipped) >= abs(differences.sum()) - 1e-9).sum() + 1) / 1_000)


def partial_credit(seed: int, comparisons: int) -> list[Kept]:
    """Print how often each test of scores rejects; return the bounds."""
    click.echo(f"\nRejections at 0.05, {comparisons} comparisons of {MOST} tasks with scores\n")
    click.echo(f"{'':<38}{'mean scores':>12}{'successes':>12}{'sign flip':>12}")
    kept = []
    draws = np.random.default_rng(seed)
    limit = float(binom.ppf(0.99, comparisons, ALPHA)) / comparisons
    for row in GRADED:
        result = np.zeros(3)
        for _ in range(comparisons):
            pairs = row.draw(draws)
            p = score_test(pairs).p, paired_test(successes(pairs)).p, sign_flips(pairs, draws)
            result += np.array(p) <= ALPHA
        score, success, _ = shares = result / comparisons
        click.echo(f"{row.said:<38}" + "".join(f"{share:>12.3f}" for share in shares))
        if row.like:
            said = f"{score:.3f} <= {limit:.3f}, mean scores of like runs, {row.said}"
            kept.append(Kept(bool(score <= limit), said))
        else:
            said = f"{score:.3f} >= 0.35, mean scores ({success:.3f} by successes), {row.said}"
            kept.append(Kept(bool(score >= 0.35), said))
    return kept


@click.command(help=__doc__)
@click.option("--seed", default=0, show_default=True, help="Of the draws.")
@click.option("--comparisons", default=600, show_default=True, help="Simulated, with scores.")
def main(seed: int, comparisons: int) -> None:
    """Print the tables and the bounds."""
    kept = [*like_runs(), *unlike_agents(seed), *powers(), *partial_credit(seed, comparisons)]
    click.echo("")
    for kept_run in kept:
        click.echo(f"{'ok  ' if kept_run.holds else 'FAIL'} {kept_run.said}")
    sys.exit(0 if all(kept_run.holds for kept_run in kept) else 1)


if __name__ == "__main__":
    main()
