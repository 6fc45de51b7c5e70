"""``waa-matrix doctor``: every check of a set-up at once, before anything is paid for."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.cloud import (
    cloud_connection,
    cloud_endpoints,
    cloud_login,
    fleet_clock,
    has_access,
    no_access,
    option_problems,
)
from orchestrator.cli.command import command
from orchestrator.cli.doctor_table import show
from orchestrator.cli.doctor_values import Values, complete
from orchestrator.cli.fleet import known_rates
from orchestrator.cli.fleet_options import (
    CEILING_FIX,
    NO_CEILING,
    FleetOptions,
    launch_options,
    launch_settings,
    read_fleet_options,
    sites_of,
)
from orchestrator.cli.fleet_store import FleetStore
from orchestrator.cli.options import PlanOptions, plan_options, planned
from orchestrator.cli.provision import MATRIX_LIMIT, count_problems
from orchestrator.cli.values import built
from orchestrator.errors import BadInputError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from orchestrator.cloud.azure.credentials import Login
    from orchestrator.cloud.azure.settings import AzureSettings
    from orchestrator.cloud.retry import Patience
    from orchestrator.doctor.diagnosis import Check
    from orchestrator.doctor.programs import Program
    from orchestrator.doctor.store import Door
    from orchestrator.doctor.wanted import Wanted
    from orchestrator.github import GitHub, RetryPolicy
    from orchestrator.plan import Plan
    from orchestrator.store import Store

_STORE_TIMEOUT_S = 20.0
_NO_RUN = {"github_run": 0, "attempt": 1}
"""What the options of a launch are read with here: no run is meant."""


@command()
@plan_options
@launch_options
@click.option(
    "--workers", type=int, default=10, show_default=True, help="Machines that are wanted."
)
@click.option(
    "--min-workers",
    type=int,
    default=1,
    show_default=True,
    help="Fewer to be had would make the run fail.",
)
@click.option(
    "--environment",
    "environments",
    multiple=True,
    help="Environment whose jobs sign in to Azure. Repeatable."
    "  [default: RESOURCE_GROUP-run, RESOURCE_GROUP-reaper, RESOURCE_GROUP-image]",
)
@click.option(
    "--reaper", default="reaper.yml", show_default=True, help="Workflow that sweeps on GitHub."
)
@click.option(
    "--sweeper", default="waa-sweeper", show_default=True, help="Logic App that sweeps in Azure."
)
@click.option(
    "--graph-endpoint",
    default="https://graph.microsoft.com",
    show_default=True,
    help="Microsoft Graph's address (sovereign clouds).",
)
@click.option("--json", "as_json", is_flag=True, help="For a script.")
@click.option("--no-color", is_flag=True, help="No colours (NO_COLOR does the same).")
def doctor(*, as_json: bool, no_color: bool, **options: Any) -> int:
    """Check at once all that a run on Azure needs, and say for each failure how to mend it.

    Takes provision's options, and asks with them what provision would ask: the login, the
    subscription, networks, images, sizes, quotas, GitHub, the store, prices. What is not given is
    read from the repository's variables, which scripts/azure-setup sets; the repository is the
    checkout's, and who asks GitHub is the token in WAA_MATRIX_GITHUB_TOKEN or GITHUB_TOKEN, else
    gh's login. Creates nothing but the container waa-doctor in the store, with a few bytes in it.
    Exits 0 when the run could start (warnings are no failure), 2 when an option is wrong or
    missing, 4 when something else is.

    \b
    Example, on a laptop, in a checkout of the repository (az login, gh auth login):
      waa-matrix doctor
    Example, of a run that is meant:
      waa-matrix doctor --suite waa --arena winarena --image windowsarena/winarena:latest \\
        --workers 20 --min-workers 10 --max-cost 60
    Example, with everything given:
      waa-matrix doctor --workers 20 --repository octo/bench --resource-group waa-matrix \\
        --region westeurope --subnet westeurope=/subscriptions/…/subnets/machines \\
        --machine-image /subscriptions/…/galleries/waa_matrix/images/waa-machine \\
        --store az://waaresults --json
    """
    from orchestrator.doctor.diagnosis import diagnose, exit_code

    with ExitStack() as opened:
        findings = diagnose(list(_checks(options, opened)))
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=1))
    else:
        show(findings, no_color=no_color)
    return exit_code(findings)


def _checks(options: dict[str, Any], opened: ExitStack) -> Iterator[Check]:
    """Yield every check; what they use is closed with ``opened``."""
    from orchestrator.cloud.azure.adapter import AzureCloud
    from orchestrator.cloud.azure.inspection import Inspection
    from orchestrator.doctor import (
        account,
        environments,
        image,
        programs,
        regions,
        repository,
        store,
        subjects,
        sweepers,
    )
    from orchestrator.doctor.wanted import questions

    values = complete(options, _policy())
    problems: list[Problem] = []
    read_fleet_options({**options, **_NO_RUN}, problems)
    problems += [
        *count_problems(options["workers"], options["min_workers"]),
        *option_problems(options),
        *([] if values.access else [no_access()]),
    ]
    wanted, where, patience = _wanted(options), _azure_settings(options), _brief()
    login = cloud_login(options)
    azure, cloud = Inspection(where, login, patience), AzureCloud(where, login, patience)
    opened.callback(azure.close)
    opened.callback(cloud.close)
    asked = questions(wanted, azure, cloud, _github(options, values, opened))
    yield _variables_check(values)
    yield _options_check(problems)
    yield from programs.program_checks(_programs(login))
    yield from account.account_checks(wanted, asked, azure)
    yield from regions.region_checks(wanted, asked, fleet_clock())
    yield from image.image_checks(wanted, asked)
    yield from repository.repository_checks(wanted, asked)
    yield from environments.environment_checks(wanted, asked)
    yield from subjects.subject_checks(wanted, asked, azure)
    yield from store.store_checks(_door(options, login, opened), asked)
    yield from _money_checks(options)
    yield from sweepers.sweeper_checks(wanted, asked, azure)


def _variables_check(values: Values) -> Check:
    from orchestrator.doctor.diagnosis import Check

    return Check(values.finding.check, lambda: [values.finding])


def _programs(login: Login) -> tuple[Program, ...]:
    """Return the programs by which somebody signs in here; a workflow's job needs neither."""
    from orchestrator.cloud.azure.credentials import Ambient
    from orchestrator.doctor.programs import AZ, GH

    az = (AZ,) if isinstance(login, Ambient) else ()
    return az if has_access() else (*az, GH)


