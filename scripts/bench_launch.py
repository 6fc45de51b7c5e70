#!/usr/bin/env python3
"""Brings up 100 machines against the fakes, whose creates take T, and counts requests and polls.

The first part runs in real time: from the first request to the last machine that Azure reports as
made. What bounds it is T, or GitHub's 900 points a minute, of which a mint costs 5. The second part
plays the same fleet's whole life in virtual time (launch, supervision with its usual 30 s between
looks, teardown with its usual 10 s) and counts. Exit status 1 when a bound does not hold.
"""

from __future__ import annotations

import math
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from orchestrator.compute.base import InstanceState, Kind
from orchestrator.fleet.provision import launch_wave
from orchestrator.fleet.teardown import tear_down
from tests.fakes.arm.faults import Fault, Wound
from tests.fakes.arm.world import MACHINE
from tests.fakes.clock import ScaledClock, VirtualClock
from tests.fleet.staging import sky, staged
from tests.fleet.traffic import Ear, Traffic

if TYPE_CHECKING:
    from collections import Counter

    from tests.fakes.arm.server import FakeArm

MOST_OVER_T, MOST_REQUESTS, LEAST_GAP_S = 1.3, 4.0, 5.0
MINUTE_S, MINTS_A_MINUTE = 60.0, 900 // 5
ACCEPT_S = 1.0  # of the create's time; until then its thread waits for the reply
_LOOK_S = 0.1


@dataclass(frozen=True, slots=True)
class BroughtUp:
    """Seconds from the first request to the last create accepted, and to the last one made."""

    accepted_s: float
    made_s: float


def mints_allow_s(machines: int) -> float:
    """Return in what time GitHub lets so many configurations be minted, a minute being a window."""
    return MINUTE_S * ((machines - 1) // MINTS_A_MINUTE)


def bring_up(machines: int, create_s: float) -> BroughtUp:
    """Launch a wave in real time and see when the last machine is made."""
    clock = ScaledClock(1.0)
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch)
        with sky(directory, clock, limits=True) as over, staged(over, directory, clock) as stage:
            over.arm.machines.create_s = create_s - ACCEPT_S
            slow = Fault("^PUT virtualMachines/", Wound.SLOW, seconds=ACCEPT_S, times=10**9)
            over.arm.faults.add(slow)
            began = clock.now()
            wave = launch_wave(stage.launcher(), stage.capacity(), machines)
            accepted = clock.now()
            if len(wave.launched) != machines:
                raise click.ClickException("; ".join(wave.why_not))
            made = last_made(stage.scene.arm, clock)
            seen = stage.scene.cloud.status(stage.attempt.fleet.tags)
            ready = sum(
                (instance.kind, instance.state) == (Kind.MACHINE, InstanceState.RUNNING)
                for instance in seen
            )
            if ready != machines:
                raise click.ClickException(f"the product sees {ready} of {machines} machines made")
    return BroughtUp(accepted - began, made - began)


def last_made(arm: FakeArm, clock: ScaledClock) -> float:
    """Watch the fake's own state, without a request, and return when its last create was done."""
    while True:
        arm.run_due()
        with arm.lock:
            if all(item.state == "Succeeded" for item in arm.world.of(MACHINE)):
                return clock.now()
        time.sleep(_LOOK_S)


@dataclass(frozen=True, slots=True)
class Life:
    """What a fleet asked for: its launch, all of it, and the shortest time between two looks."""

    launch: Traffic
    whole: Traffic
    gap_s: float


def live(machines: int, create_s: float) -> Life:
    """Play a fleet's life in virtual time."""
    clock = VirtualClock()
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch)
        with sky(directory, clock) as over, staged(over, directory, clock) as stage:
            over.arm.machines.create_s = create_s
            stage.insides.work = lambda job, facts: stage.score(job, facts, machines)
            ear = Ear(stage)
            launch_wave(stage.launcher(), stage.capacity(), machines)
            launched = ear.heard()
            stage.queue_jobs(machines)
            ended = stage.supervisor(machines, machines).run()
            if ended.exit_code != 0:
                raise click.ClickException(ended.reason)
            supervised = clock.now()
            if not tear_down(stage.attempt.fleet, stage.scene.cleaner).proved:
                raise click.ClickException("something is left")
            whole = ear.heard()
            commands = (whole.part(0.0, supervised), whole.part(supervised, math.inf))
            return Life(launched, whole, min(traffic.smallest_gap_s for traffic in commands))


@click.command(help=__doc__)
@click.option("--machines", default=100, show_default=True)
@click.option("--create", "create_s", default=30.0, show_default=True, help="T in seconds.")
def main(machines: int, create_s: float) -> None:
    """Print times, requests and gaps beside their bounds."""
    up = bring_up(machines, create_s)
    most = max(MOST_OVER_T * create_s, mints_allow_s(machines))
    click.echo(f"{machines} machines, T = {create_s:g} s, in real time")
    click.echo(f"first request to last create accepted {up.accepted_s:7.1f} s")
    click.echo(f"first request to last machine made    {up.made_s:7.1f} s")
    life = live(machines, create_s)
    launched, whole, gap = life.launch, life.whole, life.gap_s
    click.echo("\nrequests a machine, in virtual time       launch  whole life")
    for kind, count in sorted(whole.kinds.items()):
        of = launched.kinds[kind] / machines
        click.echo(f"  {kind:<39} {of:6.2f}  {count / machines:10.2f}")
    each = total(whole.kinds) / machines
    click.echo(f"  {'all but polls':<39} {total(launched.kinds) / machines:6.2f}  {each:10.2f}")
    checks = (
        (up.made_s <= most, f"{up.made_s:.1f} <= {most:.1f} s until the last machine is made"),
        (each <= MOST_REQUESTS, f"{each:.2f} <= {MOST_REQUESTS:g} requests a machine"),
        (gap >= LEAST_GAP_S, f"{gap:.1f} >= {LEAST_GAP_S:g} s between two looks"),
    )
    click.echo("")
    for holds, text in checks:
        click.echo(f"{'ok  ' if holds else 'FAIL'} {text}")
    sys.exit(0 if all(holds for holds, _ in checks) else 1)


def total(kinds: Counter[str]) -> int:
    """Return how many requests these are."""
    return sum(kinds.values())


if __name__ == "__main__":
    main()
