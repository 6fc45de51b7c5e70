#!/usr/bin/env python3
"""Compares ``waa-matrix plan`` of 5,000 tasks with one of 154: processor seconds, best of several.

Both are asked for all numbers of workers up to the command's own default, in turn and in one run,
so that their ratio says little of the machine. Exit status 1 when it is more than 40.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import click

MOST = 40.0
SIZES = (154, 5000)
ROUNDS = 2


def suite(tasks: int) -> str:
    """Return a list of so many tasks in ten domains, as the client reads it."""
    domains: dict[str, list[str]] = {f"domain{number}": [] for number in range(10)}
    for number in range(tasks):
        domains[f"domain{number % 10}"].append(f"task-{number:05d}")
    return json.dumps(domains)


def processor_s(command: list[str]) -> float:
    """Return the processor seconds of one call; it must succeed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@click.command(help=__doc__)
@click.option("--rounds", default=ROUNDS, show_default=True)
def main(rounds: int) -> None:
    """Print the ratio."""
    program = str(Path(sys.executable).with_name("waa-matrix"))
    with tempfile.TemporaryDirectory() as directory:
        commands = []
        for tasks in SIZES:
            path = Path(directory) / f"{tasks}.json"
            path.write_text(suite(tasks))
            commands.append([program, "plan", "--offline", "--suite", str(path)])
        taken = [[processor_s(command) for command in commands] for _ in range(rounds)]
    few, many = (min(column) for column in zip(*taken, strict=True))
    click.echo(f"waa-matrix plan, {SIZES[0]:5} tasks  {few:7.2f} s of the processor")
    click.echo(f"waa-matrix plan, {SIZES[1]:5} tasks  {many:7.2f} s of the processor")
    holds = many / few <= MOST
    click.echo(f"{'ok  ' if holds else 'FAIL'} {many / few:.1f} <= {MOST:g} times")
    sys.exit(0 if holds else 1)


if __name__ == "__main__":
    main()
