"""Whether the process that started a worker still lives, and the worker's end when it does not."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

from orchestrator.errors import EXIT_INTERRUPTED

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.worker.heartbeat import WorkerSignals

ORPHAN_LEAVES_S = 180.0
"""How long a worker without a parent has to end its task and remove its container, whatever hangs.

Nobody else is there to remove what it started; the next worker or run of this machine sweeps it.
"""

_POLL_S = 0.3
_SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of <sys/prctl.h>


def orphaned_by(parent: int | None) -> Callable[[], bool]:
    """Return what tells whether the parent is gone.

    ``parent`` is handed over by the one that started this process: it may have died before this
    one could look. Without it, whoever is the parent now is.
    """
    expected = os.getppid() if parent is None else parent
    return lambda: os.getppid() != expected


def leave_with_parent(orders: WorkerSignals, orphaned: Callable[[], bool]) -> None:
    """Order the end of this process when its parent is gone, and end it if it does not.

    A thread of its own looks: no store and no lock holds it up. A worker that was frozen when its
    parent died is woken for it.
    """
    _wake_when_parent_dies()
    watch = threading.Thread(target=_watch, args=(orders, orphaned), name="parent", daemon=True)
    watch.start()


def _watch(orders: WorkerSignals, orphaned: Callable[[], bool]) -> None:
    never = threading.Event()
    while not orphaned():
        never.wait(_POLL_S)
    orders.end("the process that started this worker is gone")
    never.wait(ORPHAN_LEAVES_S)
    os._exit(EXIT_INTERRUPTED)


def _wake_when_parent_dies() -> None:
    """Have the kernel send SIGCONT then: it wakes a stopped process and is nothing to another."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, int(signal.SIGCONT))
