"""The winarena arena: Windows in QEMU in a container, driven through the ``docker`` command.

The container boots Windows and runs no client; every task is one ``docker exec`` in a directory of
its own. What the container says of itself is not believed: it lives when ``/probe`` and QMP answer.
"""

from __future__ import annotations

import json
import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.arena.port import Health
from orchestrator.arena.simulated.fake_container.setting import VARIABLE as STANDIN_VARIABLE
from orchestrator.arena.winarena import docker_commands as commands
from orchestrator.arena.winarena import guest_probe
from orchestrator.arena.winarena.checks import inside_path, is_simulated
from orchestrator.arena.winarena.client_call import client_flags, lay_out
from orchestrator.arena.winarena.docker_cli import Docker
from orchestrator.arena.winarena.guest import ContainerFacts
from orchestrator.arena.winarena.machine import this_machine, this_process
from orchestrator.arena.winarena.settings import RESET_NEVER, WinArenaSettings
from orchestrator.arena.winarena.storage import (
    copy_pristine,
    golden_digest,
    own_copy,
    remove_copy,
)
from orchestrator.arena.winarena.sweep import remove_container, sweep
from orchestrator.arena.winarena.task import WinArenaTask
from orchestrator.errors import ArenaError

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping

    from orchestrator.arena.port import Assignment

__all__ = ["WinArena", "WinArenaSettings"]

_POLL_S = 1.0
_PROBE_TIMEOUT_S = 15.0
_STOP_GRACE_S = 2.0
_LAST_LINES = 20


