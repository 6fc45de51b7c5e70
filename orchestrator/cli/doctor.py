"""``waa-matrix doctor``: every check of a set-up at once, before anything is paid for."""

from __future__ import annotations

import json
from contextlib import ExitStack, closing
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.command import command
from orchestrator.cli.inputs.doctor_values import Values, complete
from orchestrator.cli.inputs.fleet import known_rates
from orchestrator.cli.inputs.fleet_store import FleetStore
from orchestrator.cli.options.compute import (
    CloudOptions,
    brief_patience,
    check_options,
    cloud_connection,
    cloud_values,
    fleet_clock,
    has_access,
    no_access,
)
from orchestrator.cli.options.fleet import (
    CEILING_FIX,
    NO_CEILING,
    FleetOptions,
    launch_options,
    launch_settings,
    read_fleet_options,
    sites_of,
)
from orchestrator.cli.options.plan import PlanOptions, plan_options, planned
from orchestrator.cli.options.values import built
from orchestrator.cli.outputs.doctor_table import show
from orchestrator.cli.provision import MATRIX_LIMIT, count_problems
from orchestrator.errors import BadInputError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from orchestrator.compute.findings import Check, Program
    from orchestrator.compute.keys import KeySource
    from orchestrator.compute.kit import CheckRequest, EngineAccount
    from orchestrator.doctor.store import Door
    from orchestrator.fleet.capacity import MachineRequirements
    from orchestrator.github import GitHub, GitHubRetryPolicy
    from orchestrator.planning.plan import Plan
    from orchestrator.store import Store

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
@check_options
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
    from orchestrator.doctor.environments import environment_checks
    from orchestrator.doctor.programs import program_checks
    from orchestrator.doctor.regions import region_checks
    from orchestrator.doctor.repository import repository_checks
    from orchestrator.doctor.store import store_checks
    from orchestrator.doctor.sweepers import reaper_checks

    values = complete(options, _policy())
    cloud = cloud_values(options)
    request = _request(options, _github(cloud, values, opened))
    engine = opened.enter_context(cloud.account.checks(request, brief_patience()))
    yield _variables_check(values)
    yield _options_check(_problems(options, cloud, values))
    yield from program_checks(_programs(cloud.account))
    yield from engine.account()
    yield from region_checks(request, _wish(options), engine, fleet_clock())
    yield from engine.image()
    yield from repository_checks(request)
    yield from environment_checks(request)
    yield from engine.identity()
    yield from store_checks(_door(options, cloud.account, opened), engine.login)
    yield from _money_checks(options)
    yield from reaper_checks(request)
    yield from engine.sweeper()


def _problems(options: Mapping[str, Any], cloud: CloudOptions, values: Values) -> list[Problem]:
    """Return what is missing or wrong among the options."""
    problems: list[Problem] = []
    read_fleet_options({**options, **_NO_RUN}, problems)
    return [
        *problems,
        *count_problems(options["workers"], options["min_workers"]),
        *cloud.lacking,
        *([] if values.access else [no_access()]),
    ]


def _variables_check(values: Values) -> Check:
    from orchestrator.compute.findings import Check

    return Check(values.finding.check, lambda: [values.finding])


def _programs(account: EngineAccount) -> tuple[Program, ...]:
    """Return the programs by which somebody signs in here; a workflow's job needs none."""
    from orchestrator.doctor.programs import GH

    return account.programs if has_access() else (*account.programs, GH)


def _options_check(problems: Sequence[Problem]) -> Check:
    from orchestrator.compute.findings import Check, CheckStatus, Finding, problem_finding
    from orchestrator.doctor.diagnosis import OPTIONS

    well = [Finding(OPTIONS, CheckStatus.OK, "complete")]
    wrong = [problem_finding(OPTIONS, problem) for problem in problems]
    return Check(OPTIONS, lambda: wrong or well)


