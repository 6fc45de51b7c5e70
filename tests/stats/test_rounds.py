"""What ``scripts/bench_until.py`` says of trials bought in rounds is computed rightly."""

from __future__ import annotations

import itertools
import math
from functools import cache, partial
from typing import TYPE_CHECKING

import numpy as np
import pytest

from orchestrator.stats import Pair, Tally, paired_test
from scripts.bench_until import verdict
from scripts.until import rejected
from scripts.until.boundary import Boundary, Courses, boundaries
from scripts.until.design import DESIGNS, KNOWN, MOST_TRIALS, Design
from scripts.until.machine_time import Fleet
from scripts.until.table import (
    Prices,
    Row,
    Size,
    first_look,
    like_sides,
    lower_limit,
    upper_limit,
)
from scripts.until.worlds import TASKS, Looks, World, flaky, same, specialists

if TYPE_CHECKING:
    from scripts.until.worlds import Chances


def decided(differ: list[float], level: float) -> float:
    """Sum over every outcome of tasks that differ with these chances, either way alike."""
    p = cache(partial(single_trial, len(differ)))
    return sum(
        math.prod(
            1 - chance if sign == 0 else chance / 2
            for sign, chance in zip(outcome, differ, strict=True)
        )
        for outcome in itertools.product((-1, 0, 1), repeat=len(differ))
        if p(outcome.count(1), outcome.count(-1)) <= level
    )


def single_trial(tasks: int, gained: int, lost: int) -> float:
    success, failure = Tally(1, 1, 1), Tally(1, 1, 0)
    pairs = [Pair(failure, success)] * gained + [Pair(success, failure)] * lost
    return paired_test(pairs + [Pair(failure, failure)] * (tasks - gained - lost)).p


@pytest.mark.parametrize("level", [0.05, 0.2])
def test_the_first_look_s_size_is_the_largest_of_any_suite(level: float) -> None:
    even = [decided([0.5] * k + [0.0] * (7 - k), level) for k in range(8)]
    assert like_sides(7, level) == pytest.approx(even)
    assert first_look(7, level) == pytest.approx(max(even))
    draws = np.random.default_rng(0)
    for _ in range(5):
        assert decided(list(draws.uniform(0, 0.5, 7)), level) <= max(even) + 1e-12


def test_like_sides_of_flaky_tasks_are_called_unlike_as_often_as_enumeration_says() -> None:
    draws = 5_000
    looks = World(flaky, draws, seed=1).looks(Design((1,)))
    size = like_sides(TASKS, 0.05)[TASKS]
    seen = float((looks.p[:, 0] <= 0.05).mean())
    assert abs(seen - size) <= 4 * math.sqrt(size * (1 - size) / draws)


@pytest.mark.parametrize("look", [1.5, 2, 2.5])
def test_a_history_gives_the_trials_to_the_tasks_whose_outcomes_vary(look: float) -> None:
    successes = np.array([0, 1, 3, 5, 2, 0])
    (given,) = Design((look,), history=5).allocations(successes)
    a, b = 0.35 + successes, 0.9 + 5 - successes
    variance = a * b / ((a + b) * (a + b + 1))
    wanted = round(look * len(successes))
    least = min(
        sum(variance / trials)
        for trials in itertools.product(range(1, MOST_TRIALS + 1), repeat=len(successes))
        if sum(trials) == wanted
    )
    assert sum(given) == wanted
    assert sum(variance / given) == pytest.approx(least)


def test_no_design_takes_a_trial_back_or_leaves_a_task_out() -> None:
    draws = np.random.default_rng(0)
    for design in DESIGNS:
        rounds = design.allocations(draws.integers(0, design.history + 1, TASKS))
        assert all((rounds[0] >= 1) & (rounds[-1] <= MOST_TRIALS))
        assert all((after >= before).all() for before, after in itertools.pairwise(rounds))
        means = [trials.mean() for trials in rounds]
        assert means == pytest.approx(list(design.looks), abs=0.51 / TASKS)


def test_the_levels_of_every_boundary_add_up_to_no_more_than_five_percent() -> None:
    for looks in (2, 3, 4):
        for boundary in boundaries(looks):
            assert len(boundary.levels) == looks
            assert math.fsum(boundary.levels) == pytest.approx(0.05)


