"""Watches a task that is still running: whether anything grows, and what its log says so far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.results import files
from orchestrator.results.log import LogFollower, Signals, combined
from orchestrator.results.task import LOGS, task_log
from orchestrator.results.tree import find_task_directories

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.planning.suite import TaskKey


@dataclass(frozen=True, slots=True)
class Progress:
    """``mark`` (files, bytes) differs from the last one whenever something was written."""

    mark: tuple[int, int]
    signals: Signals


class TaskWatch:
    """Follows one attempt's files. A stall clock restarts whenever ``mark`` changes."""

    def __init__(self, results: Path, task: TaskKey, client_log: Path) -> None:
        """Watch an attempt.

        Args:
            results: The directory that the attempt alone writes its result tree under.
            task: The task it runs.
            client_log: The client's standard output and error; need not exist yet.
        """
        self._results = results
        self._task = task
        self._client_log = client_log
        self._client = LogFollower(client_log)
        self._directory: Path | None = None
        self._log: tuple[Path, LogFollower] | None = None

    @property
    def directory(self) -> Path | None:
        """The task's directory, once the client has made it and a poll has seen it."""
        return self._directory

    def poll(self) -> Progress:
        """Look at the files. Reads only what has come since, and never raises."""
        if self._directory is None:
            self._directory = find_task_directories(self._results).get(self._task)
        return Progress(self._mark(), combined(self._task_signals(), self._client.poll()))

    def _task_signals(self) -> Signals:
        newest = task_log(self._directory) if self._directory else None
        if newest is None:
            return Signals()
        if self._log is None or self._log[0] != newest:
            self._log = (newest, LogFollower(newest))
        return self._log[1].poll()

    def _mark(self) -> tuple[int, int]:
        written = [self._client_log]
        if self._directory is not None:
            for folder in (self._directory, self._directory / LOGS):
                written += [folder / name for name in files.names_in(folder) or ()]
        return len(written), sum(files.size_of(path) for path in written)
