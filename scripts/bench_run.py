#!/usr/bin/env python3
"""Runs the demo for real on 8 workers and compares it with the simulation of the same draws.

The speed of the simulated arena is stated in the first line. Exit status 1 when the run takes more
than 1.15 times the simulated makespan, or leaves a task without a score.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.ledger.causes import Status
from orchestrator.ledger.reader import LedgerReader
from orchestrator.planning.simulate import makespan
from orchestrator.store import StoreCredentials, open_store

if TYPE_CHECKING:
    from orchestrator.ledger.fold import Folded
    from orchestrator.planning.plan import Plan

MOST = 1.15


def run(out: Path, workers: int, speed: float) -> tuple[Plan, Folded]:
    """Run the demo suite; return its plan and fold."""
    command = [sys.executable, "-m", "orchestrator", "run", "--suite", "demo", "--out", str(out)]
    command += ["--workers", str(workers), "--speed", str(speed), "--evidence", "traj"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    ledger = (out / "ledger").as_uri()
    reader = LedgerReader(open_store(ledger, "run", StoreCredentials(), timeout_s=30))
    return reader.plan, reader.fold()


def simulated_s(plan: Plan, workers: int, seed: int) -> float:
    """Return the makespan of the same draws in virtual time, in seconds of our clock."""
    from orchestrator.arena.simulated.fake_container.draw import draw

    durations = [
        draw(seed, unit.task.domain, unit.task.name, unit.trial).duration_s for unit in plan.units
    ]
    names = [str(unit) for unit in plan.units]
    timeline = makespan(durations, plan.expected, workers, identities=names)
    return timeline.makespan_s / plan.speed


@click.command()
@click.option("--workers", type=int, default=8, show_default=True)
@click.option("--speed", type=float, default=150.0, show_default=True)
def main(workers: int, speed: float) -> None:
    """Print the makespan of a real run over the simulated one's."""
    with tempfile.TemporaryDirectory() as directory:
        plan, folded = run(Path(directory) / "out", workers, speed)
    outcomes = [outcome for result in folded.results for outcome in result.attempts]
    real = max(outcome.ended for outcome in outcomes) - min(outcome.started for outcome in outcomes)
    virtual = simulated_s(plan, workers, plan.arena.seed)
    scored = folded.count(Status.SCORED)
    click.echo(f"demo, {workers} workers, simulated arena at {speed:g} times real time")
    click.echo(f"first start to last end  {real:7.2f} s")
    click.echo(f"simulated, same draws    {virtual:7.2f} s")
    holds = real / virtual <= MOST and scored == len(folded.results)
    click.echo(f"{'ok  ' if holds else 'FAIL'} {real / virtual:.3f} <= {MOST:g}, {scored} scored")
    sys.exit(0 if holds else 1)


if __name__ == "__main__":
    main()
