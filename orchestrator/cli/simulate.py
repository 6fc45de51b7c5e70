"""``waa-matrix simulate``: ways of sharing tasks out, compared in virtual time."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Annotated

import click

from orchestrator.cli.command import command
from orchestrator.cli.options.output import AsJson
from orchestrator.cli.options.suite import SuiteOptions, chosen_suite
from orchestrator.cli.options.values import option, option_values
from orchestrator.errors import BadInputError, Problem


@option_values
class SimulateOptions:
    """What is simulated, and of which tasks."""

    suite: SuiteOptions
    workers: Annotated[str, option("--workers", help="Comma-separated.")] = "4,10,20,40"
    draws: Annotated[int, option("--draws", help="Seeded runs per row.")] = 300
    log_sd: Annotated[float, option("--log-sd", help="Of a task's duration.")] = 0.45
    output: AsJson


@command(SimulateOptions)
def simulate(options: SimulateOptions) -> int:
    """Compare WAA's slices, round robin, longest first and stealing, over seeded durations.

    The code that schedules is the one that workers run; only time is virtual. Each figure is the
    mean makespan over max(total / workers, longest task): 1.00 cannot be beaten.

    \b
    Example:
      waa-matrix simulate --workers 10,40 --draws 100
    """
    from orchestrator.planning.simulate import DurationLaw
    from orchestrator.planning.simulation_study import Study, render_table, study

    what = Study(
        workers=_counts(options.workers, options.draws),
        draws=options.draws,
        seed=options.suite.seed,
        law=replace(DurationLaw(), task_sd=options.log_sd),
        tasks=chosen_suite(options.suite).tasks,
    )
    rows = study(what)
    if options.output.as_json:
        click.echo(json.dumps([asdict(row) for row in rows], indent=1))
    else:
        click.echo(render_table(rows))
    return 0


def _counts(workers: str, draws: int) -> tuple[int, ...]:
    parts = [part.strip() for part in workers.split(",")]
    problems = [
        Problem(f"--workers {part!r}", "is no count", "Give numbers above 0, comma-separated.")
        for part in parts
        if not (part.isdigit() and int(part) > 0)
    ]
    if draws < 1:
        problems.append(Problem("--draws", f"is {draws}", "Give at least 1."))
    if problems:
        raise BadInputError(problems)
    return tuple(int(part) for part in parts)
