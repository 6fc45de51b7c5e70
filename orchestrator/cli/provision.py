"""``waa-matrix provision``: plans a run and brings up its machines."""

from __future__ import annotations

import json
import math
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.cloud import cloud_problems, opened_sides
from orchestrator.cli.fleet import (
    FleetOptions,
    actor_name,
    fleet_options,
    known_rates,
    launcher_of,
    markets,
    read_fleet_options,
    supply_of,
)
from orchestrator.cli.fleet_forecast import FleetForecast, fleet_forecast
from orchestrator.cli.options import plan_options, planned
from orchestrator.errors import (
    EXIT_COMPLETE,
    EXIT_INFRASTRUCTURE,
    EXIT_INTERRUPTED,
    EXIT_LEFT_BEHIND,
    BadInputError,
    Problem,
)

if TYPE_CHECKING:
    from orchestrator.cli.cloud import Sides
    from orchestrator.fleet.journal import Journal
    from orchestrator.fleet.launch import Launcher
    from orchestrator.fleet.provision import Wave
    from orchestrator.fleet.supply import Supply
    from orchestrator.ledger.events import Fact
    from orchestrator.plan import Plan

MATRIX_LIMIT = 256
JOB_LIMIT_MIN = 350
"""Below the 6 hours after which GitHub ends a hosted job: the supervisor outlives the matrix."""

_SLACK_MIN = 30.0


@click.command()
@plan_options
@fleet_options
@click.option(
    "--workers",
    type=int,
    required=True,
    help="Machines to launch: jobs of the matrix, at most 256.",
)
@click.option(
    "--min-workers",
    type=int,
    default=1,
    show_default=True,
    help="With fewer machines than this the run is given up.",
)
@click.option("--json", "as_json", is_flag=True, help="For a script.")
def provision(workers: int, min_workers: int, *, as_json: bool, **options: Any) -> int:
    """Plan a run and launch its machines, each the just-in-time runner of one job of this run.

    Writes the plan and a session to the store, then the outputs matrix, shards, label, machines,
    run, session and timeout to $GITHUB_OUTPUT. With fewer machines than --min-workers everything
    is taken down again, with each machine's reason, and the exit code is 4. With the same options
    ``waa-matrix doctor`` says beforehand what is missing.

    Each machine is deleted by supervise when its job is over; one that nobody deletes is taken by
    the sweepers after --ttl. ``waa-matrix teardown`` takes all of a run's at any time.

    \b
    Example: in a workflow (with the repository's variables, see scripts/azure-setup)
      waa-matrix provision --suite waa --arena winarena --image windowsarena/winarena:latest \\
        --workers 20 --min-workers 10 --spot prefer --max-cost 60
    Example: with everything given
      waa-matrix provision --suite waa --arena winarena --image windowsarena/winarena \\
        --workers 20 --min-workers 10 --size Standard_D8s_v5 --size Standard_D8ds_v5 \\
        --region westeurope --subnet westeurope=/subscriptions/…/subnets/machines \\
        --machine-image /subscriptions/…/versions/1.0.0 --spot prefer --max-cost 60 \\
        --store az://waaresults --resource-group waa-matrix
    """
    from orchestrator.forecast import HOSTED_LIMIT_S

    options["shard_deadline"] = min(options["shard_deadline"], HOSTED_LIMIT_S)
    plan = planned(options).plan
    problems = [*count_problems(workers, min_workers), *cloud_problems(options)]
    settings = read_fleet_options(options, problems)
    if settings is None or problems:
        raise BadInputError(problems)
    return _Provision(plan, settings, workers, min_workers).execute(as_json=as_json)


def count_problems(workers: int, least: int) -> list[Problem]:
    """Return what is wrong with the numbers of machines, wanted and at least."""
    problems = []
    if not 1 <= workers <= MATRIX_LIMIT:
        fix = f"Give 1 to {MATRIX_LIMIT}: a matrix has no more jobs."
        problems.append(Problem("--workers", f"is {workers}", fix))
    if not 1 <= least <= workers:
        problems.append(Problem("--min-workers", f"is {least}", f"Give 1 to {workers}."))
    return problems


