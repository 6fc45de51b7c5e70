"""``plan.json``: read back into a plan, and two plans compared. Pure."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from orchestrator.errors import BadInputError, Problem
from orchestrator.planning.plan import (
    PLAN_VERSION,
    AgentSettings,
    ArenaSettings,
    Limits,
    Plan,
    PlannedTask,
)
from orchestrator.planning.suite import TaskKey

if TYPE_CHECKING:
    from collections.abc import Mapping


def parse_plan(data: bytes, where: str) -> Plan:
    """Read ``plan.json``.

    Raises:
        BadInputError: When it is unreadable or of another version.
    """
    try:
        document = json.loads(data)
        if document["version"] != PLAN_VERSION:
            raise BadInputError([_unreadable(where, f"version {document['version']}")])
        return _plan(document)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise BadInputError([_unreadable(where, f"{type(error).__name__}: {error}")]) from error


def _unreadable(where: str, why: str) -> Problem:
    fix = "It is damaged or another version's; start a new run in another directory or store."
    return Problem(where, f"is not a readable plan ({why})", fix)


def _plan(document: Mapping[str, Any]) -> Plan:
    agent = dict(document["agent"])
    agent["client_args"] = tuple(agent["client_args"])
    return Plan(
        suite_digest=str(document["suite_digest"]),
        tasks=tuple(
            PlannedTask(
                TaskKey(str(entry["task"]["domain"]), str(entry["task"]["name"])),
                float(entry["expected_s"]),
            )
            for entry in document["tasks"]
        ),
        trials=int(document["trials"]),
        arena=ArenaSettings(**document["arena"]),
        agent=AgentSettings(**agent),
        limits=Limits(**document["limits"]),
        heartbeat_s=float(document["heartbeat_s"]),
        lease_s=float(document["lease_s"]),
        speed=float(document["speed"]),
    )


def differences(mine: Plan, theirs: Plan) -> list[str]:
    """Return one line for each setting in which two plans differ."""
    left, right = _flat(asdict(mine)), _flat(asdict(theirs))
    lines = []
    for key in sorted(left.keys() | right.keys()):
        if key.startswith("tasks.") or left.get(key) == right.get(key):
            continue
        lines.append(f"{key}: {left.get(key)!r} here, {right.get(key)!r} there")
    ours, others = {task.task for task in mine.tasks}, {task.task for task in theirs.tasks}
    if ours != others:
        lines.append(f"tasks: {len(ours - others)} only here, {len(others - ours)} only there")
    elif mine.tasks != theirs.tasks:
        lines.append("tasks: expected durations differ (other --durations-from)")
    return lines


def _flat(document: Mapping[str, Any], prefix: str = "") -> dict[str, object]:
    flat: dict[str, object] = {}
    for key, value in document.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        elif key != "tasks":
            flat[prefix + key] = value
    return flat
