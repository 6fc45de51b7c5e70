"""Options that several commands share, and the plan they make."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from orchestrator.cli.agent_input import agent_settings, client_problems
from orchestrator.cli.command import add_options, collect

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from orchestrator.errors import Problem
    from orchestrator.plan import Plan
    from orchestrator.suite import Suite

F = TypeVar("F", bound="Callable[..., Any]")

SIMULATED_SPEED = 600.0
"""Seconds of the simulated arena's time in one of ours, unless ``--speed`` says otherwise."""

_SIMULATED_BEATS = (1.0, 6.0)
_REAL_BEATS = (30.0, 150.0)

_SUITE_OPTIONS = [
    click.option(
        "--suite",
        "suite_source",
        default=None,
        help="Task list: demo, waa, a file, or an https URL.  [default: demo, if simulated]",
    ),
    click.option("--suite-sha256", default="", help="The digest the list must have (for a URL)."),
    click.option("--domains", default="", help="Only these domains, comma-separated."),
    click.option("--tasks", default="", help="Only these tasks (domain/name), comma-separated."),
    click.option("--sample", type=int, default=None, help="A seeded sample of so many tasks."),
    click.option(
        "--seed",
        type=int,
        default=0,
        show_default=True,
        help="Seed of the sample and of the simulated arena.",
    ),
]

_PLAN_OPTIONS = [
    click.option("--trials", type=int, default=1, show_default=True, help="Trials of each task."),
    click.option(
        "--history",
        multiple=True,
        type=click.Path(dir_okay=False),
        help="Earlier results.json, or a store of kept runs, for expected durations. Repeatable.",
    ),
    click.option(
        "--arena",
        "arena_kind",
        default="simulated",
        show_default=True,
        help="simulated or winarena.",
    ),
    click.option("--image", default="", help="The winarena container image."),
    click.option(
        "--reset",
        default="shard",
        show_default=True,
        help="Fresh Windows: never, per shard, or per task.",
    ),
    click.option("--guest-cores", type=int, default=8, show_default=True, help="Windows' cores."),
    click.option(
        "--guest-ram", type=int, default=8, show_default=True, help="Windows' memory, GiB."
    ),
    click.option(
        "--shm-size",
        type=int,
        default=16,
        show_default=True,
        help="The container's shared memory, GiB.",
    ),
    click.option(
        "--agent", default="navi", show_default=True, help="The agent's name in the client."
    ),
    click.option("--model", default="gpt-4o", show_default=True, help="The model the agent asks."),
    click.option(
        "--client",
        type=click.Path(file_okay=False),
        default=None,
        help="A client tree of your own.",
    ),
    click.option(
        "--client-profile",
        default="auto",
        show_default=True,
        help="What the client's flags are called: waa, waa-v2, or auto (as its run.py says).",
    ),
    click.option(
        "--guest-address",
        default="",
        help="Windows' address in the container.  [default: as the image says]",
    ),
    click.option("--client-args", default="", help="Passed to the client's run.py verbatim."),
    click.option(
        "--arena-start-deadline", type=float, default=1200.0, show_default=True, help="Seconds."
    ),
    click.option("--task-deadline", type=float, default=3600.0, show_default=True, help="Seconds."),
    click.option(
        "--stall-deadline",
        type=float,
        default=900.0,
        show_default=True,
        help="Seconds without any growth of a task's log and files.",
    ),
    click.option(
        "--shard-deadline", type=float, default=7 * 86400.0, show_default=True, help="Seconds."
    ),
    click.option(
        "--provider-patience",
        type=float,
        default=3600.0,
        show_default=True,
        help="Seconds the model's provider may be silent before a held run drains.",
    ),
    click.option(
        "--heartbeat",
        type=float,
        default=None,
        help="Seconds between heartbeats.  [default: 30; 1 if simulated]",
    ),
    click.option(
        "--lease",
        type=float,
        default=None,
        help="Seconds a silent worker keeps its task.  [default: 150; 6 if simulated]",
    ),
    click.option(
        "--speed",
        type=float,
        default=None,
        help=f"How much faster the simulated arena's time runs.  [default: {SIMULATED_SPEED:g}]",
    ),
    click.option(
        "--faults", default="", help="Scripted faults of the simulated arena: JSON, or @FILE."
    ),
]

_STORE_OPTIONS = [
    click.option("--store", default=None, help="Object store: file:///DIR or az://ACCOUNT."),
    click.option("--run", "run_name", default=None, help="The run's name in the store."),
    click.option("--store-ca", default="", help="Root certificate (PEM file) of the store."),
]


def suite_options(function: F) -> F:
    """Add the options that choose tasks."""
    return add_options(_SUITE_OPTIONS, function)


def plan_options(function: F) -> F:
    """Add the options that make a plan, those that choose tasks included."""
    return add_options([*_SUITE_OPTIONS, *_PLAN_OPTIONS], function)


