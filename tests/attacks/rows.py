"""The attacks on one machine's run: what each does, and what must come of it.

A row's bound is in seconds of this machine's clock, from the start of the attack to the end of the
last process; it holds on two busy cores.
"""

from __future__ import annotations

import os
import signal
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.ledger.causes import RULES, Cause
from tests.attacks.scene import LEASE_S, miscounted, scene_of, url_of
from tests.e2e.command import workers_of
from tests.fakes import blob_front
from tests.fakes.blob_front import front_of
from tests.worker.test_budget import POISON, Poisoned

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator

    from tests.attacks.scene import Scene
    from tests.fakes.azurite import Azurite

TASKS, WORKERS = 8, 3
SLOW = blob_front.Trouble(after_s=0.3)
CONDITION = blob_front.CONDITION


@dataclass(frozen=True, slots=True)
class Row:
    """One attack.

    ``ends`` are the exit codes it may end with. ``says`` must be among its words. ``complete``:
    every task is scored by the attacked command itself; ``resumes``: by one that goes on with it,
    and with ``left_to_the_next`` it is that one which has to tidy up. ``at_most`` so many tasks
    may have been scored before: workers that only go on after their parent's death are no end.
    """

    name: str
    play: Callable[[Scene, subprocess.Popen[str]], None]
    ends: tuple[int, ...] = (0,)
    says: str = ""
    blobs: bool = False
    complete: bool = True
    resumes: bool = False
    taken_over: bool = False
    docker: bool = False
    left_to_the_next: bool = False
    at_most: int = TASKS
    bound_s: float = 120.0
    prepare: Callable[[Scene], None] = lambda _scene: None


@dataclass(frozen=True, slots=True)
class Found:
    """What became of a run: its exit code, seconds from the attack to the end, and the tasks."""

    code: int | None
    seconds: float
    scored: int
    again: int
    miscounted: tuple[str, ...]
    left: tuple[str, ...]
    said: str

    def wrongs(self, row: Row) -> Iterator[str]:
        """Yield everything that must not be."""
        if self.code is None:
            yield f"does not end within {row.bound_s:.0f} s"
        elif self.code not in row.ends:
            yield f"exit code {self.code}, not {row.ends}: {self.said[-600:]}"
        if row.says not in self.said:
            yield f"does not say {row.says!r}: {self.said[-600:]}"
        if row.complete and self.scored != TASKS:
            yield f"{self.scored} of {TASKS} scored"
        if self.scored > row.at_most:
            yield f"{self.scored} scored by workers without a parent"
        if row.resumes and self.again != TASKS:
            yield f"{self.again} of {TASKS} scored after a resume"
        if "Traceback" in self.said:
            yield f"a traceback: {self.said[-600:]}"
        yield from self.miscounted
        yield from self.left


def played(row: Row, azurite: Azurite | None) -> Found:
    """Play a row; ``azurite`` serves those whose store is one."""
    store = azurite if row.blobs else None
    with scene_of(store, tasks=TASKS, workers=WORKERS, docker=row.docker) as scene:
        row.prepare(scene)
        process = scene.start()
        row.play(scene, process)
        began = time.monotonic()
        code = _end_of(scene, process, row.bound_s)
        left = () if row.left_to_the_next else scene.left()
        seconds = time.monotonic() - began
        if scene.front is not None:
            scene.front.clear()
        scored = _scored(scene)
        again = _resumed(scene) if row.resumes else scored
        wrong = tuple(miscounted(scene.fold(), taken_over=row.taken_over)) if again else ()
        left = scene.left() if row.left_to_the_next else left or scene.left()
        return Found(code, seconds, scored, again, wrong, left, scene.said())


@dataclass(frozen=True, slots=True)
class Poison:
    """A task that kills each worker that takes it, in virtual time."""

    workers: int
    proven: bool


POISONS = tuple(Poison(workers, proven) for workers in (4, 10, 20, 40) for proven in (True, False))


def poisoned(row: Poison) -> tuple[int, int, int]:
    """Play one; return the workers it killed, what its budget is, and the other tasks unscored."""
    with tempfile.TemporaryDirectory() as scratch:
        run = Poisoned(row.workers, Path(scratch), proven=row.proven)
        results = run.run().results
        unscored = sum(result.score is None for result in results if result.unit != POISON)
        return len(run.doomed), (RULES[Cause.LOST].retries or 0) + 1, unscored


def _end_of(scene: Scene, process: subprocess.Popen[str], bound_s: float) -> int | None:
    deadline = time.monotonic() + bound_s
    while process.poll() is None or scene.living():
        if time.monotonic() > deadline:
            return None
        time.sleep(0.05)
    return process.returncode


def _scored(scene: Scene) -> int:
    if not scene.count("workers/"):
        return 0
    return sum(result.score is not None for result in scene.fold().results)


