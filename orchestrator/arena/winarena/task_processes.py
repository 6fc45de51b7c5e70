"""Finds and ends every process of a task, also what it detached, by a mark in the environment.

A child inherits its parent's environment whatever session it moves to, so a mark put there when the
client starts finds its whole tree in ``/proc``. Standard library only, for any Python 3: the same
file is fed to a container's own interpreter (``python - MARK GRACE``) and then exits 0 once nothing
is left, 1 otherwise.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

VARIABLE = "WAA_MATRIX_TASK"
_POLL_S = 0.02
_PROC = "/proc"


def marked(mark: str) -> list[int]:
    """Return the processes that carry this mark, and all that descend from them."""
    wanted = f"{VARIABLE}={mark}".encode()
    parents = {}
    result = set()
    for entry in os.listdir(_PROC):  # noqa: PTH208 — pathlib is slow to import in the container
        if not entry.isdigit() or int(entry) == os.getpid():
            continue
        parent = _parent(entry)
        if parent is None:
            continue
        parents[int(entry)] = parent
        if wanted in _environment(entry).split(b"\0"):
            result.add(int(entry))
    grown = True
    while grown:
        below = {process for process, parent in parents.items() if parent in result} - result
        result |= below
        grown = bool(below)
    return sorted(result)


def end_marked(mark: str, grace_s: float) -> bool:
    """Ask the marked processes to end, then force them; True once none is left.

    Half of ``grace_s`` seconds is given to SIGTERM, the rest to SIGKILL and to seeing them gone.
    """
    _signal(marked(mark), signal.SIGTERM)
    began = time.monotonic()
    while time.monotonic() < began + grace_s / 2:
        if not marked(mark):
            return True
        time.sleep(_POLL_S)
    while True:
        left = marked(mark)
        if not left:
            return True
        _signal(left, signal.SIGKILL)
        if time.monotonic() >= began + grace_s:
            return False
        time.sleep(_POLL_S)


def _signal(processes: Iterable[int], number: signal.Signals) -> None:
    for process in processes:
        try:
            os.kill(process, number)
        except ProcessLookupError:
            continue


def _parent(entry: str) -> int | None:
    """Return a living process's parent; None for one that is gone or only waits to be reaped."""
    try:
        with open(_PROC + "/" + entry + "/stat", "rb") as file:  # noqa: PTH123 — as above
            state, parent = file.read().rpartition(b")")[2].split()[:2]
    except OSError:
        return None
    return None if state in (b"Z", b"X") else int(parent)


def _environment(entry: str) -> bytes:
    try:
        with open(_PROC + "/" + entry + "/environ", "rb") as file:  # noqa: PTH123 — as above
            return file.read()
    except OSError:  # another user's, or gone
        return b""


if __name__ == "__main__":
    raise SystemExit(0 if end_marked(sys.argv[1], float(sys.argv[2])) else 1)
