from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import BadInputError, worst_exit
from orchestrator.planning.plan import (
    AgentSettings,
    ArenaSettings,
    Limits,
    Plan,
    PlanInputs,
    make_plan,
    split_client_args,
)
from orchestrator.planning.plan_file import differences, parse_plan
from orchestrator.planning.schedule import learn
from orchestrator.planning.suite import TaskKey, demo_suite, suite_of
from tests.records import NAMES

INPUTS = PlanInputs(demo_suite())
PLANS = st.builds(
    lambda tasks, trials, seed, args, beat: make_plan(
        PlanInputs(
            suite_of(tuple(tasks)),
            trials=trials,
            arena=ArenaSettings(seed=seed),
            agent=AgentSettings(client_args=tuple(args)),
            heartbeat_s=beat,
            lease_s=5 * beat,
        )
    ),
    st.lists(st.builds(TaskKey, NAMES, NAMES), min_size=1, max_size=8, unique=True),
    st.integers(1, 3),
    st.integers(0, 99),
    st.lists(st.sampled_from(["--max_steps", "30", "--diff_lvl=hard", "ä b"]), max_size=3),
    st.floats(0.1, 60),
)


@given(PLANS)
def test_a_plan_round_trips_and_keeps_its_digest(plan: Plan) -> None:
    again = parse_plan(plan.to_json(), "plan.json")
    assert again == plan
    assert again.digest == plan.digest


@given(PLANS, st.integers(1, 12))
def test_home_shards_cover_every_unit_exactly_once(plan: Plan, shards: int) -> None:
    homes = [plan.home(shard, shards) for shard in range(shards)]
    assert sorted(unit for home in homes for unit in home) == sorted(plan.units)
    assert len(set(plan.units)) == len(plan.units) == len(plan.expected)


def test_tasks_are_ordered_longest_expected_first() -> None:
    quick, slow = demo_suite().tasks[0], demo_suite().tasks[100]
    history = learn([(slow, 2000.0), (quick, 100.0)])
    plan = make_plan(replace(INPUTS, expectations=history))
    assert plan.tasks[0].task.domain == slow.domain
    lengths = [task.expected_s for task in plan.tasks]
    assert lengths == sorted(lengths, reverse=True)


def test_trials_come_one_after_the_other() -> None:
    plan = make_plan(replace(INPUTS, trials=2))
    assert [unit.trial for unit in plan.units] == [0] * 154 + [1] * 154


def test_every_problem_is_said_at_once() -> None:
    bad = PlanInputs(
        demo_suite(),
        trials=0,
        arena=ArenaSettings(kind="vmware", reset="weekly", guest_cores=0),
        agent=AgentSettings(client_args=("--result_dir", "/x", "--model=y")),
        limits=Limits(task_s=-1, stall_s=float("nan")),
        heartbeat_s=10,
        lease_s=20,
        speed=float("inf"),
    )
    with pytest.raises(BadInputError) as caught:
        make_plan(bad)
    said = "\n".join(str(problem) for problem in caught.value.problems)
    for words in (
        "--trials", "--arena", "--reset", "--guest-cores", "--result_dir", "--model",
        "--task-deadline", "--stall-deadline", "--lease", "--speed",
    ):  # fmt: skip
        assert words in said


def test_a_real_arena_needs_an_image_and_has_one_speed() -> None:
    with pytest.raises(BadInputError) as caught:
        make_plan(replace(INPUTS, arena=ArenaSettings(kind="winarena"), speed=2.0))
    said = str(caught.value)
    assert "--image" in said
    assert "--speed" in said


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b"null", b'{"version": 1}', b'{"version": 99}', b"\xff"]
)
def test_an_unreadable_plan_is_bad_input(data: bytes) -> None:
    with pytest.raises(BadInputError, match="is not a readable plan"):
        parse_plan(data, "plan.json")


@given(st.data())
def test_a_truncated_plan_is_bad_input(data: st.DataObject) -> None:
    text = make_plan(INPUTS).to_json().rstrip()
    cut = data.draw(st.integers(0, len(text) - 1))
    with pytest.raises(BadInputError):
        parse_plan(text[:cut], "plan.json")


def test_differences_name_every_setting() -> None:
    mine = make_plan(INPUTS)
    other = make_plan(
        replace(
            INPUTS,
            suite=suite_of(demo_suite().tasks[:10]),
            trials=2,
            agent=AgentSettings(model="other"),
        )
    )
    lines = differences(mine, other)
    assert any(line.startswith("agent.model: 'gpt-4o' here, 'other' there") for line in lines)
    assert any(line.startswith("trials:") for line in lines)
    assert any("144 only here, 0 only there" in line for line in lines)
    assert differences(mine, make_plan(INPUTS)) == []


def test_other_expectations_are_another_plan() -> None:
    history = learn([(demo_suite().tasks[3], 50.0)])
    other = make_plan(replace(INPUTS, expectations=history))
    assert differences(make_plan(INPUTS), other) == [
        "tasks: expected durations differ (other --durations-from)"
    ]


def test_client_arguments_are_split_as_a_shell_would() -> None:
    assert split_client_args("--a 'b c' --d=e") == ("--a", "b c", "--d=e")
    with pytest.raises(BadInputError, match="cannot be split"):
        split_client_args("'open")


def test_a_real_deadline_is_itself_and_a_simulated_one_has_room_for_processes() -> None:
    real = make_plan(replace(INPUTS, arena=ArenaSettings(kind="winarena", image="x"), speed=1.0))
    assert real.real_s(3600) == 3600
    fast = make_plan(replace(INPUTS, speed=600.0))
    assert fast.real_s(3600) == pytest.approx(11.0)


def test_a_plan_holds_no_more_than_what_decides_a_score() -> None:
    document = json.loads(make_plan(INPUTS).to_json())
    assert "workers" not in document
    assert "store" not in document


@pytest.mark.parametrize(
    ("codes", "wins"),
    [
        ([], 0),
        ([0, 0], 0),
        ([1, 3], 1),
        ([4, 1], 4),
        ([130, 4, 1], 130),
        ([5, 130], 5),
        ([2, 5, 130, 4, 1, 3], 2),
    ],
)
def test_of_several_exit_codes_the_gravest_wins(codes: list[int], wins: int) -> None:
    assert worst_exit(codes) == wins
