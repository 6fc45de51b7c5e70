"""No text that is merely shown steers the terminal, whatever command shows it."""

from __future__ import annotations

import io
import json
import os
import pty
import subprocess
from typing import TYPE_CHECKING

import pytest

from orchestrator.cli.outputs.printable import Printable
from tests.e2e.command import PATIENCE_S, RunDirectory, call, command, quick
from tests.report.run_documents import document, tasks_of

if TYPE_CHECKING:
    from pathlib import Path

STEERING = "\x1b]0;mine\x07\x1b[2J\x9b1A"


def test_lines_and_tabs_are_kept_and_nothing_else_that_steers() -> None:
    inner = io.StringIO(newline="")
    stream = Printable(inner)
    stream.writelines(["a\tb\n", "c\r\n", f"d\re{STEERING}\x00\x7f"])
    assert inner.getvalue() == "a\tb\nc\r\nd\ufffde\ufffd"


def test_what_the_stream_says_of_itself_stays() -> None:
    inner = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    stream = Printable(inner).as_stream()
    assert (stream.encoding, stream.isatty()) == ("ascii", False)
    assert stream.write("abc") == 3


@pytest.mark.parametrize("arguments", [("plan", "--suite"), ("suite", "check"), ("compare",)])
def test_an_error_that_quotes_what_was_given_steers_nothing(arguments: tuple[str, ...]) -> None:
    done = call(*arguments, f"no{STEERING}.json")
    assert done.returncode == 2
    assert "\x1b" not in done.stdout + done.stderr
    assert "\x9b" not in done.stdout + done.stderr


def test_a_document_that_steers_is_shown_without_it(tmp_path: Path) -> None:
    paths = []
    for name in ("a", "b"):
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(document(tasks_of(range(3), 4), f"run{STEERING}{name}")))
        paths.append(str(path))
    done = call("compare", *paths)
    assert "not distinguishable" in done.stdout.lower() or "underpowered" in done.stdout.lower()
    assert "\x1b" not in done.stdout + done.stderr


def test_colours_of_our_own_still_reach_a_terminal(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path / "out")
    assert call(*quick(run.path, tasks=2, workers=1)).returncode == 0
    reading, writing = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "NO_COLOR": ""}
    with subprocess.Popen(
        command("status", str(run.path)), stdout=writing, stderr=writing, env=environment
    ) as process:
        assert process.wait(PATIENCE_S) == 0
    os.close(writing)
    shown = os.read(reading, 65_536)
    os.close(reading)
    assert b"\x1b[" in shown
    assert b"\xef\xbf\xbd" not in shown
