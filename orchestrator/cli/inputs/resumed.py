"""``run --resume``: the plan is the run's own, and an option that says otherwise is refused.

The number of workers, the run's directories and the variables it forwards are no part of a plan:
they may be others each time.
"""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click
from click.core import ParameterSource

from orchestrator.cli.inputs.agent import client_digest
from orchestrator.cli.options.plan import Planned, PlanOptions, text_or_file
from orchestrator.cli.options.suite import chosen_suite
from orchestrator.errors import BadInputError, Problem
from orchestrator.planning.plan import Plan, split_client_args

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

PLACES = ("out", "store", "run_name", "resume")
"""What says where a run is, and that it goes on."""

_SUITE = ("suite_source", "suite_sha256", "domains", "tasks", "sample")


class _Setting(NamedTuple):
    """A plan's setting: its name there, what an option's value is in a plan, and what it is."""

    field: str
    mine: Callable[[PlanOptions], object]
    theirs: Callable[[Plan], object]


_SETTINGS: Mapping[str, _Setting] = {
    "trials": _Setting("trials", lambda options: options.trials, lambda plan: plan.trials),
    "arena_kind": _Setting(
        "arena.kind", lambda options: options.arena.arena_kind, lambda plan: plan.arena.kind
    ),
    "image": _Setting(
        "arena.image", lambda options: options.arena.image, lambda plan: plan.arena.image
    ),
    "reset": _Setting(
        "arena.reset", lambda options: options.arena.reset, lambda plan: plan.arena.reset
    ),
    "guest_cores": _Setting(
        "arena.guest_cores",
        lambda options: options.arena.guest_cores,
        lambda plan: plan.arena.guest_cores,
    ),
    "guest_ram": _Setting(
        "arena.guest_ram_gb",
        lambda options: options.arena.guest_ram,
        lambda plan: plan.arena.guest_ram_gb,
    ),
    "shm_size": _Setting(
        "arena.shm_gb", lambda options: options.arena.shm_size, lambda plan: plan.arena.shm_gb
    ),
    "seed": _Setting(
        "arena.seed", lambda options: options.suite.seed, lambda plan: plan.arena.seed
    ),
    "faults": _Setting(
        "arena.faults",
        lambda options: text_or_file("--faults", options.arena.faults),
        lambda plan: plan.arena.faults,
    ),
    "guest_address": _Setting(
        "arena.guest_address",
        lambda options: options.arena.guest_address,
        lambda plan: plan.arena.guest_address,
    ),
    "agent": _Setting(
        "agent.name", lambda options: options.agent.agent, lambda plan: plan.agent.name
    ),
    "model": _Setting(
        "agent.model", lambda options: options.agent.model, lambda plan: plan.agent.model
    ),
    "client": _Setting(
        "agent.client_digest",
        lambda options: client_digest(Path(options.agent.client)) if options.agent.client else "",
        lambda plan: plan.agent.client_digest,
    ),
    "client_args": _Setting(
        "agent.client_args",
        lambda options: split_client_args(options.agent.client_args),
        lambda plan: plan.agent.client_args,
    ),
    "client_profile": _Setting(
        "agent.client_profile",
        lambda options: options.agent.client_profile,
        lambda plan: plan.agent.client_profile,
    ),
    "arena_start_deadline": _Setting(
        "limits.arena_start_s",
        lambda options: options.limits.arena_start_deadline,
        lambda plan: plan.limits.arena_start_s,
    ),
    "task_deadline": _Setting(
        "limits.task_s",
        lambda options: options.limits.task_deadline,
        lambda plan: plan.limits.task_s,
    ),
    "stall_deadline": _Setting(
        "limits.stall_s",
        lambda options: options.limits.stall_deadline,
        lambda plan: plan.limits.stall_s,
    ),
    "shard_deadline": _Setting(
        "limits.shard_s",
        lambda options: options.limits.shard_deadline,
        lambda plan: plan.limits.shard_s,
    ),
    "provider_patience": _Setting(
        "limits.provider_patience_s",
        lambda options: options.limits.provider_patience,
        lambda plan: plan.limits.provider_patience_s,
    ),
    "heartbeat": _Setting(
        "heartbeat_s", lambda options: options.limits.heartbeat, lambda plan: plan.heartbeat_s
    ),
    "lease": _Setting("lease_s", lambda options: options.limits.lease, lambda plan: plan.lease_s),
    "speed": _Setting("speed", lambda options: options.arena.speed, lambda plan: plan.speed),
}

