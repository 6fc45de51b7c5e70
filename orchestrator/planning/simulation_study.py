"""Plays many drawn runs under every policy, beside what no schedule can beat. Pure."""

from __future__ import annotations

import random
import statistics
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from orchestrator.planning.schedule import lower_bound
from orchestrator.planning.simulate import (
    BOOTS,
    BOOTS_AND_RESETS,
    POLICIES,
    DurationLaw,
    Overheads,
    Policy,
    draw,
    makespan,
)
from orchestrator.planning.suite import demo_suite

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.planning.simulate import DrawnRun
    from orchestrator.planning.suite import TaskKey


@dataclass(frozen=True, slots=True)
class StudyRow:
    """Means over the draws, for one policy, number of workers and kind of overhead.

    ``ratio`` is the makespan over max(total / workers, longest task), overheads not in the divisor.
    ``billed`` and ``kept`` are machine seconds over seconds that tasks ran: each machine deleted
    when its worker leaves, and the whole fleet when the run is over.
    """

    policy: str
    workers: int
    overheads: str
    draws: int
    ratio: float
    makespan_s: float
    billed: float
    kept: float


@dataclass(frozen=True, slots=True)
class Study:
    """What to simulate. ``delete_s`` is how long a finished machine is still billed."""

    workers: tuple[int, ...] = (4, 10, 20, 40)
    overheads: tuple[Overheads, ...] = (Overheads(), BOOTS, BOOTS_AND_RESETS)
    policies: tuple[Policy, ...] = POLICIES
    draws: int = 300
    seed: int = 0
    law: DurationLaw = field(default_factory=DurationLaw)
    tasks: tuple[TaskKey, ...] = field(default_factory=lambda: demo_suite().tasks)
    delete_s: float = 60.0


def study(what: Study) -> list[StudyRow]:
    """Simulate every combination over the same draws; rows by overheads, policy, workers."""
    # Seeded for reproducibility; nothing here is a secret.
    rng = random.Random(what.seed)  # noqa: S311
    drawn = [draw(rng, what.tasks, what.law) for _ in range(what.draws)]
    return [
        _row(what, drawn, overheads, policy, workers)
        for overheads in what.overheads
        for policy in what.policies
        for workers in what.workers
    ]


def _row(
    what: Study, drawn: Sequence[DrawnRun], overheads: Overheads, policy: Policy, workers: int
) -> StudyRow:
    rng = random.Random(what.seed)  # noqa: S311 - as above: every policy meets the same boots
    ratios, lengths, billed, kept = [], [], [], []
    for drawn_run in drawn:
        boots = overheads.boots(rng, workers)
        expected = drawn_run.expected(policy.knows)
        line = makespan(
            drawn_run.durations,
            expected,
            workers,
            policy,
            boots=boots,
            between_s=overheads.between_s,
        )
        ratios.append(line.makespan_s / lower_bound(drawn_run.durations, workers))
        lengths.append(line.makespan_s)
        billed.append(line.billed_s(what.delete_s) / line.busy_s)
        kept.append(line.kept_s(what.delete_s) / line.busy_s)
    means = [statistics.fmean(values) for values in (ratios, lengths, billed, kept)]
    return StudyRow(policy.name, workers, overheads.name, len(drawn), *means)


def render_table(
    rows: Sequence[StudyRow], value: Literal["ratio", "billed", "kept"] = "ratio"
) -> str:
    """Return a text table a kind of overhead: policies down, numbers of workers across."""
    return "\n\n".join(
        _block([row for row in rows if row.overheads == name], name, value)
        for name in dict.fromkeys(row.overheads for row in rows)
    )


def _block(rows: Sequence[StudyRow], name: str, value: str) -> str:
    columns = list(dict.fromkeys(row.workers for row in rows))
    cells = {(row.policy, row.workers): getattr(row, value) for row in rows}
    policies = list(dict.fromkeys(row.policy for row in rows))
    width = max(len(name), *(len(policy) for policy in policies))
    head = f"{name:<{width}}" + "".join(f"{f'N={column}':>8}" for column in columns)
    lines = [
        f"{policy:<{width}}" + "".join(f"{cells[policy, column]:>8.2f}" for column in columns)
        for policy in policies
    ]
    return "\n".join([head, *lines])
