#!/usr/bin/env python3
"""Counts what supervising 256 shards asks of GitHub an hour, in virtual time.

The product's supervisor looks every 30 s, as an App, through the real PyGithub, at a run whose jobs
end all through the hour and of whose machines one in twenty never boots and is replaced. A 304 is
not counted ("Best practices for using the REST API"); GitHub's own count, as the fake keeps it, is
the figure. Exit status 1 when it is a fifth of an App's 5,000 an hour or more. Nothing is timed:
the same seed gives the same figures.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections import Counter
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from orchestrator.fleet.provision import launch_wave
from tests.fakes.arm.faults import Fate
from tests.fakes.clock import VirtualClock
from tests.fleet.staging import sky, staged

HOUR_S = 3600.0
APP_HOURLY = 5000
MOST = APP_HOURLY / 5
BOOT_S = (240.0, 600.0)
JOB_S = (300.0, 3300.0)
NEVER_BOOTS = 20  # one machine in so many


@click.command(help=__doc__)
@click.option("--shards", default=256, show_default=True)
@click.option("--seed", default=0, show_default=True, help="Of the boots and jobs.")
def main(shards: int, seed: int) -> None:
    """Print what one run's supervision asks of GitHub."""
    rng = random.Random(seed)  # noqa: S311 - reproducible draws, no secret
    lengths = [rng.uniform(*JOB_S) for _ in range(shards)]
    clock = VirtualClock()
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch)
        with sky(directory, clock) as over, staged(over, directory, clock) as stage:
            for number in range(0, shards, NEVER_BOOTS):
                names = f"{stage.attempt.fleet.label}-1-{number:03d}-*"
                over.arm.faults.machines(Fate(names=names, never_boots=True))
            stage.insides.boots = lambda name: random.Random(name).uniform(*BOOT_S)  # noqa: S311
            stage.insides.lasts = lambda job: lengths[int(job.name.split("(")[1].rstrip(")"))]
            stage.insides.work = lambda job, facts: stage.score(job, facts, shards)
            wave = launch_wave(stage.launcher(), stage.capacity(), shards)
            stage.queue_jobs(shards)
            fake, began = stage.scene.fake, clock.now()
            first = len(fake.seen)
            marks = [(began, fake.limits.counted)]

            def mark(_round: object) -> None:
                marks.append((clock.now(), fake.limits.counted))

            ended = stage.supervisor(shards, len(wave.launched), on_round=mark).run()
            hours = (clock.now() - began) / HOUR_S
            seen = fake.seen[first:]
    if ended.exit_code != 0:
        raise click.ClickException(ended.reason)
    kinds = Counter(
        f"{request.verb} {_kind(request.path)}" for request in seen if request.status != 304
    )
    click.echo(f"{shards} shards over {hours:.2f} virtual hours, {len(marks) - 1} looks, as an App")
    click.echo(f"requests sent an hour      {len(seen) / hours:7.0f}")
    for kind, count in sorted(kinds.items()):
        click.echo(f"  counted  {kind:<34} {count / hours:7.0f}")
    rate = busiest(marks)
    click.echo(f"counted in the busiest hour {rate:6.0f}")
    holds = rate < MOST
    click.echo(f"{'ok  ' if holds else 'FAIL'} {rate:.0f} < {MOST:.0f} counted requests an hour")
    sys.exit(0 if holds else 1)


def busiest(marks: list[tuple[float, int]]) -> int:
    """Return the most that was counted within an hour of any mark: (Unix seconds, total so far)."""
    return max(
        total - before for at, before in marks for later, total in marks if later <= at + HOUR_S
    )


def _kind(path: str) -> str:
    """Return a path without what is one machine's alone."""
    return "/".join("…" if part.isdigit() else part for part in path.split("/"))


if __name__ == "__main__":
    main()