def _wish(options: Mapping[str, Any]) -> MachineRequirements:
    from orchestrator.fleet.capacity import MachineRequirements, SpotMode

    return MachineRequirements(options["sizes"], options["regions"], SpotMode(options["spot"]))


def _request(options: Mapping[str, Any], github: GitHub | None) -> CheckRequest:
    from orchestrator.compute.kit import CheckRequest
    from orchestrator.doctor.repository import repository_answers

    group = options["resource_group"]
    usual = tuple(f"{group}-{job}" for job in ("run", "reaper", "image")) if group else ()
    about, opened = repository_answers(github)
    return CheckRequest(
        workers=options["workers"],
        least=options["min_workers"],
        regions=options["regions"],
        sites=sites_of(options, []),
        machine_image=options["machine_image"],
        golden=options["golden_disk"],
        public_ip=options["public_ip"],
        repository=options["repository"],
        runner_group=options["runner_group"],
        environments=options["environments"] or usual,
        reaper=options["reaper"],
        now=fleet_clock().now(),
        about=about,
        github=opened,
    )


def _policy() -> GitHubRetryPolicy:
    from orchestrator.github import GitHubRetryPolicy

    return GitHubRetryPolicy(tries=2, patience_s=20.0)


def _github(options: CloudOptions, values: Values, opened: ExitStack) -> GitHub | None:
    from orchestrator.github import open_github

    if values.access is None or not options.repository:
        return None  # the options' own check says so
    try:
        connection = cloud_connection(options, values.access)
        return opened.enter_context(open_github(connection, policy=_policy()))
    except BadInputError:
        return None  # the same


def _door(options: Mapping[str, Any], source: KeySource, opened: ExitStack) -> Door | None:
    from orchestrator.doctor.store import CONTAINER, Door
    from orchestrator.store import StoreAccess, StoreCredentials, open_run

    shared = options["shared_path"]
    where = FleetStore(options["store"] or "", CONTAINER, options["store_ca"], shared_path=shared)
    try:
        where.check()
    except BadInputError:
        return None  # the same
    keys = None
    if where.on_azure:
        keys = opened.enter_context(
            closing(source.container_keys(where.account_url, brief_patience()))
        )

    def open_(sas: str) -> Store:
        key = StoreCredentials(sas=sas, root_certificate=where.ca_file)
        return open_run(where.url, CONTAINER, StoreAccess(key), create=not sas)

    return Door(where.url, keys, open_)


def _money_checks(options: dict[str, Any]) -> Iterator[Check]:
    from orchestrator.compute.findings import Answer, Check, CheckStatus, Finding, NotGivenError
    from orchestrator.doctor import cost as money
    from orchestrator.doctor.cost import COST, PLAN, PRICES, cost_findings, price_findings
    from orchestrator.fleet.bootstrap import Template

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
        yield Finding(PLAN, CheckStatus.OK, f"{len(made.units)} tasks, digest {made.digest[:12]}")

    def cost() -> Iterator[Finding]:
        from orchestrator.cli.inputs.fleet_forecast import fleet_forecast

        if not 1 <= options["workers"] <= MATRIX_LIMIT:
            raise NotGivenError(f"--workers from 1 to {MATRIX_LIMIT}")
        forecast, problems = fleet_forecast(
            plan.get(), read(), options["workers"], rates.get(), MATRIX_LIMIT
        )
        yield from cost_findings(str(forecast), problems)

    yield Check(PLAN, planned_well)
    yield Check(PRICES, lambda: price_findings(read().wish, rates.own()), unseen=CheckStatus.WARN)
    yield Check(COST, cost)
    ceiling = (NO_CEILING, CEILING_FIX)
    yield Check(money.CEILING, lambda: [money.ceiling_finding(options["max_cost"], ceiling)])


def _plan(options: Mapping[str, Any]) -> Plan:
    from orchestrator.planning.forecast import HOSTED_LIMIT_S

    limit = min(options["shard_deadline"], HOSTED_LIMIT_S)
    return planned(built(PlanOptions, {**options, "shard_deadline": limit})).plan
