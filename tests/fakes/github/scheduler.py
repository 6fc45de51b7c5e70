"""How GitHub hands jobs to runners, and what it does with those that vanish."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.fakes.github.state import JobEntry, RunnerEntry, World

UNUSED_AFTER_S = 86_400.0
"""An ephemeral entry that never connected is removed after a day."""


def settle(world: World, idle_limit_s: float | None = None) -> None:
    """Bring the world up to now: fail lost jobs, remove stale entries, hand out queued jobs.

    ``idle_limit_s`` removes runners that were online that long without a job.
    """
    now = world.clock.now()
    if world.down:
        return
    for job in [job for job in world.jobs.values() if job.status == "in_progress"]:
        _fail_if_lost(world, job, now)
    for runner in list(world.runners.values()):
        _remove_if_stale(world, runner, now, idle_limit_s)
    for job in [job for job in world.jobs.values() if job.status == "queued"]:
        _hand_out(world, job, now)
    world.changed.notify_all()


def finish(world: World, job: JobEntry, conclusion: str) -> None:
    """End a job; its runner was for one job, so its entry goes."""
    world.set_job(job, status="completed", conclusion=conclusion, completed_at=world.clock.now())
    if job.runner is not None:
        world.drop_runner(job.runner)


def cancel(world: World, run_id: int, *, force: bool) -> None:
    """End the jobs of the run's newest attempt; only ``force`` ends those that always run."""
    run = world.runs[run_id]
    for job in world.jobs_of(run_id, run.attempt):
        if not job.over and (force or not job.always):
            finish(world, job, "cancelled")


def _fail_if_lost(world: World, job: JobEntry, now: float) -> None:
    if job.runner is None:
        return
    runner = world.runners.get(job.runner)
    silent = runner is None or (
        runner.status == "offline" and now - runner.offline_since >= world.lost_after_s
    )
    if silent:
        finish(world, job, "failure")


def _remove_if_stale(
    world: World, runner: RunnerEntry, now: float, idle_limit_s: float | None
) -> None:
    never = not runner.used and now - runner.created_at >= UNUSED_AFTER_S
    idle = (
        idle_limit_s is not None
        and runner.status == "online"
        and not runner.busy
        and now - runner.idle_since >= idle_limit_s
    )
    if never or idle:
        world.drop_runner(runner.id)


def _hand_out(world: World, job: JobEntry, now: float) -> None:
    runner = next((runner for runner in world.runners.values() if runner.takes(job)), None)
    if runner is None:
        return
    world.set_runner(runner, busy=True)
    world.set_job(
        job, status="in_progress", runner=runner.id, runner_name=runner.name, started_at=now
    )
