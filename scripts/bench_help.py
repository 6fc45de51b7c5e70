#!/usr/bin/env python3
"""Compares ``waa-matrix --help`` with ``python -c "import click"``, side by side, best of many.

Exit status 1 when the help takes more than twice as long.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import click

MOST = 2.0
ROUNDS = 25


def wall(command: list[str]) -> float:
    """Return the seconds of one call."""
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


@click.command()
def main() -> None:
    """Print the ratio."""
    help_command = [str(Path(sys.executable).with_name("waa-matrix")), "--help"]
    click_command = [sys.executable, "-c", "import click"]
    pairs = [(wall(click_command), wall(help_command)) for _ in range(ROUNDS)]
    bare, ours = min(pair[0] for pair in pairs), min(pair[1] for pair in pairs)
    click.echo(f'python -c "import click"   {bare * 1e3:6.1f} ms')
    click.echo(f"waa-matrix --help          {ours * 1e3:6.1f} ms")
    holds = ours / bare <= MOST
    click.echo(f"{'ok  ' if holds else 'FAIL'} {ours / bare:.2f} <= {MOST:g}")
    sys.exit(0 if holds else 1)


if __name__ == "__main__":
    main()
