"""``waa-matrix suite``: list or check a task list."""

from __future__ import annotations

import json
from collections import Counter
from typing import Annotated

import click

from orchestrator.cli.command import CommandGroup, command
from orchestrator.cli.options.suite import SuiteOptions, chosen_suite
from orchestrator.cli.options.values import option, option_values


@click.group(cls=CommandGroup)
def suite() -> None:
    """List or check a task list.

    \b
    Example:
      waa-matrix suite list --domains chrome,vlc
      waa-matrix suite check --suite my-tasks.json
    """


@option_values
class ListOptions:
    """Which tasks, and how they are printed."""

    suite: SuiteOptions
    as_json: Annotated[bool, option("--json", help="As a {domain: [name, …]} file.")] = False


@command(ListOptions, name="list", group=suite)
def list_tasks(options: ListOptions) -> int:
    """Print the tasks that the options choose, one domain/name a line.

    \b
    Example:
      waa-matrix suite list --suite demo --sample 10 --seed 7 --json > ten.json
    """
    chosen = chosen_suite(options.suite)
    if options.as_json:
        click.echo(json.dumps(chosen.as_lists(), indent=1))
    else:
        for task in chosen.tasks:
            click.echo(str(task))
    return 0


@command(SuiteOptions, group=suite)
def check(options: SuiteOptions) -> int:
    """Check a list as a whole; every problem is named. Exits 2 if there is one.

    \b
    Example:
      waa-matrix suite check --suite my-tasks.json
    """
    chosen = chosen_suite(options)
    counts = Counter(task.domain for task in chosen.tasks)
    for domain in chosen.domains:
        click.echo(f"{counts[domain]:5d}  {domain}")
    infeasible = sum(task.infeasible for task in chosen.tasks)
    click.echo(f"{len(chosen.tasks):5d}  tasks, {infeasible} of them infeasible on purpose")
    click.echo(f"digest {chosen.digest}")
    return 0
