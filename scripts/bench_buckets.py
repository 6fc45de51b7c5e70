#!/usr/bin/env python3
"""Launches 1,000 machines in 8 runs at once under Azure's documented token buckets, in real time.

The runs sign in as one principal, so that they share its buckets, and do not know of one another:
each has its own client of the cloud and its own GitHub. Every create is accepted after a second, or
refused with 429 as the fake's buckets say. Compared are the time to the last accepted create and
what the buckets allow, reckoned here from the documentation's figures alone. Exit status 1 when it
takes more than 1.2 times that, or when more than 1% of the creates are throttled.
"""

from __future__ import annotations

import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from orchestrator.fleet.provision import launch_wave
from tests.fakes.arm.faults import Fault, Wound
from tests.fakes.clock import ScaledClock
from tests.fleet.staging import sky, staged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.fleet.provision import Wave
    from tests.fakes.arm.server import Seen
    from tests.fleet.conftest import Stage

MOST_OVER_BOUND, MOST_THROTTLED = 1.2, 0.01
WITHIN_S = 300.0  # this measures the buckets, not how long a wave may take

# "Understand how Azure Resource Manager throttles requests" and "Throttling limits for Compute":
# (bucket, refill a second) of a principal's writes in a region, of creates in a subscription.
LIMITS = ((200.0, 10.0), (1500.0, 500.0 / 60.0))


def allowed_s(creates: int) -> float:
    """Return in what time the buckets let so many creates through, had they one client."""
    return max(0.0, *((creates - size) / refill for size, refill in LIMITS))


def launch(stages: Sequence[Stage], machines: int) -> list[Wave]:
    """Launch every run's machines at the same time, in one region."""
    supplies = [stage.capacity(regions=("westeurope",)) for stage in stages]
    with ThreadPoolExecutor(len(stages)) as pool:
        waves = [
            pool.submit(launch_wave, stage.launcher(), capacity, machines, within_s=WITHIN_S)
            for stage, capacity in zip(stages, supplies, strict=True)
        ]
        return [wave.result() for wave in waves]


def measure(runs: int, machines: int, accept_s: float) -> tuple[list[Wave], list[Seen]]:
    """Return what became of each run's wave, and the creates that the cloud saw."""
    clock = ScaledClock(1.0)
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        over = stack.enter_context(sky(directory, clock, limits=True))
        slow = Fault("^PUT virtualMachines/", Wound.SLOW, seconds=accept_s, times=10**9)
        over.arm.faults.add(slow)
        stages = [
            stack.enter_context(staged(over, directory, clock, run=500 + number))
            for number in range(runs)
        ]
        waves = launch(stages, machines)
        return waves, over.arm.calls("^PUT virtualMachines/")


@click.command(help=__doc__)
@click.option("--runs", default=8, show_default=True)
@click.option("--machines", default=125, show_default=True, help="In each run.")
@click.option("--accept", "accept_s", default=1.0, show_default=True, help="Seconds of a create.")
def main(runs: int, machines: int, accept_s: float) -> None:
    """Print the time to the last create beside the buckets' own."""
    waves, creates = measure(runs, machines, accept_s)
    accepted = [request for request in creates if request.status == 201]
    throttled = sum(request.status == 429 for request in creates)
    wanted = runs * machines
    if len(accepted) != wanted or any(wave.refused for wave in waves):
        lines = [line for wave in waves for line in wave.why_not][:5]
        raise click.ClickException(f"{len(accepted)} of {wanted} machines; {lines}")
    began = min(request.at for request in creates)
    wall = max(request.at for request in accepted) + accept_s - began
    bound, share = allowed_s(wanted), throttled / len(creates)
    click.echo(f"{runs} runs of {machines} machines at once, one region, one principal")
    click.echo(f"first create to last accepted  {wall:7.1f} s")
    click.echo(f"what the buckets allow         {bound:7.1f} s")
    click.echo(f"throttled                      {throttled:5} of {len(creates)} creates")
    fast, few = wall / bound <= MOST_OVER_BOUND, share <= MOST_THROTTLED
    click.echo(f"{'ok  ' if fast else 'FAIL'} {wall / bound:.2f} <= {MOST_OVER_BOUND:g} times")
    click.echo(f"{'ok  ' if few else 'FAIL'} {share:.1%} <= {MOST_THROTTLED:.0%} throttled")
    sys.exit(0 if fast and few else 1)


if __name__ == "__main__":
    main()
