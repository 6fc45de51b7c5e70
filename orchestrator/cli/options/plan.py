"""The options that a plan is made of, and the plan they make."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, TypeVar

import click

from orchestrator.cli.command import collect
from orchestrator.cli.inputs.agent import AgentOptions, agent_settings, client_problems
from orchestrator.cli.options.duration import SECONDS
from orchestrator.cli.options.suite import SuiteOptions, chosen_suite
from orchestrator.cli.options.values import option, option_values, with_options
from orchestrator.planning.plan import ARENA_KINDS, RESET_POLICIES

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.errors import Problem
    from orchestrator.planning.plan import ArenaSettings, Limits, Plan

F = TypeVar("F", bound="Callable[..., object]")

SIMULATED_SPEED = 600.0
"""Seconds of the simulated arena's time in one of ours, unless ``--speed`` says otherwise."""

_SIMULATED_BEATS = (1.0, 6.0)
_REAL_BEATS = (30.0, 150.0)


@option_values
class ArenaOptions:
    """What every task meets."""

    heading: ClassVar[str] = "Arena"
    arena_kind: Annotated[
        str,
        option("--arena", type=click.Choice(ARENA_KINDS), help="Windows, or a simulation of it."),
    ] = "simulated"
    image: Annotated[str, option("--image", help="The winarena container image.")] = ""
    reset: Annotated[
        str,
        option("--reset", type=click.Choice(RESET_POLICIES), help="When Windows is fresh again."),
    ] = "shard"
    guest_cores: Annotated[int, option("--guest-cores", help="Windows' cores.")] = 8
    guest_ram: Annotated[int, option("--guest-ram", help="Windows' memory, GiB.")] = 8
    shm_size: Annotated[int, option("--shm-size", help="The container's shared memory, GiB.")] = 16
    guest_address: Annotated[
        str,
        option(
            "--guest-address",
            help="Windows' address in the container.  [default: as the image says]",
        ),
    ] = ""
    speed: Annotated[
        float | None,
        option(
            "--speed",
            help="How much faster the simulated arena's time runs."
            f"  [default: {SIMULATED_SPEED:g}]",
        ),
    ] = None
    faults: Annotated[
        str, option("--faults", help="Scripted faults of the simulated arena: JSON, or @FILE.")
    ] = ""


@option_values
class LimitOptions:
    """How long anything may take."""

    heading: ClassVar[str] = "Time limits (90s, 15m, 2h; a bare number is in seconds)"
    arena_start_deadline: Annotated[
        float, option("--arena-start-deadline", type=SECONDS, help="Of the arena's start.")
    ] = 1200.0
    task_deadline: Annotated[float, option("--task-deadline", type=SECONDS, help="Of a task.")] = (
        3600.0
    )
    stall_deadline: Annotated[
        float,
        option(
            "--stall-deadline",
            type=SECONDS,
            help="Without any growth of a task's log and files.",
        ),
    ] = 900.0
    shard_deadline: Annotated[
        float, option("--shard-deadline", type=SECONDS, help="Of a worker's shard.")
    ] = 7 * 86400.0
    provider_patience: Annotated[
        float,
        option(
            "--provider-patience",
            type=SECONDS,
            help="How long the model's provider may be silent before a held run drains.",
        ),
    ] = 3600.0
    heartbeat: Annotated[
        float | None,
        option(
            "--heartbeat",
            type=SECONDS,
            help="Between heartbeats.  [default: 30s; 1s if simulated]",
        ),
    ] = None
    lease: Annotated[
        float | None,
        option(
            "--lease",
            type=SECONDS,
            help="How long a silent worker keeps its task.  [default: 150s; 6s if simulated]",
        ),
    ] = None


@option_values
class PlanOptions:
    """All that a plan is made of."""

    heading: ClassVar[str] = "Tasks"
    suite: SuiteOptions
    trials: Annotated[int, option("--trials", help="Trials of each task.")] = 1
    history: Annotated[
        tuple[str, ...],
        option(
            "--durations-from",
            old=("--history",),
            type=click.Path(dir_okay=False),
            help="Earlier results.json, or a store of kept runs, for expected durations. "
            "Repeatable.",
        ),
    ] = ()
    arena: ArenaOptions
    agent: AgentOptions
    limits: LimitOptions


def plan_options(function: F) -> F:
    """Add the options of a plan to a command that takes click's names (``built`` reads them)."""
    return with_options(PlanOptions, function)


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan and the client tree it is for, if any."""

    plan: Plan
    client: Path | None


def planned(options: PlanOptions) -> Planned:
    """Return the plan that the options make.

    Raises:
        BadInputError: With every problem that can be told before anything starts.
    """
    from orchestrator.cli.inputs.duration_history import expectations
    from orchestrator.errors import BadInputError
    from orchestrator.planning.plan import AgentSettings, PlanInputs, input_problems, make_plan
    from orchestrator.planning.schedule import Expectations
    from orchestrator.planning.suite import Suite

    problems = _no_suite(options)
    suite = collect(problems, lambda: chosen_suite(options.suite))
    limits, client = options.limits, options.agent.client
    simulated = options.arena.arena_kind == "simulated"
    beats = _SIMULATED_BEATS if simulated else _REAL_BEATS
    speed = options.arena.speed
    inputs = PlanInputs(
        suite=suite or Suite((), ""),
        expectations=collect(problems, lambda: expectations(options.history)) or Expectations(),
        trials=options.trials,
        arena=_arena(options, problems),
        agent=collect(problems, lambda: agent_settings(options.agent)) or AgentSettings(),
        limits=_limits(limits),
        heartbeat_s=beats[0] if limits.heartbeat is None else limits.heartbeat,
        lease_s=beats[1] if limits.lease is None else limits.lease,
        speed=speed if speed is not None else SIMULATED_SPEED if simulated else 1.0,
    )
    problems += input_problems(inputs)
    problems += client_problems(inputs, client)
    if problems:
        raise BadInputError(problems)
    return Planned(make_plan(inputs), Path(client) if client else None)


def _arena(options: PlanOptions, problems: list[Problem]) -> ArenaSettings:
    from orchestrator.planning.plan import ArenaSettings

    arena = options.arena
    return ArenaSettings(
        kind=arena.arena_kind,
        image=arena.image,
        reset=arena.reset,
        guest_cores=arena.guest_cores,
        guest_ram_gb=arena.guest_ram,
        shm_gb=arena.shm_size,
        seed=options.suite.seed,
        faults=collect(problems, lambda: text_or_file("--faults", arena.faults)) or "",
        guest_address=arena.guest_address,
    )


def _limits(options: LimitOptions) -> Limits:
    from orchestrator.planning.plan import Limits

    return Limits(
        arena_start_s=options.arena_start_deadline,
        task_s=options.task_deadline,
        stall_s=options.stall_deadline,
        shard_s=options.shard_deadline,
        provider_patience_s=options.provider_patience,
    )


def _no_suite(options: PlanOptions) -> list[Problem]:
    """Name a suite that is not chosen: hours of a real arena are for nobody's default."""
    from orchestrator.errors import Problem

    if options.suite.suite_source is not None or options.arena.arena_kind == "simulated":
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
