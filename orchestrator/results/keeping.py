"""Which files of an attempt are kept when there are too many: what tells most of it comes first."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.results.task import LOGS, RESULT
from orchestrator.results.trajectory import TRAJECTORY

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_STEP = re.compile(r"-step_(\d{1,9})")


@dataclass(frozen=True, slots=True)
class KeptFiles:
    """The names that are kept, sorted, and how many are left out; ``steps`` are those of them."""

    names: tuple[str, ...]
    left_out: int = 0
    steps: int = 0

    @property
    def said(self) -> str:
        """Return what was left out, as a sentence; "" for nothing."""
        if not self.left_out:
            return ""
        of_steps = f", those of {self.steps} steps among them, spread evenly" if self.steps else ""
        return f"{self.left_out} files are left out{of_steps}: an attempt keeps {len(self.names)}"


def keep(names: Iterable[str], limit: int) -> KeptFiles:
    """Choose at most ``limit`` of an attempt's files, by their paths in its directory.

    Trajectory, result and logs come first, then what belongs to no step, then the files of steps:
    of as many steps as there is room for, spread evenly, the first and the last among them.
    """
    every = sorted(set(names))
    if len(every) <= limit:
        return KeptFiles(tuple(every))
    steps: dict[int, list[str]] = {}
    others: list[str] = []
    for name in every:
        match = _STEP.search(name)
        (others if match is None else steps.setdefault(int(match.group(1)), [])).append(name)
    chosen = sorted(others, key=lambda name: (_rank(name), name))[:limit]
    numbers = _fitting(sorted(steps), steps, limit - len(chosen))
    chosen += [name for number in numbers for name in steps[number]]
    return KeptFiles(tuple(sorted(chosen)), len(every) - len(chosen), len(steps) - len(numbers))


def _rank(name: str) -> int:
    first = (name == TRAJECTORY, name == RESULT, name.startswith(f"{LOGS}/") or ".log" in name)
    return first.index(True) if True in first else len(first)


def _fitting(numbers: Sequence[int], steps: dict[int, list[str]], room: int) -> list[int]:
    """Return the most steps, spread evenly, whose files are no more than there is room for."""
    low, high = 0, len(numbers)
    while low < high:
        count = (low + high + 1) // 2
        if sum(len(steps[number]) for number in _spread(numbers, count)) <= room:
            low = count
        else:
            high = count - 1
    return _spread(numbers, low)


def _spread(numbers: Sequence[int], count: int) -> list[int]:
    """Return so many of the numbers, spread evenly from the first to the last."""
    if count < 2:
        return list(numbers[-1:]) if count else []
    last = len(numbers) - 1
    return [numbers[round(index * last / (count - 1))] for index in range(count)]