class WinArena:
    """The Arena port over one container. ``winarena_checks.preflight`` says first if it can run."""

    def __init__(self, settings: WinArenaSettings) -> None:
        self._settings = settings
        self._docker = Docker(settings.environment)
        self._facts = ContainerFacts(
            self._docker, settings.arena.guest_address, settings.agent.client_profile
        )
        self._image: dict[str, Any] = {}
        self._container = ""
        self._attached = False
        self._inside = ""
        self._boots = 0
        self._copied = False
        self._tasks: list[WinArenaTask] = []

    def start(self, deadline_s: float, stop: threading.Event) -> None:
        """Remove what dead workers left, start or attach to the container, wait for Windows.

        Raises:
            ArenaError: Not ready in time, stopped, or the container ended: with its last words.
        """
        deadline = time.monotonic() + deadline_s
        copy = self._settings.storage_copy
        sweep(self._docker, None if copy is None else copy.parent)
        if not self._container:
            if self._settings.container and self._boots == 0:
                self._attach()
            else:
                self._run(deadline, stop, fresh=True)
        self._wait(deadline, deadline_s, stop)
        self._install(deadline)

    def health(self) -> Health:
        """Ask Windows and QEMU from inside the container."""
        if not self._container:
            return Health(ok=False, detail="there is no container")
        program = Path(guest_probe.__file__).read_text(encoding="utf-8")
        try:
            guest = self._facts.guest(self._container)
            command = commands.run_script(self._container, commands.probe_arguments(guest))
            reply = self._docker.call(command, timeout_s=_PROBE_TIMEOUT_S, text=program)
        except ArenaError as error:
            return Health(ok=False, detail=str(error))
        if reply.status != 0:
            return Health(ok=False, detail=f"the container cannot be asked: {reply.complaint}")
        return _health(reply.output)

    def launch(self, assignment: Assignment) -> WinArenaTask:
        """Start the client on one task, by ``docker exec``.

        Raises:
            ArenaError: There is no container, or it does not see the assignment's directory.
        """
        if not self._container:
            raise ArenaError("The arena has no container. Start it before its first task.")
        place = self._inside_of(assignment.directory)
        desk = lay_out(assignment, time.monotonic())
        agent, trial = self._settings.agent, assignment.unit.trial
        tasks, results = f"{place}/{desk.tasks.name}", f"{place}/{desk.results.name}"
        profile = self._facts.client(self._container)
        call = commands.ClientCall(
            container=self._container,
            mark=secrets.token_hex(8),
            work=f"{place}/{desk.work.name}",
            flags=[
                *commands.guest_flags(self._facts.guest(self._container)),
                *client_flags(agent, trial, tasks, results, profile),
            ],
            secrets=tuple(self._settings.secrets),
            venv=bool(self._settings.requirements),
        )
        command = commands.run_client(call)
        process = self._docker.launch(command, self._settings.secrets, desk.output)
        task = WinArenaTask(self._docker, call, place, process, desk)
        self._tasks = [task for task in self._tasks if task.poll() is None] + [task]
        return task

    def reset(self, deadline_s: float, stop: threading.Event) -> None:
        """Discard the container, and with it (unless ``never``) what Windows wrote; start again.

        Raises:
            ArenaError: As ``start``; also when an attached container cannot be replaced.
        """
        deadline = time.monotonic() + deadline_s
        if self._attached and not self._simulated and self._settings.storage is None:
            raise ArenaError(
                f"Container {self._container} was attached to, and without a golden image there "
                "is nothing to replace it with. Give --storage."
            )
        self._discard()
        self._run(deadline, stop, fresh=self._settings.arena.reset != RESET_NEVER)
        self._wait(deadline, deadline_s, stop)
        self._install(deadline)

    def stop(self) -> None:
        """End every client, and remove the container and the copy that this arena made.

        Raises:
            ArenaError: Something is left.
        """
        if self._attached:
            for task in self._tasks:
                task.kill(_STOP_GRACE_S)
            self._container, self._attached = "", False
        self._discard()
        copy = self._settings.storage_copy
        if copy is not None and self._copied:
            remove_copy(copy)
            self._copied = False

    def fingerprint(self) -> Mapping[str, str]:
        """Return what a score depends on. A stand-in's image says so."""
        arena, agent = self._settings.arena, self._settings.agent
        result = {
            "arena": "winarena (simulated)" if self._simulated else "winarena",
            "simulated": "true" if self._simulated else "false",
            "image": arena.image,
            "image_digest": str(self._image.get("Id", "")),
            "golden_digest": self._golden(),
            "guest_cores": str(arena.guest_cores),
            "guest_ram_gb": str(arena.guest_ram_gb),
            "shm_gb": str(arena.shm_gb),
            "cpu": this_machine().cpu,
            "reset": arena.reset,
            "agent": agent.name,
            "model": agent.model,
            "client_digest": agent.client_digest,
            "client_args": " ".join(agent.client_args),
        }
        return {key: value for key, value in result.items() if value}

    @property
    def _simulated(self) -> bool:
        return is_simulated(self._image)

    def _golden(self) -> str:
        if self._simulated or self._settings.storage is None:
            return ""
        try:
            return golden_digest(self._settings.storage)
        except OSError:
            return "unreadable"

    def _attach(self) -> None:
        name = self._settings.container
        result = self._docker.inspect("container", name)
        if result is None:
            raise ArenaError(f"There is no container {name} to attach to. Start it first.")
        self._read_image(str(result["Image"]))
        self._container, self._attached = name, True

    def _run(self, deadline: float, stop: threading.Event, *, fresh: bool) -> None:
        settings = self._settings
        self._read_image(settings.arena.image)
        settings.scratch.mkdir(parents=True, exist_ok=True)
        if fresh or not self._copied:
            self._copy(deadline, stop)
        self._boots += 1
        container = self._described(settings.storage_copy)
        remove_container(self._docker, container.name)
        self._container, self._attached, self._inside = container.name, False, ""
        self._docker.demand(commands.run_container(container))

    def _copy(self, deadline: float, stop: threading.Event) -> None:
        storage, copy = self._settings.storage, self._settings.storage_copy
        if storage is None or copy is None:
            return
        self._copied = True
        own_copy(copy, this_process())
        copy_pristine(storage, copy, deadline, stop)

    def _described(self, copy: Path | None) -> commands.Container:
        settings, arena = self._settings, self._settings.arena
        return commands.Container(
            name=commands.container_name(settings.worker),
            image=arena.image,
            run=settings.run,
            worker=settings.worker,
            owner=this_process(),
            cores=arena.guest_cores,
            ram_gb=arena.guest_ram_gb,
            shm_gb=arena.shm_gb,
            desk=str(settings.scratch.resolve()),
            storage="" if copy is None else str(copy.resolve()),
            client="" if settings.client is None else str(settings.client.resolve()),
            kvm=not self._simulated,
            variables=self._standin() if self._simulated else {},
        )

    def _standin(self) -> dict[str, str]:
        reported = {
            "seed": self._settings.arena.seed,
            "faults": self._settings.arena.faults,
            "worker": self._settings.worker,
            "boot": self._boots,
        }
        return {STANDIN_VARIABLE: json.dumps(reported)}

    def _read_image(self, name: str) -> None:
        image = self._docker.inspect("image", name)
        if image is None:
            raise ArenaError(f"Image {name} is not on this machine. Pull or build it first.")
        self._image = image

    def _wait(self, deadline: float, deadline_s: float, stop: threading.Event) -> None:
        while True:
            health = self.health()
            if health.ok:
                return
            if stop.is_set():
                raise ArenaError("The arena was stopped while Windows was starting.")
            if not self._running():
                raise ArenaError(f"The container ended before Windows was up. {self._last_words()}")
            if time.monotonic() >= deadline:
                raise ArenaError(
                    f"Windows was not up within {deadline_s:g} s ({health.detail}). The container "
                    "would wait for ever: often the guest network (NET_ADMIN, iptables modules) or "
                    f"the golden image is at fault. {self._last_words()}"
                )
            stop.wait(_POLL_S)

    def _running(self) -> bool:
        result = self._docker.inspect("container", self._container)
        return result is not None and bool(result["State"]["Running"])

    def _last_words(self) -> str:
        reply = self._docker.call(["logs", "--tail", str(_LAST_LINES), self._container])
        lines = f"{reply.output}{reply.errors}".strip()[-1500:]
        return f"Its last lines: {lines or '(none)'}"

    def _install(self, deadline: float) -> None:
        if not self._settings.requirements:
            return
        path = f"{commands.CLIENT_MOUNT}/{self._settings.requirements}"
        left = max(1.0, deadline - time.monotonic())
        self._docker.demand(commands.make_venv(self._container, path), timeout_s=left)

    def _inside_of(self, directory: Path) -> str:
        if not self._inside:
            result = self._docker.inspect("container", self._container) or {}
            self._inside = inside_path(result, self._settings.scratch) or ""
        scratch, path = self._settings.scratch.resolve(), directory.resolve()
        if not self._inside or not path.is_relative_to(scratch):
            raise ArenaError(
                f"Container {self._container} does not see {directory}. Every attempt's directory "
                f"must lie below {scratch}, and the container must mount that."
            )
        return str(Path(self._inside) / path.relative_to(scratch))

    def _discard(self) -> None:
        for task in self._tasks:
            task.forget()
        self._tasks = []
        if self._container:
            remove_container(self._docker, self._container)
        self._container, self._attached, self._inside = "", False, ""


def _health(text: str) -> Health:
    try:
        result = json.loads(text)
        probe, qmp = str(result["probe"])[:200], str(result["qmp"])[:200]
    except (ValueError, KeyError, TypeError):
        return Health(ok=False, detail=f"the container answered {text[:200]!r}")
    return Health(ok=probe == "ok" and qmp == "running", detail=f"/probe: {probe}; QMP: {qmp}")
