"""A fleet in words: the supervisor's line a minute, and machines, runners and jobs side by side."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.fleet.view import MachinePhase

if TYPE_CHECKING:
    from orchestrator.fleet.supervise import Round
    from orchestrator.fleet.view import FleetView
    from orchestrator.ledger.progress import View
    from orchestrator.planning.plan import Plan

SILENT_BEATS = 4
SLOW = 3.0
RETRY_RATE = 0.25


@dataclass(frozen=True, slots=True)
class FleetRow:
    """One machine, runner or job, with what belongs to it; what is missing is ``-``."""

    name: str
    machine: str
    region: str
    age_min: float | None
    runner: str
    job: str
    phase: str


def rows(view: FleetView, now: float) -> tuple[FleetRow, ...]:
    """Return machines, runners and jobs side by side. ``now`` is Unix seconds."""
    members = tuple(
        FleetRow(
            member.name,
            str(member.machine.state),
            member.machine.region,
            None if member.machine.created is None else (now - member.machine.created) / 60.0,
            member.runner.status if member.runner else "-",
            f"{member.job.name} ({member.job.status})" if member.job else "-",
            str(member.phase),
        )
        for member in view.members
    )
    ghosts = tuple(
        FleetRow(runner.name, "-", "-", None, runner.status, "-", "no machine")
        for runner in view.ghosts
    )
    taken = {member.job.id for member in view.members if member.job}
    jobs = tuple(
        FleetRow("-", "-", "-", None, "-", f"{job.name} ({job.status})", "no machine")
        for job in view.jobs
        if job.id not in taken and not job.over
    )
    parts = tuple(
        FleetRow(
            instance.name,
            f"{instance.kind} {instance.state}",
            instance.region,
            None,
            "-",
            "-",
            "orphan",
        )
        for instance in view.orphans
    )
    return (*members, *ghosts, *jobs, *parts)


def line(done: Round, run: View | None) -> str:
    """Return one round as a line for a log."""
    view = done.view
    jobs = Counter(
        "done" if job.over else "queued" if job.queued else "running" for job in view.jobs
    )
    machines = Counter(str(member.phase) for member in view.members)
    parts = [
        "jobs " + _counts(jobs, ("queued", "running", "done")),
        "machines " + _counts(machines, [str(phase) for phase in MachinePhase]),
    ]
    if run is not None:
        parts.append(f"tasks {run.scored}/{run.expected} scored, {run.failed} lost")
    parts.append(f"{done.usd:.2f} USD")
    return "; ".join(parts)


def _counts(counts: Counter[str], order: list[str] | tuple[str, ...]) -> str:
    return ", ".join(f"{counts[name]} {name}" for name in order if counts[name]) or "none"


def warnings(done: Round, run: View | None, plan: Plan, halted: str) -> tuple[str, ...]:
    """Return what a person should look at: stuck, slow and failing workers, and calls."""
    texts = [*done.troubles]
    if halted:
        texts.append(f"nothing more is launched: {halted}")
    texts += [
        f"{job.name} runs on {job.runner_name}, which is gone; its tasks are stolen"
        for job in done.view.orphaned
    ]
    limit = SILENT_BEATS * plan.heartbeat_s
    texts += [
        f"{worker.worker} has been silent for {worker.silent_s:.0f} s"
        for worker in (run.workers if run else ())
        if worker.silent_s > limit
    ]
    texts += _slow(run, plan)
    if run is not None and run.failed > RETRY_RATE * max(run.settled, 1):
        texts.append(f"{run.failed} of {run.settled} tasks so far were lost to infrastructure")
    return tuple(texts)


def _slow(run: View | None, plan: Plan) -> list[str]:
    expected = {str(task.task): task.expected_s / plan.speed for task in plan.tasks}
    return [
        f"{row.worker} has been on {row.task} for {row.for_s / 60:.0f} min, "
        f"{row.for_s / expected[row.task]:.1f} times what was expected"
        for row in (run.workers if run else ())
        if row.task in expected and row.for_s > max(SLOW * expected[row.task], 60.0)
    ]
