"""Finds the task directories of a result tree, and reads a whole tree as outcomes.

The client writes ``<root>/<action space>/<observation type>/<model>/<trial>/<domain>/<name>/``,
where a ``/`` in the model's name nests further; a tree like OSWorld's has no level of trials, and
WAA-V2's (GAIR-NLP/WindowsAgentArena-V2 at dea2d92) is ``<root>/<trial>/<agent>/<domain>/<name>/``.
A directory is a task's because of what is in it, so that a tree may be given at any level; and a
level is one of trials because a name on it is a number, so that two models are never two trials.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING

from orchestrator.ledger import paths
from orchestrator.ledger.fold import Snapshot
from orchestrator.ledger.paths import OutcomePath
from orchestrator.ledger.records import Outcome
from orchestrator.planning.suite import TaskKey, Unit
from orchestrator.results import files
from orchestrator.results.task import LOGS, RESULT, is_task_log, read_task
from orchestrator.results.trajectory import TRAJECTORY
from orchestrator.results.verdict import classify

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

TREE_WORKER = "tree"
"""The worker's name of outcomes that come from a tree without a ledger."""

_ONLY_TRIAL = "0"
_DEPTH_LIMIT = 16
_DIRECTORIES_LIMIT = 200_000


@dataclass(frozen=True, slots=True)
class TaskDirectory:
    """Where a task's results are. ``trial`` and ``configuration`` are the names above it.

    ``configuration`` is the path from the tree's root to the domain without the trial (action
    space, observation type and model), empty when the tree was given below that. ``trial`` is "0"
    in a tree that has no level of trials.
    """

    task: TaskKey
    trial: str
    configuration: str
    path: Path


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree as outcomes, and what in it did not fit.

    ``unexpected`` are the tasks that no expected unit names; ``extra_trials`` the names of trials
    that were not asked for, of tasks that were. ``configurations`` are the distinct ones found: a
    tree with several holds several runs, which must not be reported as one. ``directories`` is
    where each unit's results are; of several the last by path.
    """

    outcomes: tuple[Outcome, ...]
    unexpected: tuple[TaskDirectory, ...]
    configurations: tuple[str, ...]
    extra_trials: tuple[str, ...] = ()
    directories: Mapping[Unit, Path] = field(default_factory=dict)

    def snapshot(self) -> Snapshot:
        """Return the outcomes as a ledger holds them, for the fold."""
        return Snapshot(
            outcomes={
                OutcomePath(outcome.unit, outcome.attempt, outcome.worker): outcome
                for outcome in self.outcomes
            }
        )


def list_tasks(root: Path) -> list[TaskDirectory]:
    """Return every task directory at or below ``root``, in the order of their paths.

    Symbolic links are not followed, unreadable directories are passed over, and so are names that
    no ledger could hold. ``root`` may be the tree, any directory in it, or one task's.
    """
    top = _resolved(root)
    results = [(task, path) for path in _task_paths(top) if (task := _key(path)) is not None]
    numbered = {path.parent.parent.parent for _, path in results if _is_number(path.parent.parent)}
    return [_located(top, task, path, numbered) for task, path in results]


def _resolved(root: Path) -> Path:
    try:
        return root.resolve()
    except (OSError, RuntimeError, ValueError):  # links in a circle, a path with a NUL in it
        return root.absolute()


def _is_number(path: PurePath) -> bool:
    return path.name.isascii() and path.name.isdigit() and len(path.name) < 10


def _located(top: Path, task: TaskKey, path: Path, numbered: Collection[Path]) -> TaskDirectory:
    """Say which trial and configuration a task's directory is of.

    ``numbered`` are the directories of which a child is a number: all their children are trials.
    """
    above = path.parent.parent
    if above.parent in numbered:
        return TaskDirectory(task, above.name, _below(top, above.parent), path)
    if _is_number(above.parent):  # WAA-V2: the agent's directory is below the trial's
        outer = _below(top, above.parent.parent)
        agent = above.name if above.is_relative_to(top) and above != top else ""
        return TaskDirectory(task, above.parent.name, "/".join(filter(None, (outer, agent))), path)
    return TaskDirectory(task, _ONLY_TRIAL, _below(top, above), path)


def _below(top: Path, path: Path) -> str:
    below = path.is_relative_to(top) and path != top
    return path.relative_to(top).as_posix() if below else ""


def find_task_directories(root: Path) -> dict[TaskKey, Path]:
    """Return where each task's results are in a tree of one configuration and trial.

    Where a task is found more than once, the last by path is returned.
    """
    return {task.task: task.path for task in list_tasks(root)}


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
    task_directories = list_tasks(root)
    trials = sorted({directory.trial for directory in task_directories}, key=_trial_order)
    numbers = {trial: number for number, trial in enumerate(trials)}
    expected = frozenset(units)
    outcomes: list[Outcome] = []
    unexpected: list[TaskDirectory] = []
    attempts: dict[Unit, int] = {}
    directories: dict[Unit, Path] = {}
    for directory in task_directories:
        unit = Unit(directory.task, numbers[directory.trial])
        if unit not in expected:
            unexpected.append(directory)
            continue
        directories[unit] = directory.path
        attempts[unit] = attempts.get(unit, 0) + 1
        outcomes.append(_outcome(directory, unit, attempts[unit]))
    configurations = tuple(dict.fromkeys(directory.configuration for directory in task_directories))
    asked = {unit.task for unit in units}
    extra = tuple(
        dict.fromkeys(directory.trial for directory in unexpected if directory.task in asked)
    )
    return Tree(tuple(outcomes), tuple(unexpected), configurations, extra, directories)


def _trial_order(name: str) -> tuple[bool, int, str]:
    number = _is_number(PurePath(name))
    return (not number, int(name) if number else 0, name)


def _outcome(directory: TaskDirectory, unit: Unit, attempt: int) -> Outcome:
    reading = read_task(directory.path)
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
        fingerprint={"configuration": directory.configuration} if directory.configuration else {},
    )
