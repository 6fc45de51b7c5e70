"""Finds the task directories of a result tree, and reads a whole tree as outcomes.

The client writes ``<root>/<action space>/<observation type>/<model>/<trial>/<domain>/<name>/``,
where a ``/`` in the model's name nests further. A directory is a task's because of what is in it,
so that a tree may be given at any level.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.ledger import paths
from orchestrator.ledger.fold import Snapshot
from orchestrator.ledger.paths import OutcomePath, Unit
from orchestrator.ledger.records import Outcome
from orchestrator.results import files
from orchestrator.results.task import LOGS, RESULT, is_task_log, read_task
from orchestrator.results.trajectory import TRAJECTORY
from orchestrator.results.verdict import classify
from orchestrator.suite import TaskKey

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

TREE_WORKER = "tree"
"""The worker's name of outcomes that come from a tree without a ledger."""

_DEPTH_LIMIT = 16
_DIRECTORIES_LIMIT = 200_000


@dataclass(frozen=True, slots=True)
class TaskDirectory:
    """Where a task's results are. ``trial`` and ``configuration`` are the names above it.

    ``configuration`` is the path from the tree's root to the trial (action space, observation type
    and model), empty when the tree was given below that.
    """

    task: TaskKey
    trial: str
    configuration: str
    path: Path


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree as outcomes, and what in it did not fit.

    ``unexpected`` are the tasks that no expected unit names. ``configurations`` are the distinct
    ones found: a tree with several holds several runs, which must not be reported as one.
    """

    outcomes: tuple[Outcome, ...]
    unexpected: tuple[TaskDirectory, ...]
    configurations: tuple[str, ...]

    def snapshot(self) -> Snapshot:
        """Return the outcomes as a ledger holds them, for the fold."""
        return Snapshot(
            outcomes={OutcomePath(one.unit, one.attempt, one.worker): one for one in self.outcomes}
        )


def list_tasks(root: Path) -> list[TaskDirectory]:
    """Return every task directory at or below ``root``, in the order of their paths.

    Symbolic links are not followed, unreadable directories are passed over, and so are names that
    no ledger could hold. ``root`` may be the tree, any directory in it, or one task's.
    """
    top = _resolved(root)
    found: list[TaskDirectory] = []
    for path in _task_paths(top):
        task = _key(path)
        if task is not None:
            found.append(_located(top, task, path))
    return found


def _resolved(root: Path) -> Path:
    try:
        return root.resolve()
    except (OSError, RuntimeError, ValueError):  # links in a circle, a path with a NUL in it
        return root.absolute()


def _located(top: Path, task: TaskKey, path: Path) -> TaskDirectory:
    trial = path.parent.parent
    configuration = trial.parent
    below = configuration.is_relative_to(top) and configuration != top
    return TaskDirectory(
        task=task,
        trial=trial.name,
        configuration=str(configuration.relative_to(top)) if below else "",
        path=path,
    )


def find_task_directories(root: Path) -> dict[TaskKey, Path]:
    """Return where each task's results are in a tree of one configuration and trial.

    Where a task is found more than once, the last by path is returned.
    """
    return {one.task: one.path for one in list_tasks(root)}


def _task_paths(top: Path) -> Iterator[Path]:
    """Walk the directories, depth first by name, yielding those that are a task's."""
    waiting = [(top, 0)]
    for _ in range(_DIRECTORIES_LIMIT):
        if not waiting:
            return
        directory, depth = waiting.pop()
        names = files.names_in(directory) or []
        if _is_task(directory, names):
            yield directory
        elif depth < _DEPTH_LIMIT:
            below = [directory / name for name in names]
            waiting.extend(
                (path, depth + 1) for path in reversed(below) if files.is_directory(path)
            )


def _is_task(directory: Path, names: Collection[str]) -> bool:
    if RESULT in names or TRAJECTORY in names:
        return True
    if LOGS not in names or not files.is_directory(directory / LOGS):
        return False
    return any(is_task_log(name) for name in files.names_in(directory / LOGS) or ())


def _key(path: Path) -> TaskKey | None:
    """Return the task that a directory belongs to, if a ledger's path can name it."""
    task = TaskKey(path.parent.name, path.name)
    return None if paths.parse_claim(paths.claim(Unit(task, 0), 1)) is None else task


def read_tree(root: Path, units: Sequence[Unit]) -> Tree:
    """Read a finished tree as outcomes of a worker called ``tree``.

    Trials are numbered from 0 in the order of their names, numbers before words. A task that is in
    several configurations has an attempt in each. Never raises; an empty tree has no outcomes.

    Args:
        root: The tree, or any directory in it.
        units: What is expected.
    """
    found = list_tasks(root)
    trials = sorted({one.trial for one in found}, key=_trial_order)
    numbers = {trial: number for number, trial in enumerate(trials)}
    expected = frozenset(units)
    outcomes: list[Outcome] = []
    unexpected: list[TaskDirectory] = []
    attempts: dict[Unit, int] = {}
    for one in found:
        unit = Unit(one.task, numbers[one.trial])
        if unit not in expected:
            unexpected.append(one)
            continue
        attempts[unit] = attempts.get(unit, 0) + 1
        outcomes.append(_outcome(one, unit, attempts[unit]))
    configurations = tuple(dict.fromkeys(one.configuration for one in found))
    return Tree(tuple(outcomes), tuple(unexpected), configurations)


def _trial_order(name: str) -> tuple[bool, int, str]:
    number = name.isascii() and name.isdigit() and len(name) < 10
    return (not number, int(name) if number else 0, name)


def _outcome(found: TaskDirectory, unit: Unit, attempt: int) -> Outcome:
    reading = read_task(found.path)
    verdict = classify(reading)
    started, ended = reading.signals.started, reading.signals.ended
    return Outcome(
        unit=unit,
        attempt=attempt,
        worker=TREE_WORKER,
        session="",
        machine="",
        score=verdict.score,
        cause=verdict.cause,
        message=verdict.message,
        flags=verdict.flags,
        steps=reading.steps,
        seconds=max(0.0, ended - started),
        started=started,
        ended=ended,
        fingerprint={"configuration": found.configuration} if found.configuration else {},
    )
