"""The machine under a winarena arena: its size, its boot, and which of its processes still live."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class Machine:
    """Cores, memory in GiB, and the CPU's model name."""

    cores: int
    ram_gb: float
    cpu: str


def this_machine(proc: Path = _PROC) -> Machine:
    """Return what this machine has; a value that cannot be read is 0 or empty."""
    memory = re.search(r"^MemTotal:\s+(\d+) kB", _text(proc / "meminfo"), re.MULTILINE)
    model = re.search(r"^model name\s*:\s*(.+)$", _text(proc / "cpuinfo"), re.MULTILINE)
    return Machine(
        cores=len(os.sched_getaffinity(0)),
        ram_gb=int(memory.group(1)) * 1024 / _GIB if memory else 0.0,
        cpu=model.group(1).strip() if model else "",
    )


def boot_id(proc: Path = _PROC) -> str:
    """Return the id that is new every time the machine boots."""
    return _text(proc / "sys/kernel/random/boot_id").strip()


def process_start(pid: int, proc: Path = _PROC) -> str:
    """Return when a process started, in clock ticks since boot; empty if there is none.

    With the boot id and the number it tells a process from any other there ever was.
    """
    fields = _text(proc / str(pid) / "stat").rpartition(")")[2].split()
    return fields[19] if len(fields) > 19 else ""


@dataclass(frozen=True, slots=True)
class Owner:
    """A process, told apart from every other there ever was on this machine."""

    pid: str
    started: str
    boot: str

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        same_boot = self.boot == boot_id()
        return same_boot and self.pid.isdigit() and process_start(int(self.pid)) == self.started


def this_process() -> Owner:
    """Return what tells this process apart."""
    return Owner(str(os.getpid()), process_start(os.getpid()), boot_id())


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
