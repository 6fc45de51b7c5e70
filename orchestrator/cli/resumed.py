"""``run --resume``: the plan is the run's own, and an option that says otherwise is refused.

The number of workers, the run's directories and the variables it forwards are no part of a plan:
they may be others each time.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from orchestrator.cli.agent_input import client_digest
from orchestrator.cli.options import Planned, chosen_suite, text_or_file
from orchestrator.errors import BadInputError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from orchestrator.plan import Plan

PLACES = ("out", "store", "run_name", "resume")
"""What says where a run is, and that it goes on."""

_SUITE = ("suite_source", "suite_sha256", "domains", "tasks", "sample")

_SETTINGS: Mapping[str, tuple[str, Callable[[Plan], object]]] = {
    "trials": ("trials", lambda plan: plan.trials),
    "arena_kind": ("arena.kind", lambda plan: plan.arena.kind),
    "image": ("arena.image", lambda plan: plan.arena.image),
    "reset": ("arena.reset", lambda plan: plan.arena.reset),
    "guest_cores": ("arena.guest_cores", lambda plan: plan.arena.guest_cores),
    "guest_ram": ("arena.guest_ram_gb", lambda plan: plan.arena.guest_ram_gb),
    "shm_size": ("arena.shm_gb", lambda plan: plan.arena.shm_gb),
    "seed": ("arena.seed", lambda plan: plan.arena.seed),
    "faults": ("arena.faults", lambda plan: plan.arena.faults),
    "guest_address": ("arena.guest_address", lambda plan: plan.arena.guest_address),
    "agent": ("agent.name", lambda plan: plan.agent.name),
    "model": ("agent.model", lambda plan: plan.agent.model),
    "client": ("agent.client_digest", lambda plan: plan.agent.client_digest),
    "client_args": ("agent.client_args", lambda plan: plan.agent.client_args),
    "client_profile": ("agent.client_profile", lambda plan: plan.agent.client_profile),
    "arena_start_deadline": ("limits.arena_start_s", lambda plan: plan.limits.arena_start_s),
    "task_deadline": ("limits.task_s", lambda plan: plan.limits.task_s),
    "stall_deadline": ("limits.stall_s", lambda plan: plan.limits.stall_s),
    "shard_deadline": ("limits.shard_s", lambda plan: plan.limits.shard_s),
    "provider_patience": (
        "limits.provider_patience_s",
        lambda plan: plan.limits.provider_patience_s,
    ),
    "heartbeat": ("heartbeat_s", lambda plan: plan.heartbeat_s),
    "lease": ("lease_s", lambda plan: plan.lease_s),
    "speed": ("speed", lambda plan: plan.speed),
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


def resumed(options: dict[str, Any], given: frozenset[str], plan: Plan) -> Planned:
    """Take the plan's options out of ``options`` and return the run's own plan.

    Raises:
        BadInputError: Naming every option in ``given`` that says something else than the plan does,
            and a client tree that the run needs.
    """
    taken = {name: options.pop(name) for name in PLAN_OPTIONS}
    problems: list[Problem] = []
    for name in (one for one in _SETTINGS if one in given):
        problems += _other_setting(name, taken[name], plan)
    problems += _other_tasks(taken, given, plan)
    problems += _other_durations(taken["history"], plan)
    if plan.agent.client_digest and "client" not in given:
        fix = "Name the directory that the run was started with."
        problems.append(Problem("--client", "is missing: the run has a client of its own", fix))
    if problems:
        raise BadInputError(problems)
    return Planned(plan, Path(taken["client"]) if taken["client"] else None)


def _other_setting(name: str, value: Any, plan: Plan) -> Sequence[Problem]:
    field, of_plan = _SETTINGS[name]
    try:
        mine, theirs = _meant(name, value), of_plan(plan)
    except BadInputError as error:
        return error.problems
    return [] if mine == theirs else [_differs(name, f"{field}: {mine!r} here, {theirs!r} there")]


def _meant(name: str, value: Any) -> object:
    """Return what an option's value is in a plan."""
    from orchestrator.plan import split_client_args

    match name:
        case "faults":
            return text_or_file("--faults", value)
        case "client_args":
            return split_client_args(value)
        case "client":
            return client_digest(Path(value)) if value else ""
        case _:
            return value


def _differs(name: str, how: str) -> Problem:
    return Problem(flag_of(name), f"differs from the run's plan ({how})", _FIX)


def flag_of(name: str) -> str:
    """Return the flag of one of this command's options."""
    context = click.get_current_context(silent=True)
    parameters = context.command.params if context is not None else []
    flags = [opt for one in parameters if one.name == name for opt in one.opts]
    return next(iter(flags), "--" + name.replace("_", "-"))


def _other_tasks(taken: Mapping[str, Any], given: frozenset[str], plan: Plan) -> Sequence[Problem]:
    """Name the options that choose other tasks than the plan's."""
    named = [name for name in _SUITE if name in given]
    if not named:
        return []
    choice = {name: taken[name] for name in (*_SUITE, "seed")}
    if "seed" not in given:
        choice["seed"] = plan.arena.seed
    if choice["suite_source"] is None and not plan.simulated:
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
    from orchestrator.cli.expectations import expectations

    if not history:
        return []
    try:
        learned = expectations(history)
    except BadInputError as error:
        return error.problems
    if all(learned.of(one.task) == one.expected_s for one in plan.tasks):
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


def _spelled(parameter: click.Parameter, value: Any) -> list[str]:
    flag = parameter.opts[0]
    if isinstance(parameter, click.Option) and parameter.is_flag:
        return [flag] if value else []
    values = value if isinstance(value, tuple) else (value,)
    return [word for one in values for word in (flag, str(one))]
