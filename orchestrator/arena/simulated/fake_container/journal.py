"""The client's log lines, spelled and coloured as its own logging set-up does, and their files."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from pathlib import Path

LEVELS = ("normal", "debug", "sdebug")


def stamp() -> str:
    """Return the local time as file names carry it."""
    return time.strftime("%Y%m%d@%H%M%S")


def line(level: str, where: str, message: str) -> str:
    """Return one line; ``where`` is ``module/line`` of the client."""
    now = time.time()
    clock = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(now))
    return (
        f"\x1b[1;33m[{clock},{int(now * 1000) % 1000:03d} \x1b[31m{level} "
        f"\x1b[32m{where}-MainProcess\x1b[1;33m] \x1b[0m{message}\n"
    )


class ClientLogs:
    """Standard output and the run's three log files; a task at work adds its own."""

    def __init__(self, result_dir: Path, worker: str) -> None:
        directory = result_dir / "logs"
        directory.mkdir(parents=True, exist_ok=True)
        now = stamp()
        files = [(directory / f"{level}-{worker}-{now}.log").open("a") for level in LEVELS]
        self._sinks: list[TextIO] = [sys.stdout, *files]

    def info(self, where: str, message: str) -> None:
        """Write a line of level INFO."""
        self._write(line("INFO", where, message))

    def error(self, where: str, message: str) -> None:
        """Write a line of level ERROR."""
        self._write(line("ERROR", where, message))

    def detail(self, where: str, message: str) -> None:
        """Write a line of level DEBUG: to the task's own file alone, as the original's handlers do.

        Before a task has one it is nowhere.
        """
        if len(self._sinks) > 1 + len(LEVELS):
            self._sinks[-1].write(line("DEBUG", where, message))
            self._sinks[-1].flush()

    def printed(self, text: str) -> None:
        """Write to standard output alone, as code that does not log but prints."""
        sys.stdout.write(text + "\n")
        sys.stdout.flush()

    def open_task(self, path: Path) -> None:
        """Also write to this task's file from now on."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._sinks.append(path.open("a"))

    def close_task(self) -> None:
        """Write to the task's file no more."""
        self._sinks.pop().close()

    def _write(self, text: str) -> None:
        for sink in self._sinks:
            sink.write(text)
            sink.flush()
