"""What a directory of downloaded artifacts holds, however they were unpacked.

``actions/download-artifact`` from v5 on unpacks the only artifact that matches straight into its
``path``, and several into ``path/NAME`` (actions/download-artifact#416, #419); ``gh run download``
does the same with and without ``--name``. What is in them is hostile: links are not followed, and
nothing inside a ledger counts as another one.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli.inputs.artifact_names import LEDGER
from orchestrator.errors import BadInputError, NoRunError, Problem
from orchestrator.ledger import paths
from orchestrator.text import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from orchestrator.planning.plan import Plan
    from orchestrator.store import Store

_DEPTH = 4
"""Directories above a ledger: ``path/ARTIFACT/ledger/RUN`` is the deepest that uploads make."""

_FIX = "Download the ledger-* artifacts of the run's workflow run there."
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Downloads:
    """A directory of artifacts: the ledgers in it (directories that hold a plan), and archives.

    ``said`` is what a message calls it.
    """

    root: Path
    said: str
    ledgers: tuple[Path, ...] = ()
    packed: tuple[Path, ...] = ()

    @property
    def runs(self) -> list[str]:
        """Return the runs that the ledgers' directories are named after, each once."""
        return sorted({path.name for path in self.ledgers if not self._is_unnamed(path)})

    def of_run(self, run: str) -> list[Path]:
        """Return the ledgers of a run: named after it, or not named after any."""
        return [path for path in self.ledgers if path.name == run or self._is_unnamed(path)]

    def why_not(self, run: str) -> Problem:
        """Return the problem that no ledger of ``run`` is here."""
        if not self.root.is_dir():
            return self.problem("there is no such directory")
        of_run = f" of run {run}" if run else ""
        return self.problem(f"holds no ledger{of_run}{self._instead()}")

    def problem(self, what: str, fix: str = _FIX) -> Problem:
        """Return what is wrong with this directory."""
        return Problem(self.said, what, fix)

    def _is_unnamed(self, path: Path) -> bool:
        """Whether a ledger lies where its artifact does: then its name is not its run's."""
        return path == self.root or (path.parent == self.root and path.name.startswith(LEDGER))

    def _instead(self) -> str:
        archives = [path.name for path in self.packed]
        said = [f"ledgers of {_listed(self.runs)}"] if self.runs else []
        said += [f"{_listed(archives)}, to be unpacked first"] if archives else []
        return f", but {' and '.join(said)}" if said else ""


def downloads(root: Path, said: str = "") -> Downloads:
    """Look through a directory of downloaded artifacts; one that is not there holds nothing.

    Args:
        root: The directory.
        said: What a message calls it, by default the option and its path.

    Raises:
        BadInputError: It cannot be read.
    """
    nothing = Downloads(root, said or f"--artifacts {root}")
    if not root.is_dir():
        return nothing
    try:
        matches = list(_walk(root, 0))
    except OSError as error:
        raise BadInputError([nothing.problem(f"cannot be read ({error})")]) from error
    ledgers = tuple(path for path in matches if path.is_dir())
    return replace(nothing, ledgers=ledgers, packed=tuple(p for p in matches if not p.is_dir()))


def _walk(directory: Path, depth: int) -> Iterator[Path]:
    """Yield ledgers, and archives beside them; a ledger is not looked into."""
    entries = sorted(os.scandir(directory), key=lambda entry: entry.name)
    if any(entry.name == paths.PLAN and entry.is_file(follow_symlinks=False) for entry in entries):
        yield directory
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            if depth < _DEPTH:
                yield from _walk(Path(entry.path), depth + 1)
        elif entry.name.endswith(".zip"):
            yield Path(entry.path)


def with_downloads(
    named: Iterable[Callable[[], Store]], matches: Downloads, run: str
) -> tuple[list[Store], str]:
    """Return the stores that hold the run, those in a directory of artifacts too, and its name.

    Beside a store, artifacts that cannot be used are told on standard error and left out: a shard's
    own ledger is what its machine says, and must not take the others' report away. A store that
    has lost the run is told and left out likewise, where the artifacts have it.

    Args:
        named: Open the stores that were named; they may hold no run.
        matches: What was downloaded.
        run: The run's name, "" for the only one that the artifacts hold.

    Raises:
        BadInputError: There is no ledger of the run, with what each place holds instead.
        StoreError: A store could not be read.
    """
    run = run or _only_run(matches)
    kept, plan, problems = _kept(named)
    usable, unusable = _usable(matches, run, plan)
    problems += unusable
    if not (kept or usable):
        raise NoRunError(problems)
    for problem in problems:
        click.echo(f"warning: {problem}", err=True)
    return [*kept, *usable], run


def _only_run(matches: Downloads) -> str:
    if len(matches.runs) > 1:
        what = f"holds ledgers of several runs ({_listed(matches.runs)})"
        raise BadInputError([matches.problem(what, "Say which with --run.")])
    return next(iter(matches.runs), "")


def _kept(
    named: Iterable[Callable[[], Store]],
) -> tuple[list[Store], Plan | None, list[Problem]]:
    """Open the stores that were named; those that hold no run are problems."""
    from orchestrator.ledger.reader import read_plan

    kept: list[Store] = []
    first: Plan | None = None
    problems: list[Problem] = []
    for opened in named:
        try:
            store = opened()
            plan = read_plan(store)
        except NoRunError as error:
            problems += error.problems
            continue
        first = first or plan
        kept.append(store)
    return kept, first, problems


def _usable(matches: Downloads, run: str, wanted: Plan | None) -> tuple[list[Store], list[Problem]]:
    """Return the downloaded ledgers that are of the run and of its plan, and what is wrong."""
    from orchestrator.ledger.reader import read_plan
    from orchestrator.store import open_directory

    usable: list[Store] = []
    problems: list[Problem] = []
    for path in matches.of_run(run):
        store = open_directory(path)
        try:
            plan = read_plan(store)
        except BadInputError as error:
            problems += [
                matches.problem(clean(f"{problem.where} {problem.what}"))
                for problem in error.problems
            ]
            continue
        wanted = wanted or plan
        if plan.digest == wanted.digest:
            usable.append(store)
        else:
            problems.append(matches.problem(clean(f"{path} is of another plan")))
    if not (usable or problems):
        problems.append(matches.why_not(run))
    return usable, problems


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    shown = ", ".join(clean(name, 80) for name in names[:_NAMED])
    return f"{shown} and {more} more" if more > 0 else shown
