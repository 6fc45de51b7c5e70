#!/usr/bin/env python3
"""Times ``waa-matrix compare`` of two runs of 154 tasks, beside importing scipy's statistics.

Exit status 1 when reading and comparing take more than two seconds, or when the whole command takes
more processor time than 1.8 times the import that it cannot do without: how long that is, is the
machine's business. That is half as much again as it took when this bound was set (1.20 times).
Each is the best of several, taken in turn.
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import click

from orchestrator.comparison import compare, read_record, side_of
from orchestrator.comparison.schema import SCHEMA
from orchestrator.planning.suite import demo_suite

MOST_S = 2.0
MOST = 1.8
ROUNDS = 7


def run(name: str) -> dict[str, Any]:
    """Return a simulated run's ``results.json``, as far as a comparison reads it."""
    draws = random.Random(name)  # noqa: S311  # a seeded simulation
    tasks = [
        {
            "domain": task.domain,
            "name": task.name,
            "status": "scored",
            "score": draws.choice((0.0, 0.5, 1.0)),
            "seconds": 400.0,
        }
        for task in demo_suite().tasks
    ]
    return {"schema": SCHEMA, "run": {"id": name, "simulated": True}, "tasks": tasks}


def processor(command: list[str]) -> float:
    """Return the processor seconds of one call: others at work beside it do not lengthen them."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def computed(documents: tuple[object, object]) -> float:
    """Return the seconds of one comparison in a warm process."""
    started = time.perf_counter()
    first, second = (side_of([read_record(document, "drawn")]) for document in documents)
    compare(first, [second])
    return time.perf_counter() - started


@click.command(help=__doc__)
def main() -> None:
    """Print the figures and the bounds."""
    documents = run("first"), run("second")
    with tempfile.TemporaryDirectory() as directory:
        paths = [Path(directory, f"{name}.json") for name in ("first", "second")]
        for path, document in zip(paths, documents, strict=True):
            path.write_text(json.dumps(document))
        ours = [str(Path(sys.executable).with_name("waa-matrix")), "compare", *map(str, paths)]
        theirs = [sys.executable, "-c", "import scipy.stats"]
        rounds = [(processor(theirs), processor(ours)) for _ in range(ROUNDS)]
    bare, command = (min(column) for column in zip(*rounds, strict=True))
    warm = min(computed(documents) for _ in range(ROUNDS))
    click.echo(f"compare, 154 tasks twice, in a warm process            {warm * 1e3:8.0f} ms")
    click.echo(f'python -c "import scipy.stats"                         {bare * 1e3:8.0f} ms')
    click.echo(f"waa-matrix compare FIRST SECOND                        {command * 1e3:8.0f} ms")
    quick, light = warm <= MOST_S, command / bare <= MOST
    click.echo(f"{'ok  ' if quick else 'FAIL'} {warm:.3f} <= {MOST_S:g} s, read and compared")
    click.echo(f"{'ok  ' if light else 'FAIL'} {command / bare:.2f} <= {MOST:g} times the import")
    sys.exit(0 if quick and light else 1)


if __name__ == "__main__":
    main()
