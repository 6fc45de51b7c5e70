"""Of ``results.json``: tasks with their attempts, workers and sessions."""

from typing import Annotated, Literal

from msgspec import Meta

from orchestrator.ledger.causes import Cause, Flag, Status
from orchestrator.report.schemas.value import Count, Share, Value

SpanKind = Literal[
    "boot", "success", "partial", "zero", "infrastructure", "missing", "lost", "released"
]


class AttemptDocument(Value, frozen=True, kw_only=True):
    """One attempt at a task."""

    attempt: Annotated[Count, Meta(description="Its number, from 1.")]
    worker: Annotated[str, Meta(description="Who made it.")]
    machine: Annotated[str, Meta(description="The machine that its arena ran on.")]
    session: Annotated[str, Meta(description="The start of the run that it belongs to.")]
    status: Annotated[Status, Meta(description="How it would be counted on its own.")]
    cause: Annotated[
        Cause | None,
        Meta(description=("Why it ended without the client's score; null where there is one.")),
    ]
    score: Annotated[
        Share | None, Meta(description="The client's score, or the 0 of a cause that counts.")
    ]
    message: Annotated[str, Meta(description="What went wrong, in one line.")]
    flags: Annotated[list[Flag], Meta(description="What makes its result doubtful.")]
    steps: Annotated[Count, Meta(description="Actions that the agent took.")]
    seconds: Annotated[float, Meta(description="How long it took, in the arena's seconds.")]
    started: Annotated[float | None, Meta(description="When it began.")]
    ended: Annotated[float | None, Meta(description="When it ended.")]
    stolen: Annotated[bool, Meta(description="Made by a worker of another shard than the task's.")]
    phases: Annotated[dict[str, float], Meta(description="Seconds of each of its phases, by name.")]


class TaskDocument(Value, frozen=True, kw_only=True):
    """One trial of one task, as it is counted."""

    domain: Annotated[str, Meta(description="The domain that it belongs to.")]
    name: Annotated[str, Meta(description="Its name within the domain.")]
    trial: Annotated[Count, Meta(description="Which trial of the task, from 0.")]
    infeasible: Annotated[bool, Meta(description="Its right answer is FAIL.")]
    status: Annotated[Status, Meta(description="How it is counted.")]
    cause: Annotated[
        Cause | None,
        Meta(
            description=(
                "Why the counted attempt ended without the client's score; null where there is one."
            )
        ),
    ]
    score: Annotated[Share | None, Meta(description="What it counts for; null unless scored.")]
    message: Annotated[str, Meta(description="What went wrong, in one line.")]
    flags: Annotated[list[Flag], Meta(description="What makes the result doubtful.")]
    steps: Annotated[Count, Meta(description="Actions of the counted attempt.")]
    seconds: Annotated[
        float, Meta(description="Duration of the counted attempt, in the arena's seconds.")
    ]
    expected_s: Annotated[float, Meta(description="What the plan expected.")]
    worker: Annotated[str | None, Meta(description="Who made the counted attempt.")]
    attempts: Annotated[list[AttemptDocument], Meta(description="All attempts, in order.")]
    fingerprint: Annotated[
        dict[str, str],
        Meta(description=("What the score depends on: machine, image, agent, model.")),
    ]


class SpanDocument(Value, frozen=True, kw_only=True):
    """A stretch of a worker's time."""

    kind: Annotated[
        SpanKind, Meta(description="How it ended; boot is the time before the first task.")
    ]
    start: Annotated[float, Meta(description="When it began.")]
    end: Annotated[float, Meta(description="When it ended.")]
    domain: Annotated[str, Meta(description="The task's domain; empty where it was none.")]
    name: Annotated[str, Meta(description="The task's name.")]
    trial: Annotated[Count, Meta(description="The task's trial.")]
    attempt: Annotated[Count, Meta(description="The attempt's number; 0 where it was none.")]
    stolen: Annotated[bool, Meta(description="A task of another shard.")]


class WorkerDocument(Value, frozen=True, kw_only=True):
    """One worker, as far as the ledger tells."""

    id: Annotated[str, Meta(description="Its name.")]
    shard: Annotated[Count | None, Meta(description="The share of the tasks that it began with.")]
    machine: Annotated[str, Meta(description="The machine that it ran on.")]
    session: Annotated[str, Meta(description="The start of the run that it belongs to.")]
    exit: Annotated[int | None, Meta(description="Its exit code.")]
    reason: Annotated[str, Meta(description="Why it ended.")]
    died: Annotated[bool, Meta(description="Its end had to be proved by somebody else.")]
    left_at: Annotated[float | None, Meta(description="When it ended.")]
    scored: Annotated[Count, Meta(description="Scores that it made.")]
    stolen: Annotated[Count, Meta(description="Attempts at tasks of another shard.")]
    busy_s: Annotated[float, Meta(description="Seconds that it spent in attempts.")]
    spans: Annotated[list[SpanDocument], Meta(description="What it did when.")]


class SessionDocument(Value, frozen=True, kw_only=True):
    """One start of the run."""

    id: Annotated[str, Meta(description="Its name.")]
    started: Annotated[float | None, Meta(description="When it began.")]
    ended: Annotated[float | None, Meta(description="When the last of it was heard.")]
    who: Annotated[str, Meta(description="Who or what started it.")]
    machines: Annotated[Count, Meta(description="Machines that it was started with.")]
    workers: Annotated[list[str], Meta(description="The workers that belong to it.")]
