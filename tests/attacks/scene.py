"""A run under attack: its processes, its ledger, the store's front door, and what is left of it."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import secrets
import signal
import subprocess
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.arena.winarena.docker_cli import Docker
from orchestrator.arena.winarena.sweep import remove_container, started_by_workers
from orchestrator.ledger.causes import RULES
from orchestrator.ledger.reader import LedgerReader
from orchestrator.store import open_directory
from tests.e2e.base_image import simulated_image
from tests.e2e.command import command, until, workers_of
from tests.fakes.azurite import ACCOUNT, KEY
from tests.fakes.blob_front import front_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from orchestrator.ledger.fold import Folded
    from orchestrator.store import Store
    from tests.fakes.azurite import Azurite
    from tests.fakes.blob_front import Front

RUN = "run"
LEASE_S = 2.0
_SETTLES_S = 30.0


@dataclass
class Scene:
    """One run. ``front`` stands before its store when that is not a directory.

    ``golden`` is the image of a run in containers; None: it has none.
    """

    out: Path
    tasks: int
    workers: int
    azurite: Azurite | None = None
    front: Front | None = None
    name: str = RUN
    more: Sequence[str] = ()
    arena: Sequence[str] = ("--speed", "600")
    golden: Path | None = None
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    def arguments(self, *more: str) -> list[str]:
        """Return the arguments of the run."""
        return [
            *("run", "--suite", "demo", "--sample", str(self.tasks), "--seed", "3"),
            *("--workers", str(self.workers), "--out", str(self.out)),
            *("--heartbeat", "0.4", "--lease", str(LEASE_S), *self.arena),
            *(("--store", self.url, "--run", self.name) if self.front else ()),
            *(*self.more, *more),
        ]

    @property
    def url(self) -> str:
        """The store as the run reaches it."""
        assert self.front is not None
        return url_of(self.front)

    def start(self, *more: str) -> subprocess.Popen[str]:
        """Start the run."""
        return self.spawn(self.arguments(*more))

    def spawn(self, arguments: Sequence[str]) -> subprocess.Popen[str]:
        """Start a command; what it says goes to a file beside ``out``."""
        self.out.parent.mkdir(parents=True, exist_ok=True)
        with self._said(len(self.processes)).open("w") as sink:
            process = subprocess.Popen(
                command(*arguments),
                stdout=sink,
                stderr=subprocess.STDOUT,
                text=True,
                env={**os.environ, "AZURE_STORAGE_KEY": KEY},
            )
        self.processes.append(process)
        return process

    def said(self) -> str:
        """Return what all commands said so far."""
        return "".join(self._said(number).read_text() for number in range(len(self.processes)))

    def _said(self, number: int) -> Path:
        return self.out.parent / f"said-{number}.txt"

    # -- what goes on -----------------------------------------------------------------------

    def store(self) -> Store:
        """Return the ledger, not through the front door."""
        if self.azurite is None:
            return open_directory(self.out / "ledger" / RUN)
        return self.azurite.open(self.name)

    def fold(self) -> Folded:
        """Return what the ledger says."""
        return LedgerReader(self.store()).fold()

    def count(self, prefix: str) -> int:
        """Return how many objects there are below a prefix."""
        if self.azurite is None and not (self.out / "ledger" / RUN).is_dir():
            return 0
        return len(self.store().list(prefix))

    def working(self) -> dict[str, str]:
        """Return the workers that are at a task, and the task."""
        if not self.count("workers/"):
            return {}
        snapshot = LedgerReader(self.store()).snapshot()
        return {
            name: str(beat.unit)
            for name, beat in snapshot.heartbeats.items()
            if beat.phase == "running" and beat.unit is not None and name not in snapshot.left
        }

    def victim(self, process: subprocess.Popen[str]) -> tuple[str, int]:
        """Wait for a worker that is at a task; return its id and its process."""

        def at_work() -> tuple[str, int] | None:
            alive = workers_of(process.pid)
            return next(((entry, alive[entry]) for entry in self.working() if entry in alive), None)

        worker, pid = self.until(at_work, "a worker at work")
        return worker, pid

    def until(self, condition: Callable[[], Any], what: str) -> Any:
        """Wait until ``condition`` is true while the run lives; return what it returned."""

        def met() -> Any:
            over = self.processes[0].poll() is not None
            result = condition()
            assert result or not over, f"the run ended before: {what}: {self.said()}"
            return result

        return until(met, what)

    def fill_disk_of(self, pid: int) -> None:
        """Let no file of a process, nor of what it starts, take another byte."""
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, 0))

    # -- what is left -----------------------------------------------------------------------

    def living(self) -> list[int]:
        """Return every process that works in or for this run's directory."""
        every = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
        return sorted(pid for pid in every if self._is_mine(pid))

    def _is_mine(self, pid: int) -> bool:
        places = (str(self.out), *(f"-{worker}" for worker in self._worker_ids()))
        try:
            entry = Path("/proc") / str(pid)
            state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
            words = (entry / "cmdline").read_bytes().decode(errors="replace")
            here = str((entry / "cwd").readlink()).startswith(places[0])
            return state not in "ZX" and (here or any(place in words for place in places))
        except OSError:
            return False

    def _worker_ids(self) -> list[str]:
        return [path.name for path in self.out.glob("workers/*")]

    def _containers(self) -> list[str]:
        """Return the containers of this run's workers, running or not."""
        if self.golden is None:
            return []
        mine = set(self._worker_ids())
        return [left.name for left in started_by_workers(Docker()) if left.worker in mine]

    def left(self) -> tuple[str, ...]:
        """Return what is left of the run once it had time to go: processes, attempts."""
        deadline = time.monotonic() + _SETTLES_S
        while (self.living() or self._containers()) and time.monotonic() < deadline:
            time.sleep(0.1)
        processes = [f"process {pid}" for pid in self.living()]
        attempts = [f"{path.parent.name}/attempts" for path in self.out.glob("workers/*/attempts")]
        copies = [] if self.golden is None else self.golden.parent.glob("waa-storage-*")
        return (*processes, *attempts, *self._containers(), *(copy.name for copy in copies))

    def end_all(self) -> None:
        """End what this scene started, whatever the attack made of it."""
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait()
        for pid in self.living():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for name in self._containers():
            remove_container(Docker(), name)


