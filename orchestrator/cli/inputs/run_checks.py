"""What ``waa-matrix run`` is told beside the plan, and whether this machine can do it."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli.options.store import DEFAULT_RUN, LEDGER
from orchestrator.cli.outputs.evidence_files import EvidenceDirectory
from orchestrator.errors import Problem
from orchestrator.ledger import paths

if TYPE_CHECKING:
    from orchestrator.cli.options.local import LocalOptions
    from orchestrator.cli.options.plan import Planned
    from orchestrator.planning.plan import Plan


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What workers of this machine, and the report of what they do, are told beside the plan."""

    workers: int
    out: Path
    resume: bool
    evidence: str
    fail_under: float | None
    forwarded: tuple[str, ...]
    storage: str | None
    requirements: str
    min_free: int
    no_color: bool
    screenshots: str = "none"
    rerun_undecided: bool = False
    engine: str = "local"

    @property
    def beside(self) -> EvidenceDirectory:
        """The page's directory, and how it shows screenshots."""
        return EvidenceDirectory(self.out, self.screenshots, None, self.no_color)


def worker_settings(options: LocalOptions, out: Path, *, resume: bool) -> RunOptions:
    """Return what the options say of this machine's workers, in a run's directory."""
    return RunOptions(
        workers=options.workers,
        out=out,
        resume=resume,
        evidence=options.task.keep.evidence,
        fail_under=None,
        forwarded=options.task.forwarded,
        storage=options.task.storage,
        requirements=options.task.requirements,
        min_free=options.min_free,
        no_color=options.colours.no_color,
    )


def option_problems(settings: RunOptions, *, placed: bool = True) -> list[Problem]:
    """Return what is wrong with the command line on this machine, whatever the plan is.

    ``placed`` says whether it names a directory at all.
    """
    problems = []
    if settings.workers < 1:
        problems.append(Problem("--workers", f"is {settings.workers}", "Give at least 1."))
    if settings.rerun_undecided and not settings.resume:
        fix = "Add --resume, and name the run with --out, or --store and --run."
        problems.append(Problem("--rerun-undecided", "is for a run that was started", fix))
    bar = settings.fail_under
    if bar is not None and not 0.0 <= bar <= 1.0:
        fix = "Give the mean's bar from 0 to 1, such as 0.25 for 25%."
        problems.append(Problem("--fail-under", f"is {bar:g}, no mean of scores", fix))
    problems += [
        Problem(f"--env {name}", "is not set", "Export it, or leave the option out.")
        for name in settings.forwarded
        if name not in os.environ
    ]
    return [*problems, *(_directory_problems(settings) if placed else ())]


def no_idle_workers(settings: RunOptions, plan: Plan) -> RunOptions:
    """Return the settings with no more workers than tasks, and say so where they were more."""
    tasks = len(plan.units)
    if settings.workers <= tasks:
        return settings
    click.echo(f"Workers: {tasks} instead of {settings.workers}, for there are no more tasks")
    return replace(settings, workers=tasks)


def arena_problems(settings: RunOptions, planned_run: Planned) -> list[Problem]:
    """Check the plan's arena against this machine, before anything is started."""
    from orchestrator.arena.simulated.arena import check_faults

    problems = [*check_faults(planned_run.plan.arena.faults)]
    if not planned_run.plan.simulated:
        problems += _prepare_winarena(settings, planned_run)
    return problems


def _prepare_winarena(settings: RunOptions, planned_run: Planned) -> list[Problem]:
    """Check what a real arena needs, and remove what dead workers of this machine left."""
    from orchestrator.arena.winarena.checks import preflight
    from orchestrator.arena.winarena.settings import WinArenaSettings
    from orchestrator.cli.worker import docker_environment

    storage = Path(settings.storage).absolute() if settings.storage else None
    wanted = WinArenaSettings(
        arena=planned_run.plan.arena,
        agent=planned_run.plan.agent,
        run=DEFAULT_RUN,
        worker="preflight",
        scratch=settings.out,
        storage=storage,
        client=planned_run.client,
        requirements=settings.requirements,
        environment=docker_environment(),
    )
    problems = preflight(wanted, workers=settings.workers)
    if not problems:
        clear_leftovers(storage)
    return problems


def clear_leftovers(storage: Path | None) -> None:
    """Remove the containers and image copies that dead workers of this machine left."""
    from orchestrator.arena.winarena.docker_cli import Docker
    from orchestrator.arena.winarena.sweep import sweep
    from orchestrator.cli.worker import docker_environment

    for name in sweep(Docker(docker_environment()), storage.parent if storage else None):
        click.echo(f"removed {name}, left by a worker that is dead", err=True)


def _directory_problems(settings: RunOptions) -> list[Problem]:
    out = settings.out
    if not out.exists():
        parent = next(path for path in out.parents if path.exists())
        if not (parent.is_dir() and os.access(parent, os.W_OK)):
            return [Problem(f"--out {out}", f"cannot be made in {parent}", "Choose another.")]
        return []
    # A run that was killed before it had a plan is none, and is started anew.
    has_run = any((out / LEDGER).glob(f"*/{paths.PLAN}"))
    others = any(entry.name != LEDGER for entry in out.iterdir())
    if has_run and not settings.resume:
        fix = "Add --resume to go on with it, or choose another directory."
        return [Problem(f"--out {out}", "holds a run already", fix)]
    if not has_run and not settings.resume and others:
        fix = "Choose an empty or new directory."
        return [Problem(f"--out {out}", "is not empty and holds no run", fix)]
    return []