def _resumed(scene: Scene) -> int:
    """Go on with the run; return how many tasks are scored then."""
    went_on = scene.start("--resume")
    went_on.wait(240.0)
    return _scored(scene)


# -- workers ---------------------------------------------------------------------------------


def kill_worker(scene: Scene, process: subprocess.Popen[str]) -> None:
    _, pid = scene.victim(process)
    os.kill(pid, signal.SIGKILL)


def freeze_worker(scene: Scene, process: subprocess.Popen[str]) -> None:
    _, pid = scene.victim(process)
    os.kill(pid, signal.SIGSTOP)


def fill_disk(scene: Scene, process: subprocess.Popen[str]) -> None:
    _, pid = scene.victim(process)
    scene.fill_disk_of(pid)


def cut_worker_off(scene: Scene, process: subprocess.Popen[str]) -> None:
    """Let one more worker of the session reach the store over a line of its own, and cut that."""
    assert scene.azurite is not None
    scene.until(scene.working, "a worker at work")
    session = scene.store().list("sessions/")[0].path.split("/")[1].removesuffix(".json")
    with front_of(scene.azurite.port) as line:
        joined = scene.spawn(
            [
                *("worker", "--store", url_of(line), "--run", scene.name, "--session", session),
                *("--shard", "0", "--shards", str(WORKERS), "--worker-id", "zz-joined"),
                *("--scratch", str(scene.out / "workers" / "zz-joined")),
            ]
        )
        scene.until(lambda: "zz-joined" in scene.working() or joined.poll() is not None, "it works")
        line.trouble = blob_front.always(replace(blob_front.LOST, after_s=0.1))
        time.sleep(3 * LEASE_S)  # the cut itself: others take its task over
        line.clear()
        joined.wait(120.0)
        process.wait(120.0)


# -- the store -------------------------------------------------------------------------------


def refuse_for_good(scene: Scene, _process: subprocess.Popen[str]) -> None:
    assert scene.front is not None
    scene.until(lambda: scene.count("outcomes/") >= 2, "some outcomes")
    scene.front.trouble = blob_front.always(blob_front.FORBIDDEN)


def drop_container(scene: Scene, _process: subprocess.Popen[str]) -> None:
    assert scene.front is not None
    scene.until(lambda: scene.count("outcomes/") >= 2, "some outcomes")
    scene.front.trouble = blob_front.always(blob_front.NO_CONTAINER)


def outage_and_interrupt(scene: Scene, process: subprocess.Popen[str]) -> None:
    assert scene.front is not None
    scene.until(lambda: scene.count("outcomes/") >= 2, "some outcomes")
    scene.front.trouble = blob_front.always(blob_front.BUSY)
    time.sleep(2.0)  # the outage is under way
    process.send_signal(signal.SIGINT)


def _until_all_left(scene: Scene, process: subprocess.Popen[str]) -> None:
    def left() -> bool:
        return scene.count("left/") >= WORKERS and not workers_of(process.pid)

    scene.until(left, "all workers have left")


def blip_at_report(scene: Scene, process: subprocess.Popen[str]) -> None:
    """Let the store be away from when the last worker has gone, for some seconds."""
    assert scene.front is not None
    scene.until(
        lambda: not workers_of(process.pid) and scene.count("left/") >= WORKERS, "all have left"
    )
    scene.front.trouble = blob_front.always(blob_front.BUSY)
    time.sleep(5.0)  # the blip
    scene.front.clear()


def outage_from_report(scene: Scene, process: subprocess.Popen[str]) -> None:
    assert scene.front is not None
    scene.until(
        lambda: not workers_of(process.pid) and scene.count("left/") >= WORKERS, "all have left"
    )
    scene.front.trouble = blob_front.always(blob_front.FORBIDDEN)


def nothing(_scene: Scene, _process: subprocess.Popen[str]) -> None:
    """Leave it to what was prepared."""


def _some(trouble: blob_front.Trouble, every: int, verb: str = "") -> Callable[[Scene], None]:
    """Return a preparation: every so manieth request (of a verb, on an object) meets a trouble."""
    counter = iter(range(1 << 30))

    def rule(called: str, path: str) -> blob_front.Trouble | None:
        on_object = "restype=container" not in path
        counts = (not verb or called == verb) and (on_object or not trouble.status)
        return trouble if counts and next(counter) % every == every - 1 else None

    def prepare(scene: Scene) -> None:
        assert scene.front is not None
        scene.front.trouble = rule

    return prepare


# -- the parent ------------------------------------------------------------------------------


def _kill(process: subprocess.Popen[str]) -> None:
    os.kill(process.pid, signal.SIGKILL)


def kill_at_spawn(_scene: Scene, process: subprocess.Popen[str]) -> None:
    while not workers_of(process.pid):
        pass
    _kill(process)


