"""A whole run through the installed command: 154 tasks, real workers, and everything that goes wrong.

Azure and GitHub are played; the processes, the store, its keys and the wire are real.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orchestrator.causes import Cause
from orchestrator.fleet.identity import ROLE_TAG, SIZE_TAG
from tests.fakes.arm.faults import Fate, Fault
from tests.fakes.github import RunnerFate
from tests.fleet.whole import MINE, OTHER, WholeRun, whole_run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.azurite

SHARDS = 8
REFUSED, EVICTED, NEVER_ONLINE, FAILED, NEVER_BOOTS = 2, 1, 5, 6, 7
SECOND_FOR_FAILED, SECOND, DRAIN = 8, 9, 10

FAST = ("--heartbeat", "1.5", "--lease", "9", "--speed", "300")


@pytest.fixture
def run(tmp_path: Path) -> Iterator[WholeRun]:
    with whole_run(tmp_path) as run:
        yield run


def number(at: int) -> str:
    return f"{MINE.label}-1-{at:03d}-"


def script(run: WholeRun) -> None:
    """What goes wrong, by the number of the machine."""
    run.arm.faults.add(
        Fault(f"PUT virtualMachines/{number(REFUSED)}", status=409, code="ZonalAllocationFailed")
    )
    run.arm.faults.machines(Fate(f"{number(FAILED)}*", fails_with="ZonalAllocationFailed"))
    run.arm.faults.machines(Fate(f"{number(NEVER_BOOTS)}*", never_boots=True))
    run.github.faults.runners(RunnerFate(f"{number(NEVER_ONLINE)}*", never_online=True))
    # From the tenth on there is no room for an arena anywhere: only a drain machine can be had.
    run.arm.faults.add(
        Fault(
            f"PUT virtualMachines/{number(DRAIN)}",
            status=409,
            code="AllocationFailed",
            holding=b"Standard_D8",
            times=10_000,
        )
    )


def test_a_whole_run_loses_no_task_and_leaves_nothing(run: WholeRun) -> None:
    script(run)
    provisioned = run.provision(SHARDS, "--spot", "prefer", *FAST)
    assert provisioned.exit_code == 0, provisioned.output
    assert run.shards == SHARDS
    with run.supervised("--spot", "prefer", "--boot-deadline", "0.2"):
        evicted = run.inside(EVICTED)
        name = evicted.facts["WAA_MATRIX_WORKER_MACHINE"]
        run.until(lambda: run.working(name), "the machine to evict works on a task")
        run.evict(name)
    supervised = run.done[-1]
    print(supervised.output)
    assert supervised.exit_code == 0, supervised.output
