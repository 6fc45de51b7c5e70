"""The task list: ``{domain: [name, …]}``, checked as a whole, with a digest.

The key of a task is (domain, name): inside Windows Agent Arena six task files carry an ``id`` that
differs from their name, and two of those collide. Pure: reading and fetching live in ``sources``.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from orchestrator.errors import BadInputError, NothingToRunError, Problem
from orchestrator.planning.spelling import did_you_mean

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z")
_NAME_LIMIT = 200

INFEASIBLE_PREFIX = "INF-"

# Domains and counts of Windows Agent Arena's full list (commit 6d39ed88, test_all.json).
DOMAIN_COUNTS = {
    "file_explorer": 19,
    "libreoffice_calc": 24,
    "notepad": 2,
    "chrome": 17,
    "microsoft_paint": 3,
    "libreoffice_writer": 19,
    "settings": 5,
    "vs_code": 24,
    "msedge": 13,
    "vlc": 21,
    "windows_calc": 3,
    "clock": 4,
}
# The full list has 13 infeasible tasks of 154; the demo spreads as many over its domains.
_DEMO_INFEASIBLE = 13


@dataclass(frozen=True, slots=True, order=True)
class TaskKey:
    """What identifies a task: its domain and its file's name."""

    domain: str
    name: str

    def __str__(self) -> str:
        return f"{self.domain}/{self.name}"

    @property
    def infeasible(self) -> bool:
        """Whether the right answer is FAIL (the upstream list marks these by name)."""
        return self.name.startswith(INFEASIBLE_PREFIX)


@dataclass(frozen=True, slots=True, order=True)
class Unit:
    """What a worker claims: one trial of one task. Trials count from 0."""

    task: TaskKey
    trial: int

    def __str__(self) -> str:
        return f"{self.task}/{self.trial}"


@dataclass(frozen=True, slots=True)
class Suite:
    """A checked task list in its own order; ``digest`` is the sha256 of its canonical form."""

    tasks: tuple[TaskKey, ...]
    digest: str

    @property
    def domains(self) -> tuple[str, ...]:
        """Domains in the order of their first task."""
        return tuple(dict.fromkeys(task.domain for task in self.tasks))

    def as_lists(self) -> dict[str, list[str]]:
        """Return the ``{domain: [name, …]}`` form the client reads."""
        lists: dict[str, list[str]] = {}
        for task in self.tasks:
            lists.setdefault(task.domain, []).append(task.name)
        return lists


@dataclass(slots=True)
class _Pairs:
    """A JSON object with its duplicate keys still visible."""

    items: list[tuple[str, Any]] = field(default_factory=list)


def suite_of(tasks: tuple[TaskKey, ...]) -> Suite:
    """Return the suite of these tasks, in this order."""
    canonical = "\n".join(str(task) for task in tasks)
    return Suite(tasks, hashlib.sha256(canonical.encode()).hexdigest())


def parse_suite(text: str, where: str) -> Suite:
    """Read a ``{domain: [name, …]}`` JSON text.

    Args:
        text: The JSON text.
        where: What to call it in messages (a path or a URL).

    Raises:
        BadInputError: Naming every problem: not JSON, not that shape, a bad or empty name, a key or
            task twice, names equal but for case, no task at all.
    """
    try:
        document = json.loads(text, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError) as error:
        raise BadInputError(
            [Problem(where, f"not JSON ({error})", 'Give a file like {"chrome": ["name", …]}.')]
        ) from error
    if not isinstance(document, _Pairs):
        raise BadInputError(
            [Problem(where, "not a JSON object", 'Give a file like {"chrome": ["name", …]}.')]
        )
    problems = [
        Problem(f"{where}: domain {_shown(domain)}", "appears twice", "Merge its two lists.")
        for domain, count in Counter(domain for domain, _ in document.items).items()
        if count > 1
    ]
    tasks = tuple(_tasks(document, where, problems))
    problems += _collisions(tasks, where)
    if not tasks and not problems:
        problems.append(Problem(where, "holds no task", "Add at least one name to a domain."))
    if problems:
        raise BadInputError(problems)
    return suite_of(tasks)


def _tasks(document: _Pairs, where: str, problems: list[Problem]) -> list[TaskKey]:
    tasks: list[TaskKey] = []
    for domain, names in document.items:
        place = f"{where}: domain {_shown(domain)}"
        if not _valid(domain):
            problems.append(Problem(place, "is not a usable name", _NAME_RULE))
        elif not isinstance(names, list):
            problems.append(Problem(place, "is not a list of names", 'Write ["name", …].'))
        else:
            good = [name for name in names if isinstance(name, str) and _valid(name)]
            problems.extend(
                Problem(f"{place}: {_shown(name)}", "is not a usable task name", _NAME_RULE)
                for name in names
                if not (isinstance(name, str) and _valid(name))
            )
            tasks.extend(TaskKey(domain, name) for name in good)
    return tasks


