#!/usr/bin/env python3
"""Folds and reports ledgers of 1,250 to 10,000 tasks with 3 attempts each, in one process each.

Exit status 1 when the time a task grows with the number of tasks, or when the largest needs
400 MB of memory or more.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import click

from orchestrator.ledger import paths
from orchestrator.ledger.causes import Cause
from orchestrator.ledger.fold import Stored, fold, read_objects
from orchestrator.ledger.records import Claim, Outcome, Session, to_json
from orchestrator.planning.plan import Plan, PlanInputs, make_plan
from orchestrator.planning.suite import TaskKey, suite_of

SIZES = (1250, 2500, 5000, 10000)
ATTEMPTS = 3
MOST_MB = 400.0
LINEAR = 1.5
WORKERS = 40


def ledger(plan: Plan) -> list[Stored]:
    """Return a ledger in which every task was lost twice and then scored."""
    session = Session("s", 1.7e9, "bench", WORKERS)
    objects = [Stored(paths.session("s"), 1.7e9, to_json(session))]
    for number, unit in enumerate(plan.units):
        for attempt in range(1, ATTEMPTS + 1):
            worker = f"w{(number + attempt) % WORKERS:03d}"
            last = attempt == ATTEMPTS
            at = 1.7e9 + number
            claim = Claim(worker, "s", f"{number}-{attempt}")
            outcome = Outcome(
                unit, attempt, worker, "s", worker,
                score=float(number % 3 == 0) if last else None,
                cause=None if last else Cause.ARENA,
                message="" if last else "nothing grew for the stall time",
                steps=12, seconds=400.0, started=at, ended=at + 400.0,
                phases={"client_start": 5.0, "steps": 380.0, "evaluate": 15.0},
                fingerprint={"arena": "simulated", "machine_size": "Standard_D8s_v5"},
            )  # fmt: skip
            objects.append(Stored(paths.claim(unit, attempt), at, to_json(claim)))
            path = paths.outcome(unit, attempt, worker)
            objects.append(Stored(path, at, to_json(outcome)))
    return objects


def measure(tasks: int) -> None:
    """Fold and render one size; print seconds and peak memory as JSON."""
    from orchestrator.report import html_pieces, render_junit, render_markdown, summarize
    from orchestrator.report.formats.document import document_pieces
    from orchestrator.report.model.facts import RunFacts

    keys = tuple(TaskKey(f"domain{number % 12}", f"task-{number:05d}") for number in range(tasks))
    plan = make_plan(PlanInputs(suite_of(keys)))
    objects = ledger(plan)
    started = time.perf_counter()
    folded = fold(plan.units, read_objects(objects))
    results = summarize(plan, folded, RunFacts(run="bench", simulated=True))
    size = sum(map(len, document_pieces(results)))
    size += len(render_markdown(results)) + len(render_junit(results))
    size += sum(map(len, html_pieces(results, {})))
    seconds = time.perf_counter() - started
    # Not getrusage: its peak survives exec, so a child begins with its parent's.
    status = Path("/proc/self/status").read_text()
    peak = int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) / 1024
    click.echo(json.dumps({"seconds": seconds, "mb": peak, "bytes": size}))


@click.command()
@click.option("--one", "only", type=int, default=None, hidden=True)
def main(only: int | None) -> None:
    """Print time and memory of the fold and report."""
    if only is not None:
        measure(only)
        return
    click.echo(f"fold and report, {ATTEMPTS} attempts a task   seconds   ms a task   peak MB")
    rates, peak = [], 0.0
    for tasks in SIZES:
        command = [sys.executable, __file__, "--one", str(tasks)]
        result = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        rates.append(result["seconds"] / tasks)
        peak = result["mb"]
        click.echo(
            f"{tasks:>6} tasks {result['seconds']:>30.2f} {rates[-1] * 1e3:>11.3f} {peak:>9.0f}"
        )
    growth = max(after / before for before, after in pairwise(rates))
    linear, small = growth <= LINEAR, peak < MOST_MB
    click.echo(
        f"{'ok  ' if linear else 'FAIL'} {growth:.2f} <= {LINEAR:g} times a task's time, doubling"
    )
    click.echo(f"{'ok  ' if small else 'FAIL'} {peak:.0f} < {MOST_MB:g} MB")
    sys.exit(0 if linear and small else 1)


if __name__ == "__main__":
    main()
