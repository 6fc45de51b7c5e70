"""What the scheduling rules promise, whatever the durations."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.planning.schedule import (
    DEFAULT_EXPECTED_S,
    Expectations,
    blind_count,
    homes,
    learn,
    longest_first,
    lower_bound,
    steal_order,
)
from orchestrator.planning.suite import TaskKey

seconds = st.floats(min_value=0.1, max_value=1e5)
durations = st.lists(seconds, max_size=60)
shards = st.integers(min_value=1, max_value=20)
candidates = st.lists(
    st.tuples(st.uuids().map(str), seconds), max_size=40, unique_by=lambda pair: pair[0]
)


@given(durations, shards)
def test_every_task_has_exactly_one_home(expected: list[float], count: int) -> None:
    dealt = homes(expected, count)

    assert len(dealt) == count
    assert sorted(index for home in dealt for index in home) == list(range(len(expected)))


@given(durations, shards)
def test_homes_are_worked_longest_first(expected: list[float], count: int) -> None:
    for home in homes(expected, count):
        lengths = [expected[index] for index in home]
        assert lengths == sorted(lengths, reverse=True)


@given(durations, shards)
def test_homes_are_the_same_whenever_they_are_dealt(expected: list[float], count: int) -> None:
    assert homes(expected, count) == homes(expected, count)


def _best_makespan(lengths: list[float], workers: int) -> float:
    """Try every assignment: only for a handful of tasks."""
    best = math.inf

    def place(rest: list[float], loads: tuple[float, ...]) -> None:
        nonlocal best
        if max(loads) >= best:
            return
        if not rest:
            best = max(loads)
            return
        for worker in range(len(loads)):
            place(rest[1:], (*loads[:worker], loads[worker] + rest[0], *loads[worker + 1 :]))

    place(sorted(lengths, reverse=True), (0.0,) * workers)
    return best


@given(st.lists(seconds, min_size=1, max_size=8), st.integers(min_value=1, max_value=3))
def test_the_fullest_home_is_within_grahams_bound(expected: list[float], count: int) -> None:
    fullest = max(sum(expected[index] for index in home) for home in homes(expected, count))
    best = _best_makespan(expected, count)

    assert fullest <= (4 / 3 - 1 / (3 * count)) * best * (1 + 1e-9)
    assert lower_bound(expected, count) <= best * (1 + 1e-9)


def test_the_lower_bound_is_the_even_split_or_the_longest_task() -> None:
    assert lower_bound([3.0, 3.0, 3.0], 2) == 4.5
    assert lower_bound([9.0, 1.0], 2) == 9.0
    assert lower_bound([], 4) == 0.0


def test_equal_tasks_keep_their_order() -> None:
    assert longest_first([1.0, 2.0, 2.0, 1.0]) == [1, 2, 0, 3]


@given(candidates, st.text(max_size=10))
def test_stealing_tries_every_candidate_once(free: list[tuple[str, float]], worker: str) -> None:
    assert sorted(steal_order(free, worker)) == sorted(name for name, _ in free)


@given(st.data(), candidates, st.text(max_size=10))
def test_stealing_does_not_depend_on_how_a_store_lists(
    data: st.DataObject, free: list[tuple[str, float]], worker: str
) -> None:
    shuffled = data.draw(st.permutations(free))

    assert steal_order(shuffled, worker) == steal_order(free, worker)


@given(st.data(), candidates, st.text(max_size=10))
def test_the_order_over_what_is_left_is_the_rest_of_the_order(
    data: st.DataObject, free: list[tuple[str, float]], worker: str
) -> None:
    left = [pair for pair in free if data.draw(st.booleans())]
    names = {name for name, _ in left}

    rest = [name for name in steal_order(free, worker) if name in names]

    assert steal_order(left, worker) == rest


@given(candidates, st.text(max_size=10))
def test_stealing_takes_the_longest_first_but_for_near_equals(
    free: list[tuple[str, float]], worker: str
) -> None:
    expected = dict(free)
    order = [expected[name] for name in steal_order(free, worker)]

    for earlier, later in itertools.pairwise(order):
        assert later <= earlier * 1.1 * (1 + 1e-9)


def test_idle_workers_reach_for_different_tasks_among_equals() -> None:
    free = [(f"task-{number}", 425.0) for number in range(40)]

    firsts = {steal_order(free, f"worker-{number}")[0] for number in range(20)}

    assert len(firsts) > 8


@given(st.integers(min_value=0, max_value=500))
def test_a_worker_claims_at_least_half_of_its_home_blind(home: int) -> None:
    assert home / 2 <= blind_count(home) <= home


CHROME, MAIL = TaskKey("chrome", "a"), TaskKey("mail", "b")


def test_an_expectation_is_the_tasks_own_else_its_domains_else_the_overall_mean() -> None:
    known = learn([(CHROME, 100.0), (CHROME, 300.0), (TaskKey("chrome", "c"), 400.0), (MAIL, 90.0)])

    assert known.of(CHROME) == 200.0
    assert known.of(TaskKey("chrome", "new")) == 300.0
    assert known.of(TaskKey("vlc", "new")) == pytest.approx((200.0 + 400.0 + 90.0) / 3)
    assert Expectations().of(MAIL) == DEFAULT_EXPECTED_S


@pytest.mark.parametrize("bad", [0.0, -1.0, math.nan, math.inf])
def test_an_impossible_duration_teaches_nothing(bad: float) -> None:
    assert learn([(MAIL, bad)]).of(MAIL) == DEFAULT_EXPECTED_S