def _options_check(problems: Sequence[Problem]) -> Check:
    from orchestrator.doctor.diagnosis import Check, Finding, Status, problem_finding
    from orchestrator.doctor.wanted import OPTIONS

    well = [Finding(OPTIONS, Status.OK, "complete")]
    found = [problem_finding(OPTIONS, problem) for problem in problems]
    return Check(OPTIONS, lambda: found or well)


def _wanted(options: Mapping[str, Any]) -> Wanted:
    from orchestrator.doctor.wanted import Wanted
    from orchestrator.fleet.supply import SpotMode, Wish

    group = options["resource_group"]
    usual = tuple(f"{group}-{job}" for job in ("run", "reaper", "image")) if group else ()
    return Wanted(
        workers=options["workers"],
        least=options["min_workers"],
        subscription=options["subscription"],
        group=group,
        wish=Wish(options["sizes"], options["regions"], SpotMode(options["spot"])),
        sites=sites_of(options, []),
        image=options["machine_image"],
        golden=options["golden_disk"],
        public_ip=options["public_ip"],
        repository=options["repository"],
        runner_group=options["runner_group"],
        environments=options["environments"] or usual,
        reaper=options["reaper"],
        sweeper=options["sweeper"],
        now=fleet_clock().now(),
    )


def _azure_settings(options: Mapping[str, Any]) -> AzureSettings:
    from orchestrator.cloud.azure.settings import AzureSettings

    sites = sites_of(options, [])
    endpoints = cloud_endpoints(options)
    return AzureSettings(options["subscription"], options["resource_group"], sites, endpoints)