PLAN_OPTIONS = frozenset({*_SETTINGS, *_SUITE, "history"})
"""The options that a plan is made of."""

_FIX = "Leave it out: the plan says it. For another setting start a new run."


def given_options() -> frozenset[str]:
    """Return the names of the options that this command was given, from wherever they came."""
    context = click.get_current_context(silent=True)
    if context is None:
        return frozenset()
    default = (ParameterSource.DEFAULT, ParameterSource.DEFAULT_MAP, None)
    return frozenset(
        name for name in context.params if context.get_parameter_source(name) not in default
    )


def resumed(options: PlanOptions, given: frozenset[str], plan: Plan) -> Planned:
    """Return the run's own plan.

    Raises:
        BadInputError: Naming every option in ``given`` that says something else than the plan does,
            and a client tree that the run needs.
    """
    problems: list[Problem] = []
    for name in (entry for entry in _SETTINGS if entry in given):
        problems += _other_setting(name, options, plan)
    problems += _other_tasks(options, given, plan)
    problems += _other_durations(options.history, plan)
    if plan.agent.client_digest and "client" not in given:
        fix = "Name the directory that the run was started with."
        problems.append(Problem("--client", "is missing: the run has a client of its own", fix))
    if problems:
        raise BadInputError(problems)
    client = options.agent.client
    return Planned(plan, Path(client) if client else None)


def _other_setting(name: str, options: PlanOptions, plan: Plan) -> Sequence[Problem]:
    setting = _SETTINGS[name]
    try:
        mine, theirs = setting.mine(options), setting.theirs(plan)
    except BadInputError as error:
        return error.problems
    how = f"{setting.field}: {mine!r} here, {theirs!r} there"
    return [] if mine == theirs else [_differs(name, how)]


def _differs(name: str, how: str) -> Problem:
    return Problem(flag_of(name), f"differs from the run's plan ({how})", _FIX)


def flag_of(name: str) -> str:
    """Return the flag of one of this command's options."""
    context = click.get_current_context(silent=True)
    parameters = context.command.params if context is not None else []
    flags = [opt for parameter in parameters if parameter.name == name for opt in parameter.opts]
    return next(iter(flags), "--" + name.replace("_", "-"))


def _other_tasks(options: PlanOptions, given: frozenset[str], plan: Plan) -> Sequence[Problem]:
    """Name the options that choose other tasks than the plan's."""
    named = [name for name in _SUITE if name in given]
    if not named:
        return []
    choice = options.suite
    if "seed" not in given:
        choice = replace(choice, seed=plan.arena.seed)
    if choice.suite_source is None and not plan.simulated:
        how = "without --suite it cannot be told which tasks are meant"
        return [_differs(name, how) for name in named]
    try:
        chosen = chosen_suite(choice)
    except BadInputError as error:
        return error.problems
    if chosen.digest == plan.suite_digest:
        return []
    how = f"{len(chosen.tasks)} tasks here, {len(plan.tasks)} others there"
    return [_differs(name, how) for name in named]


def _other_durations(history: tuple[str, ...], plan: Plan) -> Sequence[Problem]:
    from orchestrator.cli.inputs.duration_history import expectations

    if not history:
        return []
    try:
        learned = expectations(history)
    except BadInputError as error:
        return error.problems
    if all(learned.of(task.task) == task.expected_s for task in plan.tasks):
        return []
    return [_differs("history", "expected durations differ")]


def resume_command(out: Path) -> str:
    """Return the whole command that goes on with the run that this command is.

    What the plan does not hold is as this command was given it; no value of it is a secret.
    """
    context = click.get_current_context()
    words = ["waa-matrix", "run", "--resume", "--out", str(out)]
    for parameter in context.command.params:
        name = parameter.name or ""
        # What stopped a run on a full disk would stop the next one at once.
        kept = name not in PLAN_OPTIONS and name not in ("out", "resume", "min_free")
        if name in given_options() and (kept or name == "client"):
            words += _spelled(parameter, context.params[name])
    return shlex.join(words)


def _spelled(parameter: click.Parameter, value: object) -> list[str]:
    flag = parameter.opts[0]
    if isinstance(parameter, click.Option) and parameter.is_flag:
        return [flag] if value else []
    values = value if isinstance(value, tuple) else (value,)
    return [word for value in values for word in (flag, str(value))]