def store_options(function: F) -> F:
    """Add the options that name a ledger."""
    return add_options(_STORE_OPTIONS, function)


def chosen_suite(options: dict[str, Any]) -> Suite:
    """Take the suite options out of ``options`` and return the tasks they choose."""
    from orchestrator.sources import DEMO, load_suite
    from orchestrator.suite import Selection, select

    source, sha256 = options.pop("suite_source"), options.pop("suite_sha256")
    source = DEMO if source is None else source
    selection = Selection(
        domains=_listed(options.pop("domains")),
        tasks=_listed(options.pop("tasks")),
        sample=options.pop("sample"),
        seed=options["seed"],
    )
    return select(load_suite(source, sha256, cache_directory()), selection)


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def cache_directory() -> Path:
    """Return where fetched lists and prices are kept (XDG Base Directory Specification)."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "waa-matrix"


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan and the client tree it is for, if any."""

    plan: Plan
    client: Path | None


def planned(options: dict[str, Any]) -> Planned:
    """Take the plan options out of ``options`` and return the plan.

    Raises:
        BadInputError: With every problem that can be told before anything starts.
    """
    from orchestrator.cli.expectations import expectations
    from orchestrator.errors import BadInputError
    from orchestrator.plan import (
        AgentSettings,
        ArenaSettings,
        Limits,
        PlanInputs,
        input_problems,
        make_plan,
    )
    from orchestrator.schedule import Expectations
    from orchestrator.suite import Suite

    problems: list[Problem] = []
    kind = options.pop("arena_kind")
    problems += _no_suite(options, kind)
    suite = collect(problems, lambda: chosen_suite(options))
    seed = options.pop("seed")
    simulated = kind == "simulated"
    beats = _SIMULATED_BEATS if simulated else _REAL_BEATS
    heartbeat, lease = options.pop("heartbeat"), options.pop("lease")
    speed = options.pop("speed")
    client = options.pop("client")
    inputs = PlanInputs(
        suite=suite or Suite((), ""),
        expectations=collect(problems, lambda: expectations(options.pop("history")))
        or Expectations(),
        trials=options.pop("trials"),
        arena=ArenaSettings(
            kind=kind,
            image=options.pop("image"),
            reset=options.pop("reset"),
            guest_cores=options.pop("guest_cores"),
            guest_ram_gb=options.pop("guest_ram"),
            shm_gb=options.pop("shm_size"),
            seed=seed,
            faults=collect(problems, lambda: text_or_file("--faults", options.pop("faults"))) or "",
            guest_address=options.pop("guest_address"),
        ),
        agent=collect(problems, lambda: agent_settings(options, client)) or AgentSettings(),
        limits=Limits(
            arena_start_s=options.pop("arena_start_deadline"),
            task_s=options.pop("task_deadline"),
            stall_s=options.pop("stall_deadline"),
            shard_s=options.pop("shard_deadline"),
            provider_patience_s=options.pop("provider_patience"),
        ),
        heartbeat_s=beats[0] if heartbeat is None else heartbeat,
        lease_s=beats[1] if lease is None else lease,
        speed=speed if speed is not None else SIMULATED_SPEED if simulated else 1.0,
    )
    problems += input_problems(inputs)
    problems += client_problems(inputs, client)
    if problems:
        raise BadInputError(problems)
    return Planned(make_plan(inputs), Path(client) if client else None)


def _no_suite(options: Mapping[str, Any], kind: str) -> list[Problem]:
    """Name a suite that is not chosen: hours of a real arena are for nobody's default."""
    from orchestrator.errors import Problem
    from orchestrator.plan import ARENA_KINDS

    if options["suite_source"] is not None or kind not in ARENA_KINDS or kind == "simulated":
        return []
    fix = "Give waa (the 154 tasks of Windows Agent Arena), a file or an https URL."
    return [Problem("--suite", "is missing: a real arena has no default", fix)]


def text_or_file(flag: str, value: str) -> str:
    """Return an option's text, or that of the file which it names after an ``@``.

    Raises:
        BadInputError: The file cannot be read.
    """
    from orchestrator.errors import bad_input

    if not value.startswith("@"):
        return value
    try:
        return Path(value[1:]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise bad_input(
            f"{flag} {value}", f"cannot be read ({error})", "Check the file."
        ) from error


LEDGER = "ledger"
DEFAULT_RUN = "run"


def located(out: str | None, store: str | None, run_name: str | None) -> tuple[str, str]:
    """Return the store's URL and the run's name: given, or inside a run directory.

    Raises:
        BadInputError: Neither a directory nor a store with a run is named.
    """
    from orchestrator.errors import bad_input
    from orchestrator.store import file_url

    if store is not None and run_name is not None:
        return store, run_name
    if out is None:
        fix = "Give the run's directory, or both --store and --run."
        raise bad_input("OUT", "is missing, and so is --store or --run", fix)
    return store or file_url(Path(out) / LEDGER), run_name or DEFAULT_RUN
