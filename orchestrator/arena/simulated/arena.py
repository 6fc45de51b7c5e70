"""The simulated arena: the stand-in as child processes of this machine. No Windows, no container.

Every process hangs on a pipe that only this one holds, so that a worker that is killed leaves
nothing behind.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import secrets
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.arena.port import Health
from orchestrator.arena.simulated import fake_container as standin
from orchestrator.arena.simulated.fake_container.script import parse_script
from orchestrator.arena.simulated.fake_container.setting import VARIABLE, address
from orchestrator.arena.winarena.client_call import client_flags, lay_out
from orchestrator.arena.winarena.guest_probe import ask_qemu, ask_server
from orchestrator.arena.winarena.task_processes import VARIABLE as MARK_VARIABLE
from orchestrator.arena.winarena.task_processes import end_marked, marked
from orchestrator.errors import ArenaError, BadInputError, Problem

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping

    from orchestrator.arena.port import Assignment
    from orchestrator.planning.plan import AgentSettings, ArenaSettings

_POLL_S = 0.02
_STOP_GRACE_S = 2.0
_SHOWN_BYTES = 600


@dataclass(frozen=True, slots=True)
class SimulatedSettings:
    """What a simulated arena is made of.

    ``speed`` is how many of the arena's seconds pass in one of ours. ``worker`` is the worker's id,
    ``scratch`` a directory of its own, made if missing. ``faults`` is a script in the format of
    ``standin.script``; when empty, the plan's own applies.
    """

    arena: ArenaSettings
    agent: AgentSettings
    speed: float
    worker: str
    scratch: Path
    faults: str = ""

    @property
    def script(self) -> str:
        """The fault script that applies."""
        return self.faults or self.arena.faults


def check_faults(text: str) -> list[Problem]:
    """Return everything wrong with a fault script."""
    try:
        parse_script(text)
    except ValueError as error:
        fix = "The format is described in orchestrator/arena/simulated/fake_container/script.py."
        return [Problem("--faults", str(what), fix) for what in error.args]
    return []


class SimulatedTask:
    """A client of the stand-in at work."""

    def __init__(
        self, process: subprocess.Popen[bytes], mark: str, results: Path, output: Path
    ) -> None:
        self._process = process
        self._mark = mark
        self._results = results
        self._output = output

    @property
    def results(self) -> Path:
        """The directory of the result tree."""
        return self._results

    @property
    def output(self) -> Path:
        """The file with what the client printed."""
        return self._output

    def poll(self) -> int | None:
        """Return the exit status, or None while it runs."""
        return self._process.poll()

    def kill(self, grace_s: float) -> bool:
        """End the whole process tree; True once nothing of it is left."""
        gone = end_marked(self._mark, grace_s)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_POLL_S if gone else 0)
        return gone and not marked(self._mark)


class SimulatedArena:
    """The Arena port over the stand-in's two programs.

    Raises:
        BadInputError: The fault script is not one.
    """

    def __init__(self, settings: SimulatedSettings) -> None:
        problems = check_faults(settings.script)
        if problems:
            raise BadInputError(problems)
        self._settings = settings
        self._boot = 0
        self._entry: subprocess.Popen[bytes] | None = None
        self._lifeline: tuple[int, int] | None = None
        self._tasks: list[SimulatedTask] = []
        self._addresses: tuple[str, str] | None = None

    def start(self, deadline_s: float, stop: threading.Event) -> None:
        """Start the entry program unless it runs, and wait for the guest.

        ``deadline_s`` is in our seconds, not in the arena's.

        Raises:
            ArenaError: Not ready in time, stopped, or the entry program ended.
        """
        deadline = time.monotonic() + deadline_s
        entry = self._entry if self._entry is not None else self._power_on()
        while not self.health().ok:
            if stop.is_set():
                raise ArenaError("The simulated arena was stopped while it was starting.")
            if entry.poll() is not None:
                raise ArenaError(f"The stand-in's entry program ended early: {self._last_words()}")
            if time.monotonic() >= deadline:
                raise ArenaError(
                    f"The simulated arena was not ready within {deadline_s:g} s. "
                    f"A fault script may say so, or the machine is overloaded: {self._last_words()}"
                )
            stop.wait(_POLL_S)

    def health(self) -> Health:
        """Ask the stand-in's guest, as the real one is asked."""
        addresses = self._guest_addresses()
        if addresses is None:
            return Health(ok=False, detail="the guest does not exist yet")
        probe = ask_server(*address(addresses[0]))
        qmp = ask_qemu(*address(addresses[1]))
        ok = probe == "ok" and qmp == "running"
        return Health(ok=ok, detail=f"/probe: {probe}; QMP: {qmp}")

    def launch(self, assignment: Assignment) -> SimulatedTask:
        """Start the client on one task.

        Raises:
            ArenaError: The arena is not started, or the process cannot be.
        """
        if self._guest_addresses() is None:
            raise ArenaError("The simulated arena is not running. Start it before its first task.")
        desk = lay_out(assignment, time.monotonic())
        flags = client_flags(
            self._settings.agent,
            assignment.unit.trial,
            str(desk.tasks.resolve()),
            str(desk.results.resolve()),
        )
        mark = secrets.token_hex(8)
        with desk.output.open("wb") as output:
            program = ["client", "--emulator_ip", "127.0.0.1", *flags]
            process = self._spawn(program, output.fileno(), desk.work, {MARK_VARIABLE: mark})
        task = SimulatedTask(process, mark, desk.results, desk.output)
        self._tasks = [task for task in self._tasks if task.poll() is None] + [task]
        return task

    def reset(self, deadline_s: float, stop: threading.Event) -> None:
        """Boot a new guest.

        Raises:
            ArenaError: As ``start``.
        """
        self.stop()
        self.start(deadline_s, stop)

    def stop(self) -> None:
        """End every process this arena started."""
        for task in self._tasks:
            task.kill(_STOP_GRACE_S)
        self._tasks = []
        if self._lifeline is not None:
            for end in self._lifeline:
                os.close(end)
            self._lifeline = None
        if self._entry is not None:
            self._entry.kill()
            self._entry.wait()
            self._entry = None
        self._addresses = None

    def fingerprint(self) -> Mapping[str, str]:
        """Return what a score of the simulated arena depends on."""
        agent = self._settings.agent
        return {
            "arena": "simulated",
            "agent": agent.name,
            "model": agent.model,
            "client_args": " ".join(agent.client_args),
            "seed": str(self._settings.arena.seed),
            "speed": f"{self._settings.speed:g}",
            "reset": self._settings.arena.reset,
            "machine_type": platform.machine(),
        }

    def _power_on(self) -> subprocess.Popen[bytes]:
        self._boot += 1
        self._settings.scratch.mkdir(parents=True, exist_ok=True)
        self._announced.unlink(missing_ok=True)
        self._lifeline = os.pipe()
        program = ["entry", "--start-client", "false"]
        with self._console.open("wb") as console:
            self._entry = self._spawn(program, console.fileno(), self._settings.scratch, {})
        return self._entry

    def _spawn(
        self, program: list[str], output: int, directory: Path, extra: Mapping[str, str]
    ) -> subprocess.Popen[bytes]:
        if self._lifeline is None:
            raise ArenaError("The simulated arena is not running. Start it first.")
        main = str(Path(standin.__file__).with_name("__main__.py"))
        try:
            return subprocess.Popen(
                [sys.executable, "-S", "-I", main, *program],
                stdin=self._lifeline[0],
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=directory,
                env={VARIABLE: self._told(), **extra},
                start_new_session=True,
            )
        except OSError as error:
            raise ArenaError(
                f"The stand-in could not be started ({error}). The machine may be out of "
                "processes or memory; use fewer workers."
            ) from error

    def _told(self) -> str:
        http, qmp = self._addresses or ("127.0.0.1:0", "127.0.0.1:0")
        reported = {
            "speed": self._settings.speed,
            "seed": self._settings.arena.seed,
            "faults": self._settings.script,
            "worker": self._settings.worker,
            "boot": self._boot,
            "http": http,
            "qmp": qmp,
            "announce": str(self._announced.resolve()),
            "lifeline": True,
        }
        return json.dumps(reported)

    def _guest_addresses(self) -> tuple[str, str] | None:
        if self._addresses is None and self._entry is not None:
            with contextlib.suppress(FileNotFoundError):
                reported = json.loads(self._announced.read_text())
                self._addresses = (reported["http"], reported["qmp"])
        return self._addresses

    def _last_words(self) -> str:
        with contextlib.suppress(OSError):
            return self._console.read_bytes()[-_SHOWN_BYTES:].decode(errors="replace").strip()
        return "(it said nothing)"

    @property
    def _announced(self) -> Path:
        return self._settings.scratch / "guest.json"

    @property
    def _console(self) -> Path:
        return self._settings.scratch / "entry.log"