_NAME_RULE = (
    f"Use letters, digits, '.', '_' and '-', a letter or digit first, at most {_NAME_LIMIT}."
)


def _valid(name: str) -> bool:
    return len(name) <= _NAME_LIMIT and _NAME.match(name) is not None


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


def _collisions(tasks: tuple[TaskKey, ...], where: str) -> list[Problem]:
    """Name what appears twice, exactly or but for case (object paths meet both on some stores)."""
    problems: list[Problem] = []
    seen: dict[str, TaskKey] = {}
    for task in tasks:
        folded = str(task).lower()
        first = seen.setdefault(folded, task)
        if first is task:
            continue
        what = "appears twice" if first == task else f"differs from {first} only by case"
        problems.append(Problem(f"{where}: {task}", what, "Keep one of them."))
    domains = dict.fromkeys(task.domain for task in tasks)
    by_case: dict[str, str] = {}
    for domain in domains:
        first_domain = by_case.setdefault(domain.lower(), domain)
        if first_domain != domain:
            what = f"differs from {first_domain} only by case"
            problems.append(Problem(f"{where}: domain {domain}", what, "Use one spelling."))
    return problems


def demo_suite() -> Suite:
    """Return the built-in suite: the full list's domains and counts, with names of our own."""
    tasks: list[TaskKey] = []
    total = sum(DOMAIN_COUNTS.values())
    for domain, count in DOMAIN_COUNTS.items():
        for number in range(1, count + 1):
            marks = (
                len(tasks) * _DEMO_INFEASIBLE // total,
                (len(tasks) + 1) * _DEMO_INFEASIBLE // total,
            )
            prefix = INFEASIBLE_PREFIX if marks[1] > marks[0] else ""
            tasks.append(TaskKey(domain, f"{prefix}demo-{domain.replace('_', '-')}-{number:02d}"))
    return suite_of(tuple(tasks))


@dataclass(frozen=True, slots=True)
class Selection:
    """Which tasks of a suite to run: by domain, by name, then a seeded sample; empty means all."""

    domains: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    sample: int | None = None
    seed: int = 0


def select(suite: Suite, selection: Selection) -> Suite:
    """Return the part of ``suite`` that ``selection`` names, in the suite's order.

    A task is named ``domain/name``, or by its name alone where that is unambiguous.

    Raises:
        BadInputError: Naming every unknown domain, unknown task and impossible sample size.
        NothingToRunError: When the names are valid but together leave no task.
    """
    problems = [
        Problem(
            f"--domains {domain}",
            "is not in the suite",
            f"It has {', '.join(suite.domains)}.{did_you_mean(domain, suite.domains)}",
        )
        for domain in selection.domains
        if domain not in suite.domains
    ]
    wanted: set[TaskKey] = set()
    for text in selection.tasks:
        keys = [task for task in suite.tasks if text in (str(task), task.name)]
        if len(keys) == 1:
            wanted.update(keys)
        else:
            what = "is not in the suite" if not keys else "is in several domains"
            known = [str(task) if "/" in text else task.name for task in suite.tasks]
            meant = "" if keys else did_you_mean(text, known)
            fix = f"Write domain/name as in the list.{meant}"
            problems.append(Problem(f"--tasks {text}", what, fix))
    if selection.sample is not None and selection.sample < 1:
        problems.append(Problem("--sample", "is below 1", "Ask for at least one task."))
    if problems:
        raise BadInputError(problems)
    tasks = [
        task
        for task in suite.tasks
        if (not selection.domains or task.domain in selection.domains)
        and (not wanted or task in wanted)
    ]
    tasks = _sampled(tasks, selection)
    if not tasks:
        raise NothingToRunError(
            "The selection leaves no task: --domains and --tasks name disjoint parts of the suite. "
            "Drop one of them."
        )
    return suite_of(tuple(tasks))


def _sampled(tasks: list[TaskKey], selection: Selection) -> list[TaskKey]:
    if selection.sample is None or selection.sample >= len(tasks):
        return tasks
    # Seeded sampling for reproducibility; nothing here is a secret.
    chosen = set(random.Random(selection.seed).sample(tasks, selection.sample))  # noqa: S311
    return [task for task in tasks if task in chosen]
