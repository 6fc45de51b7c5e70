"""Errors where a reader of a workflow run looks: annotations of the step, and its summary.

GitHub shows ten errors of a step, and drops the rest. Escapes are those of ``@actions/core``
(packages/core/src/command.ts).
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli.inputs.event import summary_path, summary_size
from orchestrator.cli.outputs.runner_log import tell_runner
from orchestrator.errors import BadInputError, MatrixError
from orchestrator.report.phrases.escapes import markdown_text
from orchestrator.report.publication import SUMMARY_LIMIT
from orchestrator.text import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

ANNOTATIONS_A_STEP = 10
PROBLEMS = "problems.json"
"""Beside the events of a command that failed: why, for the job that publishes."""

_TEXT = 1000
_KEPT = 100
_READ_LIMIT = 1 << 20


def problems_of(error: MatrixError) -> list[str]:
    """Return what an error says, each problem a printable line."""
    texts = map(str, error.problems) if isinstance(error, BadInputError) else [str(error)]
    return [clean(text, _TEXT) for text in texts]


def show_failure(command: str, problems: Sequence[str]) -> None:
    """Show problems in the step's annotations and summary; outside of a workflow nothing."""
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return
    title = _property(f"waa-matrix {command}".strip())
    for line in _folded(problems):
        tell_runner(f"::error title={title}::{_data(line)}")
    text = failure_summary(command, problems)
    if summary_path() and summary_size() + len(text.encode()) <= SUMMARY_LIMIT:
        try:
            with Path(summary_path()).open("a", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            click.echo(f"warning: no step summary: {error.strerror}", err=True)


def failure_summary(command: str, problems: Sequence[str]) -> str:
    """Return the Markdown of a command's failure."""
    lines = [f"## 🔴 waa-matrix {markdown_text(command)} failed", ""]
    lines += [f"- {markdown_text(problem, _TEXT)}" for problem in problems[:_KEPT]]
    lines += [f"- … and {len(problems) - _KEPT} more"] if len(problems) > _KEPT else []
    return "\n".join(lines) + "\n\n"


def keep_failure(directory: Path, problems: Sequence[str]) -> None:
    """Write why a command failed beside its events, which become an artifact."""
    text = json.dumps({"problems": list(problems[:_KEPT])})
    try:
        directory.mkdir(parents=True, exist_ok=True)
        (directory / PROBLEMS).write_text(text, encoding="utf-8")
    except OSError as error:
        click.echo(f"warning: {directory}: cannot be written ({error.strerror})", err=True)


def kept_failure(directory: Path) -> list[str]:
    """Return why the newest attempt failed, of artifacts in a directory, however unpacked.

    What cannot be read says nothing. The texts are hostile: a line each, and to be escaped.
    """
    files = [directory / PROBLEMS, *directory.glob(f"*/{PROBLEMS}")]
    there = [path for path in files if path.is_file() and not path.is_symlink()]
    newest = max(there, key=lambda path: _attempt(path.parent.name), default=None)
    return [] if newest is None else _read(newest)


def _attempt(name: str) -> int:
    """Return the attempt that ends an artifact's name, 0 for a name without one."""
    digits = name.rpartition("-")[2]
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 7 else 0


def _read(path: Path) -> list[str]:
    try:
        if path.stat().st_size > _READ_LIMIT:
            return []
        document: object = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return []
    problems = document.get("problems") if isinstance(document, dict) else None
    texts = problems if isinstance(problems, list) else []
    return [clean(text, _TEXT) for text in texts[:_KEPT] if isinstance(text, str)]


def _folded(problems: Sequence[str]) -> list[str]:
    """Return at most as many lines as GitHub shows, the last of them with all that are left."""
    if len(problems) <= ANNOTATIONS_A_STEP:
        return list(problems)
    first = list(problems[: ANNOTATIONS_A_STEP - 1])
    rest = problems[ANNOTATIONS_A_STEP - 1 :]
    return [*first, f"and {len(rest)} more:\n" + "\n".join(rest[:_KEPT])]


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
