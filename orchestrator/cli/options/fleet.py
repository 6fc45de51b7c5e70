"""Options of the commands that launch machines, read and checked."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from orchestrator.cli.command import add_options, collect
from orchestrator.cli.inputs.fleet_store import FleetStore
from orchestrator.cli.options.compute import cloud_options, github_run_option
from orchestrator.cli.options.duration import MINUTES, SECONDS
from orchestrator.cli.options.variables import missing, shared_option
from orchestrator.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from importlib.resources.abc import Traversable

    from orchestrator.compute.kit import Site
    from orchestrator.fleet.bootstrap import Template
    from orchestrator.fleet.capacity import MachineRequirements
    from orchestrator.fleet.identity import WorkflowAttempt

F = TypeVar("F", bound="Callable[..., Any]")

TEMPLATE = "cloud-init.yaml"
"""A machine's first boot: in the wheel beside the package's modules (pyproject.toml), in a checkout
in runner-image/, whence the wheel has it."""

NO_CEILING = "no cost ceiling: a run costs what it takes, until its machines' time is over"
CEILING_FIX = "Give --max-cost, or set WAA_MATRIX_MAX_COST (scripts/azure-setup asks for it)."

DRAIN_SIZES = ("Standard_B2s", "Standard_D2s_v5", "Standard_D2s_v3")

_RUN_OPTIONS = [
    github_run_option,
    click.option(
        "--attempt",
        envvar="GITHUB_RUN_ATTEMPT",
        type=int,
        default=1,
        show_default=True,
        help="The workflow run's attempt.",
    ),
]

_LAUNCH_OPTIONS = [
    shared_option("--store", default=None, help="Store of the runs' ledgers: az://ACCOUNT."),
    click.option(
        "--run", "run_name", default=None, help="The run's name there.  [default: waa-GITHUB_RUN]"
    ),
    click.option("--store-ca", default="", help="Root certificate (PEM file) of the store."),
    click.option(
        "--shared-path",
        is_flag=True,
        help="The store is a file:// path that every machine has mounted.",
    ),
    shared_option(
        "--size",
        "sizes",
        multiple=True,
        default=("Standard_D8s_v5",),
        show_default=True,
        help="Machine size, in order of preference. Repeatable.",
    ),
    shared_option(
        "--region", "regions", multiple=True, help="Region, in order of preference. Repeatable."
    ),
    shared_option(
        "--subnet",
        "subnets",
        multiple=True,
        help="REGION=ID of a subnet with a way out; one for each region. Repeatable.",
    ),
    click.option(
        "--nsg",
        "nsgs",
        multiple=True,
        help="REGION=ID of a security group, where the subnet has none. Repeatable.",
    ),
    shared_option(
        "--machine-image",
        default="",
        help="Id of a gallery image's version, or of its definition: then its newest version.",
    ),
    click.option(
        "--spot",
        type=click.Choice(["never", "prefer", "only"]),
        default="never",
        show_default=True,
        help="Whether spot machines are bought.",
    ),
    click.option(
        "--drain-size",
        "drain_sizes",
        multiple=True,
        default=DRAIN_SIZES,
        show_default=True,
        help="Size for a job that needs no arena any more, in order. Repeatable.",
    ),
    click.option(
        "--os-disk",
        "os_disk_gb",
        type=int,
        default=128,
        show_default=True,
        help="GB of the machine's own disk, on local storage where the size has it.",
    ),
    click.option(
        "--managed-os-disk", is_flag=True, help="Never use a machine's local disk for its OS."
    ),
    click.option(
        "--golden-disk/--no-golden-disk",
        default=True,
        show_default=True,
        help="The image holds the golden Windows image as a data disk.",
    ),
    click.option("--public-ip", is_flag=True, help="Give each machine a public address."),
    click.option(
        "--runner-group",
        type=int,
        default=1,
        show_default=True,
        help="Id of the runner group; a repository of its own has 1 alone.",
    ),
    shared_option(
        "--max-cost",
        type=float,
        default=None,
        help="US dollars, of all attempts and starts of a run together: a plan that would cost "
        "more is refused, a run that gets there drains.",
    ),
    click.option(
        "--ttl",
        type=MINUTES,
        default="7h",
        show_default=True,
        help="How long a machine may exist; the sweeper takes it then.",
    ),
    click.option(
        "--cloud-init",
        default=None,
        type=click.Path(dir_okay=False),
        help="Template of a machine's first boot.  [default: this version's own]",
    ),
    click.option(
        "--events",
        default=None,
        type=click.Path(file_okay=False),
        help="Directory that keeps the events too, for an artifact.",
    ),
    click.option(
        "--every",
        type=SECONDS,
        default="30s",
        show_default=True,
        help="Between looks at the cloud and GitHub.",
    ),
    click.option("--offline", is_flag=True, help="Ask nobody for prices: use the built-in table."),
]


def fleet_options(function: F) -> F:
    """Add the options of the commands that launch machines, those of both sides included."""
    return add_options(_RUN_OPTIONS, launch_options(function))


def launch_options(function: F) -> F:
    """Add those of ``fleet_options`` that say what machines are wanted, and not for which run."""
    return add_options(_LAUNCH_OPTIONS, cloud_options(function))


@dataclass(frozen=True, slots=True)
class FleetOptions:
    """The options above, read and checked as far as they can be without asking anybody."""

    attempt: WorkflowAttempt
    store: FleetStore
    wish: MachineRequirements
    drain_wish: MachineRequirements
    sites: Mapping[str, Site]
    template: Template
    events: Path | None
    options: Mapping[str, Any]

    @property
    def ttl_s(self) -> float:
        """How long a machine may exist, in seconds."""
        return float(self.options["ttl"]) * 60.0


def read_fleet_options(options: Mapping[str, Any], problems: list[Problem]) -> FleetOptions | None:
    """Check the options and return what they mean; add every problem to ``problems``."""
    sites = sites_of(options, problems)
    problems += _missing(options)
    for flag in ("ttl", "max_cost"):
        value = options[flag]
        if value is not None and value <= 0:
            name = "--" + flag.replace("_", "-")
            problems.append(Problem(name, f"is {value:g}", "Give a number above 0."))
    run = options["run_name"] or f"waa-{options['github_run']}"
    store = FleetStore(
        options["store"] or "", run, options["store_ca"], shared_path=options["shared_path"]
    )
    template = _template(options["cloud_init"], problems)
    before = len(problems)
    collect(problems, store.check)
    if template is None or len(problems) > before:
        return None
    return None if template is None else launch_settings(options, store, template, sites)


def launch_settings(
    options: Mapping[str, Any], store: FleetStore, template: Template, sites: Mapping[str, Site]
) -> FleetOptions:
    """Return what options mean whose store, template and sites were read already."""
    from orchestrator.fleet.capacity import MachineRequirements, SpotMode
    from orchestrator.fleet.identity import Fleet, WorkflowAttempt

    fleet = Fleet(options["repository"], options["github_run"])
    events = Path(options["events"]).absolute() if options["events"] else None
    if events is not None:
        events.mkdir(parents=True, exist_ok=True)
    return FleetOptions(
        WorkflowAttempt(fleet, options["attempt"], store.run),
        store,
        MachineRequirements(options["sizes"], options["regions"], SpotMode(options["spot"])),
        MachineRequirements(
            options["drain_sizes"], options["regions"], SpotMode.NEVER, nested=False
        ),
        sites,
        template,
        events,
        options,
    )


def _missing(options: Mapping[str, Any]) -> list[Problem]:
    needed = {"--region": "regions", "--machine-image": "machine_image", "--size": "sizes"}
    return [missing(flag, name) for flag, name in needed.items() if not options[name]]


def sites_of(options: Mapping[str, Any], problems: list[Problem]) -> dict[str, Site]:
    """Return each region's subnet; every region needs one."""
    from orchestrator.compute.kit import Site

    subnets = _by_region("--subnet", options["subnets"], problems)
    groups = _by_region("--nsg", options["nsgs"], problems)
    problems += [
        Problem(f"--subnet {region}=…", "is missing", "Name a subnet with a way out there.")
        for region in options["regions"]
        if region not in subnets
    ]
    return {region: Site(subnet, groups.get(region)) for region, subnet in subnets.items()}


def _by_region(flag: str, given: tuple[str, ...], problems: list[Problem]) -> dict[str, str]:
    pairs = [text.partition("=") for text in given]
    problems += [
        Problem(f"{flag} {region}", "is not REGION=ID", "Write westeurope=/subscriptions/…")
        for region, equals, value in pairs
        if not (region and equals and value)
    ]
    return {region: value for region, _, value in pairs}


def _template(given: str | None, problems: list[Problem]) -> Template | None:
    from orchestrator.errors import BadInputError
    from orchestrator.fleet.bootstrap import template

    place = Path(given) if given else _own_template()
    where = f"--cloud-init {place}"
    try:
        return template(place.read_text(encoding="utf-8"), where)
    except (OSError, UnicodeDecodeError) as error:
        fix = "Leave it out, for this version's own; if that cannot be read, install anew."
        problems.append(Problem(where, f"cannot be read ({error})", fix))
    except BadInputError as error:
        problems += error.problems
    return None


def _own_template() -> Traversable:
    package = files("orchestrator")
    packaged = package.joinpath(TEMPLATE)
    checkout = Path(str(package)).parent / "runner-image" / TEMPLATE
    return packaged if packaged.is_file() else checkout
