"""Options reach a command as typed values: no dictionary, no cast, nothing that mypy lets pass."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from orchestrator.cli import COMMANDS, cli

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.in_process import Commands

ROOT = Path(__file__).resolve().parents[2]
CLI = ROOT / "orchestrator" / "cli"
SOURCES = sorted(path.relative_to(CLI).as_posix() for path in CLI.rglob("*.py"))

UNTYPED_YET = {
    "doctor.py",
    "inputs/doctor_values.py",
    "options/compute.py",
    "options/fleet.py",
    "provision.py",
    "supervise.py",
    "teardown.py",
}
"""The files that still pass click's names and values around. None is added."""


def looseness(path: Path) -> set[str]:
    """Return what a file does that keeps mypy from finding a misspelled option."""
    loose = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Name) and node.id == "Any":
            loose.add("Any")
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("cast", "typing.cast"):
            loose.add("cast")
        if isinstance(node, ast.FunctionDef) and node.args.kwarg is not None:
            loose |= {"**options"} if node.args.kwarg.arg == "options" else set()
    return loose | ({"Any"} if re.search(r"\"[^\"\n]*\bAny\]", path.read_text()) else set())


@pytest.mark.parametrize("place", SOURCES)
def test_options_are_typed_to_the_edge(place: str) -> None:
    loose = looseness(CLI / place)
    if place in UNTYPED_YET:
        assert loose, f"{place} is typed now: take it off the list"
    else:
        assert loose == set()


MISSPELLED = """
from orchestrator.cli.plan import PlanCommand
from orchestrator.cli.run import RunCommand

def deadline(options: PlanCommand) -> float | None:
    return options.dead_line

def model(options: RunCommand) -> int:
    return options.plan.agent.model
"""


def test_mypy_finds_a_misspelled_option_and_a_wrong_type(tmp_path: Path) -> None:
    file = tmp_path / "misspelled.py"
    file.write_text(MISSPELLED)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml"), str(file)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert '"PlanCommand" has no attribute "dead_line"' in done.stdout
    assert 'got "str", expected "int"' in done.stdout


