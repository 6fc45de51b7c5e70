"""Tells what a worker does: plain lines, grouped by task and summed up where GitHub shows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TextIO

from orchestrator.text import clean
from orchestrator.worker.redact import Redactor

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from orchestrator.ledger.records import Outcome
    from orchestrator.planning.suite import Unit

_LINE_LIMIT = 500


@dataclass(slots=True)
class WorkerLog:
    """Writes to ``stream``. ``github`` adds its workflow commands; ``summary`` is its step summary.

    Text from an agent or a guest is flattened to one line, so that it can start no command.
    """

    stream: TextIO
    github: bool = False
    summary: Path | None = None
    redactor: Redactor = field(default_factory=Redactor)
    discard: Callable[[TextIO], object] = lambda _stream: None
    """Called once when nothing more can be written: a full disk ends the words, not the work."""
    _is_mute: bool = False

    def say(self, text: str) -> None:
        """Write one line."""
        if self._is_mute:
            return
        try:
            self.stream.write(self._line(text) + "\n")
            self.stream.flush()
        except OSError:
            self._is_mute = True
            self.discard(self.stream)

    def warn(self, text: str) -> None:
        """Write a warning; on GitHub an annotation."""
        self._annotate("warning", text)

    def error(self, text: str) -> None:
        """Write an error; on GitHub an annotation."""
        self._annotate("error", text)

    def _annotate(self, level: str, text: str) -> None:
        line = self._line(text)
        self.say(f"::{level}::{line.replace('%', '%25')}" if self.github else f"{level}: {line}")

    def task_started(self, unit: Unit, attempt: int, *, stolen: bool) -> None:
        """Open a task."""
        how = "stolen" if stolen else "home"
        again = f", attempt {attempt}" if attempt > 1 else ""
        self.say(
            f"{'::group::' if self.github else ''}{unit.task} trial {unit.trial} ({how}{again})"
        )

    def task_ended(self, outcome: Outcome) -> None:
        """Close a task with its result."""
        if self.github:
            self.say("::endgroup::")
        result = f"score {outcome.score:g}" if outcome.score is not None else str(outcome.cause)
        message = f": {outcome.message}" if outcome.message else ""
        self.say(
            f"{outcome.unit.task}: {result} in {outcome.seconds:.0f} s, "
            f"{outcome.steps} steps{message}"
        )

    def summarize(self, outcomes: Sequence[Outcome], reason: str) -> None:
        """Say how the worker ended; on GitHub as the step's summary."""
        scored = [outcome.points for outcome in outcomes if outcome.points is not None]
        self.say(f"leaving after {len(outcomes)} attempts, {len(scored)} scored: {reason}")
        if self.summary is None:
            return
        rows = "".join(
            f"| {outcome.unit.task} | {outcome.attempt} | "
            f"{outcome.cause or f'{outcome.score:g}'} | {outcome.seconds:.0f} | {outcome.steps} |\n"
            for outcome in outcomes
        )
        header = "| task | attempt | result | seconds | steps |\n| --- | --- | --- | --- | --- |\n"
        headline = f"{len(outcomes)} attempts, {len(scored)} scored. {self._line(reason)}"
        text = f"{headline}\n\n{header}{rows}"
        try:
            with self.summary.open("a", encoding="utf-8") as stream:
                stream.write(text)
        except OSError as error:
            self.warn(f"the step's summary cannot be written: {error}")

    def _line(self, text: str) -> str:
        """Return text as one printable line."""
        return clean(self.redactor.text(text), _LINE_LIMIT)
