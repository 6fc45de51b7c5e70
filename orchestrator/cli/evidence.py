"""``waa-matrix evidence``: fetch what a task left behind."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import click

from orchestrator.cli.command import CommandGroup, command
from orchestrator.cli.inputs.run_store import readable
from orchestrator.cli.options.store import StoreOptions, located
from orchestrator.cli.options.values import argument, option, option_values
from orchestrator.errors import EXIT_COMPLETE, EXIT_INFRASTRUCTURE, bad_input
from orchestrator.store.fetch import fetch

if TYPE_CHECKING:
    from orchestrator.planning.suite import TaskKey

_TIMEOUT_S = 30.0


@click.group(cls=CommandGroup)
def evidence() -> None:
    """Fetch what a task left behind: trajectory, logs and screenshots.

    \b
    Example:
      waa-matrix evidence get chrome/2ae9ba84-3a0d-4d4c-8338-3a1478dc5fe3-wos --from demo-run
    """


@option_values
class GetOptions:
    """Whose evidence, of which run, and where it goes."""

    store: StoreOptions
    task: Annotated[str, argument()]
    out: Annotated[
        str | None,
        option("--from", type=click.Path(file_okay=False), help="The run's directory."),
    ] = None
    to: Annotated[
        str, option("--to", type=click.Path(file_okay=False), help="Where it is copied.")
    ] = "evidence"


@command(GetOptions, group=evidence)
def get(options: GetOptions) -> int:
    """Copy the evidence of every attempt at TASK (domain/name, or the name alone).

    It lies below --to as DOMAIN/NAME/TRIAL/ATTEMPT-WORKER, so that several tasks may lie there.

    \b
    Example:
      waa-matrix evidence get notepad/demo-notepad-01 --from demo-run --to notepad-01
    """
    from orchestrator.ledger import paths
    from orchestrator.ledger.reader import read_plan

    store = options.store
    url, name = located(options.out, store.store, store.run_name)
    ledger = readable(url, name, store.trust.store_ca, _TIMEOUT_S)
    key = _task(options.task, [task.task for task in read_plan(ledger).tasks])
    prefix = f"{paths.EVIDENCE}{key}/"
    listed = [entry.path for entry in ledger.list(prefix)]
    if not listed:
        raise bad_input(
            options.task, "left no evidence", "It has not run, or the run had --evidence none."
        )
    failures = fetch(ledger, listed, paths.EVIDENCE, Path(options.to))
    for failure in failures:
        click.echo(f"warning: {failure}", err=True)
    click.echo(f"{len(listed) - len(failures)} files of {key} in {options.to}")
    return EXIT_INFRASTRUCTURE if failures else EXIT_COMPLETE


def _task(text: str, tasks: list[TaskKey]) -> TaskKey:
    keys = [task for task in tasks if text in (str(task), task.name)]
    if len(keys) != 1:
        what = "is not in this run" if not keys else "is in several domains"
        raise bad_input(text, what, "Write domain/name as waa-matrix suite list prints it.")
    return keys[0]