def options_of(command: click.Command, name: str = "") -> Iterator[tuple[str, click.Option]]:
    """Yield every option below a command, with the command's name."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for below in command.list_commands(context):
            inner = command.get_command(context, below)
            assert inner is not None
            yield from options_of(inner, f"{name} {below}".strip())
        return
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            yield name, parameter


FLEET = {"provision", "supervise", "teardown", "reap", "doctor", "fleet status"}
"""Commands whose own options are not in the vocabulary yet."""

SEVERAL = {
    "--branch": "a command's own default is its business",
    "--last": "in a comparison so many are pooled, in a history so many shown",
    "--workers": "processes here, machines of a fleet, or counts to compare",
    "--out": "what is written there is the command's",
    "--json": "comparison.json, a list of tasks, or the answer",
    "--trials": "of a task, of a tree, or at most",
    "--size": "what is priced, or what a worker is told of its machine",
    "--region": "what is priced, or what a worker is told of its machine",
    "--store": "a run's ledger, or kept runs, which have to be named",
}
"""Names that say one thing of several commands in different words."""


def test_the_same_name_means_the_same_everywhere() -> None:
    kinds: dict[str, set[str]] = {}
    texts: dict[str, set[str]] = {}
    for name, option in options_of(cli):
        if name in FLEET or option.hidden:
            continue
        for flag in option.opts:
            kinds.setdefault(flag, set()).add(f"{option.type.name} {option.is_flag}")
            texts.setdefault(flag, set()).add(option.help or "")
    assert {flag: texts for flag, texts in kinds.items() if len(texts) > 1} == {
        "--last": {"integer False", "integer range False"},
        "--workers": {"integer False", "text False"},
    }
    assert {flag for flag, lines in texts.items() if len(lines) > 1} == set(SEVERAL)


DURATIONS = {
    "--arena-start-deadline",
    "--task-deadline",
    "--stall-deadline",
    "--shard-deadline",
    "--provider-patience",
    "--heartbeat",
    "--lease",
    "--deadline",
    "--boot-deadline",
    "--idle-deadline",
    "--starved-deadline",
    "--ttl",
    "--every",
    "--between",
    "--patience",
}
NO_DURATIONS = {"--min-free", "--max-cost", "--budget", "--fail-under", "--speed", "--log-sd"}


def test_whatever_is_a_duration_is_written_as_one() -> None:
    every = [(flag, option) for _, option in options_of(cli) for flag in option.opts]
    assert {flag for flag, option in every if option.type.name == "duration"} == DURATIONS
    assert {flag for flag, option in every if option.type.name == "float"} < NO_DURATIONS


PLAN = ("plan", "--offline", "--sample", "2", "--max-workers", "2", "--json")


def digest(commands: Commands, *flags: str) -> str:
    done = commands(*PLAN, *flags)
    assert done.returncode == 0, done.stderr
    match = re.search(r'"digest": "(\w+)"', done.stdout)
    assert match is not None
    return match[1]


def test_a_duration_may_be_written_with_its_unit(commands: Commands) -> None:
    plain = digest(commands, "--task-deadline", "5400", "--lease", "7.5", "--heartbeat", "1")
    for task, lease in (("90m", "7.5s"), ("1h30m", "7.5"), ("5400S", "7.5s")):
        written = ("--task-deadline", task, "--lease", lease, "--heartbeat", "1s")
        assert digest(commands, *written) == plain
    assert digest(commands, "--task-deadline", "1h", "--shard-deadline", "7d") == digest(commands)


def test_a_duration_in_the_environment_is_one_too(commands: Commands) -> None:
    name = "WAA_MATRIX_PLAN_TASK_DEADLINE"
    of_environment = commands(*PLAN, environment={name: "90m"})
    assert of_environment.stdout == commands(*PLAN, "--task-deadline", "5400").stdout


def test_a_bare_number_of_minutes_says_how_it_is_read(commands: Commands) -> None:
    bare = commands(*PLAN, "--deadline", "180")
    written = commands(*PLAN, "--deadline", "3h")
    assert bare.stdout == written.stdout
    assert bare.stderr.count("notice: --deadline 180 is read as 180m") == 1
    assert "notice" not in written.stderr
    assert "notice" not in commands(*PLAN, "--task-deadline", "3600").stderr
    silent = commands(*PLAN, environment={"WAA_MATRIX_PLAN_DEADLINE": "180"})
    assert (silent.stdout, silent.stderr) == (written.stdout, written.stderr)


@pytest.mark.parametrize(("short", "long"), [("0", "0s"), ("-1", "-1"), ("0.5", "30s")])
def test_a_fleets_minutes_may_be_written_with_their_unit(
    commands: Commands, short: str, long: str
) -> None:
    """What is refused is named in the unit that the command counts in, either way."""
    refused = [
        [
            line
            for line in commands("supervise", "--shards", "0", "--ttl", text).stderr.splitlines()
            if line.startswith("error: --ttl")
        ]
        for text in (short, long)
    ]
    assert refused[0] == refused[1]
    assert bool(refused[0]) == (float(short) <= 0)


@pytest.mark.parametrize("text", ["soon", "3 hours", "m", "1h30", "5w", ""])
def test_what_is_no_duration_is_refused_with_an_example(commands: Commands, text: str) -> None:
    done = commands(*PLAN, "--task-deadline", text)
    assert done.returncode == 2
    assert "--task-deadline" in done.stderr
    assert "such as 90s, 15m or 2h" in done.stderr


OLD = {
    "plan --history": ("--history", "--durations-from", [*PLAN, "--history", "/no/such.json"]),
    "plan --spot": ("--spot", "--spot-prices", [*PLAN, "--spot"]),
    "power --spot": ("--spot", "--spot-prices", ["power", "--offline", "--trials", "1", "--spot"]),
    "power --tasks": (
        *("--tasks", "--task-count"),
        ["power", "--offline", "--trials", "1", "--tasks=60"],
    ),
    "history --name": (
        *("--name", "--history-name"),
        ["history", "show", "--store", "file:///no/such/place", "--name", "mine"],
    ),
}


@pytest.mark.parametrize(("old", "new", "call"), OLD.values(), ids=OLD)
def test_an_old_spelling_works_and_says_the_new_one(
    commands: Commands, old: str, new: str, call: list[str]
) -> None:
    before = commands(*call)
    after = commands(*(re.sub(rf"^{old}(?==|\Z)", new, word) for word in call))
    notice = f"notice: {old} is called {new} now; the old name still works\n"
    assert before.stderr == notice + after.stderr
    assert (before.returncode, before.stdout) == (after.returncode, after.stdout)
    shown = commands(*call[: 2 if call[0] == "history" else 1], "--help").stdout
    assert new in shown
    assert old not in re.findall(r"--[a-z-]+", shown)


def test_old_and_new_spellings_of_a_repeatable_option_add_up(commands: Commands) -> None:
    done = commands(*PLAN, "--history", "/no/a.json", "--durations-from", "/no/b.json")
    assert "/no/a.json" in done.stderr
    assert "/no/b.json" in done.stderr


@pytest.mark.parametrize("flag", ["--arena", "--reset", "--evidence", "--client-profile"])
def test_a_choice_names_its_values_in_the_help_and_when_it_is_refused(
    commands: Commands, flag: str
) -> None:
    done = commands("run", "--out", "/no/such/place", flag, "snow")
    assert done.returncode == 2
    assert f"{flag}: 'snow' is not one of" in done.stderr
    shown = commands("run", "--help").stdout
    assert re.search(rf"{flag} \[\w+(-\w+)*\|", shown)


def test_a_near_miss_of_a_choice_is_guessed(commands: Commands) -> None:
    assert "winarena" in commands("plan", "--arena", "winarenaa").stderr.rpartition("Did")[2]


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("waa-matrix run --arena ", ["plain,simulated", "plain,winarena"]),
        ("waa-matrix plan --dur", ["plain,--durations-from"]),
        ("waa-matrix plan --hist", []),
    ],
)
def test_the_shell_completes_choices_and_new_names(words: str, completed: list[str]) -> None:
    typed = {"COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1)}
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; sys.argv[0] = 'waa-matrix'; from orchestrator.cli import main; main()",
        ],
        env={**typed, "_WAA_MATRIX_COMPLETE": "bash_complete", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert (done.stdout.split(), done.stderr) == (completed, "")


def test_the_help_is_in_sections(commands: Commands) -> None:
    shown = commands("run", "--help").stdout
    headings = re.findall(r"^([A-Z][\w ]*).*:$", shown, re.MULTILINE)
    order = ["Options", "Tasks", "Arena", "Agent and client", "Time limits ", "Store", "Report"]
    assert headings[:7] == order
    assert headings[7:] == ["Workers"]


def test_every_command_has_its_options_described() -> None:
    assert {name.split(" ")[0] for name, _ in options_of(cli)} == set(COMMANDS)
    assert [(name, option.opts) for name, option in options_of(cli) if not option.help] == []
