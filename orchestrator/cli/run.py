"""``waa-matrix run``: plan, workers, report, on this machine."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import click

from orchestrator.cli.command import collect, command
from orchestrator.cli.inputs.resumed import given_options, resumed
from orchestrator.cli.inputs.run_checks import (
    RunOptions,
    arena_problems,
    no_idle_workers,
    option_problems,
    worker_settings,
)
from orchestrator.cli.local.run import LocalRun
from orchestrator.cli.local.session import Where
from orchestrator.cli.options.local import LocalOptions
from orchestrator.cli.options.plan import PlanOptions, planned
from orchestrator.cli.options.score_bar import ScoreBar
from orchestrator.cli.options.store import StoreOptions, located
from orchestrator.cli.options.values import option, option_values
from orchestrator.cli.outputs.evidence_files import PageOptions
from orchestrator.compute import registry
from orchestrator.errors import BadInputError, Problem

if TYPE_CHECKING:
    from orchestrator.cli.options.plan import Planned


@option_values
class RunCommand:
    """A plan, where it is run, and what is reported of it."""

    plan: PlanOptions
    store: StoreOptions
    out: Annotated[
        str | None, option("--out", type=click.Path(file_okay=False), help="Run directory.")
    ] = None
    resume: Annotated[
        bool, option("--resume", help="Go on with the run in --out, or --store and --run.")
    ] = False
    rerun_undecided: Annotated[
        bool,
        option(
            "--rerun-undecided",
            help="With --resume: say what has no score; that alone runs, never a scored trial.",
        ),
    ] = False
    engine: Annotated[
        str,
        option(
            "--engine",
            help="Where the workers start: on this machine, or by an engine of an installed "
            "package.",
        ),
    ] = registry.LOCAL
    bar: ScoreBar
    page: PageOptions
    local: LocalOptions


def _read(options: RunCommand, problems: list[Problem]) -> tuple[RunOptions, Planned, Where] | None:
    """Return what the options ask for; add every problem to ``problems``."""
    store, directory = options.store, _directory(options, problems)
    out = Path(directory or ".").absolute()
    where = None
    if directory is not None:
        place = collect(problems, lambda: located(directory, store.store, store.run_name))
        local = store.store is None
        where = Where(*place, store.trust.store_ca, local=local) if place else None
    collect(problems, lambda: registry.load(options.engine))
    plan = collect(problems, lambda: _planned(options, where, out))
    settings = replace(
        worker_settings(options.local, out, resume=options.resume),
        fail_under=options.bar.fail_under,
        screenshots=options.page.shown,
        rerun_undecided=options.rerun_undecided,
        engine=options.engine,
    )
    problems += option_problems(settings, placed=directory is not None)
    if plan is None or where is None or problems:
        return None
    settings = no_idle_workers(settings, plan.plan)
    problems += arena_problems(settings, plan)
    return settings, plan, where


def _directory(options: RunCommand, problems: list[Problem]) -> str | None:
    """Return the run's directory; a run in a store that goes on may have its name."""
    directory = options.out
    if directory is None and options.resume and options.store.store is not None:
        directory = options.store.run_name
    if directory is None:
        fix = "Name a directory for the run and its report."
        problems.append(Problem("--out", "is missing", fix))
    return directory


def _planned(options: RunCommand, where: Where | None, out: Path) -> Planned:
    """Return the plan that the options make, or the one of the run that is to go on."""
    if not options.resume or where is None:
        return planned(options.plan)
    from orchestrator.ledger.reader import read_plan

    return resumed(options.plan, given_options(), read_plan(where.existing(out)))


@command(RunCommand, read=_read)
def run(options: RunCommand) -> int:
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