def url_of(front: Front) -> str:
    """Return the ``--store`` of an account behind a front door."""
    return f"az://{ACCOUNT}?endpoint=http://127.0.0.1:{front.port}/{ACCOUNT}"


@contextlib.contextmanager
def scene_of(
    azurite: Azurite | None, *, tasks: int, workers: int, docker: bool = False
) -> Iterator[Scene]:
    """Set a run up, over a directory or behind a front door; nothing of it outlives the block.

    With ``docker`` each of its arenas is a container with a copy of a (tiny) golden image.
    """
    with contextlib.ExitStack() as over:
        scratch = over.enter_context(tempfile.TemporaryDirectory(prefix="waa-attack-"))
        scene = Scene(Path(scratch) / "out", tasks, workers)
        if docker:
            scene.golden = Path(scratch) / "golden"
            scene.golden.mkdir()
            (scene.golden / "data.img").write_text("pristine")
            script = json.dumps({"speed": 600, "boot_s": 600})
            arena = ("--arena", "winarena", "--image", simulated_image(), "--faults", script)
            scene.arena = (*arena, "--storage", str(scene.golden))
        if azurite is not None:
            scene.azurite, scene.name = azurite, f"attack-{secrets.token_hex(4)}"
            scene.front = over.enter_context(front_of(azurite.port))
        try:
            yield scene
        finally:
            scene.end_all()


def miscounted(folded: Folded, *, taken_over: bool) -> Iterator[str]:
    """Yield every unit that was scored twice, or was tried more often than it may be.

    Where a task was ``taken_over`` from a worker that lived on, both may have its score.
    """
    for result in folded.results:
        scores = sum(outcome.score is not None for outcome in result.attempts)
        if scores > 1 and not taken_over:
            yield f"{result.unit} has {scores} scores"
        tries = Counter((outcome.session, outcome.cause) for outcome in result.attempts)
        for (_, cause), count in tries.items():
            retries = None if cause is None else RULES[cause].retries
            if retries is not None and count > retries + 1:
                yield f"{result.unit} was tried {count} times with {cause}"