class _Provision:
    """One call of ``provision``."""

    def __init__(self, plan: Plan, settings: FleetOptions, workers: int, min_workers: int) -> None:
        self._plan, self._settings = plan, settings
        self._workers, self._least = workers, min_workers
        self._rates = known_rates(settings, _say)
        self._forecast = self._check()

    def execute(self, *, as_json: bool) -> int:
        """Launch and return the exit code."""
        from orchestrator.fleet.journal import Journal
        from orchestrator.fleet.supply import unsuitable
        from orchestrator.ledger.records import Session
        from orchestrator.sessions import open_session

        settings, attempt = self._settings, self._settings.attempt
        signal.signal(signal.SIGTERM, _interrupt)
        with opened_sides(settings.options, settings.sites) as sides:
            found = markets(sides, settings.wish)
            for line in unsuitable(settings.wish, found):
                _say(f"left out: {line}")
            store = settings.store.opened(sides, create=True)
            session = Session(attempt.session, sides.clock.now(), "provision", self._workers)
            open_session(store, self._plan, session)
            actor = actor_name("provision", attempt.session)
            journal = Journal(actor, sides.clock, store, settings.events, _say)
            self._foretell(journal)
            launcher = launcher_of(settings, sides, self._plan, journal, self._rates)
            try:
                supply = supply_of(settings.wish, found, sides.clock)
                wave = self._launch(launcher, supply)
            except KeyboardInterrupt:
                self._take_down(sides, journal, wait=False)
                return EXIT_INTERRUPTED
            if len(wave.launched) < self._least or wave.fatal:
                return self._give_up(wave, sides, journal)
            self._publish(wave, as_json=as_json)
            return EXIT_COMPLETE

    # -- before -----------------------------------------------------------------------------

    def _check(self) -> FleetForecast:
        """Say what the run will take; refuse one that outlives its jobs, machines or money."""
        forecast, problems = fleet_forecast(
            self._plan, self._settings, self._workers, self._rates, MATRIX_LIMIT
        )
        if problems:
            raise BadInputError(problems)
        _say(f"plan {self._plan.digest[:12]}: {forecast}")
        return forecast

    # -- after ------------------------------------------------------------------------------

    def _launch(self, launcher: Launcher, supply: Supply) -> Wave:
        from orchestrator.fleet.provision import launch_wave

        def progress(done: int, of: int) -> None:
            _say(f"{done} of {of} creates answered")

        return launch_wave(launcher, supply, self._workers, progress=progress)

    def _foretell(self, journal: Journal) -> None:
        """Keep what the run is expected to take, beside what it will have taken."""
        forecast = self._forecast
        money = "no price known" if forecast.usd is None else f"{forecast.usd:.2f} USD"
        facts: dict[str, Fact] = {
            "usd": forecast.usd,
            "usd_high": forecast.usd_high,
            "minutes_high": forecast.minutes_high,
            "machines": float(self._workers),
        }
        journal.note("prediction", "seen", detail=money, facts=facts)

    def _give_up(self, wave: Wave, sides: Sides, journal: Journal) -> int:
        for line in wave.why_not:
            click.echo(f"error: {line}", err=True)
        fewer = f"{len(wave.launched)} of {self._workers} machines, {self._least} needed"
        click.echo(f"error: {wave.fatal or fewer}. Taking everything down again.", err=True)
        left = self._take_down(sides, journal, wait=True)
        for name in left:
            click.echo(f"LEFT: {name}", err=True)
        return EXIT_LEFT_BEHIND if left else EXIT_INFRASTRUCTURE

    def _take_down(self, sides: Sides, journal: Journal, *, wait: bool) -> tuple[str, ...]:
        from orchestrator.fleet.clear import Broom, Patience
        from orchestrator.fleet.teardown import tear_down

        broom = Broom(sides.cloud, sides.github.runners, sides.clock, noted=journal.note_delete)
        patience = Patience(every_s=float(self._settings.options["every"]))
        cleared = tear_down(self._settings.attempt.fleet, broom, patience, wait=wait)
        if wait:
            journal.note_proof(cleared)
        return cleared.left

    def _publish(self, wave: Wave, *, as_json: bool) -> None:
        """Write what the other jobs of the workflow need, and print it."""
        for line in wave.why_not:
            click.echo(f"warning: {line}", err=True)
        attempt, count = self._settings.attempt, len(wave.launched)
        timeout = min(JOB_LIMIT_MIN, math.ceil(1.5 * self._forecast.minutes_high + _SLACK_MIN))
        outputs = {
            "matrix": json.dumps(list(range(count))),
            "shards": str(count),
            "label": attempt.fleet.label,
            "machines": str(count),
            "run": attempt.run,
            "session": attempt.session,
            "timeout": str(timeout),
        }
        target = os.environ.get("GITHUB_OUTPUT")
        if target:
            with Path(target).open("a", encoding="utf-8") as stream:
                stream.writelines(f"{name}={value}\n" for name, value in outputs.items())
        if as_json:
            click.echo(json.dumps(outputs, indent=1))
            return
        click.echo(f"{count} of {self._workers} machines are booting as runners {outputs['label']}")
        for one in wave.launched:
            click.echo(f"  {one.name}: {one.choice}")


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _say(text: str) -> None:
    click.echo(text, err=True)
