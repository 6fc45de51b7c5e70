from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orchestrator.arena.winarena.client_call import client_flags
from orchestrator.arena.winarena.client_profile import WAA, WAA_V2, profile_of, profile_problems
from orchestrator.arena.winarena.guest import address_in
from orchestrator.errors import BadInputError
from orchestrator.planning.plan import AgentSettings, ArenaSettings, PlanInputs, make_plan
from orchestrator.planning.suite import TaskKey, suite_of

if TYPE_CHECKING:
    from pathlib import Path

OURS = ("model", "test_all_meta_path", "result_dir", "trial_id", "worker_id", "num_workers")
COMMON = (*OURS, "observation_type", "max_steps")


def run_py(*flags: str) -> str:
    return "import argparse\n" + "".join(
        f'    parser.add_argument(\n        "--{flag}", type=str)\n' for flag in flags
    )


STOCK, V2 = run_py("agent_name", *COMMON), run_py("agent", *COMMON)


@pytest.fixture
def client(tmp_path: Path) -> Path:
    (tmp_path / "run.py").write_text(V2)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "text", "profile"),
    [
        ("auto", STOCK, WAA),
        ("auto", V2, WAA_V2),
        ("auto", "from standin.client import main\n", WAA),
        ("auto", "", WAA),
        ("waa", V2, WAA),
        ("waa-v2", STOCK, WAA_V2),
    ],
)
def test_a_profile_is_as_asked_or_as_run_py_says(name: str, text: str, profile: object) -> None:
    assert profile_of(name, text) is profile


def test_a_profiles_agent_flag_is_the_one_that_is_given() -> None:
    flags = client_flags(AgentSettings(name="pcagent"), 0, "/t", "/r", WAA_V2)

    assert flags[:2] == ["--agent", "pcagent"]
    assert "--agent_name" not in flags


def test_a_tree_that_does_not_know_our_flags_is_refused_by_the_flag(client: Path) -> None:
    assert profile_problems("auto", client, ()) == []
    (problem,) = profile_problems("waa", client, ())
    assert "--agent_name" in problem.what
    assert "waa-v2" in problem.fix

    (client / "run.py").write_text(run_py("agent_name", "model"))
    missing = " ".join(problem.what for problem in profile_problems("auto", client, ()))
    assert "--result_dir" in missing
    assert "--trial_id" in missing


def test_a_flag_of_the_users_that_run_py_would_ignore_is_named(client: Path) -> None:
    arguments = ("--max_steps", "30", "--observation", "som", "--observaton_type=som")

    problems = profile_problems("auto", client, arguments)

    assert [problem.where for problem in problems] == ["--client-args --observaton_type"]


def test_a_run_py_that_names_no_flags_itself_is_not_judged(client: Path) -> None:
    (client / "run.py").write_text("from standin.client import main\n")

    assert profile_problems("waa", client, ("--x", "1")) == []
    assert profile_problems("waa", client / "nowhere", ()) == []


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("response=$(curl --output /dev/null 20.20.20.21:5000/probe)", "20.20.20.21"),
        ("response=$(curl http://172.30.0.2:5000/probe)", "172.30.0.2"),
        ("while true; do sleep 5; done", ""),
        ("", ""),
    ],
)
def test_the_guests_address_is_as_the_image_says(text: str, address: str) -> None:
    assert address_in(text) == address


def test_what_is_no_profile_or_address_is_named() -> None:
    inputs = PlanInputs(
        suite_of((TaskKey("d", "t"),)),
        arena=ArenaSettings(guest_address="windows"),
        agent=AgentSettings(client_profile="waa-3"),
    )

    with pytest.raises(BadInputError) as caught:
        make_plan(inputs)

    assert "--client-profile" in str(caught.value)
    assert "--guest-address" in str(caught.value)
