"""What a command shows in a workflow is never a command to the runner, in either of its forms."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from orchestrator.cli.outputs.runner_log import Inert
from tests.cli.conftest import EVENT
from tests.tiers import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Workflow
    from tests.cli.in_process import Commands

NAMES = ("add-mask", "stop-commands", "set-output", "error", "save-state", "add-matcher")
HOSTILE = "x ##[stop-commands]y ##[set-output name=shards;]0"


def commands_in(log: str) -> list[str]:
    """Return the lines that the runner would take for commands.

    actions/runner, src/Runner.Common/ActionCommand.cs: ``TryParseV2`` at a line's beginning, once
    trimmed, and ``TryParse``, its older form, anywhere in it.
    """
    named = "|".join(NAMES)
    return [
        line
        for line in re.split(r"[\r\n]", log)
        if re.match(rf"\s*::({named})( [^:]*)?::", line)
        or re.search(rf"##\[({named})( [^\]]*)?\]", line)
    ]


@pytest.mark.parametrize(
    "pieces",
    [
        ["##[add-mask]1\n"],
        ["a ##[add-mask]1\n"],
        ["a #", "#[add-mask]1\n"],
        ["a #", "#", "[add-mask]1\n"],
        ["###[add-mask]1"],
        ["::add-mask::1\n"],
        ["a\n  ::add-mask::1\n"],
        ["a\r::add-mask::1\n"],
        ["\n", " ", ":", ":add-mask::1\n"],
        ["a\n\n\t::", "add-mask::1\n"],
        ["\u2003::add-mask::1\n"],
        ["a", "\n::add-mask::1\n"],
        ["", "::add-mask::1"],
    ],
)
def test_no_piece_of_a_log_is_a_command(pieces: list[str]) -> None:
    assert commands_in("".join(pieces))
    log = io.StringIO()
    stream = Inert(log)
    assert [stream.write(piece) for piece in pieces] == [len(piece) for piece in pieces]
    assert commands_in(log.getvalue()) == []
    assert log.getvalue().replace(" ", "") == "".join(pieces).replace(" ", "")


@pytest.mark.parametrize(
    "text",
    ["a :: b\n", "a::b\n", "## [x]\n", "#[x]\n", "std::vector\n", "12::34\n", "x:\n:y\n"],
)
def test_other_text_is_left_as_it_is(text: str) -> None:
    log = io.StringIO()
    stream = Inert(log)
    for letter in text:
        stream.write(letter)
    assert log.getvalue() == text


def test_reasons_of_an_artifact_are_no_commands(commands: Commands, workflow: Workflow) -> None:
    events = workflow.path / "events"
    events.mkdir()
    (events / "problems.json").write_text(json.dumps({"problems": [HOSTILE]}))
    environment = {**workflow.environment(EVENT), "GITHUB_ACTIONS": "true"}
    flags = ("--provision-result", "failure", "--provision-events", str(events))
    done = commands("publish", str(workflow.path / "report"), *flags, environment=environment)
    assert "stop-commands" in done.stderr
    assert commands_in(done.stdout + done.stderr) == []


def test_an_error_is_still_an_annotation_and_the_only_command(
    commands: Commands, tmp_path: Path
) -> None:
    missing = tmp_path / HOSTILE
    done = commands(
        "suite", "check", "--suite", str(missing), environment={"GITHUB_ACTIONS": "true"}
    )
    reported = commands_in(done.stdout + done.stderr)
    assert [line.partition(" title=")[0] for line in reported] == ["::error"]


@pytest.mark.parametrize(
    ("to_a_file", "shown"), [(True, "##[add-mask]1"), (False, "## [add-mask]1")]
)
def test_what_is_led_to_a_file_is_data_and_stays(
    tmp_path: Path, *, to_a_file: bool, shown: str
) -> None:
    program = (
        "from orchestrator.cli.outputs.runner_log import inert_log\n"
        "with inert_log():\n    print('##[add-mask]1')"
    )
    with (tmp_path / "out").open("w") as out:
        done = subprocess.run(
            [sys.executable, "-c", program],
            stdout=out if to_a_file else subprocess.PIPE,
            check=True,
            timeout=60,
            env={"GITHUB_ACTIONS": "true", "PYTHONPATH": str(ROOT)},
        )
    result = (tmp_path / "out").read_text() if to_a_file else done.stdout.decode()
    assert result == f"{shown}\n"
