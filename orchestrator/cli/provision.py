"""``waa-matrix provision``: plans a run and brings up its machines."""

from __future__ import annotations

import json
import math
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.command import collect, command
from orchestrator.cli.inputs.event import tell_jobs
from orchestrator.cli.inputs.fleet import (
    actor_name,
    known_rates,
    launcher_of,
    markets,
    spent_before,
    supply_of,
    with_image,
)
from orchestrator.cli.inputs.fleet_forecast import FleetForecast, fleet_forecast
from orchestrator.cli.inputs.one_call import refuse_second_call, standing_aside
from orchestrator.cli.options.compute import cloud_problems, cloud_values, open_clients
from orchestrator.cli.options.fleet import (
    CEILING_FIX,
    NO_CEILING,
    FleetOptions,
    fleet_options,
    read_fleet_options,
)
from orchestrator.cli.options.plan import SIMULATED_SPEED, PlanOptions, plan_options, planned
from orchestrator.cli.options.values import built
from orchestrator.cli.outputs.annotations import keep_failure, show_failure
from orchestrator.errors import (
    EXIT_COMPLETE,
    EXIT_INFRASTRUCTURE,
    EXIT_INTERRUPTED,
    EXIT_LEFT_BEHIND,
    BadInputError,
    Problem,
)
from orchestrator.fleet.resume import Size, names_one_run, of_tasks, open_run
from orchestrator.text import clean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.cli.options.compute import Clients
    from orchestrator.fleet.capacity import CapacityPool
    from orchestrator.fleet.event_log import EventLog
    from orchestrator.fleet.launch import Launcher
    from orchestrator.fleet.provision import Wave
    from orchestrator.ledger.events import Fact
    from orchestrator.planning.plan import Plan
    from orchestrator.store import Store

MATRIX_LIMIT = 256
JOB_LIMIT_MIN = 350
"""Below the 6 hours after which GitHub ends a hosted job: the supervisor outlives the matrix."""

_SLACK_MIN = 30.0


def _keep_reasons(options: Mapping[str, Any], problems: list[str]) -> None:
    """Keep why nothing was launched, for the job that publishes."""
    if options.get("events"):
        keep_failure(Path(options["events"]), problems)


def _read(
    options: dict[str, Any], problems: list[Problem]
) -> tuple[Plan, FleetOptions, Size] | None:
    """Return what the options ask for; add every problem to ``problems``."""
    from orchestrator.planning.forecast import HOSTED_LIMIT_S

    workers, min_workers, resume = (options.pop(n) for n in ("workers", "min_workers", "resume"))
    # A deadline is in the arena's seconds, and GitHub's limit on a job in everybody's.
    speed = options["speed"] or (SIMULATED_SPEED if options["arena_kind"] == "simulated" else 1.0)
    options["shard_deadline"] = min(options["shard_deadline"], HOSTED_LIMIT_S * speed)
    # The plan takes its options out, whether it can be made or not.
    plan = collect(problems, lambda: planned(built(PlanOptions, options)).plan)
    problems += [*count_problems(workers, min_workers), *cloud_problems(cloud_values(options))]
    if resume is not None:
        problems += names_one_run(options["run_name"])
        options["run_name"] = f"waa-{resume}"
    settings = read_fleet_options(options, problems)
    if settings is None or plan is None:
        return None
    return plan, settings, Size(workers, min_workers, resumes=resume is not None)


