"""All that is wrong with a command's options is said at once, in whatever way it is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orchestrator.cli import invoke

if TYPE_CHECKING:
    from pathlib import Path

INPUTS = {
    "WORKERS": "ten",
    "MIN_WORKERS": "one",
    "SAMPLE": "2.5",
    "TRIALS": "many",
    "MAX_COST": "60 USD",
    "TASK_DEADLINE": "an hour",
    "RESUME": "waa-12",
    "SPOT": "sometimes",
}


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    """Return the problems that a command is refused with."""
    assert invoke(list(arguments)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    lines = [line for line in err.splitlines() if not line.startswith("notice: ")]
    assert all(line.startswith("error: ") for line in lines), err
    return [line.removeprefix("error: ") for line in lines]


def flags(problems: list[str]) -> set[str]:
    return {problem.split(":")[0].split()[0] for problem in problems}


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_RUN_ID", "GITHUB_REPOSITORY", "GITHUB_TOKEN", "AZURE_SUBSCRIPTION_ID"):
        monkeypatch.delenv(name, raising=False)


def test_provision_names_every_input_of_the_button(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Values that are no numbers, what is missing, and what the plan refuses: one message."""
    for name, value in INPUTS.items():
        monkeypatch.setenv(f"WAA_MATRIX_PROVISION_{name}", value)
    problems = said(
        capsys,
        "provision",
        "--arena",
        "winarena",
        "--suite",
        "/no/such/list",
        "--cloud-init",
        "/no",
    )
    assert flags(problems) >= {
        *("--workers", "--min-workers", "--sample", "--trials", "--max-cost", "--task-deadline"),
        *("--resume", "--spot", "--github-run", "--image", "--suite", "--region", "--store"),
        *("--cloud-init", "--machine-image", "--subscription", "--repository", "--resource-group"),
    }
    assert len(problems) == len(set(problems))
    (workers,) = [problem for problem in problems if problem.startswith("--workers:")]
    assert "'ten' is not a valid integer" in workers
    assert "WAA_MATRIX_PROVISION_WORKERS" in workers


def test_a_value_that_cannot_be_read_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    """The value that stands in for it while the others are checked is no problem of its own."""
    problems = said(capsys, "provision", "--workers", "ten", "--github-run", "5")
    assert len([problem for problem in problems if "workers" in problem.split(":")[0]]) == 1


def test_supervise_names_every_value(capsys: pytest.CaptureFixture[str]) -> None:
    problems = said(
        capsys,
        *("supervise", "--shards", "x", "--deadline", "soon", "--boot-deadline", "-1"),
        *("--every", "", "--ttl", "0", "--max-cost", "nan"),
    )
    assert flags(problems) >= {
        *("--shards", "--deadline", "--boot-deadline", "--every", "--ttl", "--max-cost"),
        *("--github-run", "--region", "--store"),
    }


def test_run_names_every_value(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    problems = said(
        capsys,
        *("run", "--workers", "two", "--trials", "0", "--reset", "often", "--env", "NO_SUCH_KEY"),
        *("--evidence", "much", "--heartbeat", "inf", "--out", str(tmp_path / "out")),
    )
    assert flags(problems) >= {
        *("--workers", "--trials", "--reset", "--env", "--evidence", "--heartbeat"),
    }
    assert not (tmp_path / "out").exists()


def test_plan_names_every_value(capsys: pytest.CaptureFixture[str]) -> None:
    problems = said(
        capsys,
        *("plan", "--suite", "/no/such/list", "--budget", "0", "--deadline", "x", "--trials", "-1"),
        *("--client", "/no/such/client", "--evidence", "much", "--max-workers", "1e3"),
    )
    assert flags(problems) >= {
        *("--suite", "--budget", "--deadline", "--trials", "--client", "--evidence"),
        "--max-workers",
    }


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "NaN"])
@pytest.mark.parametrize(
    "flag", ["--max-cost", "--ttl", "--every", "--deadline", "--idle-deadline"]
)
def test_a_number_that_nothing_can_be_compared_with_is_refused(
    capsys: pytest.CaptureFixture[str], flag: str, value: str
) -> None:
    """nan is neither above a ceiling nor below it: it would have been no ceiling at all."""
    problems = said(capsys, "supervise", "--shards", "2", "--github-run", "5", f"{flag}={value}")
    assert flag in flags(problems)


def test_what_stands_in_for_a_value_makes_no_problem_of_its_own(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """--out is missing, and the directory that the command is called in is not meant."""
    problems = said(capsys, "run", "--workers", "two")
    assert sorted(problem.split(":")[0] for problem in problems) == ["--out", "--workers"]


def test_what_is_no_option_is_still_click_s_to_say(capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["provision", "--no-such-option"]) == 2
    assert "No such option" in capsys.readouterr().err
