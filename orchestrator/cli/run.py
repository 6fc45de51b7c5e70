"""``waa-matrix run``: plan, workers, report, on this machine."""

from __future__ import annotations

import time
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.command import collect, command
from orchestrator.cli.evidence_beside import screenshot_options
from orchestrator.cli.local_run import LocalRun
from orchestrator.cli.local_session import Where
from orchestrator.cli.options import located, plan_options, planned, store_options
from orchestrator.cli.resumed import given_options, resumed
from orchestrator.cli.run_checks import (
    RunOptions,
    arena_problems,
    no_idle_workers,
    option_problems,
    worker_options,
)
from orchestrator.cloud import registry
from orchestrator.errors import BadInputError, Problem

if TYPE_CHECKING:
    from orchestrator.cli.options import Planned


def _read(
    options: dict[str, Any], problems: list[Problem]
) -> tuple[RunOptions, Planned, Where] | None:
    """Return what the options ask for; add every problem to ``problems``."""
    given = given_options()
    store, name, store_ca = (options.pop(key) for key in ("store", "run_name", "store_ca"))
    placed = _place(options, store, name, problems)
    located_at = collect(problems, lambda: located(options["out"], store, name)) if placed else None
    options["out"] = Path(options["out"] or ".").absolute()
    where = Where(*located_at, store_ca, local=store is None) if located_at else None
    collect(problems, lambda: registry.load(options["engine"]))
    plan = collect(problems, lambda: _planned(options, given, where))
    # What is left when the plan has taken its own.
    settings = RunOptions(**{one.name: options[one.name] for one in fields(RunOptions)})
    problems += option_problems(settings, placed=placed)
    if plan is None or where is None or problems:
        return None
    settings = no_idle_workers(settings, plan.plan)
    problems += arena_problems(settings, plan)
    return settings, plan, where


def _place(
    options: dict[str, Any], store: str | None, name: str | None, problems: list[Problem]
) -> bool:
    """See whether there is a directory for the run; in a store a resumed one has its name."""
    if options["out"] is None and options["resume"] and store is not None and name is not None:
        options["out"] = name
    if options["out"] is None:
        fix = "Name a directory for the run and its report."
        problems.append(Problem("--out", "is missing", fix))
    return options["out"] is not None


def _planned(options: dict[str, Any], given: frozenset[str], where: Where | None) -> Planned:
    """Return the plan that the options make, or the one of the run that is to go on."""
    if not options["resume"] or where is None:
        return planned(options)
    from orchestrator.reader import read_plan

    return resumed(options, given, read_plan(where.existing(options["out"])))


@command(read=_read)
@plan_options
@store_options
@click.option("--workers", type=int, default=4, show_default=True, help="Worker processes.")
@click.option(
    "--engine",
    default=registry.LOCAL,
    show_default=True,
    help="Where the workers start: on this machine, or by an engine of an installed package.",
)
@click.option("--out", type=click.Path(file_okay=False), default=None, help="Run directory.")
@click.option("--resume", is_flag=True, help="Go on with the run in --out, or --store and --run.")
@click.option(
    "--rerun-undecided",
    is_flag=True,
    help="With --resume: say what has no score; that alone runs, never a scored trial.",
)
@screenshot_options
@click.option(
    "--fail-under", type=float, default=None, help="Exit 1 if the mean, of 0 to 1, is below this."
)
@worker_options
def run(**options: Any) -> int:
    """Run a benchmark with workers on this machine, and write its report.

    --resume gives every trial without a score a fresh budget, and runs no other: a score stays, and
    so does the 0 of a timeout. --rerun-undecided does the same by name, after a comparison has
    asked for it: it says what runs again and what came of it, and starts no worker where all is
    scored.

    \b
    Example:
      waa-matrix run --suite demo --arena simulated --workers 4 --out demo-run
      waa-matrix run --suite waa --arena winarena --image windowsarena/winarena \\
        --storage /srv/golden --model gpt-4o --env OPENAI_API_KEY --out nightly
      waa-matrix run --resume --rerun-undecided --out nightly
    """
    started = time.time()
    problems: list[Problem] = []
    wanted = _read(options, problems)
    if wanted is None or problems:
        raise BadInputError(problems)
    settings, plan, where = wanted
    return LocalRun(settings, plan, where, started).execute()