@command(read=_read, failed=_keep_reasons)
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
@click.option(
    "--resume", type=int, default=None, help="Go on with this earlier workflow run (its id)."
)
@click.option("--json", "as_json", is_flag=True, help="For a script.")
def provision(
    workers: int, min_workers: int, resume: int | None, *, as_json: bool, **options: Any
) -> int:
    """Plan a run and launch its machines, each the just-in-time runner of one job of this run.

    Writes the plan and a session to the store, then the outputs matrix, shards, label, machines,
    run, session and timeout to $GITHUB_OUTPUT. With fewer machines than --min-workers everything
    is taken down again, with each machine's reason, and the exit code is 4. --resume and a re-run
    go on with the ledger that is there: only what is not scored runs, on no more machines than that
    is tasks; when everything is scored nothing is launched, shards is 0, and the exit code too.
    --max-cost bounds all of them together: what earlier ones spent is taken off it, and when the
    rest does not pay for the tasks that are left the exit code is 2.
    With the same options ``waa-matrix doctor`` says beforehand what is missing.

    Each machine is deleted by supervise when its job is over; one that nobody deletes is taken by
    the sweepers after --ttl. ``waa-matrix teardown`` takes all of a run's at any time.

    \b
    Example, in a workflow (with the repository's variables, see scripts/azure-setup):
      waa-matrix provision --suite waa --arena winarena --image windowsarena/winarena:latest \\
        --workers 20 --min-workers 10 --spot prefer --max-cost 60
    Example, with everything given:
      waa-matrix provision --suite waa --arena winarena --image windowsarena/winarena \\
        --workers 20 --min-workers 10 --size Standard_D8s_v5 --size Standard_D8ds_v5 \\
        --region westeurope --subnet westeurope=/subscriptions/…/subnets/machines \\
        --machine-image /subscriptions/…/versions/1.0.0 --spot prefer --max-cost 60 \\
        --store az://waaresults --resource-group waa-matrix
    """
    problems: list[Problem] = []
    given = {"workers": workers, "min_workers": min_workers, "resume": resume, **options}
    wanted = _read(given, problems)
    if wanted is None or problems:
        raise BadInputError(problems)
    if options["max_cost"] is None:
        _say(f"warning: {NO_CEILING}. {CEILING_FIX}")
    return _Provision(*wanted).execute(as_json=as_json)


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

    def __init__(self, plan: Plan, settings: FleetOptions, size: Size) -> None:
        self._plan, self._settings = plan, settings
        self._size = size.for_tasks(len(plan.units))
        self._rates = known_rates(settings, _say)
        # A resumed run is judged by what is left of it, which its ledger has to tell first.
        self._forecast = None if size.resumes else self._check(plan, 0.0)

    def execute(self, *, as_json: bool) -> int:
        """Launch and return the exit code."""
        from orchestrator.fleet.capacity import unsuitable

        signal.signal(signal.SIGTERM, _interrupt)
        options = cloud_values(self._settings.options)
        with open_clients(options, self._settings.sites) as clients:
            self._settings = settings = with_image(self._settings, clients, self._plan)
            result = markets(clients, settings.wish)
            for line in unsuitable(settings.wish, result):
                _say(f"left out: {line}")
            store = settings.store.opened(clients, create=not self._size.resumes)
            if not self._open(store, clients.clock.now()):
                self._publish(None, as_json=as_json)
                return EXIT_COMPLETE
            return self._bring_up(clients, store, result, as_json=as_json)

    def _bring_up(self, clients: Clients, store: Store, result: Any, *, as_json: bool) -> int:
        """Launch the machines and publish them, or take down what there is of them."""
        from orchestrator.fleet.event_log import EventLog

        settings = self._settings
        actor = actor_name("provision", settings.attempt.session)
        journal = EventLog(actor, clients.clock, store, settings.events, _say)
        self._foretell(journal)
        launcher = launcher_of(settings, clients, self._plan, journal, self._rates)
        try:
            capacity = supply_of(settings.wish, result, clients.clock)
            wave = self._launch(launcher, capacity)
        except KeyboardInterrupt:
            self._take_down(clients, journal, frozenset(), wait=False)
            return EXIT_INTERRUPTED
        if len(wave.launched) < self._size.least or wave.fatal:
            return self._give_up(wave, clients, journal)
        self._publish(wave, as_json=as_json)
        return EXIT_COMPLETE

    def _open(self, store: Store, now: float) -> bool:
        """Open this session of the run; return whether anything is left to do in it."""
        from orchestrator.ledger.reader import read_plan
        from orchestrator.ledger.records import Session

        attempt, plan = self._settings.attempt, self._plan
        if self._size.resumes:
            read_plan(store)  # it has to be there
        session = Session(attempt.session, now, "provision", self._size.workers)
        with standing_aside(attempt, resumes=self._size.resumes):
            refuse_second_call(store, attempt)
            left = open_run(store, plan, session)
        scored = len(plan.units) - len(left)
        if scored:
            _say(f"{scored} of {len(plan.units)} tasks are scored")
        self._size = self._size.for_tasks(len(left))
        limit = self._settings.options["max_cost"]
        spent_usd = spent_before(store, limit, now, _say) if left else 0.0
        if left and (self._size.resumes or spent_usd):
            self._forecast = self._check(of_tasks(plan, left), spent_usd)
        return bool(left)

    # -- before -----------------------------------------------------------------------------

    def _check(self, plan: Plan, spent_usd: float) -> FleetForecast:
        """Say what the run will take; refuse one that outlives its jobs, machines or money."""
        forecast, problems = fleet_forecast(
            plan, self._settings, self._size.workers, self._rates, MATRIX_LIMIT, spent_usd
        )
        if problems:
            raise BadInputError(problems)
        _say(f"plan {self._plan.digest[:12]}: {forecast}")
        return forecast

    # -- after ------------------------------------------------------------------------------

    def _launch(self, launcher: Launcher, capacity: CapacityPool) -> Wave:
        from orchestrator.fleet.provision import launch_wave

        def progress(done: int, of: int) -> None:
            _say(f"{done} of {of} creates answered")

        return launch_wave(launcher, capacity, self._size.workers, progress=progress)

    def _foretell(self, journal: EventLog) -> None:
        """Keep what the run is expected to take, beside what it will have taken."""
        forecast = self._forecast
        assert forecast is not None  # something is left to do, so it was foretold
        money = "no price known" if forecast.usd is None else f"{forecast.usd:.2f} USD"
        facts: dict[str, Fact] = {
            "usd": forecast.usd,
            "usd_high": forecast.usd_high,
            "minutes_high": forecast.minutes_high,
            "machines": float(self._size.workers),
        }
        journal.note("prediction", "seen", detail=money, facts=facts)

    def _give_up(self, wave: Wave, clients: Clients, journal: EventLog) -> int:
        for line in wave.why_not:
            click.echo(f"error: {line}", err=True)
        fewer = f"{len(wave.launched)} of {self._size.workers} machines, {self._size.least} needed"
        click.echo(f"error: {wave.fatal or fewer}. Taking everything down again.", err=True)
        left = self._take_down(clients, journal, wave.names, wait=True)
        for name in left:
            click.echo(f"LEFT: {name}", err=True)
        problems = [clean(line) for line in (wave.fatal or fewer, *wave.why_not)]
        problems += [f"LEFT: {clean(name)}" for name in left]
        show_failure("provision", problems)
        _keep_reasons(self._settings.options, problems)
        return EXIT_LEFT_BEHIND if left else EXIT_INFRASTRUCTURE

    def _take_down(
        self, clients: Clients, journal: EventLog, names: frozenset[str], *, wait: bool
    ) -> tuple[str, ...]:
        from orchestrator.fleet.cleanup import Cleaner, PollPolicy
        from orchestrator.fleet.teardown import tear_down

        cleaner = Cleaner(
            clients.cloud, clients.github.runners, clients.clock, noted=journal.note_delete
        )
        patience = PollPolicy(every_s=float(self._settings.options["every"]))
        fleet = self._settings.attempt.fleet
        cleared = tear_down(fleet, cleaner, patience, wait=wait, launched=lambda: names)
        if wait:
            journal.note_proof(cleared)
        return cleared.left

    def _publish(self, wave: Wave | None, *, as_json: bool) -> None:
        """Write what the other jobs of the workflow need, and print it; None: nothing to do."""
        launched = wave.launched if wave else ()
        for line in wave.why_not if wave else ():
            click.echo(f"warning: {line}", err=True)
        attempt, count = self._settings.attempt, len(launched)
        minutes = self._forecast.minutes_high if self._forecast else 0.0
        timeout = min(JOB_LIMIT_MIN, math.ceil(1.5 * minutes + _SLACK_MIN))
        outputs = {
            "matrix": json.dumps(list(range(count))),
            "shards": str(count),
            "label": attempt.fleet.label,
            "machines": str(count),
            "run": attempt.run,
            "session": attempt.session,
            "timeout": str(timeout),
        }
        tell_jobs(outputs)
        if as_json:
            click.echo(json.dumps(outputs, indent=1))
            return
        if wave is None:
            click.echo(f"run {attempt.run} is complete: there is nothing to run")
            return
        asked = self._size.workers
        click.echo(f"{count} of {asked} machines are booting as runners {outputs['label']}")
        for machine in launched:
            click.echo(f"  {machine.name}: {machine.placement}")


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _say(text: str) -> None:
    click.echo(text, err=True)