def test_a_course_ends_at_its_first_finding_when_hopeless_or_with_its_trials() -> None:
    p = np.array([[0.001, 1.0], [0.2, 0.03], [0.2, 0.05], [0.99, 0.001], [0.02, 0.02]])
    direction = np.array([[1, -1], [1, -1], [1, 1], [1, 1], [-1, 1]])
    courses = Courses(Design((1, 3)), Looks(p, direction))
    patient = courses.play(Boundary((0.01, 0.04)))
    assert (patient.gained, patient.lost) == (3 / 5, 1 / 5)
    assert patient.ends == (1 / 5, 4 / 5)
    assert patient.cost((0.5, 1.0)) == pytest.approx(0.9)
    # A p of .99 after a third of the trials leaves next to no chance.
    hasty = courses.play(Boundary((0.01, 0.04), futile=0.02))
    assert (hasty.gained, hasty.lost, hasty.ends) == (2 / 5, 1 / 5, (2 / 5, 3 / 5))


def test_what_is_lost_never_makes_a_finding_easier() -> None:
    def fallen(_: object) -> tuple[Chances, Chances]:
        first = np.zeros(TASKS)
        first[:20] = 1.0
        return first, np.zeros(TASKS)

    design = Design((1, 2))
    whole = World(fallen, 100, 0).looks(design)
    lossy = World(fallen, 100, 0, lost=0.4).looks(design)
    assert (whole.direction == -1).all()
    assert (lossy.p >= whole.p).all()
    # Of 154 tasks some 25 are without a score after two runs: enough to undo a fall on 20.
    assert (lossy.p[:, 0] > 0.05).all()


def test_a_fleet_that_waits_for_a_look_is_billed_for_its_idle_tail() -> None:
    fleet, world = Fleet(20, 0), World(same, 50, 0)
    no_history = np.zeros(TASKS, dtype=int)
    for baseline in (0, 3):
        waiting, last = fleet.costs(Design((1, 3), baseline), no_history)
        (leaving,) = fleet.costs(Design((1,), baseline), no_history)
        assert last / 3 < leaving < waiting < last / 2
        assert Prices(fleet, world).of(Design((1, 3), baseline)) == (waiting / last, 1.0)
    both, candidate = (fleet.costs(Design((3,), b), no_history)[0] for b in (0, 3))
    assert both == pytest.approx(2 * candidate, rel=0.1)


def test_more_trials_of_the_tasks_that_differ_make_findings_out_of_nothing() -> None:
    called = rejected.findings(specialists, 100, 0, more=2)
    assert lower_limit(called, 100) > 0.055


def test_the_limits_are_the_exact_ones_of_a_binomial() -> None:
    def below(count: int, draws: int, chance: float) -> float:
        return sum(
            math.comb(draws, k) * chance**k * (1 - chance) ** (draws - k) for k in range(count + 1)
        )

    assert below(3, 50, upper_limit(3, 50)) == pytest.approx(0.01)
    assert 1 - below(2, 50, lower_limit(3, 50)) == pytest.approx(0.01)
    assert upper_limit(5, 5) == 1.0
    assert lower_limit(0, 5) == 0.0


def test_the_table_fails_once_a_design_is_worth_it(capsys: pytest.CaptureFixture[str]) -> None:
    design, boundary = Design((1, 3)), Boundary((0.01, 0.04))
    priced = partial(Row, design, boundary, 0.79)
    cheap, dear = priced(0.6), priced(0.7)
    known = Row(Design((1, 3), history=KNOWN), boundary, 0.79, 0.5)
    assert verdict([dear, known], [Size(dear, "same chances", 0.0, 5, 1_000, 1.0)])
    assert "not kept: 70.0% <= 65%" in capsys.readouterr().out
    assert verdict([cheap, dear], [Size(cheap, "same chances", 0.0, 5, 1_000, 1.2)])
    assert "not kept: 120.0% <= 110%" in capsys.readouterr().out
    assert not verdict([cheap, dear], [Size(cheap, "same chances", 0.0, 5, 1_000, 1.0)])
    assert "FAIL a design is worth it after all" in capsys.readouterr().out
