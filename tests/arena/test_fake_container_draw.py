from __future__ import annotations

import math
import statistics

from orchestrator.arena.simulated.fake_container.draw import (
    LONGEST_S,
    SHORTEST_S,
    STEPS_LIMIT,
    draw,
    result_text,
)
from orchestrator.planning.suite import demo_suite


def test_the_same_key_always_draws_the_same() -> None:
    assert draw(1, "chrome", "a", 0) == draw(1, "chrome", "a", 0)
    others = [draw(2, "chrome", "a", 0), draw(1, "vlc", "a", 0), draw(1, "chrome", "b", 0)]
    assert draw(1, "chrome", "a", 0) not in [*others, draw(1, "chrome", "a", 1)]


def test_a_known_draw_stays_what_it_is() -> None:
    """A run that is resumed by another release must meet the same draws."""
    drawn = draw(0, "chrome", "demo-1", 0)
    assert (round(drawn.duration_s, 6), drawn.steps, drawn.score) == (657.241067, 15, 0.0)


def test_durations_spread_as_documented() -> None:
    logs = [
        math.log(draw(seed, f"domain-{seed % 500}", f"task-{seed}", 0).duration_s)
        for seed in range(3000)
    ]
    assert abs(math.exp(statistics.median(logs)) / 400 - 1) < 0.05
    assert abs(statistics.stdev(logs) - math.hypot(0.3, 0.45)) < 0.03


def test_trials_of_a_task_are_alike_but_not_the_same() -> None:
    ratios = [
        math.log(draw(3, "vlc", f"t{n}", 1).duration_s / draw(3, "vlc", f"t{n}", 0).duration_s)
        for n in range(1500)
    ]
    assert abs(statistics.stdev(ratios) - 0.2 * math.sqrt(2)) < 0.03


def test_draws_stay_within_their_bounds() -> None:
    for number in range(2000):
        drawn = draw(number, "clock", f"t{number}", number % 3)
        assert SHORTEST_S <= drawn.duration_s <= LONGEST_S
        assert 2 <= drawn.steps <= STEPS_LIMIT
        assert drawn.score in (0.0, 0.5, 1.0)


def test_the_demo_succeeds_as_often_as_published_agents() -> None:
    rates = []
    for seed in range(40):
        scores = [draw(seed, task.domain, task.name, 0).score for task in demo_suite().tasks]
        rates.append(statistics.fmean(scores))
    assert 0.2 < statistics.fmean(rates) < 0.35
    infeasible = [task for task in demo_suite().tasks if task.infeasible]
    assert {
        draw(seed, key.domain, key.name, 0).score for key in infeasible for seed in range(9)
    } == {
        0.0,
        1.0,
    }


def test_results_are_spelled_in_every_way_the_client_has() -> None:
    texts = {result_text(0, "vlc", f"t{n}", score) for n in range(100) for score in (0.0, 0.5, 1.0)}
    assert texts == {"0", "1", "0.0", "0.5", "1.0", "True", "False"}
