"""Output that cannot be written ends a command in a line at most, never in a traceback."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.command import PATIENCE_S, command
from tests.report.run_documents import document, tasks_of

if TYPE_CHECKING:
    from typing import IO

LISTING = ("suite", "list")


def ended(*arguments: str, stdout: IO[bytes] | int, **environment: str) -> tuple[int, str]:
    """Run a command with this output; return its exit code and what it said beside."""
    done = subprocess.run(
        command(*arguments),
        stdout=stdout,
        stderr=subprocess.PIPE,
        check=False,
        timeout=PATIENCE_S,
        env={**os.environ, **environment},
    )
    return done.returncode, done.stderr.decode()


@pytest.mark.parametrize("arguments", [LISTING, ("--help",), ("plan", "--no-such-option")])
def test_a_full_disk_is_said_in_a_line(arguments: tuple[str, ...]) -> None:
    with Path("/dev/full").open("wb") as full:
        code, said = ended(*arguments, stdout=full)
    assert "Traceback" not in said
    assert "Exception ignored" not in said
    if "--no-such-option" not in arguments:
        assert code == 4
        assert said == "error: the output cannot be written (No space left on device).\n"


def test_a_reader_that_left_is_no_error_to_be_told() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as nobody:
        code, said = ended(*LISTING, stdout=nobody)
    assert (code, said) == (1, "")


def test_a_full_standard_error_changes_no_exit_code() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            command("suite", "check", "/no/such/list"),
            stdout=subprocess.PIPE,
            stderr=full,
            check=False,
            timeout=PATIENCE_S,
        )
    assert done.returncode in (2, 4)
    assert done.stdout == b""


def test_a_terminal_that_is_not_utf_8_shows_what_it_can(tmp_path: Path) -> None:
    report = tmp_path / "results.json"
    report.write_text(json.dumps(document(tasks_of(range(3), 4), "run-ü")))
    bare = dict.fromkeys(("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GITHUB_REPOSITORY"), "")
    done = subprocess.run(
        command("publish", str(report)),
        capture_output=True,
        check=False,
        timeout=PATIENCE_S,
        env={**os.environ, **bare, "PYTHONIOENCODING": "ascii"},
    )
    assert b"Traceback" not in done.stderr
    assert done.returncode == 0, done.stderr
    assert b"No baseline" in done.stdout
