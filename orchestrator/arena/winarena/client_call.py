"""What every call of the client has in common: its flags, and what lies in its directory."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.arena.winarena.client_profile import WAA

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.arena.port import Assignment
    from orchestrator.arena.winarena.client_profile import ClientProfile
    from orchestrator.planning.plan import AgentSettings

ATTEMPT_FILE = "attempt.json"
"""Lies in the client's working directory; says which attempt this is. Nothing needs to read it."""


@dataclass(frozen=True, slots=True)
class Desk:
    """The places of one attempt below its private directory.

    ``work`` is the client's working directory, ``tasks`` its list of one, ``results`` where it
    writes its tree and ``output`` what it prints.
    """

    work: Path
    tasks: Path
    results: Path
    output: Path


def lay_out(assignment: Assignment, launched: float) -> Desk:
    """Create an attempt's directories, its task list and its note of which attempt it is.

    ``launched`` is a reading of the monotonic clock.
    """
    directory = assignment.directory
    desk = Desk(
        work=directory / "work",
        tasks=directory / "tasks.json",
        results=directory / "results",
        output=directory / "client.log",
    )
    for place in (desk.work, desk.results):
        place.mkdir(exist_ok=True)
    task = assignment.unit.task
    desk.tasks.write_text(json.dumps({task.domain: [task.name]}))
    note = {"attempt": assignment.attempt, "launched": launched}
    (desk.work / ATTEMPT_FILE).write_text(json.dumps(note))
    return desk


def client_flags(
    agent: AgentSettings, trial: int, tasks: str, results: str, profile: ClientProfile = WAA
) -> list[str]:
    """Return the flags of run.py for one attempt; both paths absolute, as the client sees them.

    The user's own come first: of a flag given twice the client takes the last, which is ours.
    """
    return [
        *agent.client_args,
        profile.agent,
        agent.name,
        "--model",
        agent.model,
        "--test_all_meta_path",
        tasks,
        "--result_dir",
        results,
        "--trial_id",
        str(trial),
        "--worker_id",
        "0",
        "--num_workers",
        "1",
    ]
