"""``waa-matrix simulate``: ways of sharing tasks out, compared in virtual time."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

import click

from orchestrator.cli.command import command
from orchestrator.cli.options import chosen_suite, suite_options
from orchestrator.errors import BadInputError, Problem


@command()
@suite_options
@click.option("--workers", default="4,10,20,40", show_default=True, help="Comma-separated.")
@click.option("--draws", type=int, default=300, show_default=True, help="Seeded runs per row.")
@click.option("--log-sd", type=float, default=0.45, show_default=True, help="Of a task's duration.")
@click.option("--json", "as_json", is_flag=True, help="For a script.")
def simulate(workers: str, draws: int, log_sd: float, *, as_json: bool, **options: Any) -> int:
    """Compare WAA's slices, round robin, longest first and stealing, over seeded durations.

    The code that schedules is the one that workers run; only time is virtual. Each figure is the
    mean makespan over max(total / workers, longest task): 1.00 cannot be beaten.

    \b
    Example:
      waa-matrix simulate --workers 10,40 --draws 100
    """
    from orchestrator.simulate import DurationLaw
    from orchestrator.study import Study, render_table, study

    counts = _counts(workers, draws)
    seed = options["seed"]
    suite = chosen_suite(options)
    law = replace(DurationLaw(), task_sd=log_sd)
    what = Study(workers=counts, draws=draws, seed=seed, law=law, tasks=suite.tasks)
    rows = study(what)
    if as_json:
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
