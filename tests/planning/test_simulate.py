"""The simulation conserves work, keeps to what is provable, and beats the figures it must beat."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.planning.schedule import homes, lower_bound
from orchestrator.planning.simulate import (
    POLICIES,
    STEALING,
    DurationLaw,
    Overheads,
    Policy,
    Simulation,
    Timeline,
    contiguous,
    draw,
    makespan,
    round_robin,
)
from orchestrator.planning.simulation_study import Study, StudyRow, render_table, study
from orchestrator.planning.suite import demo_suite

if TYPE_CHECKING:
    from collections.abc import Sequence

TASKS = demo_suite().tasks
FULL_HOMES = Policy("full homes", homes, steals=False, knows="history")

seconds = st.floats(min_value=0.1, max_value=1e4)
runs = st.lists(st.tuples(seconds, seconds), max_size=40)
counts = st.integers(min_value=1, max_value=12)
policies = st.sampled_from(POLICIES)


def _split(pairs: list[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


@given(runs, counts, policies, st.floats(min_value=0, max_value=500), st.data())
def test_every_task_runs_once_for_its_time_and_no_worker_does_two_things(
    pairs: list[tuple[float, float]],
    workers: int,
    policy: Policy,
    between_s: float,
    data: st.DataObject,
) -> None:
    durations, expected = _split(pairs)
    boots = data.draw(st.lists(seconds, min_size=workers, max_size=workers))

    line = makespan(durations, expected, workers, policy, boots=boots, between_s=between_s)

    assert Counter(span.index for span in line.spans) == Counter(range(len(durations)))
    assert line.busy_s == pytest.approx(sum(durations))
    for worker in range(workers):
        own = [span for span in line.spans if span.worker == worker]
        for span in own:
            assert span.end == pytest.approx(span.start + durations[span.index])
        for earlier, later in itertools.pairwise(own):
            assert later.start == pytest.approx(earlier.end + between_s)
        if own:
            assert own[0].start == boots[worker]


@given(runs, counts, policies)
def test_nothing_beats_the_lower_bound(
    pairs: list[tuple[float, float]], workers: int, policy: Policy
) -> None:
    durations, expected = _split(pairs)

    line = makespan(durations, expected, workers, policy)

    assert line.makespan_s >= lower_bound(durations, workers) * (1 - 1e-9)


@given(runs, counts)
def test_with_stealing_nobody_idles_while_a_task_is_free(
    pairs: list[tuple[float, float]], workers: int
) -> None:
    durations, expected = _split(pairs)

    line = makespan(durations, expected, workers)

    last_start = max((span.start for span in line.spans), default=0.0)
    assert min(line.idle) >= last_start * (1 - 1e-9)


@given(runs, counts)
def test_stealing_is_within_grahams_bound_of_any_list_schedule(
    pairs: list[tuple[float, float]], workers: int
) -> None:
    durations, expected = _split(pairs)

    line = makespan(durations, expected, workers)

    bound = sum(durations) / workers + max(durations, default=0.0) * (1 - 1 / workers)
    assert line.makespan_s <= bound * (1 + 1e-9)


@given(st.lists(seconds, min_size=1, max_size=40), counts)
def test_known_durations_are_within_the_bound_of_longest_first(
    durations: list[float], workers: int
) -> None:
    static = makespan(durations, durations, workers, FULL_HOMES)
    fullest = max(sum(durations[index] for index in home) for home in homes(durations, workers))

    assert static.makespan_s == pytest.approx(fullest)


@given(runs, counts, policies)
def test_the_same_run_is_played_the_same(
    pairs: list[tuple[float, float]], workers: int, policy: Policy
) -> None:
    durations, expected = _split(pairs)

    assert makespan(durations, expected, workers, policy) == makespan(
        durations, expected, workers, policy
    )


@given(st.integers(min_value=0, max_value=60), counts)
def test_slices_are_contiguous_and_even(tasks: int, workers: int) -> None:
    slices = contiguous([1.0] * tasks, workers)

    assert list(itertools.chain(*slices)) == list(range(tasks))
    assert max(map(len, slices)) - min(map(len, slices)) <= 1
    assert sorted(itertools.chain(*round_robin([1.0] * tasks, workers))) == list(range(tasks))


def test_a_late_machine_loses_its_home_tasks_to_the_others() -> None:
    line = makespan([10.0] * 8, [10.0] * 8, 2, boots=[0.0, 1000.0])

    assert {span.worker for span in line.spans} == {0}
    assert line.makespan_s == 80.0
    assert line.idle == (80.0, 1000.0)


def test_a_static_share_waits_for_its_late_machine() -> None:
    line = makespan([10.0] * 8, [10.0] * 8, 2, FULL_HOMES, boots=[0.0, 1000.0])

    assert line.makespan_s == 1040.0


def test_the_names_of_tasks_decide_only_between_near_equals() -> None:
    names = [f"chrome/{number}/0" for number in range(6)]
    durations = [60.0, 50.0, 40.0, 30.0, 20.0, 10.0]

    named = makespan(durations, durations, 2, identities=names)

    assert named.makespan_s == makespan(durations, durations, 2).makespan_s


def test_many_plays_of_the_same_tasks_deal_and_order_them_once() -> None:
    dealt: list[int] = []
    spelt: list[str] = []

    class Name(str):
        """A task's name that says when a worker's order over it is worked out."""

        __slots__ = ()

        def __format__(self, spec: str) -> str:
            spelt.append(self)
            return format(str(self), spec)

    def deal(expected: Sequence[float], workers: int) -> list[list[int]]:
        dealt.append(workers)
        return STEALING.deal(expected, workers)

    names = [Name(f"played-often/{number}/0") for number in range(40)]
    expected = [60.0] * 40
    simulation = Simulation(expected, replace(STEALING, deal=deal), names)
    lengths = [float(seconds) for seconds in range(10, 50)]

    plays = [simulation.play(lengths, workers) for workers in (2, 4, 4, 2, 4)]

    assert plays[1] == plays[2] == makespan(lengths, expected, 4, identities=names)
    assert sorted(dealt) == [2, 4]
    assert 0 < len(spelt) <= 4 * 40


def test_one_idle_machine_at_a_time_is_billed_until_the_end() -> None:
    line = makespan([100.0, 40.0, 10.0], [100.0, 40.0, 10.0], 3)

    # Two leave (at 40 and 10 s), one of them stays watching from 10 s to 100 s.
    assert line.billed_s() == 100 + 40 + 10 + 90
    assert line.billed_s(5.0) == line.billed_s() + 15
    assert line.kept_s(5.0) == 3 * 105


def test_a_run_of_nothing_takes_no_time() -> None:
    line = makespan([], [], 3)

    assert line == Timeline((), (0.0, 0.0, 0.0), (0.0, 0.0, 0.0))
    assert (line.makespan_s, line.busy_s, line.billed_s()) == (0.0, 0.0, 0.0)


def test_draws_follow_their_law_and_their_seed() -> None:
    law = DurationLaw()
    rng = random.Random(7)
    drawn = [draw(rng, TASKS, law) for _ in range(300)]

    means = [sum(drawn_run.durations) / len(drawn_run.durations) for drawn_run in drawn]

    assert draw(random.Random(7), TASKS, law) == drawn[0]
    assert sum(means) / len(means) == pytest.approx(law.mean_s, rel=0.05)


def test_what_is_known_decides_what_is_expected() -> None:
    drawn_run = draw(random.Random(1), TASKS, DurationLaw())

    assert len(set(drawn_run.expected("nothing"))) == 1
    assert len(set(drawn_run.expected("domains"))) == len(drawn_run.by_domain)
    assert drawn_run.expected("history") == [drawn_run.history[task] for task in TASKS]


@pytest.fixture(scope="module")
def rows() -> list[StudyRow]:
    return study(Study(overheads=(Overheads(),), workers=(10, 40)))


@pytest.mark.parametrize(
    ("policy", "workers", "most"),
    [
        ("stealing, with history (±30%)", 10, 1.02),
        ("stealing, with history (±30%)", 40, 1.10),
        ("stealing, domain means known", 10, 1.05),
        ("stealing, domain means known", 40, 1.27),
    ],
)
def test_stealing_keeps_its_bounds(
    rows: list[StudyRow], policy: str, workers: int, most: float
) -> None:
    (row,) = [row for row in rows if (row.policy, row.workers) == (policy, workers)]

    assert row.draws == 300
    assert 1.0 <= row.ratio <= most


def test_knowing_more_and_stealing_are_each_worth_something(rows: list[StudyRow]) -> None:
    for workers in (10, 40):
        ratios = {row.policy: row.ratio for row in rows if row.workers == workers}
        slices, turns, static, blind, domains, history = (
            ratios[policy.name] for policy in POLICIES
        )
        assert history < domains < blind < turns < slices
        assert history < static


def test_leaving_the_end_of_a_home_open_to_all_beats_claiming_it_blind(
    rows: list[StudyRow],
) -> None:
    blind = Policy("the whole home blind", homes, steals=True, knows="history")
    (whole,) = study(Study(overheads=(Overheads(),), workers=(40,), policies=(blind,)))

    (half,) = [row for row in rows if (row.policy, row.workers) == (STEALING.name, 40)]
    assert half.ratio < whole.ratio - 0.01


def test_the_table_names_every_policy_and_number_of_workers() -> None:
    few = study(Study(draws=2, workers=(2, 3), tasks=TASKS[:10]))

    text = render_table(few)

    assert text.count("N=2") == text.count("N=3") == 3
    assert all(text.count(policy.name) == 3 for policy in POLICIES)
    assert f"{few[0].ratio:.2f}" in text


def test_leaving_early_never_costs_more_than_keeping_the_fleet() -> None:
    few = study(Study(draws=5, workers=(4,), policies=(STEALING,), tasks=TASKS))

    assert all(1.0 <= row.billed <= row.kept for row in few)
