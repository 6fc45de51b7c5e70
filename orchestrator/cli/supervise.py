"""``waa-matrix supervise`` and ``fleet status``: the fleet beside its jobs."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.command import CommandGroup, command
from orchestrator.cli.inputs.fleet import (
    actor_name,
    billed_so_far,
    known_rates,
    launcher_of,
    markets,
    spending_of,
    supply_of,
    with_image,
)
from orchestrator.cli.options.compute import (
    cloud_options,
    cloud_problems,
    cloud_values,
    github_run_option,
    open_clients,
)
from orchestrator.cli.options.duration import MINUTES
from orchestrator.cli.options.fleet import FleetOptions, fleet_options, read_fleet_options
from orchestrator.cli.outputs.terminal import console
from orchestrator.errors import EXIT_COMPLETE, EXIT_INCOMPLETE, BadInputError, Problem

if TYPE_CHECKING:
    from orchestrator.cli.options.compute import Clients
    from orchestrator.clock import Clock
    from orchestrator.fleet.identity import WorkflowAttempt
    from orchestrator.fleet.status import FleetRow
    from orchestrator.fleet.supervise import Round, Supervisor
    from orchestrator.planning.plan import Plan
    from orchestrator.store import Store

_STATUS_EVERY_S = 60.0


def _read(options: dict[str, Any], problems: list[Problem]) -> FleetOptions | None:
    """Return what the options ask for; add every problem to ``problems``."""
    problems += cloud_problems(cloud_values(options))
    for flag in ("shards", "boot_deadline", "idle_deadline", "starved_deadline", "deadline"):
        if options[flag] <= 0:
            name = "--" + flag.replace("_", "-")
            problems.append(Problem(name, f"is {options[flag]:g}", "Give a number above 0."))
    return read_fleet_options(options, problems)


@command(read=_read)
@fleet_options
@click.option(
    "--shards", type=int, required=True, help="Jobs in the matrix: provision's output shards."
)
@click.option(
    "--boot-deadline",
    type=MINUTES,
    default="20m",
    show_default=True,
    help="What a machine has until its runner is online; then it is replaced.",
)
@click.option(
    "--idle-deadline",
    type=MINUTES,
    default="10m",
    show_default=True,
    help="How long an online runner may have no job; then its machine goes.",
)
@click.option(
    "--starved-deadline",
    type=MINUTES,
    default="30m",
    show_default=True,
    help="How long jobs may be queued with no machine to be had; the run is then cancelled.",
)
@click.option(
    "--deadline",
    type=MINUTES,
    default="345m",
    show_default=True,
    help="After it nothing new is begun (a hosted job lives 6h).",
)
@click.option(
    "--fail-with-jobs",
    is_flag=True,
    help="Exit 1 when a job failed, though every task is scored: re-running failed jobs then "
    "brings this supervisor, and machines, for it.",
)
def supervise(**options: Any) -> int:
    """Watch a run's machines, runners and jobs, and close the difference, until no job is left.

    Replaces machines that die or never come up (at most twice a job), deletes each when its job is
    over, drops ghost runners, and serves jobs that need no arena any more by a cheap machine. At
    the cost ceiling it launches nothing more and lets the workers finish; what earlier attempts
    and starts of the run spent counts, as their events in the store tell it. It keeps nothing in
    memory that it cannot read again: killed, it can be started anew with the same options. Exits 0
    when every task is scored, 1 when not, 4 when nothing more could be done.

    \b
    Example, in the run's own workflow (with the repository's variables, see scripts/azure-setup):
      waa-matrix supervise --shards 20 --max-cost 60
    Example, from a laptop, in place of a supervisor that was lost:
      waa-matrix supervise --github-run 9876543210 --attempt 1 --shards 20 \\
        --store az://waaresults --size Standard_D8s_v5 --region westeurope \\
        --subnet westeurope=/subscriptions/…/subnets/machines \\
        --machine-image /subscriptions/…/versions/1.0.0 --resource-group waa-matrix --max-cost 60
    """
    problems: list[Problem] = []
    settings = _read(options, problems)
    if settings is None or problems:
        raise BadInputError(problems)
    with open_clients(cloud_values(options), settings.sites) as clients:
        ended = _supervisor(settings, clients).run()
    click.echo(f"{ended.reason}", err=ended.exit_code != EXIT_COMPLETE)
    if ended.exit_code not in (EXIT_COMPLETE, EXIT_INCOMPLETE):
        from orchestrator.cli.outputs.annotations import show_failure

        show_failure("supervise", [ended.reason])
    return ended.exit_code


def _supervisor(settings: FleetOptions, clients: Clients) -> Supervisor:
    from orchestrator.fleet.event_log import EventLog
    from orchestrator.fleet.run_state import RunLedger
    from orchestrator.fleet.supervise import Supervisor, SupervisorSettings
    from orchestrator.ledger.reader import LedgerReader

    settings, imageless = _with_image(settings, clients)
    options, attempt, clock = settings.options, settings.attempt, clients.clock
    store = settings.store.opened(clients)
    reader = LedgerReader(store)
    launched = _launched_before(store, attempt, options["shards"], reader.plan, clock)
    actor = actor_name("supervise", attempt.session)
    journal = EventLog(actor, clock, store, settings.events, click.echo)
    ledger = RunLedger(reader, attempt, clock)
    rates = known_rates(settings, _say)
    now = clock.now()
    spending = spending_of(settings, rates)
    spending = spending.after_events(billed_so_far(reader, now, _say).bills, now)
    launcher = launcher_of(settings, clients, reader.plan, journal, rates)
    if imageless:
        launcher.halt.stop(imageless, fatal=False)
    return Supervisor(
        settings=SupervisorSettings(
            rules=_rules(options, launched),
            every_s=options["every"],
            deadline_s=options["deadline"] * 60.0,
            max_usd=options["max_cost"],
            fail_with_jobs=options["fail_with_jobs"],
        ),
        launcher=launcher,
        capacity=supply_of(settings.wish, markets(clients, settings.wish), clock),
        drain_supply=supply_of(settings.drain_wish, markets(clients, settings.drain_wish), clock),
        runners=clients.github.runners,
        runs=clients.github.runs,
        ledger=ledger,
        spending=spending,
        on_round=_Teller(ledger, reader.plan),
    )


def _with_image(settings: FleetOptions, clients: Clients) -> tuple[FleetOptions, str]:
    """Return the options with their image; and why it has none, which only launches need."""
    try:
        return with_image(settings, clients), ""
    except BadInputError as error:
        _say(f"nothing more can be launched: {error}")
        return settings, str(error)


def _say(text: str) -> None:
    click.echo(text, err=True)


def _rules(options: dict[str, Any] | Any, launched: int) -> Any:
    from orchestrator.fleet.decide import Rules

    return Rules(
        shards=options["shards"],
        launched=launched,
        boot_s=options["boot_deadline"] * 60.0,
        idle_s=options["idle_deadline"] * 60.0,
        starved_s=options["starved_deadline"] * 60.0,
    )


def _launched_before(
    store: Store, attempt: WorkflowAttempt, shards: int, plan: Plan, clock: Clock
) -> int:
    """Return how many machines were launched for this attempt; a re-run starts its own session."""
    from orchestrator.ledger import paths
    from orchestrator.ledger.records import Session, parse_session
    from orchestrator.ledger.session import open_session

    known = parse_session(store.get(paths.session(attempt.session)) or b"")
    if known is not None:
        return min(shards, known.machines) if known.who == "provision" else 0
    click.echo(f"attempt {attempt.number} is a re-run: this supervisor brings its machines up")
    open_session(store, plan, Session(attempt.session, clock.now(), "supervise", shards))
    return 0


class _Teller:
    """Prints a line a minute, and a warning whenever it is new."""

    def __init__(self, ledger: Any, plan: Plan) -> None:
        self._ledger, self._plan = ledger, plan
        self._next = 0.0
        self._said: set[str] = set()

    def __call__(self, done: Round) -> None:
        from orchestrator.fleet.status import line, warnings

        run = self._ledger.view()
        for warning in warnings(done, run, self._plan, done.halted):
            if warning not in self._said:
                self._said.add(warning)
                click.echo(f"warning: {warning}")
        if done.at >= self._next or done.actions.finished:
            self._next = done.at + _STATUS_EVERY_S
            click.echo(line(done, run))


@click.group(cls=CommandGroup)
def fleet() -> None:
    """Look at a run's machines.

    \b
    Example:
      waa-matrix fleet status --github-run 9876543210 --resource-group waa-matrix
    """


@fleet.command()
@cloud_options
@github_run_option
@click.option(
    "--attempt",
    type=int,
    default=None,
    help="The attempt whose jobs are shown.  [default: the newest]",
)
@click.option("--json", "as_json", is_flag=True, help="For a script.")
@click.option("--no-color", is_flag=True, help="No colours (NO_COLOR does the same).")
def status(
    github_run: int, attempt: int | None, *, as_json: bool, no_color: bool, **options: Any
) -> int:
    """Show a run's machines, runners and jobs side by side.

    A row is a machine, its runner and the job it has, whichever of them exist: a machine without a
    runner boots or is stuck, a runner without a machine is a ghost, a job without both waits.

    \b
    Example:
      waa-matrix fleet status --github-run 9876543210 --resource-group waa-matrix --json
    """
    from orchestrator.fleet.identity import Fleet
    from orchestrator.fleet.status import rows
    from orchestrator.fleet.view import join

    with open_clients(cloud_values(options), {}, brief=True) as clients:
        ours = Fleet(options["repository"], github_run)
        run = clients.github.runs.find(github_run)
        number = attempt or (run.attempt if run else None)
        jobs = clients.github.runs.jobs(github_run, number) if number else []
        view = join(ours, clients.cloud.status(ours.tags), clients.github.runners.all(), jobs)
    table = rows(view, clients.clock.now())
    if as_json:
        click.echo(json.dumps([asdict(row) for row in table], indent=1))
    else:
        _show(table, no_color=no_color)
    return EXIT_COMPLETE


def _show(table: tuple[FleetRow, ...], *, no_color: bool) -> None:
    from rich.table import Table

    if not table:
        click.echo("no machine, no runner and no unfinished job")
        return
    drawn = Table(box=None, pad_edge=False)
    for heading in ("name", "machine", "region", "age", "runner", "job", "phase"):
        drawn.add_column(heading, no_wrap=True)
    for row in table:
        age = "-" if row.age_min is None else f"{row.age_min:.0f} min"
        drawn.add_row(row.name, row.machine, row.region, age, row.runner, row.job, row.phase)
    console(no_color=no_color).print(drawn, markup=False)
