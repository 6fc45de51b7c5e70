"""``waa-matrix history``: keep runs in a store, and show how their scores move."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.command import Group
from orchestrator.cli.event import default_branch, workflow_event
from orchestrator.cli.github import github_options, opened_github
from orchestrator.cli.reading import readable
from orchestrator.errors import BadInputError, bad_input
from orchestrator.history import DEFAULT_NAME

if TYPE_CHECKING:
    from orchestrator.history import Kept
    from orchestrator.report.comparison import RunRecord

_TIMEOUT_S = 30.0


@click.group(cls=Group)
def history() -> None:
    """Keep runs in a store, and show how their scores move.

    What is kept is also a baseline (waa-matrix compare --history) and a memory of durations
    (waa-matrix plan --history URL).

    \b
    Example:
      waa-matrix history add nightly --store file:///srv/runs --branch main
      waa-matrix history show --store file:///srv/runs --branch main
    """


@history.command()
@click.argument("run")
@click.option("--store", required=True, help="Where runs are kept: file:///DIR or az://ACCOUNT.")
@click.option("--name", default=DEFAULT_NAME, show_default=True, help="The history's name there.")
@click.option("--branch", default="", help="What the run was of.  [default: the default branch]")
@click.option("--commit", default="", help="The commit it was of.")
@click.option("--store-ca", default="", help="Root certificate (PEM file) of the store.")
@github_options
def add(
    run: str, store: str, name: str, branch: str, commit: str, store_ca: str, **options: Any
) -> int:
    """Keep RUN: a results.json, a directory, a ledger's URL, or a GitHub run's id.

    A run that is kept already is replaced.

    \b
    Example:
      waa-matrix history add nightly/results.json --store file:///srv/runs --branch main
    """
    from orchestrator.cli.runs import RunFinder
    from orchestrator.history import History
    from orchestrator.report.comparison import read_record

    with ExitStack() as stack:
        finder = RunFinder(lambda: stack.enter_context(opened_github(options)), store_ca)
        found = finder.find(run)
        event = workflow_event(options["repository"])
        branch = branch or default_branch(event, options, finder.github)
    read_record(found.document, found.where)
    where = readable(store, name, store_ca, _TIMEOUT_S, create=True)
    click.echo(f"kept as {History(where).keep(found.document, branch, commit)}")
    return 0


@history.command()
@click.option("--store", required=True, help="Where runs are kept: file:///DIR or az://ACCOUNT.")
@click.option("--name", default=DEFAULT_NAME, show_default=True, help="The history's name there.")
@click.option("--branch", default=None, help="Only this branch.  [default: all]")
@click.option("--last", type=int, default=20, show_default=True, help="At most so many runs.")
@click.option("--store-ca", default="", help="Root certificate (PEM file) of the store.")
@click.option("--json", "as_json", is_flag=True, help="For a script.")
def show(
    store: str, name: str, branch: str | None, last: int, store_ca: str, *, as_json: bool
) -> int:
    """Show the runs that were kept, oldest first, with their intervals and the trend.

    The trend is of the runs that were made like the newest, on the tasks that all of them have
    scored, and of five at least.

    \b
    Example:
      waa-matrix history show --store az://waaruns --branch main --last 30
    """
    from orchestrator.history import History
    from orchestrator.report.comparison.trend import history_document, points_of, render_history

    if last < 1:
        raise bad_input("--last", "is below 1", "Give 1 or more.")
    where = readable(store, name, store_ca, _TIMEOUT_S)
    kept = [(one, record) for one in History(where).last(branch, last) if (record := _record(one))]
    points = points_of([(record, one.branch, one.commit) for one, record in kept])
    if as_json:
        click.echo(json.dumps(history_document(points), indent=1))
    else:
        click.echo(render_history(points), nl=False)
    return 0


def _record(kept: Kept) -> RunRecord | None:
    from orchestrator.report.comparison import read_record

    try:
        return read_record(kept.document, kept.path)
    except BadInputError as error:
        click.echo(f"warning: passed over: {error.problems[0]}", err=True)
        return None
