"""``waa-matrix power``: trials, tasks and money for a difference, as a user asks for them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.report.run_documents import FINGERPRINT, document, task

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.in_process import Commands

TASKS = 60


@pytest.fixture
def ask(commands: Commands) -> Any:
    def asked(*arguments: str) -> dict[str, Any]:
        done = commands("power", "--offline", "--json", *arguments)
        assert done.returncode == 0, done.stderr
        result: dict[str, Any] = json.loads(done.stdout)
        return result

    return asked


def run(path: Path, name: str, seed: int, seconds: float = 300.0, **changes: str) -> str:
    """Write a run of tasks whose chances are spread as Beta(2, 3), the same in every run."""
    chances = np.random.default_rng(1).beta(2, 3, TASKS)
    won = np.random.default_rng(seed).random(TASKS) < chances
    tasks = [{**task(f"t{n:03d}", float(entry)), "seconds": seconds} for n, entry in enumerate(won)]
    result = document(tasks, name, fingerprint={**FINGERPRINT, **changes}, started=1.7e9 + seed)
    (path / f"{name}.json").write_text(json.dumps(result))
    return str(path / f"{name}.json")


def powers(result: dict[str, Any]) -> list[float]:
    return [entry["power"] for entry in result["rows"]]


def test_more_trials_see_more_and_cost_more(ask: Any) -> None:
    result = ask("--trials", "3", "--effect", "8", "--power", "75%")
    assert (result["effect"], result["power"], result["tasks"]) == (0.08, 0.75, 154)
    assert result["chances"] == {
        "beta": [0.35, 0.9],
        "fitted": False,
        "said": "no run was given",
    }
    assert [entry["trials"] for entry in result["rows"]] == [1, 2, 3]
    assert [entry["attempts"] for entry in result["rows"]] == [2 * 154 * k for k in (1, 2, 3)]
    for name in ("power", "machine_hours", "usd"):
        values = [entry[name] for entry in result["rows"]]
        assert values == sorted(set(values)), name
    reach = [entry["detectable"] for entry in result["rows"]]
    assert reach == sorted(reach, reverse=True)
    fewest = next(k for k, power in enumerate(powers(result), 1) if power >= 0.75)
    assert result["enough"] == fewest
    # Whatever else, a machine is billed for the tasks: 425 s each, and 10 boots and deletions.
    work = 2 * 154 * 425 / 3600
    assert work < result["rows"][0]["machine_hours"] < work + 2 * 10 * (600 + 60) / 3600 + 2


def test_missing_scores_cost_most_of_the_power_at_one_trial_a_side(ask: Any) -> None:
    whole, few, many = (
        powers(ask("--trials", "1", "--effect", "10.8", "--missing", share))[0]
        for share in ("0", "2%", "20")
    )
    assert whole == pytest.approx(0.8, abs=0.05)
    assert whole - few == pytest.approx(0.25, abs=0.08)
    assert many == pytest.approx(0.0, abs=0.01)


def test_the_spread_and_the_durations_are_learned_from_runs_made_alike(
    ask: Any, commands: Commands, tmp_path: Path
) -> None:
    runs = [run(tmp_path, f"n{n}", n, seconds=100.0) for n in range(6)]
    other = run(tmp_path, "older", 0, seconds=9000.0, model="older")
    result = ask(*runs, other, "--trials", "1")
    assert result["tasks"] == TASKS
    assert result["chances"]["fitted"] is True
    a, b = result["chances"]["beta"]
    assert a / (a + b) == pytest.approx(0.4, abs=0.07)
    assert 2 < a + b < 14
    assert result["chances"]["said"].startswith("6 runs made alike; of 60 tasks tried twice")
    work = 2 * TASKS * 100 / 3600
    assert work < result["rows"][0]["machine_hours"] < work + 2 * 10 * (600 + 60) / 3600 + 2
    said = commands("power", "--offline", *runs, other, "--trials", "1")
    assert "warning: passed over older: made unlike n5" in said.stderr
    assert "fitted: 6 runs made alike" in said.stdout


def test_a_store_of_kept_runs_is_its_history(ask: Any, commands: Commands, tmp_path: Path) -> None:
    store = (tmp_path / "kept").as_uri()
    for n in range(3):
        path = run(tmp_path, f"n{n}", n)
        kept = commands("history", "add", path, "--store", store, "--branch", "main")
        assert kept.returncode == 0, kept.stderr
    result = ask("--history", store, "--branch", "main", "--trials", "1", "--task-count", "100")
    assert result["chances"]["said"].startswith("3 runs made alike")
    assert result["rows"][0]["attempts"] == 200
    nobody = ask("--history", store, "--branch", "nobody", "--trials", "1")
    assert nobody["chances"]["fitted"] is False


def test_one_run_of_one_trial_leaves_the_stated_model_and_says_so(
    commands: Commands, tmp_path: Path
) -> None:
    done = commands("power", "--offline", run(tmp_path, "n0", 0), "--trials", "1")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "60 tasks, a difference of 5 points, power 80%"
    assert lines[1] == (
        "chances of tasks: Beta(0.35, 0.90), the stated model: 0 tasks of 1 run made alike have "
        "two scored trials, and 20 have to"
    )
    assert lines[-1].startswith("None of 1 to 1 trials a side shows 5 points with power 80%: ")


def test_the_answer_is_a_sentence_with_its_price(commands: Commands) -> None:
    done = commands("power", "--offline", "--effect", "15", "--trials", "1", "--workers", "4")
    assert done.returncode == 0, done.stderr
    assert "1 trial a side is enough for 15 points with power 80%: 308 task attempts, " in (
        done.stdout
    )
    assert done.stdout.rstrip().split(", ")[-1].startswith("$")


def test_everything_wrong_is_said_at_once(commands: Commands) -> None:
    wrong = ("--effect", "many", "--power", "100", "--missing", "-1", "--trials", "0")
    done = commands("power", *wrong, "--task-count", "0", "--workers", "0", "--last", "0")
    assert done.returncode == 2
    for flag in (
        "--effect many",
        "--power 100",
        "--missing -1",
        "--trials",
        "--task-count",
        "--last",
    ):
        assert f"error: {flag}" in done.stderr
    nowhere = commands("power", "--offline", "/no/such/run")
    assert nowhere.returncode == 2
    assert "/no/such/run" in nowhere.stderr


def test_a_run_under_two_names_is_one_run(tmp_path: Path, ask: Any) -> None:
    """A copy would agree with itself on every task, and make tasks look as unlike as can be."""
    known = json.loads((tmp_path / run(tmp_path, "a", 1)).read_text())
    for name in ("a", "copy"):
        known["run"].update(id=name, plan_digest="d" * 64)
        (tmp_path / f"{name}.json").write_text(json.dumps(known))
    result = ask("--trials", "1", *(str(tmp_path / f"{name}.json") for name in ("a", "copy")))
    assert not result["chances"]["fitted"]
