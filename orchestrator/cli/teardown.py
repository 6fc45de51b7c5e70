"""``waa-matrix teardown`` and ``reap``: machines are found by tag and proved gone."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.command import command
from orchestrator.cli.options.compute import (
    cloud_options,
    cloud_values,
    github_run_option,
    open_cleaner,
    open_clients,
)
from orchestrator.cli.options.duration import SECONDS
from orchestrator.cli.options.variables import shared_option
from orchestrator.errors import EXIT_COMPLETE, EXIT_LEFT_BEHIND, MatrixError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.cli.options.compute import Clients
    from orchestrator.fleet.cleanup import Cleared
    from orchestrator.fleet.identity import Fleet, WorkflowAttempt
    from orchestrator.store import Store


@command()
@cloud_options
@github_run_option
@click.option(
    "--attempt",
    envvar="GITHUB_RUN_ATTEMPT",
    type=int,
    default=1,
    show_default=True,
    help="The attempt whose session is closed in the store. Machines of every attempt go.",
)
@shared_option("--store", default="", help="Write there first that the fleet is closing.")
@click.option(
    "--run", "run_name", default=None, help="The run's name there.  [default: waa-GITHUB_RUN]"
)
@click.option("--store-ca", default="", help="Root certificate (PEM file) of the store.")
@click.option("--no-wait", is_flag=True, help="Submit every delete and leave (a cancelled run).")
@click.option("--every", type=SECONDS, default="10s", show_default=True, help="Between looks.")
@click.option(
    "--patience",
    type=SECONDS,
    default="15m",
    show_default=True,
    help="How long to look for in all; what is left then is named.",
)
@click.option("--json", "as_json", is_flag=True, help="For a script.")
def teardown(
    github_run: int, every: float, patience: float, *, no_wait: bool, as_json: bool, **options: Any
) -> int:
    """Delete a workflow run's machines, their parts and its runners, and prove them gone.

    Found by tag and label alone, whichever attempt made them; no other run's are touched. With
    --store the ledger is told first, so that nothing is launched meanwhile, and in the end what was
    found, so that a report shows the proof; a store that does not answer keeps nothing from being
    deleted. May be run at any time and as often as wanted. Exits 0 when two looks in a row found
    nothing, 5 with a list when something is left or a side could not be looked at.

    \b
    Example, on a laptop (az login; a token with Administration: write):
      export AZURE_SUBSCRIPTION_ID=… GITHUB_REPOSITORY=octo/bench WAA_MATRIX_GITHUB_TOKEN=…
      waa-matrix teardown --github-run 9876543210 --resource-group waa-matrix
    Example, in a job of a run that was cancelled:
      waa-matrix teardown --no-wait
    """
    from orchestrator.cli.inputs.fleet import actor_name
    from orchestrator.fleet.cleanup import Cleaner, PollPolicy
    from orchestrator.fleet.event_log import EventLog
    from orchestrator.fleet.identity import Fleet, WorkflowAttempt
    from orchestrator.fleet.teardown import tear_down

    with open_clients(cloud_values(options), {}, brief=True) as clients:
        fleet = Fleet(options["repository"], github_run)
        attempt = WorkflowAttempt(fleet, options["attempt"], "")
        store = _close(clients, attempt, options) if options["store"] else None
        journal = EventLog(actor_name("teardown", attempt.session), clients.clock)
        cleaner = Cleaner(
            clients.cloud, clients.github.runners, clients.clock, _say, journal.note_delete
        )
        cleared = tear_down(
            fleet,
            cleaner,
            PollPolicy(every, patience),
            wait=not no_wait,
            launched=lambda: _launched(store, fleet),
        )
        if not no_wait:
            journal.note_proof(cleared)
        if store is not None:  # only now: a store that does not answer delays no delete
            journal.write_to(store)
    return _tell(cleared, asked_to_wait=not no_wait, as_json=as_json)


@command()
@cloud_options
@click.option("--dry-run", is_flag=True, help="Say what would go, and delete nothing.")
@click.option(
    "--between", type=SECONDS, default="60s", show_default=True, help="Between the two looks."
)
@click.option(
    "--every", type=SECONDS, default="10s", show_default=True, help="Between later looks."
)
@click.option(
    "--patience",
    type=SECONDS,
    default="15m",
    show_default=True,
    help="How long to look for in all; what is left then is named.",
)
@click.option("--json", "as_json", is_flag=True, help="For a script.")
def reap(
    between: float, every: float, patience: float, *, dry_run: bool, as_json: bool, **options: Any
) -> int:
    """Delete what runs of this repository left behind: past its time, or of a run that is over.

    Looks twice before it deletes. A run that GitHub does not know is not over; its machines go when
    their time (provision's --ttl) is over. Of a run that goes on without its supervise job the
    machines go that have no job, and once all that is left of it waits for machines it is asked to
    end (Actions: write). Exits 0 when nothing removable is left, 5 with a list
    otherwise. Meant for a schedule; a second sweeper inside Azure needs no GitHub.

    \b
    Example, on a laptop (az login; a token with Administration: write):
      export AZURE_SUBSCRIPTION_ID=… WAA_MATRIX_GITHUB_TOKEN=…
      waa-matrix reap --repository octo/bench --resource-group waa-matrix --dry-run
    """
    from orchestrator.fleet.cleanup import PollPolicy
    from orchestrator.fleet.reap import Reaper

    with open_cleaner(cloud_values(options), _say) as (cleaner, github):
        reaper = Reaper(options["repository"], cleaner, github.runs, between)
        reaped = reaper.reap(PollPolicy(every, patience), dry_run=dry_run)
    for reason in reaped.removable.reasons.values():
        verb = "would go" if dry_run else "condemned"
        click.echo(f"{verb}: {reason.what} ({reason.why})", err=True)
    for line in reaped.removable.unjudged:
        click.echo(f"left alone: {line}", err=True)
    proof = "nothing that has to go is left: two looks in a row found nothing"
    return _tell(reaped.cleared, asked_to_wait=not dry_run, as_json=as_json, proof=proof)


def _launched(store: Store | None, fleet: Fleet) -> frozenset[str]:
    """Return the machines that the run's events tell of; none when they cannot be read."""
    from orchestrator.fleet.run_state import created

    if store is None:
        return frozenset()
    try:
        return created(store, f"{fleet.label}-")
    except MatrixError as error:
        _say(f"warning: which machines were launched could not be read: {error}")
        return frozenset()


def _close(clients: Clients, attempt: WorkflowAttempt, options: Mapping[str, Any]) -> Store | None:
    """Tell the attempt's workers and launchers that its fleet goes; say it if that fails.

    Returns the run's ledger, None when it cannot be reached.
    """
    from orchestrator.cli.inputs.fleet_store import FleetStore
    from orchestrator.fleet.run_state import CLOSING, order

    run = options["run_name"] or f"waa-{attempt.fleet.github_run}"
    where = FleetStore(options["store"], run, options["store_ca"], shared_path=True)
    try:
        where.check()
        store = where.opened(clients)
        order(store, attempt.session, CLOSING, "teardown")
    except MatrixError as error:
        # Whatever keeps the ledger from being told must not keep the machines.
        _say(f"warning: the ledger could not be told: {error}")
        return None
    return store


def _say(text: str) -> None:
    click.echo(text, err=True)


def _tell(
    cleared: Cleared,
    *,
    asked_to_wait: bool,
    as_json: bool,
    proof: str = "nothing is left: two looks in a row found nothing",
) -> int:
    """Print what became of it and return the exit code."""
    if as_json:
        click.echo(json.dumps(asdict(cleared), indent=1))
    else:
        click.echo(f"{len(cleared.deleted)} deletes submitted in {cleared.looks} looks")
        for trouble in cleared.troubles:
            click.echo(f"on the way: {trouble}")
        for name in cleared.left:
            click.echo(f"LEFT: {name}")
        if cleared.proved:
            click.echo(proof)
    failed = bool(cleared.left) or (asked_to_wait and not cleared.proved)
    return EXIT_LEFT_BEHIND if failed else EXIT_COMPLETE
