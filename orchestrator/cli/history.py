"""``waa-matrix history``: keep runs in a store, and show how their scores move."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import click

from orchestrator.cli.command import CommandGroup, command
from orchestrator.cli.inputs.event import default_branch, workflow_event
from orchestrator.cli.inputs.run_store import readable
from orchestrator.cli.options.github import GitHubOptions, opened_github
from orchestrator.cli.options.output import AsJson
from orchestrator.cli.options.store import StoreCa
from orchestrator.cli.options.values import argument, option, option_values
from orchestrator.comparison.history import DEFAULT_NAME
from orchestrator.errors import BadInputError, bad_input

if TYPE_CHECKING:
    from orchestrator.comparison import RunRecord
    from orchestrator.comparison.history import HistoryEntry

_TIMEOUT_S = 30.0


@click.group(cls=CommandGroup)
def history() -> None:
    """Keep runs in a store, and show how their scores move.

    What is kept is also a baseline (waa-matrix compare --history) and a memory of durations
    (waa-matrix plan --durations-from URL).

    \b
    Example:
      waa-matrix history add nightly --store file:///srv/runs --branch main
      waa-matrix history show --store file:///srv/runs --branch main
    """


@option_values
class KeepingOptions:
    """The store that runs are kept in."""

    store: Annotated[
        str, option("--store", help="Where runs are kept: file:///DIR or az://ACCOUNT.")
    ]
    name: Annotated[
        str, option("--history-name", old=("--name",), help="The history's name there.")
    ] = DEFAULT_NAME
    trust: StoreCa


@option_values
class AddOptions:
    """A run, and what it was of."""

    run: Annotated[str, argument()]
    keeping: KeepingOptions
    branch: Annotated[
        str, option("--branch", help="What the run was of.  [default: the default branch]")
    ] = ""
    commit: Annotated[str, option("--commit", help="The commit it was of.")] = ""
    github: GitHubOptions


@option_values
class ShowOptions:
    """Which of the runs that were kept."""

    keeping: KeepingOptions
    branch: Annotated[str | None, option("--branch", help="Only this branch.  [default: all]")] = (
        None
    )
    last: Annotated[int, option("--last", help="At most so many runs.")] = 20
    output: AsJson


@command(AddOptions, group=history)
def add(options: AddOptions) -> int:
    """Keep RUN: a results.json, a directory, a ledger's URL, or a GitHub run's id.

    A run that is kept already is replaced.

    \b
    Example:
      waa-matrix history add nightly/results.json --store file:///srv/runs --branch main
    """
    from orchestrator.cli.inputs.runs import RunFinder
    from orchestrator.comparison import read_record
    from orchestrator.comparison.history import History

    keeping, github = options.keeping, options.github
    with ExitStack() as stack:
        ca = keeping.trust.store_ca
        finder = RunFinder(lambda: stack.enter_context(opened_github(github)), ca)
        run = finder.find(options.run)
        event = workflow_event(github.repository)
        branch = options.branch or default_branch(event, github, finder.github)
    read_record(run.document, run.where)
    where = readable(keeping.store, keeping.name, ca, _TIMEOUT_S, create=True)
    click.echo(f"kept as {History(where).keep(run.content, branch, options.commit)}")
    return 0


@command(ShowOptions, group=history)
def show(options: ShowOptions) -> int:
    """Show the runs that were kept, oldest first, with their intervals and the trend.

    The trend is of the runs that were made like the newest, on the tasks that all of them have
    scored, and of five at least.

    \b
    Example:
      waa-matrix history show --store az://waaruns --branch main --last 30
    """
    from orchestrator.comparison.history import History
    from orchestrator.report.formats.trend import history_document, points_of, render_history

    if options.last < 1:
        raise bad_input("--last", "is below 1", "Give 1 or more.")
    keeping = options.keeping
    where = readable(keeping.store, keeping.name, keeping.trust.store_ca, _TIMEOUT_S)
    last = History(where).last(options.branch, options.last)
    kept = [(run, record) for run in last if (record := _record(run))]
    points = points_of([(record, run.branch, run.commit) for run, record in kept])
    if options.output.as_json:
        click.echo(json.dumps(history_document(points), indent=1))
    else:
        click.echo(render_history(points), nl=False)
    return 0


def _record(kept: HistoryEntry) -> RunRecord | None:
    from orchestrator.comparison import read_record

    try:
        return read_record(kept.document, kept.path)
    except BadInputError as error:
        click.echo(f"warning: passed over: {error.problems[0]}", err=True)
        return None