def kill_at_first_claim(scene: Scene, process: subprocess.Popen[str]) -> None:
    scene.until(lambda: scene.count("claims/"), "the first claim")
    _kill(process)


def kill_in_mid_task(scene: Scene, process: subprocess.Popen[str]) -> None:
    scene.until(lambda: scene.count("outcomes/") >= 2 and scene.working(), "a task under way")
    _kill(process)


def kill_at_report(scene: Scene, process: subprocess.Popen[str]) -> None:
    scene.until(
        lambda: scene.count("left/") >= WORKERS and not workers_of(process.pid), "the report"
    )
    _kill(process)


def kill_with_frozen_worker(scene: Scene, process: subprocess.Popen[str]) -> None:
    freeze_worker(scene, process)
    _kill(process)


def _all_at_once(scene: Scene, process: subprocess.Popen[str]) -> None:
    """Kill parent and workers together, as a machine out of memory or a closed lid's would."""
    scene.victim(process)
    for pid in (process.pid, *workers_of(process.pid).values()):
        os.kill(pid, signal.SIGKILL)


_TROUBLED = Row("", nothing, blobs=True, bound_s=240.0)
_REFUSED = Row("", nothing, ends=(4,), blobs=True, complete=False, resumes=True, bound_s=60.0)
_KILLED = Row("", nothing, ends=(-9,), complete=False, resumes=True, bound_s=30.0)

ROWS = (
    Row("worker killed", kill_worker),
    Row("worker frozen", freeze_worker),
    Row("worker cut off", cut_worker_off, blobs=True, taken_over=True),
    Row("worker's own disk full", fill_disk, blobs=True),
    replace(
        _TROUBLED,
        name="store slow, 0.3 s",
        prepare=_some(blob_front.Trouble(after_s=0.3), 1),
    ),
    replace(
        _REFUSED,
        name="store 403 for good",
        play=refuse_for_good,
        says="waa-matrix report --store",
    ),
    replace(_REFUSED, name="store 404 for good", play=drop_container, says="The store refuses"),
    replace(_TROUBLED, name="store 403, each 9th", prepare=_some(blob_front.FORBIDDEN, 9)),
    replace(_TROUBLED, name="store 503, each 2nd", prepare=_some(blob_front.BUSY, 2)),
    replace(_TROUBLED, name="store 409, each 5th PUT", prepare=_some(blob_front.TAKEN, 5, "PUT")),
    replace(_TROUBLED, name="store 412, each 5th PUT", prepare=_some(CONDITION, 5, "PUT")),
    replace(_TROUBLED, name="replies lost, each 4th", prepare=_some(blob_front.LOST, 4)),
    replace(
        _REFUSED,
        name="outage, then Ctrl-C",
        play=outage_and_interrupt,
        ends=(130,),
        says="The results are safe",
    ),
    Row("blip at the report", blip_at_report, says="waiting for the store", blobs=True),
    Row(
        "store 403 from the report on",
        outage_from_report,
        ends=(4,),
        says="this writes the report",
        blobs=True,
    ),
    replace(_KILLED, name="parent killed at spawn", play=kill_at_spawn, at_most=0),
    replace(
        _KILLED, name="parent killed at the first claim", play=kill_at_first_claim, at_most=WORKERS
    ),
    replace(_KILLED, name="parent killed in mid-task", play=kill_in_mid_task),
    Row("parent killed at the report", kill_at_report, ends=(-9, 0), resumes=True),
    replace(_KILLED, name="parent killed, a worker frozen", play=kill_with_frozen_worker),
    replace(_KILLED, name="parent and workers killed", play=_all_at_once, left_to_the_next=True),
)

_IN_DOCKER = replace(_KILLED, docker=True, bound_s=60.0)

DOCKER_ROWS = (
    replace(_IN_DOCKER, name="docker: parent killed at spawn", play=kill_at_spawn),
    replace(_IN_DOCKER, name="docker: parent killed at the first claim", play=kill_at_first_claim),
    replace(_IN_DOCKER, name="docker: parent killed in mid-task", play=kill_in_mid_task),
    replace(
        _IN_DOCKER, name="docker: parent killed at the report", play=kill_at_report, ends=(-9, 0)
    ),
    replace(
        _IN_DOCKER,
        name="docker: parent and workers killed",
        play=_all_at_once,
        left_to_the_next=True,
    ),
)

EVERY = (*ROWS, *DOCKER_ROWS)

PART = (
    "worker frozen",
    "worker's own disk full",
    "store 403 for good",
    "outage, then Ctrl-C",
    "blip at the report",
    "parent killed at spawn",
    "parent killed in mid-task",
    "docker: parent killed in mid-task",
)
"""What the tests play: a row of each kind."""
