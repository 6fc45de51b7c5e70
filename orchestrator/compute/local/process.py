"""One process of this machine, told from every other that had or will have its number.

A number is used again, and a machine starts again: a process is meant by its number, the moment it
began (field 22 of ``/proc/PID/stat``, proc(5)) and the boot that this was counted from. Where there
is no ``/proc`` only the process that started another can tell what became of it.
"""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_BOOT = _PROC / "sys/kernel/random/boot_id"
_STATE, _STARTED = 0, 19  # counted from behind the name, which is the second field and free text
_DEAD = frozenset("ZX")


@dataclass(frozen=True, slots=True)
class ProcessId:
    """A process. ``started`` is in clock ticks since ``boot``; None and empty: not known here."""

    pid: int
    started: int | None = None
    boot: str = ""


def identify(pid: int) -> ProcessId:
    """Return the process that has a number now; it is there, or has not been waited for."""
    fields = _stat(pid)
    return ProcessId(pid, int(fields[_STARTED]) if fields else None, _boot())


def is_alive(process: ProcessId) -> bool:
    """Whether this very process runs; one that has ended and was not waited for does not."""
    fields = _stat(process.pid)
    if not fields or process.started is None or process.boot != _boot():
        return False
    return int(fields[_STARTED]) == process.started and fields[_STATE] not in _DEAD


def send(process: ProcessId, number: signal.Signals) -> None:
    """Send a signal to this very process; to one that is gone, none."""
    if not is_alive(process):
        return
    try:
        handle = os.pidfd_open(process.pid)
    except OSError:
        return
    try:
        # The handle is of whoever has the number now, and stays so: looked at again first.
        if is_alive(process):
            signal.pidfd_send_signal(handle, number)
    except ProcessLookupError:
        return  # it ended meanwhile
    finally:
        os.close(handle)


def session_leader_writing(log: Path) -> int | None:
    """Return the process that leads a session and writes to a file, or None."""
    for entry in _PROC.glob("[0-9]*"):
        pid = int(entry.name)
        try:
            if os.getsid(pid) == pid and (entry / "fd/1").readlink() == log:
                return pid
        except OSError:
            continue  # it has ended, or is another user's
    return None


def _stat(pid: int) -> list[str]:
    try:
        text = (_PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()


def _boot() -> str:
    try:
        return _BOOT.read_text().strip()
    except OSError:
        return ""