def _brief() -> Patience:
    from orchestrator.cloud.retry import Patience

    return Patience(attempts=2, total_s=20.0, longest_wait_s=10.0)


def _policy() -> RetryPolicy:
    from orchestrator.github import RetryPolicy

    return RetryPolicy(tries=2, patience_s=20.0)


def _github(options: Mapping[str, Any], values: Values, opened: ExitStack) -> GitHub | None:
    from orchestrator.github import open_github

    if values.access is None or not options["repository"]:
        return None  # the options' own check says so
    try:
        connection = cloud_connection(options, values.access)
        return opened.enter_context(open_github(connection, policy=_policy()))
    except BadInputError:
        return None  # the same


def _door(options: Mapping[str, Any], login: Login, opened: ExitStack) -> Door | None:
    from orchestrator.cloud.azure.key_trial import try_key
    from orchestrator.cloud.azure.storage import RunStorage
    from orchestrator.doctor.store import CONTAINER, Door
    from orchestrator.store import StoreCredentials, open_store

    endpoints, storage = cloud_endpoints(options), None
    shared = options["shared_path"]
    where = FleetStore(options["store"] or "", CONTAINER, options["store_ca"], shared_path=shared)
    try:
        where.check()
    except BadInputError:
        return None  # the same
    if where.on_azure:
        storage = RunStorage(where.account_url, login, endpoints, _brief())
        opened.callback(storage.close)

    def open_(sas: str) -> Store:
        key = StoreCredentials(sas=sas, root_certificate=where.ca_file)
        return open_store(where.url, CONTAINER, key, timeout_s=_STORE_TIMEOUT_S, create=not sas)

    return Door(
        where.url, storage, open_, lambda key, blob: try_key(key, blob, endpoints, _brief())
    )


def _money_checks(options: dict[str, Any]) -> Iterator[Check]:
    from orchestrator.doctor import cost as money
    from orchestrator.doctor.cost import COST, PLAN, PRICES, cost_findings, price_findings
    from orchestrator.doctor.diagnosis import Answer, Check, Finding, NotGivenError, Status
    from orchestrator.fleet.custom_data import Template

    def read() -> FleetOptions:
        """What is wanted, whatever is wrong with the store or with a machine's first boot."""
        if not options["regions"]:
            raise NotGivenError("--region")
        nowhere = FleetStore("", "", "")
        return launch_settings({**options, **_NO_RUN}, nowhere, Template(""), {})

    plan = Answer(PLAN, lambda: _plan(options))
    rates = Answer(PRICES, lambda: known_rates(read(), lambda _line: None))

    def planned_well() -> Iterator[Finding]:
        made = plan.own()
        yield Finding(PLAN, Status.OK, f"{len(made.units)} tasks, digest {made.digest[:12]}")

    def cost() -> Iterator[Finding]:
        from orchestrator.cli.fleet_forecast import fleet_forecast

        if not 1 <= options["workers"] <= MATRIX_LIMIT:
            raise NotGivenError(f"--workers from 1 to {MATRIX_LIMIT}")
        forecast, problems = fleet_forecast(
            plan.get(), read(), options["workers"], rates.get(), MATRIX_LIMIT
        )
        yield from cost_findings(str(forecast), problems)

    yield Check(PLAN, planned_well)
    yield Check(PRICES, lambda: price_findings(read().wish, rates.own()), unseen=Status.WARN)
    yield Check(COST, cost)
    ceiling = (NO_CEILING, CEILING_FIX)
    yield Check(money.CEILING, lambda: [money.ceiling_finding(options["max_cost"], ceiling)])


def _plan(options: Mapping[str, Any]) -> Plan:
    from orchestrator.forecast import HOSTED_LIMIT_S

    limit = min(options["shard_deadline"], HOSTED_LIMIT_S)
    return planned(built(PlanOptions, {**options, "shard_deadline": limit})).plan
